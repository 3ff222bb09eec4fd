//! The visible mark: a dark, translucent pill in the lower right corner that says "AI generated".
//!
//! It knows pixels and no file formats, and is a crate of its own since it has to be optimised for tests as well: whoever
//! decodes and encodes beside it would have all codecs optimised once more.

mod search;

use std::sync::{Arc, LazyLock};

use ::image::{DynamicImage, GrayImage, RgbImage, imageops::FilterType, load_from_memory};
use quick_cache::sync::Cache;

pub use search::is_visible;

/// The words as an alpha mask; `assets/README.md` says how it was made.
static WORDS: LazyLock<DynamicImage> = LazyLock::new(|| {
    let png = include_bytes!("../assets/ai-generated.png");
    #[expect(
        clippy::unwrap_used,
        reason = "the file is a part of this program; each test draws it"
    )]
    let words = load_from_memory(png).unwrap();
    DynamicImage::ImageLuma8(words.into_luma8())
});

/// The words at the sizes that were drawn lately: most pictures have one of a few sizes.
static LETTERS_DRAWN: LazyLock<Cache<(Wording, u32), Arc<GrayImage>>> =
    LazyLock::new(|| Cache::new(16));

/// The height of a capital letter in the mask, in its pixels.
const MASK_CAPITAL: f32 = 117.0;

/// The first word's right end in the mask, in its pixels.
const FIRST_WORD_END: u32 = 148;

/// The height of a capital letter as a share of the pill's height.
const CAPITAL: f32 = 0.42;

/// The smallest height of the pill in pixels at which the words can be read.
const SMALLEST: f32 = 18.0;

/// The two ends of the pill beside the words, together, as a share of its height.
const ENDS: f32 = 0.95;

/// How much of the picture the pill hides, how visible its rim and its words are: 0 to 1.
const FILL: f32 = 0.58;
const RIM: f32 = 0.34;
const LETTERS: f32 = 0.96;

/// What the badge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Wording {
    /// "AI generated"
    Full,
    /// "AI", where there is no room for more.
    Short,
}

/// Where the pill lies, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pill {
    wording: Wording,
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

/// The picture is too small for a badge that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{width} × {height} px leave no room for the mark that says that it was made by AI")]
pub struct NoRoom {
    /// The picture's width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// Draws the badge; the picture is 8-bit RGB afterwards.
///
/// # Errors
/// When the picture is too small for one that can be read; nothing is changed then.
pub fn draw(picture: &mut DynamicImage) -> Result<(), NoRoom> {
    let (width, height) = (picture.width(), picture.height());
    let pill = place(width, height).ok_or(NoRoom { width, height })?;
    let letters = letters(&pill);
    match picture {
        DynamicImage::ImageRgb8(pixels) => blend(pixels, &pill, &letters),
        other => {
            let mut pixels = std::mem::take(other).into_rgb8();
            blend(&mut pixels, &pill, &letters);
            *other = pixels.into();
        }
    }
    Ok(())
}

/// The pill grows with the picture, but slower, since small pictures are shown larger than their pixels.
fn place(width: u32, height: u32) -> Option<Pill> {
    let shorter = width.min(height) as f32;
    let pill_height = pill_height(shorter).round();
    let margin = margin(pill_height).round();
    [Wording::Full, Wording::Short]
        .into_iter()
        .find_map(|wording| {
            let pill_width = (words_width(wording, pill_height) + pill_height * ENDS).round();
            let left = width as f32 - margin - pill_width;
            let top = height as f32 - margin - pill_height;
            (left >= margin && top >= margin).then_some(Pill {
                wording,
                left: left as u32,
                top: top as u32,
                width: pill_width as u32,
                height: pill_height as u32,
            })
        })
}

/// In pixels, for a picture whose shorter side this is.
fn pill_height(shorter: f32) -> f32 {
    (8.0 + 0.034 * shorter).max(SMALLEST)
}

/// The space to the picture's edges in pixels.
fn margin(pill_height: f32) -> f32 {
    pill_height * 0.45
}

fn mask(wording: Wording) -> (u32, u32) {
    match wording {
        Wording::Full => (WORDS.width(), WORDS.height()),
        Wording::Short => (FIRST_WORD_END, WORDS.height()),
    }
}

fn words_width(wording: Wording, pill_height: f32) -> f32 {
    mask(wording).0 as f32 * CAPITAL * pill_height / MASK_CAPITAL
}

/// The words at the pill's size.
fn letters(pill: &Pill) -> Arc<GrayImage> {
    let size = (pill.wording, pill.height);
    LETTERS_DRAWN.get(&size).unwrap_or_else(|| {
        let letters = Arc::new(drawn(pill));
        LETTERS_DRAWN.insert(size, letters.clone());
        letters
    })
}

fn drawn(pill: &Pill) -> GrayImage {
    let (width, height) = mask(pill.wording);
    let (to_width, to_height) = letters_size(pill);
    WORDS
        .crop_imm(0, 0, width, height)
        .resize_exact(to_width, to_height, FilterType::CatmullRom)
        .into_luma8()
}

/// The size at which the words are drawn, in pixels.
fn letters_size(pill: &Pill) -> (u32, u32) {
    let (width, height) = mask(pill.wording);
    let scale = CAPITAL * pill.height as f32 / MASK_CAPITAL;
    let scaled = |side: u32| (side as f32 * scale).round().max(1.0) as u32;
    (scaled(width), scaled(height))
}

fn blend(pixels: &mut RgbImage, pill: &Pill, letters: &GrayImage) {
    let letters_left = (pill.width - letters.width()) / 2;
    let letters_top = (pill.height - letters.height()) / 2;
    let rim = (pill.height as f32 / 26.0).max(1.0);
    for y in 0..pill.height {
        for x in 0..pill.width {
            let inside = distance_to_edge(pill, x, y);
            let fill = (inside + 0.5).clamp(0.0, 1.0);
            let rim = fill * (rim + 0.5 - inside).clamp(0.0, 1.0);
            let letter = (x.checked_sub(letters_left))
                .zip(y.checked_sub(letters_top))
                .and_then(|(x, y)| letters.get_pixel_checked(x, y))
                .map_or(0.0, |pixel| f32::from(pixel.0[0]) / 255.0);

            let pixel = pixels.get_pixel_mut(pill.left + x, pill.top + y);
            for channel in &mut pixel.0 {
                let mut value = f32::from(*channel);
                value *= 1.0 - FILL * fill;
                value += (255.0 - value) * RIM * rim;
                value += (255.0 - value) * LETTERS * letter;
                *channel = value.round() as u8;
            }
        }
    }
}

/// How far a pixel's middle lies inside the pill's edge, in pixels; negative outside.
fn distance_to_edge(pill: &Pill, x: u32, y: u32) -> f32 {
    let (width, height) = (pill.width as f32, pill.height as f32);
    let radius = height / 2.0;
    let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
    // The pill is all points within the radius of the line between its two ends' middles.
    let nearest = x.clamp(radius, width - radius);
    let (across, down) = (x - nearest, y - radius);
    radius - (across * across + down * down).sqrt()
}
