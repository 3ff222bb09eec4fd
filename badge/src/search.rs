//! Finds the badge in a picture, also in one that was encoded again or scaled since.
//!
//! The words of the badge are compared with what stands where they would stand: at the size at which a picture of these
//! measures gets its badge, and at those that it has when the picture was scaled to between a quarter and twice its
//! size. A picture of which the lower right corner was cut off, or that was turned, is not searched for it.

use std::sync::LazyLock;

use ::image::{RgbImage, imageops::FilterType};

use super::{CAPITAL, MASK_CAPITAL, Pill, WORDS, Wording, place, words_width};

/// How alike the words must be, as a correlation: 1 is the same, 0 is chance. Of the tests' pictures without a badge,
/// stripes come up to 0.58, and then with hardly any contrast.
const ALIKE: f32 = 0.62;

/// How much brighter the letters must be than what is between them, in shades of 255: less than what can be read is no
/// visible mark.
const CONTRAST: f32 = 48.0;

/// How alike they must be for it to be worth looking beside the place.
const HINT: f32 = 0.3;

/// How many rows the words are compared in.
const ROWS: u32 = 20;

/// The factors between which a picture may have been scaled.
const SCALED: (f32, f32) = (0.25, 2.0);

/// The step from one size that is looked for to the next.
const STEP: f32 = 1.01;

/// How far beside its place the badge is looked for too, in heights of the pill: what rounding to pixels moves it.
const BESIDE: [f32; 3] = [0.0, -0.03, 0.03];

/// The words as they are looked for.
struct Template {
    wording: Wording,
    /// The letters' shares of ink, row by row, less their mean.
    ink: Vec<f32>,
    columns: u32,
    /// The root of the sum of the squares of `ink`.
    norm: f32,
    mean: f32,
}

static TEMPLATES: LazyLock<[Template; 2]> =
    LazyLock::new(|| [Wording::Full, Wording::Short].map(Template::of));

impl Template {
    fn of(wording: Wording) -> Self {
        let (width, height) = super::mask(wording);
        let columns = (width * ROWS / height).max(1);
        let small = WORDS
            .crop_imm(0, 0, width, height)
            .resize_exact(columns, ROWS, FilterType::Triangle)
            .into_luma8();
        let ink: Vec<f32> = small
            .iter()
            .map(|shade| f32::from(*shade) / 255.0)
            .collect();
        let mean = ink.iter().sum::<f32>() / ink.len() as f32;
        let ink: Vec<f32> = ink.into_iter().map(|share| share - mean).collect();
        let norm = ink.iter().map(|share| share * share).sum::<f32>().sqrt();
        Self {
            wording,
            ink,
            columns,
            norm,
            mean,
        }
    }
}

/// Where words may stand, in pixels, which may be cut.
#[derive(Debug, Clone, Copy)]
struct Place {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

/// How much what stands at a place is like the words.
#[derive(Debug, Clone, Copy, Default)]
struct Likeness {
    correlation: f32,
    contrast: f32,
}

impl Likeness {
    fn is_badge(self) -> bool {
        self.correlation >= ALIKE && self.contrast >= CONTRAST
    }
}

/// Whether the badge can be seen.
pub fn is_visible(picture: &RgbImage) -> bool {
    let (width, height) = picture.dimensions();
    let corner = Corner::of(picture);
    let exact = place(width, height);
    if exact.is_some_and(|pill| {
        corner
            .likeness(template(pill.wording), words_of(&pill))
            .is_badge()
    }) {
        return true;
    }
    TEMPLATES.iter().any(|template| {
        heights(width.min(height))
            .filter_map(|pill| scaled_words(template.wording, pill, width, height))
            .any(|words| corner.has_near(template, words))
    })
}

fn template(wording: Wording) -> &'static Template {
    let [full, short] = &*TEMPLATES;
    match wording {
        Wording::Full => full,
        Wording::Short => short,
    }
}

/// Where the words stand on the pill, as they are drawn.
fn words_of(pill: &Pill) -> Place {
    let (width, height) = super::letters_size(pill);
    Place {
        left: (pill.left + (pill.width - width) / 2) as f32,
        top: (pill.top + (pill.height - height) / 2) as f32,
        width: width as f32,
        height: height as f32,
    }
}

/// The pill's heights that are looked for, in pixels, in a picture whose shorter side this is.
fn heights(shorter: u32) -> impl Iterator<Item = f32> {
    let of_scale = |scale: f32| scale * super::pill_height(shorter as f32 / scale);
    let (least, most) = (of_scale(SCALED.0), of_scale(SCALED.1));
    std::iter::successors(Some(least), |height| Some(height * STEP))
        .take_while(move |height| *height <= most * STEP)
}

/// Where the words stand when the pill has that height; none where they would not fit.
fn scaled_words(wording: Wording, pill: f32, width: u32, height: u32) -> Option<Place> {
    let words = words_width(wording, pill);
    let (_, mask_height) = super::mask(wording);
    let words_height = mask_height as f32 * CAPITAL * pill / MASK_CAPITAL;
    let margin = super::margin(pill);
    let left = width as f32 - margin - super::ENDS / 2.0 * pill - words;
    let top = height as f32 - margin - (pill + words_height) / 2.0;
    (left >= 0.0 && top >= 0.0).then_some(Place {
        left,
        top,
        width: words,
        height: words_height,
    })
}

/// The brightness of a picture's lower right corner, as sums from its upper left, so that the mean of any rectangle is
/// four of them.
struct Corner {
    sums: Vec<f64>,
    /// How many sums stand in a row: one more than there are pixels.
    row: usize,
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Corner {
    fn of(picture: &RgbImage) -> Self {
        let (wide, high) = picture.dimensions();
        let largest = SCALED.1 * super::pill_height(wide.min(high) as f32 / SCALED.1);
        let room = |pills: f32, side: u32| ((largest * pills).ceil() as u32).min(side);
        // The words and the pill's ends and margins, with a little to spare.
        let width = room(words_width(Wording::Full, 1.0) + 2.5, wide);
        let height = room(2.5, high);
        let (left, top) = (wide - width, high - height);
        let row = width as usize + 1;
        let mut sums = vec![0.0; row * (height as usize + 1)];
        for y in 0..height {
            let mut of_row = 0.0;
            for x in 0..width {
                let [red, green, blue] = picture.get_pixel(left + x, top + y).0.map(f64::from);
                of_row += 0.299 * red + 0.587 * green + 0.114 * blue;
                let place = (y as usize + 1) * row + x as usize + 1;
                sums[place] = sums[place - row] + of_row;
            }
        }
        Self {
            sums,
            row,
            left,
            top,
            width,
            height,
        }
    }

    fn has_near(&self, template: &Template, words: Place) -> bool {
        if self.likeness(template, words).correlation < HINT {
            return false;
        }
        let pill = words.height * MASK_CAPITAL / CAPITAL / super::mask(template.wording).1 as f32;
        BESIDE.iter().any(|right| {
            BESIDE.iter().any(|down| {
                let beside = Place {
                    left: words.left + right * pill,
                    top: words.top + down * pill,
                    ..words
                };
                self.likeness(template, beside).is_badge()
            })
        })
    }

    /// The correlation (Pearson's) of brightness and ink, and how much brighter ink is than its ground.
    fn likeness(&self, template: &Template, place: Place) -> Likeness {
        let columns = template.columns as usize;
        let (step_x, step_y) = (
            place.width / template.columns as f32,
            place.height / ROWS as f32,
        );
        let edges: Vec<f32> = (0..=columns)
            .map(|column| place.left - self.left as f32 + column as f32 * step_x)
            .collect();
        let mut shades = Vec::with_capacity(template.ink.len());
        let mut above = self.sums_along(&edges, place.top - self.top as f32);
        for row in 1..=ROWS {
            let y = place.top - self.top as f32 + row as f32 * step_y;
            let below = self.sums_along(&edges, y);
            for column in 0..columns {
                let sum = below[column + 1] - below[column] - above[column + 1] + above[column];
                shades.push(sum as f32 / (step_x * step_y));
            }
            above = below;
        }
        compare(template, &shades)
    }

    /// The sums up to those places of one line; between pixels they are in proportion.
    fn sums_along(&self, xs: &[f32], y: f32) -> Vec<f64> {
        let y = f64::from(y.clamp(0.0, self.height as f32));
        let (upper, part_y) = (y.floor() as usize, y.fract());
        let lower = (upper + 1).min(self.height as usize);
        let along = |line: usize, x: f64| {
            let (first, part) = (x.floor() as usize, x.fract());
            let second = (first + 1).min(self.width as usize);
            let line = &self.sums[line * self.row..];
            line[first] * (1.0 - part) + line[second] * part
        };
        xs.iter()
            .map(|x| {
                let x = f64::from(x.clamp(0.0, self.width as f32));
                along(upper, x) * (1.0 - part_y) + along(lower, x) * part_y
            })
            .collect()
    }
}

fn compare(template: &Template, shades: &[f32]) -> Likeness {
    let mean = shades.iter().sum::<f32>() / shades.len() as f32;
    let (mut together, mut squares) = (0.0, 0.0);
    let (mut ink, mut ground) = ((0.0, 0.0), (0.0, 0.0));
    for (shade, share) in shades.iter().zip(&template.ink) {
        together += (shade - mean) * share;
        squares += (shade - mean) * (shade - mean);
        let share = share + template.mean;
        ink = (ink.0 + shade * share, ink.1 + share);
        ground = (ground.0 + shade * (1.0 - share), ground.1 + 1.0 - share);
    }
    let spread = squares.sqrt() * template.norm;
    if spread <= f32::EPSILON {
        return Likeness::default();
    }
    Likeness {
        correlation: together / spread,
        contrast: ink.0 / ink.1 - ground.0 / ground.1,
    }
}
