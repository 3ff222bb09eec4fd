//! The fuzzers' corpus, and some thousand inputs that are made from it, always the same ones, on any compiler. What
//! `make fuzz` finds is added to the corpus, and so stays mended.

use std::{fs, path::Path};

#[path = "../../fuzz/src/lib.rs"]
mod targets;

#[test]
fn pictures_are_decoded_within_limits_or_refused() {
    replay("picture", targets::picture, 2_000);
}

#[test]
fn messages_are_believed_of_nobody_who_cannot_sign() {
    replay("webhook", targets::webhook, 10_000);
}

#[test]
fn every_bad_field_of_a_body_has_a_pointer_that_leads_to_it() {
    replay("body", targets::body, 10_000);
}

#[test]
fn whatever_is_written_gets_one_verdict() {
    replay("policy", targets::policy, 300);
}

#[test]
fn cursors_and_positions_come_back_as_they_went() {
    replay("cursor", targets::cursor, 10_000);
}

#[test]
fn stored_events_are_read_or_refused_and_what_is_sealed_comes_back() {
    replay("event", targets::event, 5_000);
}

/// Calls a target with everything in its corpus, and with as many changes of that.
fn replay(name: &str, target: fn(&[u8]), changes: u64) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut paths: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let corpus: Vec<_> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!corpus.is_empty());
    for (path, bytes) in paths.iter().zip(&corpus) {
        told_on_panic(&path.display().to_string(), || target(bytes));
    }
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for change in 0..changes {
        let mut bytes = dice.one_of(&corpus).clone();
        for _ in 0..=dice.below(4) {
            dice.change(&mut bytes, &corpus);
        }
        told_on_panic(&format!("change {change} of {name}: {bytes:?}"), || {
            target(&bytes);
        });
    }
}

/// Says which input it was, when it was one too many.
fn told_on_panic(input: &str, call: impl FnOnce()) {
    struct Told<'a>(&'a str);
    impl Drop for Told<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("the input was {}", self.0);
            }
        }
    }
    let _told = Told(input);
    call();
}

/// Numbers that look random and are the same in each run (xorshift).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// A part of it.
    fn range(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let begin = self.below(bytes.len() + 1);
        begin..begin + self.below((bytes.len() - begin).min(32) + 1)
    }

    /// One change, as fuzzers make them.
    fn change(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let range = self.range(bytes);
        match self.below(6) {
            0 if !bytes.is_empty() => {
                let place = self.below(bytes.len());
                bytes[place] ^= 1 << self.below(8);
            }
            1 => drop(bytes.drain(range)),
            2 => {
                let again = bytes[range.clone()].to_vec();
                bytes.splice(range.start..range.start, again);
            }
            3 => {
                let other = self.one_of(corpus);
                let part = self.range(other);
                bytes.splice(range, other[part].to_vec());
            }
            4 => bytes.truncate(range.start),
            _ => {
                let odd: &[&[u8]] = &[
                    b"\0",
                    b"\xff\xff\xff\xff",
                    b"\x7f",
                    b"~",
                    b"/",
                    b"\"",
                    b"\\u0000",
                    b"-1",
                    b"9223372036854775808",
                    b"1e999",
                    b"[",
                    b"{",
                    "\u{202e}".as_bytes(),
                    "\u{1f469}\u{200d}".as_bytes(),
                ];
                let odd = self.one_of(odd).to_vec();
                bytes.splice(range, odd);
            }
        }
    }
}
