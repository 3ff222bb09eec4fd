//! Pictures that are made to hurt: small files that unfold, headers that lie, and files that are two things at once.

use std::{
    fs,
    time::{Duration, Instant},
};

use image::ImageFormat;
use provenance::MAX_ALLOCATION;

use crate::marking::{chunk, encoded, finish, refusal, scenery};

const MEGABYTE: usize = 1024 * 1024;

/// What a bomb unfolds to, or would.
const UNFOLDED: usize = 256 * MEGABYTE;

/// Zeros as a zlib stream (RFC 1950, 1951): one block of fixed codes, in which thirteen bits stand for 258 bytes.
fn folded(length: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, with fixed codes; a literal zero has the code 0x30, the first of eight bits.
    bits.push(1, 1);
    bits.push(1, 2);
    bits.push_code(0x30, 8);
    let copies = (length - 1) / 258;
    for _ in 0..copies {
        // Length 258 is the symbol 285, distance 1 the symbol 0.
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
    }
    for _ in 0..length - 1 - copies * 258 {
        bits.push_code(0x30, 8);
    }
    bits.push_code(0, 7);
    let second = u32::try_from(length % 65_521).unwrap();
    let checksum = (second << 16 | 1).to_be_bytes();
    [&[0x78, 0x9c][..], &bits.finish(), &checksum].concat()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    current: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        self.current |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(u8::try_from(self.current & 0xff).unwrap());
            self.current >>= 8;
            self.count -= 8;
        }
    }

    /// Codes stand with their highest bit first, everything else with its lowest.
    fn push_code(&mut self, code: u32, count: u32) {
        self.push(code.reverse_bits() >> (32 - count), count);
    }

    fn finish(mut self) -> Vec<u8> {
        self.push(0, (8 - self.count % 8) % 8);
        self.bytes
    }
}

/// A PNG of 8-bit RGB that claims that size, with those chunks between its header and its pixels.
fn png(width: u32, height: u32, between: &[Vec<u8>], pixels: &[u8]) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = chunk(*b"IHDR", &[&size[..], &[8, 2, 0, 0, 0]].concat());
    let pixels = chunk(*b"IDAT", pixels);
    let end = chunk(*b"IEND", &[]);
    [
        &b"\x89PNG\r\n\x1a\n"[..],
        &header,
        &between.concat(),
        &pixels,
        &end,
    ]
    .concat()
}

/// The pixels of a black picture of 64 × 64: each line has a byte for its filter.
fn black() -> Vec<u8> {
    folded(64 * (1 + 64 * 3))
}

fn webp(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let chunk = [
        &kind[..],
        &u32::try_from(data.len()).unwrap().to_le_bytes(),
        data,
    ]
    .concat();
    let size = u32::try_from(chunk.len() + 4).unwrap().to_le_bytes();
    [&b"RIFF"[..], &size, b"WEBP", &chunk].concat()
}

/// A JPEG whose frame claims that size, as `SOF0` or as progressive `SOF2`.
fn jpeg(frame: u8, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = encoded(&scenery(64, 64), ImageFormat::Jpeg);
    let at = bytes
        .windows(2)
        .position(|two| two == [0xff, 0xc0])
        .unwrap();
    bytes[at + 1] = frame;
    bytes[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    bytes[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

/// The most memory that this process has held so far, in bytes; none where the system does not tell.
fn most_memory() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes = line.split_whitespace().nth(1)?.parse::<usize>().ok()?;
    Some(kilobytes * 1024)
}

#[tokio::test]
async fn what_unfolds_takes_neither_memory_nor_time() {
    let text = |kind: [u8; 4], before: &[u8]| chunk(kind, &[before, &folded(UNFOLDED)].concat());
    let bombs = [
        (
            "pixels beyond the picture",
            png(64, 64, &[], &folded(UNFOLDED)),
        ),
        (
            "a compressed text",
            png(64, 64, &[text(*b"zTXt", b"Comment\0\0")], &black()),
        ),
        (
            "an international text",
            png(64, 64, &[text(*b"iTXt", b"Comment\0\x01\0\0\0")], &black()),
        ),
        (
            "a colour profile",
            png(64, 64, &[text(*b"iCCP", b"profile\0\0")], &black()),
        ),
        (
            "a hundred thousand chunks",
            png(64, 64, &vec![chunk(*b"tEXt", b"a\0b"); 100_000], &black()),
        ),
    ];
    for (what, bomb) in bombs {
        assert!(bomb.len() < 4 * MEGABYTE, "{what} is a small file");
        let (before, begun) = (most_memory(), Instant::now());
        // Whether such a picture is taken is no matter: what it costs is.
        let taken = finish(bomb).await.is_ok();
        let took = begun.elapsed();
        assert!(
            took < Duration::from_secs(20),
            "{what} took {took:?}, taken: {taken}"
        );
        if let (Some(before), Some(after)) = (before, most_memory()) {
            let grown = (after - before) / MEGABYTE;
            assert!(grown < 100, "{what} took {grown} MB, taken: {taken}");
        }
    }
}

#[tokio::test]
async fn a_header_that_lies_about_the_size_is_refused_before_memory_is_taken() {
    let lossless = |width: u32, height: u32| {
        let size = (width - 1) | (height - 1) << 14;
        webp(
            *b"VP8L",
            &[&[0x2f][..], &size.to_le_bytes(), &[0; 64]].concat(),
        )
    };
    let lossy = |width: u16, height: u16| {
        let size = [width.to_le_bytes(), height.to_le_bytes()].concat();
        webp(
            *b"VP8 ",
            &[&[0x30, 1, 0, 0x9d, 1, 0x2a][..], &size, &[0; 64]].concat(),
        )
    };
    let canvas = [&[0_u8; 4][..], &[0xff; 6]].concat();
    let claims = [
        ("PNG", png(u32::MAX, 1, &[], &black())),
        ("PNG", png(0x7fff_ffff, 0x7fff_ffff, &[], &black())),
        ("PNG", png(8_193, 1, &[], &black())),
        ("PNG", png(8_000, 5_001, &[], &black())),
        ("PNG without pixels", png(0, 0, &[], &black())),
        ("JPEG", jpeg(0xc0, 65_535, 65_535)),
        ("JPEG", jpeg(0xc0, 8_193, 64)),
        ("progressive JPEG", jpeg(0xc2, 65_535, 65_535)),
        ("JPEG without lines", jpeg(0xc0, 64, 0)),
        ("WebP", lossless(16_384, 16_384)),
        ("WebP", lossless(8_193, 1)),
        ("lossy WebP", lossy(16_383, 16_383)),
        ("extended WebP", webp(*b"VP8X", &canvas)),
    ];
    let before = most_memory();
    for (what, bytes) in claims {
        let reason = refusal(bytes).await;
        assert!(!reason.is_empty(), "{what}");
    }
    if let (Some(before), Some(after)) = (before, most_memory()) {
        let grown = (after - before) / MEGABYTE;
        assert!(grown < 100, "headers alone took {grown} MB");
    }
}

#[tokio::test]
async fn what_a_decoder_may_take_is_enough_for_the_largest_picture_and_no_more() {
    // 16-bit RGBA of the most pixels that are accepted.
    const { assert!(MAX_ALLOCATION >= provenance::MAX_PIXELS * 8) };
    const { assert!(MAX_ALLOCATION <= provenance::MAX_PIXELS * 12) };
}

#[tokio::test]
async fn of_a_file_that_is_two_things_only_the_picture_is_left() {
    const SECRET: &[u8] = b"<script>alert(document.domain)</script>";
    let comment = [&[0xff, 0xfe][..], &41_u16.to_be_bytes(), SECRET].concat();
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let whole = encoded(&scenery(200, 200), format);
        let archive = [&whole[..], b"PK\x03\x04", SECRET, b"PK\x05\x06"].concat();
        let page = [&whole[..], b"\n<!doctype html>", SECRET].concat();
        let mut polyglots = vec![archive, page];
        if format == ImageFormat::Jpeg {
            polyglots.push([&whole[..2], &comment, &whole[2..]].concat());
        }
        if format == ImageFormat::Png {
            // After the signature and the header come 33 bytes.
            let text = chunk(*b"tEXt", &[b"Comment\0", SECRET].concat());
            polyglots.push([&whole[..33], &text, &whole[33..]].concat());
        }
        for polyglot in polyglots {
            let Ok(finished) = finish(polyglot).await else {
                continue;
            };
            for bytes in [&finished.full, &finished.thumbnail] {
                let kept = bytes.windows(SECRET.len()).any(|part| part == SECRET);
                assert!(!kept, "what came with a {format:?} is kept");
                assert!(bytes.starts_with(&[0xff, 0xd8, 0xff]), "it is a JPEG");
            }
        }
        // What begins as something else is something else, whatever comes later.
        for first in [
            &b"GIF89a"[..],
            b"%PDF-1.7\n",
            b"<!doctype html>",
            b"PK\x03\x04",
            b"MZ",
        ] {
            refusal([first, &whole].concat()).await;
        }
    }
}
