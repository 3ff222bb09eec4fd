//! The pictures that are marked: 1024 × 1024 px, the same on every machine.

use std::{fs, io::Cursor, path::Path};

use image::{ImageFormat, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use sandbox::portrait;

const SIDE: u32 = 1024;
const JPEG_QUALITY: u8 = 90;

/// Writes each picture in each format: `photo.png`, `portrait.webp` and so on. WebP is lossless here.
pub fn write(directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    for (name, picture) in [("photo", photo()), ("portrait", portrait())] {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let ending = format.extensions_str()[0];
            let file = directory.join(format!("{name}.{ending}"));
            fs::write(file, encoded(&picture, format)).unwrap();
        }
    }
}

fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    match format {
        ImageFormat::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY);
            picture.write_with_encoder(encoder).unwrap();
        }
        _ => picture.write_to(&mut file, format).unwrap(),
    }
    file.into_inner()
}

/// What the sandbox's image model draws.
fn portrait() -> RgbImage {
    let drawn = portrait::draw(&portrait::Order {
        prompt: "A woman with long red curly hair smiles in a café".to_owned(),
        variation: 1,
        width: SIDE,
        height: SIDE,
        format: portrait::Format::Png,
    });
    image::load_from_memory(&drawn.unwrap())
        .unwrap()
        .into_rgb8()
}

/// Clouds of seven octaves in drifting colours, and a grain: as hard to compress as a photograph.
fn photo() -> RgbImage {
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let clouds: f32 = (0..7)
            .map(|octave| {
                soft_noise(x, y, 256.0 / (1 << octave) as f32, octave) / (2 << octave) as f32
            })
            .sum();
        let grain = noise(x, y, 98) + noise(x, y, 99) - 1.0;
        let light = 235.0 * clouds + 6.0 * grain;
        let warmth = soft_noise(x, y, 200.0, 50);
        let green = soft_noise(x, y, 90.0, 51);
        Rgb(
            [0.8 + 0.4 * warmth, 0.95 + 0.1 * green, 1.15 - 0.4 * warmth]
                .map(|tint| (light * tint) as u8),
        )
    })
}

/// Noise between the corners of squares of `side` pixels: 0 to 1.
fn soft_noise(x: u32, y: u32, side: f32, seed: u32) -> f32 {
    let smooth = |share: f32| share * share * (3.0 - 2.0 * share);
    let (across, down) = (x as f32 / side, y as f32 / side);
    let (left, top) = (across as u32, down as u32);
    let (across, down) = (smooth(across.fract()), smooth(down.fract()));
    let row = |y: u32| {
        let (one, other) = (noise(left, y, seed), noise(left + 1, y, seed));
        one + (other - one) * across
    };
    row(top) + (row(top + 1) - row(top)) * down
}

/// A number from 0 to 1 that only looks like chance.
fn noise(x: u32, y: u32, seed: u32) -> f32 {
    let mut mixed =
        x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ seed.wrapping_mul(0xc2b2_ae3d);
    mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d);
    mixed = (mixed ^ (mixed >> 12)).wrapping_mul(0x297a_2d39);
    mixed ^= mixed >> 15;
    (mixed >> 8) as f32 / 16_777_216.0
}
