//! Many seeds, each of them one course of events; and whether what is broken on purpose is noticed.
//!
//! `SEED=7` runs one seed again, `SEEDS=1000000` that many, `FIRST=20000` others.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::{collections::BTreeMap, time::Instant};

use simulation::{
    course::{self, Outcome},
    variant::Variant,
};

/// As many as `make test` has time for.
const SEEDS: u64 = 20_000;

/// Within how many seeds a mistake must be noticed.
const NOTICED_WITHIN: u64 = 5_000;

#[test]
fn whatever_happens_in_whatever_order_nothing_is_lost_doubled_or_stuck() {
    let (first, seeds) = match asked("SEED") {
        Some(seed) => (seed, 1),
        None => (asked("FIRST").unwrap_or(0), asked("SEEDS").unwrap_or(SEEDS)),
    };
    let began = Instant::now();
    let mut tally = Tally::default();
    for seed in first..first + seeds {
        let outcome = course::run(seed, Variant::AsItIs);
        assert!(outcome.wrongs.is_empty(), "{outcome}");
        tally.count(&outcome);
        if (seed + 1 - first).is_multiple_of(100_000) {
            println!("{} seeds in {:.0?}", seed + 1 - first, began.elapsed());
        }
    }
    println!("{seeds} seeds in {:.1?}: {tally}", began.elapsed());
}

#[test]
fn one_seed_is_one_course_of_events() {
    for seed in 0..25 {
        let [once, again] = [(); 2].map(|()| course::run(seed, Variant::AsItIs));
        assert_eq!(once.to_string(), again.to_string());
    }
}

#[test]
fn late_results_are_noticed_when_nothing_fences_them_off() {
    notice(Variant::AppendsUnfenced);
}

#[test]
fn it_is_noticed_when_keys_are_forgotten() {
    notice(Variant::KeysForgotten);
}

#[test]
fn it_is_noticed_when_a_checkpoint_moves_before_its_effect() {
    notice(Variant::CheckpointBeforeEffect);
}

#[test]
fn it_is_noticed_when_rows_and_checkpoint_are_not_written_together() {
    notice(Variant::RowsBesideCheckpoint);
}

#[test]
fn it_is_noticed_when_the_payment_providers_messages_are_believed_in_the_order_of_their_arrival() {
    notice(Variant::NoticesBelieved);
}

#[test]
fn it_is_noticed_when_files_are_removed_that_another_photo_shows() {
    notice(Variant::FilesRemovedUnseen);
}

#[test]
fn it_is_noticed_when_nobody_notes_what_is_about_to_be_stored() {
    notice(Variant::FilesUnnoted);
}

#[test]
fn it_is_noticed_when_an_append_is_answered_and_forgotten() {
    notice(Variant::AppendsForgotten);
}

fn notice(variant: Variant) {
    let mut seeds = 0..NOTICED_WITHIN;
    let noticed = seeds.find_map(|seed| {
        let outcome = course::run(seed, variant);
        outcome.wrongs.first().map(|wrong| (seed, wrong.clone()))
    });
    let (seed, wrong) = noticed.unwrap_or_else(|| panic!("nobody noticed {variant:?}"));
    println!("{variant:?} is noticed by seed {seed}: {wrong}");
}

fn asked(variable: &str) -> Option<u64> {
    let asked = std::env::var(variable).ok()?;
    Some(asked.parse().unwrap())
}

/// What there was in all runs together.
#[derive(Default)]
struct Tally {
    events: BTreeMap<String, u64>,
    fates: BTreeMap<&'static str, u64>,
    simulated: f64,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        for recorded in &outcome.events {
            *self.events.entry(recorded.event.event_type()).or_default() += 1;
        }
        for step in &outcome.trace {
            *self.fates.entry(step.fate).or_default() += 1;
        }
        self.simulated += outcome.took.as_secs_f64();
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (events, calls) = (self.events.values(), self.fates.values());
        writeln!(
            f,
            "{} events, {} calls, {:.1} h simulated",
            events.sum::<u64>(),
            calls.sum::<u64>(),
            self.simulated / 3600.0
        )?;
        for (word, count) in &self.events {
            writeln!(f, "{count:>12} {word}")?;
        }
        for (fate, count) in &self.fates {
            writeln!(f, "{count:>12} calls: {fate}")?;
        }
        Ok(())
    }
}
