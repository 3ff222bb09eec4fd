//! How surely the badge is found again: in pictures that were encoded again or scaled; and in none without.
//!
//! The numbers stand in `docs/decisions/0015-provenance.md`; these tests hold them.

use std::{collections::BTreeMap, io::Cursor};

use image::{
    DynamicImage, ImageFormat, codecs::jpeg::JpegEncoder, imageops::FilterType, load_from_memory,
};

use crate::scenes::{self, SIZES};

fn is_seen(bytes: &[u8]) -> bool {
    badge::is_visible(&load_from_memory(bytes).unwrap().into_rgb8())
}

/// With the badge, and saved once, as a delivery is, if by another encoder.
fn marked(scene: &DynamicImage) -> DynamicImage {
    let mut picture = scene.clone();
    badge::draw(&mut picture).unwrap();
    load_from_memory(&jpeg(&picture, 90)).unwrap()
}

fn jpeg(picture: &DynamicImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))
        .unwrap();
    bytes
}

fn scaled(picture: &DynamicImage, percent: u32, filter: FilterType) -> DynamicImage {
    let side = |side: u32| (side * percent).div_ceil(100);
    picture.resize_exact(side(picture.width()), side(picture.height()), filter)
}

/// What somebody does to a picture before showing it around.
type Change = fn(&DynamicImage) -> Vec<u8>;

/// Each with the share of badges, in percent, that must be found after it.
const CHANGES: [(&str, usize, Change); 9] = [
    ("as JPEG q75", 100, |picture| jpeg(picture, 75)),
    ("as JPEG q50", 100, |picture| jpeg(picture, 50)),
    ("as JPEG q30", 100, |picture| jpeg(picture, 30)),
    ("as PNG", 100, |picture| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }),
    ("at 75 %, q75", 95, |picture| {
        jpeg(&scaled(picture, 75, FilterType::Lanczos3), 75)
    }),
    ("at 50 %, q75", 95, |picture| {
        jpeg(&scaled(picture, 50, FilterType::Lanczos3), 75)
    }),
    ("at 50 %, bilinear, q75", 85, |picture| {
        jpeg(&scaled(picture, 50, FilterType::Triangle), 75)
    }),
    ("at 33 %, q75", 80, |picture| {
        jpeg(&scaled(picture, 33, FilterType::Lanczos3), 75)
    }),
    ("at 160 %, q75", 95, |picture| {
        jpeg(&scaled(picture, 160, FilterType::CatmullRom), 75)
    }),
];

#[test]
fn the_badge_is_found_in_pictures_that_were_encoded_again_or_scaled() {
    let mut found = BTreeMap::<&str, (usize, usize)>::new();
    for (size, (width, height)) in (0..).zip(SIZES) {
        for (scene, picture) in scenes::all(width, height, 10 + size) {
            let marked = marked(&picture);
            for (name, _, change) in CHANGES {
                let seen = is_seen(&change(&marked));
                // Below that, letters are 4 pixels high or less: which are found hangs on how a machine rounds.
                let small = name.starts_with("at 33 %") && width.min(height) <= 512;
                let must = width.min(height) >= 512 && !small;
                assert!(seen || !must, "{scene} {width} × {height} {name}");
                let entry = found.entry(name).or_default();
                entry.0 += usize::from(seen);
                entry.1 += 1;
            }
        }
    }
    for (name, percent, _) in CHANGES {
        let (seen, of) = found[name];
        println!("{name}: {seen} of {of}");
        assert!(seen * 100 >= of * percent, "{name}: {seen} of {of}");
    }
}

#[test]
fn no_badge_is_seen_where_none_was_drawn() {
    let mut looked_at = 0;
    for (size, (width, height)) in (0..).zip(SIZES) {
        for round in 0..6 {
            for (name, picture) in scenes::all(width, height, 100 * round + size) {
                looked_at += 1;
                assert!(
                    !is_seen(&jpeg(&picture, 90)),
                    "{name} {width} × {height}, round {round}"
                );
            }
        }
    }
    assert_eq!(looked_at, 240);
}

/// Another badge in the same place, or ours in another: not what we draw.
#[test]
fn a_badge_that_is_turned_mirrored_or_cut_off_is_not_ours() {
    let scene = scenes::all(1024, 1024, 7).swap_remove(1).1;
    let marked = marked(&scene);
    let (width, height) = (marked.width(), marked.height());
    let mut inverted = marked.clone();
    inverted.invert();
    for (name, other) in [
        ("mirrored", marked.fliph()),
        ("upside down", marked.rotate180()),
        ("on its side", marked.rotate90()),
        ("cut off", marked.crop_imm(0, 0, width, height * 9 / 10)),
        ("inverted", inverted),
    ] {
        assert!(!is_seen(&jpeg(&other, 90)), "{name}");
    }
    assert!(is_seen(&jpeg(&marked, 90)));
}

/// The words mirrored in their own place.
#[test]
fn the_words_must_be_readable_not_only_bright() {
    let scene = scenes::all(1024, 1024, 7).swap_remove(1).1;
    let mut marked = marked(&scene).into_rgb8();
    let (width, height) = marked.dimensions();
    let corner = image::imageops::crop_imm(&marked, width - 260, height - 80, 260, 80).to_image();
    let mirrored = image::imageops::flip_horizontal(&corner);
    image::imageops::replace(
        &mut marked,
        &mirrored,
        i64::from(width - 260),
        i64::from(height - 80),
    );
    assert!(!is_seen(&jpeg(&marked.into(), 90)));
}
