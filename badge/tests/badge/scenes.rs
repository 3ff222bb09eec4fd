//! Pictures of many kinds, made without any file: what a badge may have to be found on, or must not be seen in.

use image::{DynamicImage, Rgb, RgbImage};

/// Sizes that providers draw, and small ones.
pub const SIZES: [(u32, u32); 5] = [
    (1024, 1024),
    (1344, 768),
    (768, 1344),
    (512, 512),
    (320, 240),
];

/// Numbers that look random and are the same each time.
pub struct Dice(u32);

impl Dice {
    pub const fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(2_654_435_761).wrapping_add(1))
    }

    pub fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % most
    }

    fn colour(&mut self) -> Rgb<u8> {
        Rgb([(); 3].map(|()| u8::try_from(self.below(256)).unwrap()))
    }
}

/// A kind of picture.
type Scene = fn(u32, u32, &mut Dice) -> RgbImage;

/// Every kind, with its name.
pub const SCENES: [(&str, Scene); 8] = [
    ("flat", flat),
    ("gradient", gradient),
    ("noise", noise),
    ("cloud", cloud),
    ("stripes", stripes),
    ("checks", checks),
    ("dots", dots),
    ("bars", bars),
];

/// One of each kind, at that size.
pub fn all(width: u32, height: u32, seed: u32) -> Vec<(&'static str, DynamicImage)> {
    let mut dice = Dice::new(seed);
    let drawn = SCENES.map(|(name, draw)| (name, draw(width, height, &mut dice).into()));
    drawn.into()
}

fn flat(width: u32, height: u32, dice: &mut Dice) -> RgbImage {
    RgbImage::from_pixel(width, height, dice.colour())
}

fn gradient(width: u32, height: u32, dice: &mut Dice) -> RgbImage {
    let (from, to) = (dice.colour(), dice.colour());
    let mixed = |from: u8, to: u8, share: f32| {
        (f32::from(from) + (f32::from(to) - f32::from(from)) * share) as u8
    };
    RgbImage::from_fn(width, height, |x, y| {
        let share = (x + y) as f32 / (width + height) as f32;
        Rgb([0, 1, 2].map(|channel| mixed(from.0[channel], to.0[channel], share)))
    })
}

fn noise(width: u32, height: u32, dice: &mut Dice) -> RgbImage {
    RgbImage::from_fn(width, height, |_, _| dice.colour())
}

/// Noise of many sizes on top of each other, as in clouds, hair and leaves.
fn cloud(width: u32, height: u32, dice: &mut Dice) -> RgbImage {
    let mut sum = vec![0_u32; (width * height) as usize];
    for step in [4, 11, 27, 80] {
        let columns = width / step + 2;
        let grid: Vec<u32> = (0..columns * (height / step + 2))
            .map(|_| dice.below(64))
            .collect();
        for y in 0..height {
            for x in 0..width {
                let at =
                    |dx: u32, dy: u32| grid[((y / step + dy) * columns + x / step + dx) as usize];
                let (right, down) = (x % step, y % step);
                let above = at(0, 0) * (step - right) + at(1, 0) * right;
                let below = at(0, 1) * (step - right) + at(1, 1) * right;
                sum[(y * width + x) as usize] +=
                    (above * (step - down) + below * down) / (step * step);
            }
        }
    }
    RgbImage::from_fn(width, height, |x, y| {
        let shade = u8::try_from(sum[(y * width + x) as usize].min(255)).unwrap();
        Rgb([shade, shade / 2 + 60, 255 - shade])
    })
}

fn stripes(width: u32, height: u32, dice: &mut Dice) -> RgbImage {
    let (period, slope) = (3 + dice.below(12), dice.below(3));
    RgbImage::from_fn(width, height, |x, y| match (x + slope * y) / period % 2 {
        0 => Rgb([235, 235, 230]),
        _ => Rgb([20, 25, 40]),
    })
}

fn checks(width: u32, height: u32, dice: &mut Dice) -> RgbImage {
    let side = 2 + dice.below(14);
    let (one, other) = (dice.colour(), dice.colour());
    RgbImage::from_fn(width, height, |x, y| match (x / side + y / side) % 2 {
        0 => one,
        _ => other,
    })
}

fn dots(width: u32, height: u32, dice: &mut Dice) -> RgbImage {
    let mut picture = flat(width, height, dice);
    for _ in 0..width * height / 300 {
        let (left, top, side) = (dice.below(width), dice.below(height), 1 + dice.below(9));
        let colour = dice.colour();
        for y in top..(top + side).min(height) {
            for x in left..(left + side).min(width) {
                picture.put_pixel(x, y, colour);
            }
        }
    }
    picture
}

/// Bright upright bars on dark ground, in rows: what writing looks like from afar.
fn bars(width: u32, height: u32, dice: &mut Dice) -> RgbImage {
    let mut picture = RgbImage::from_pixel(width, height, Rgb([40, 40, 44]));
    let line = 10 + dice.below(20);
    for row in 0..height / (2 * line) {
        let mut x = 0;
        while x < width {
            x += 1 + dice.below(line / 2);
            let thick = 1 + dice.below(line / 4 + 1);
            for x in x..(x + thick).min(width) {
                for y in row * 2 * line..row * 2 * line + line {
                    picture.put_pixel(x, y, Rgb([245, 245, 245]));
                }
            }
            x += thick;
        }
    }
    picture
}
