//! Marking: what becomes of a provider's bytes, which bytes are refused, and how the marks are read back.

use std::io::Cursor;

use application::ports::{FinishedPicture, PictureError, PictureFinisher};
use bytes::Bytes;
use image::{
    DynamicImage, GrayImage, ImageDecoder, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba,
    RgbaImage,
    codecs::jpeg::{JpegDecoder, JpegEncoder},
};
use provenance::{Marker, TRAINED_ALGORITHMIC_MEDIA};
use sha2::{Digest, Sha256};

/// Soft colours without edges, which JPEG keeps almost as they are.
pub fn scenery(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let share = |part: u32, whole: u32| u8::try_from(60 + part * 120 / whole).unwrap();
        Rgb([share(x, width), share(y, height), 130])
    })
    .into()
}

pub fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(&picture.into(), ImageFormat::Png)
}

pub async fn finish(bytes: impl Into<Bytes>) -> Result<FinishedPicture, PictureError> {
    Marker::new().finish(bytes.into()).await
}

pub async fn refusal(bytes: impl Into<Bytes>) -> String {
    match finish(bytes).await {
        Err(PictureError::Unusable(reason)) => reason,
        Err(PictureError::Internal(error)) => panic!("not the input's fault: {error}"),
        Ok(_) => panic!("it was accepted"),
    }
}

fn pixels(jpeg: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg)
        .unwrap()
        .into_rgb8()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The digital source type, found by another JPEG reader and a real XML parser.
fn digital_source_type(jpeg: &[u8]) -> String {
    let xmp = JpegDecoder::new(Cursor::new(jpeg))
        .unwrap()
        .xmp_metadata()
        .unwrap()
        .unwrap();
    let xmp = String::from_utf8(xmp).unwrap();
    let document = roxmltree::Document::parse(&xmp).unwrap();
    let mut found = document.descendants().filter(|node| {
        let name = node.tag_name();
        name.name() == "DigitalSourceType"
            && name.namespace() == Some("http://iptc.org/std/Iptc4xmpExt/2008-02-29/")
    });
    let node = found.next().unwrap();
    assert_eq!(
        node.parent().unwrap().tag_name().namespace(),
        Some("http://www.w3.org/1999/02/22-rdf-syntax-ns#")
    );
    node.text().unwrap().to_owned()
}

/// The largest difference of a channel between two pictures, in the badge's corner and elsewhere.
fn differences(before: &RgbImage, after: &RgbImage) -> (u8, u8) {
    assert_eq!(before.dimensions(), after.dimensions());
    let (width, height) = before.dimensions();
    let (mut in_corner, mut elsewhere) = (0, 0);
    for (x, y, pixel) in before.enumerate_pixels() {
        let other = after.get_pixel(x, y);
        let channels = pixel.0.into_iter().zip(other.0);
        let difference = channels
            .map(|(one, other)| one.abs_diff(other))
            .max()
            .unwrap();
        let is_corner = x > width * 2 / 3 && y > height * 7 / 8;
        match is_corner {
            true => in_corner = difference.max(in_corner),
            false => elsewhere = difference.max(elsewhere),
        }
    }
    (in_corner, elsewhere)
}

#[tokio::test]
async fn the_full_picture_and_its_thumbnail_say_in_xmp_that_a_model_made_them() {
    let finished = finish(png(scenery(512, 512))).await.unwrap();
    for jpeg in [&finished.full, &finished.thumbnail] {
        assert_eq!(
            digital_source_type(jpeg),
            "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
        );
    }
    assert_eq!(finished.marks.xmp, TRAINED_ALGORITHMIC_MEDIA);
    assert!(finished.marks.visible);
    assert_eq!(finished.marks.c2pa, None);
}

#[tokio::test]
async fn hash_keys_and_figures_are_those_of_the_bytes() {
    let finished = finish(png(scenery(640, 480))).await.unwrap();
    let (full, thumbnail) = (sha256(&finished.full), sha256(&finished.thumbnail));
    assert_eq!(finished.image.sha256, full);
    assert_eq!(finished.marks.sha256, full);
    assert_eq!(
        finished.image.key,
        format!("pictures/{}/{full}.jpg", &full[..2])
    );
    assert_eq!(
        finished.image.thumbnail_key,
        format!("pictures/{}/{thumbnail}.jpg", &thumbnail[..2])
    );
    assert_eq!(finished.image.bytes, finished.full.len() as u64);
    assert_eq!(finished.image.media_type, "image/jpeg");
    assert_eq!((finished.image.width, finished.image.height), (640, 480));
    assert_eq!(pixels(&finished.full).dimensions(), (640, 480));
}

#[tokio::test]
async fn the_same_input_gives_the_same_bytes() {
    let input = png(scenery(700, 500));
    let (one, other) = (
        finish(input.clone()).await.unwrap(),
        finish(input).await.unwrap(),
    );
    assert_eq!(one.full, other.full);
    assert_eq!(one.thumbnail, other.thumbnail);
    assert_eq!(one.image, other.image);
}

#[tokio::test]
async fn the_badge_is_plain_to_see_in_the_corner_and_nothing_else_changes() {
    for (width, height) in [(512, 512), (1024, 1024), (432, 768), (768, 432)] {
        let before = scenery(width, height);
        let finished = finish(png(before.clone())).await.unwrap();
        let (in_corner, elsewhere) =
            differences(before.as_rgb8().unwrap(), &pixels(&finished.full));
        assert!(in_corner > 90, "{width} × {height}: {in_corner}");
        assert!(elsewhere <= 8, "{width} × {height}: {elsewhere}");
    }
}

#[tokio::test]
async fn the_badge_can_be_read_on_black_on_white_and_on_what_is_between() {
    for shade in [0, 40, 128, 200, 255] {
        let flat = RgbImage::from_pixel(512, 512, Rgb([shade; 3]));
        let finished = finish(png(flat)).await.unwrap();
        for jpeg in [&finished.full, &finished.thumbnail] {
            let marked = image::load_from_memory(jpeg).unwrap().into_luma8();
            assert!(contrast_of_letters(&marked) > 4.5, "{shade}");
        }
    }
}

/// The contrast of the badge's letters to its ground, as WCAG 2 reckons it; 4.5 is wanted of text.
fn contrast_of_letters(marked: &GrayImage) -> f64 {
    let (width, height) = marked.dimensions();
    let pill_height = (8.0 + 0.034 * f64::from(width)).round();
    let part_of_pill = |part: f64| (pill_height * part).round() as u32;
    // Along the middle of the words, well inside the pill.
    let row = height - part_of_pill(0.45 + 0.5);
    let inside = (width - part_of_pill(0.45 + 4.0))..(width - part_of_pill(0.45 + 0.5));
    let shades: Vec<u8> = inside.map(|x| marked.get_pixel(x, row).0[0]).collect();
    let light = luminance(*shades.iter().max().unwrap());
    let dark = luminance(*shades.iter().min().unwrap());
    (light + 0.05) / (dark + 0.05)
}

fn luminance(shade: u8) -> f64 {
    let shade = f64::from(shade) / 255.0;
    match shade <= 0.04045 {
        true => shade / 12.92,
        false => ((shade + 0.055) / 1.055).powf(2.4),
    }
}

#[tokio::test]
async fn thumbnails_keep_the_shape_fit_into_320_pixels_and_carry_the_badge() {
    for (size, thumbnail) in [
        ((1024, 1024), (320, 320)),
        ((1344, 768), (320, 183)),
        ((768, 1344), (183, 320)),
        ((300, 900), (107, 320)),
        ((200, 150), (200, 150)),
    ] {
        let before = scenery(size.0, size.1);
        let finished = finish(png(before.clone())).await.unwrap();
        let small = pixels(&finished.thumbnail);
        assert_eq!(small.dimensions(), thumbnail, "{size:?}");
        let unmarked = before.thumbnail_exact(thumbnail.0, thumbnail.1).into_rgb8();
        let corner = unmarked.enumerate_pixels().filter(|(x, y, pixel)| {
            let marked = small.get_pixel(*x, *y);
            pixel.0[0].abs_diff(marked.0[0]) > 60
        });
        assert!(corner.count() > 150, "{size:?}");
    }
}

#[tokio::test]
async fn png_jpeg_and_webp_are_taken() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let before = scenery(400, 300);
        let finished = finish(encoded(&before, format)).await.unwrap();
        let (_, elsewhere) = differences(before.as_rgb8().unwrap(), &pixels(&finished.full));
        assert!(elsewhere <= 12, "{format:?}: {elsewhere}");
    }
}

#[tokio::test]
async fn grey_and_sixteen_bit_pictures_are_taken() {
    let picture = scenery(300, 300);
    for input in [
        picture.grayscale(),
        picture.to_luma16().into(),
        picture.to_rgba16().into(),
    ] {
        let finished = finish(png(input)).await.unwrap();
        assert_eq!(pixels(&finished.full).dimensions(), (300, 300));
    }
}

#[tokio::test]
async fn what_is_transparent_becomes_white() {
    let mut picture = RgbaImage::from_pixel(300, 300, Rgba([200, 0, 0, 0]));
    for y in 0..300 {
        for x in 0..150 {
            picture.put_pixel(x, y, Rgba([200, 0, 0, if y < 150 { 255 } else { 128 }]));
        }
    }
    let finished = finish(png(picture)).await.unwrap();
    let marked = pixels(&finished.full);
    for (place, colour) in [
        ((60, 60), [200, 0, 0]),
        ((60, 240), [227, 127, 127]),
        ((240, 60), [255, 255, 255]),
    ] {
        let found = marked.get_pixel(place.0, place.1).0;
        let close = found
            .iter()
            .zip(colour)
            .all(|(one, other)| one.abs_diff(other) <= 4);
        assert!(close, "{place:?} is {found:?}");
    }
}

/// EXIF as a camera writes it: turned by 90° (6), with a description.
fn exif(secret: &str) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x02\0".to_vec();
    let length = u32::try_from(secret.len()).unwrap();
    block.extend([0x0e, 0x01, 2, 0]);
    block.extend(length.to_le_bytes());
    block.extend(38_u32.to_le_bytes());
    block.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
    block.extend([0; 4]);
    block.extend(secret.as_bytes());
    block
}

#[tokio::test]
async fn exif_is_obeyed_and_dropped() {
    let picture = scenery(600, 400);
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, 95);
    encoder.set_exif_metadata(exif("a secret prompt")).unwrap();
    picture.write_with_encoder(encoder).unwrap();
    assert!(jpeg.windows(15).any(|window| window == b"a secret prompt"));

    let finished = finish(jpeg).await.unwrap();

    assert_eq!((finished.image.width, finished.image.height), (400, 600));
    let (_, elsewhere) = differences(
        picture.rotate90().as_rgb8().unwrap(),
        &pixels(&finished.full),
    );
    assert!(elsewhere <= 12, "{elsewhere}");
    for jpeg in [&finished.full, &finished.thumbnail] {
        assert!(!jpeg.windows(15).any(|window| window == b"a secret prompt"));
        let mut decoder = JpegDecoder::new(Cursor::new(jpeg)).unwrap();
        assert_eq!(decoder.exif_metadata().unwrap(), None);
    }
}

#[tokio::test]
async fn a_marked_picture_can_be_marked_again_and_has_one_packet() {
    let once = finish(png(scenery(512, 512))).await.unwrap();
    let twice = finish(once.full).await.unwrap();
    let header = b"http://ns.adobe.com/xap/1.0/\0";
    let packets = twice
        .full
        .windows(header.len())
        .filter(|window| window == header);
    assert_eq!(packets.count(), 1);
}

/// A chunk of a PNG, with its checksum.
pub fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), data].concat();
    let checksum = body.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| match sum & 1 {
            1 => (sum >> 1) ^ 0xedb8_8320,
            _ => sum >> 1,
        })
    });
    let length = u32::try_from(data.len()).unwrap();
    [&length.to_be_bytes()[..], &body, &(!checksum).to_be_bytes()].concat()
}

/// A PNG of a few bytes that claims to be this large.
fn png_that_claims(width: u32, height: u32) -> Vec<u8> {
    let header = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[8, 2, 0, 0, 0],
    ]
    .concat();
    [
        &b"\x89PNG\r\n\x1a\n"[..],
        &chunk(*b"IHDR", &header),
        &chunk(*b"IDAT", &[0x78, 0x9c, 3, 0, 0, 0, 0, 1]),
        &chunk(*b"IEND", &[]),
    ]
    .concat()
}

#[tokio::test]
async fn a_header_that_claims_too_many_pixels_is_refused_before_any_is_decoded() {
    for (width, height, reason) in [
        (60_000, 60_000, "at most 8192 px a side"),
        (8_193, 100, "at most 8192 px a side"),
        (100, 8_193, "at most 8192 px a side"),
        (8_000, 5_125, "at most 40000000 pixels"),
    ] {
        let refused = refusal(png_that_claims(width, height)).await;
        assert!(
            refused.contains(&format!("{width} × {height}")),
            "{refused}"
        );
        assert!(refused.contains(reason), "{refused}");
    }

    let mut jpeg = encoded(&scenery(64, 64), ImageFormat::Jpeg);
    let frame = jpeg
        .windows(2)
        .position(|marker| marker == [0xff, 0xc0])
        .unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
    assert!(refusal(jpeg).await.contains("60000 × 60000"));
}

#[tokio::test]
async fn the_largest_sizes_are_not_refused_for_their_size() {
    // These have no pixels, so that they are refused all the same, but only by the decoder.
    for (width, height) in [(8_192, 100), (100, 8_192), (8_000, 5_000)] {
        let refused = refusal(png_that_claims(width, height)).await;
        assert!(!refused.contains("at most"), "{refused}");
    }
}

#[tokio::test]
async fn more_than_twenty_megabytes_are_refused_unread() {
    let mut bytes = png(scenery(100, 100));
    bytes.resize(20 * 1024 * 1024 + 1, 0);
    assert!(refusal(bytes).await.contains("bytes"));
}

#[tokio::test]
async fn other_formats_are_refused_by_name() {
    let gif = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x01\0;".to_vec();
    assert!(refusal(gif).await.contains("gif"));
    for other in [
        &b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..],
        b"<!doctype html>",
        b"%PDF-1.7",
        b"",
    ] {
        assert_eq!(refusal(other.to_vec()).await, "it is no PNG, JPEG or WebP");
    }
}

#[tokio::test]
async fn a_picture_that_is_cut_off_anywhere_is_refused() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let whole = encoded(&scenery(200, 200), format);
        finish(whole.clone()).await.unwrap();
        for percent in [0, 1, 5, 20, 40, 60, 80, 90, 97] {
            let cut = whole[..whole.len() * percent / 100].to_vec();
            refusal(cut).await;
        }
    }
}

#[tokio::test]
async fn a_picture_without_room_for_the_badge_is_refused() {
    for (width, height) in [(1, 1), (40, 400), (400, 30), (4_000, 300)] {
        let refused = refusal(png(RgbImage::new(width, height))).await;
        assert!(refused.contains("no room for the mark"), "{refused}");
    }
    for (width, height) in [(60, 60), (96, 320)] {
        finish(png(RgbImage::new(width, height))).await.unwrap();
    }
}

#[tokio::test]
async fn damaged_bytes_are_refused_or_survived_but_never_our_fault() {
    let marker = Marker::new();
    let mut state = 1_u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap()
    };
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let whole = encoded(&scenery(72, 72), format);
        for _ in 0..150 {
            let mut damaged = whole.clone();
            for _ in 0..=next() % 8 {
                let place = next() % damaged.len();
                damaged[place] = u8::try_from(next() % 256).unwrap();
            }
            if let Err(PictureError::Internal(error)) = marker.finish(damaged.into()).await {
                panic!("{format:?}: {error}");
            }
        }
    }
}
