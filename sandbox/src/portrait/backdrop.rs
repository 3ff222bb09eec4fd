//! What is behind the person, and the weather in front.

mod indoors;
mod nature;
mod town;

use super::Portrait;
use super::colour::{Colour, WHITE};
use super::dice::Dice;
use super::occasion::{Occasion, Place};
use super::pen::{Pen, Point, around, corners, tapered, through};

/// One background while it is drawn.
struct Scenery<'a> {
    pen: Pen,
    when: &'a Occasion,
    dice: Dice,
    width: f32,
    height: f32,
}

/// Draws the background of a picture of this size.
pub(super) fn draw(portrait: &Portrait, variation: u64, size: (f32, f32)) -> String {
    let when = &portrait.occasion;
    let place = portrait
        .character
        .dice
        .and(&format!("scenery {:?} {variation}", when.place));
    let mut scenery = Scenery {
        pen: Pen::default(),
        when,
        dice: place,
        width: size.0,
        height: size.1,
    };
    match when.place {
        Place::Studio => indoors::studio(&mut scenery, portrait),
        Place::Cafe => indoors::cafe(&mut scenery),
        Place::Library => indoors::library(&mut scenery),
        Place::Home => indoors::home(&mut scenery),
        Place::Beach => nature::beach(&mut scenery),
        Place::Forest => nature::forest(&mut scenery),
        Place::Mountain => nature::mountain(&mut scenery),
        Place::Lake => nature::lake(&mut scenery),
        Place::Garden => nature::garden(&mut scenery),
        Place::City => town::day(&mut scenery),
        Place::CityNight => town::night(&mut scenery),
    }
    scenery.edges();
    scenery.pen.document(size.0, size.1)
}

impl Scenery<'_> {
    /// A point by shares (0 to 1) of width and height.
    fn at(&self, x: f32, y: f32) -> Point {
        (self.width * x, self.height * y)
    }

    /// A length by a share of the height.
    fn unit(&self, share: f32) -> f32 {
        self.height * share
    }

    /// Fills everything from top to bottom.
    fn fill(&mut self, stops: &[(f32, u32)]) {
        let stops: Vec<_> = stops
            .iter()
            .map(|(place, rgb)| (*place, Colour::hex(*rgb), 1.0))
            .collect();
        let paint = self.pen.linear((0.0, 0.0), (0.0, self.height), &stops);
        self.pen.rect((0.0, 0.0), self.width, self.height, &paint);
    }

    /// Fills a band between two heights.
    fn band(&mut self, from: f32, to: f32, top: Colour, bottom: Colour) {
        let (y, end) = (self.height * from, self.height * to);
        let paint = self
            .pen
            .linear((0.0, y), (0.0, end), &[(0.0, top, 1.0), (1.0, bottom, 1.0)]);
        self.pen.rect((0.0, y), self.width, end - y, &paint);
    }

    /// A spot of light at shares of the picture, its radius a share of the height.
    fn light(&mut self, x: f32, y: f32, radius: f32, colour: u32, opacity: f32) {
        let (centre, radius) = (self.at(x, y), self.unit(radius));
        self.pen
            .glow(centre, radius, radius, Colour::hex(colour), opacity);
    }

    /// A ridge, as a line from left to right around `level`, filled to the bottom.
    fn ridge(
        &mut self,
        name: &str,
        level: f32,
        height: f32,
        peaks: usize,
        colours: (Colour, Colour),
    ) {
        let dice = self.dice.and(name);
        let mut points = vec![self.at(-0.1, 1.1), self.at(-0.1, level)];
        for index in 0..=peaks {
            let x = index as f32 / peaks as f32 * 1.1 - 0.05;
            let y = level - height * dice.between(&index.to_string(), 0.0, 1.0);
            points.push(self.at(x, y));
        }
        points.extend([self.at(1.1, level), self.at(1.1, 1.1)]);
        let (top, bottom) = (self.height * (level - height), self.height);
        let paint = self.pen.linear(
            (0.0, top),
            (0.0, bottom),
            &[(0.0, colours.0, 1.0), (1.0, colours.1, 1.0)],
        );
        self.pen.fill(&around(&points), &paint);
    }

    /// A jagged range with snow on its peaks.
    fn crags(
        &mut self,
        name: &str,
        (level, height): (f32, f32),
        peaks: usize,
        colours: (Colour, Colour),
        snow: Colour,
    ) {
        let dice = self.dice.and(name);
        let mut line = Vec::new();
        for index in 0..=peaks * 2 {
            let dice = dice.and(&index.to_string());
            let x =
                (index as f32 + dice.between("x", -0.25, 0.25)) / (peaks * 2) as f32 * 1.2 - 0.1;
            let rise = if index % 2 == 0 {
                dice.between("valley", 0.1, 0.4)
            } else {
                dice.between("peak", 0.65, 1.0)
            };
            line.push(self.at(x, level - height * rise));
        }
        let mut outline = line.clone();
        outline.extend([self.at(1.2, 1.1), self.at(-0.2, 1.1)]);
        let path = corners(&outline);
        let (top, bottom) = (self.height * (level - height), self.height * (level + 0.2));
        let paint = self.pen.linear(
            (0.0, top),
            (0.0, bottom),
            &[(0.0, colours.0, 1.0), (1.0, colours.1, 1.0)],
        );
        self.pen.fill(&path, &paint);
        for peak in line.windows(3).step_by(2) {
            self.peak(peak[0], peak[1], peak[2], (snow, colours.0.darker(0.3)));
        }
    }

    /// Snow on a peak, and the shade on its right side.
    fn peak(&mut self, left: Point, top: Point, right: Point, (snow, shade): (Colour, Colour)) {
        let towards =
            |to: Point, part: f32| (top.0 + (to.0 - top.0) * part, top.1 + (to.1 - top.1) * part);
        let down = |point: Point, by: f32| (point.0, point.1 + by);
        let cap = corners(&[
            top,
            towards(right, 0.5),
            down(top, self.unit(0.035)),
            towards(left, 0.42),
        ]);
        self.pen.tint(&cap, snow, 0.75);
        let foot = (top.0 + (right.0 - top.0) * 0.2, right.1 + self.unit(0.05));
        self.pen.tint(&corners(&[top, right, foot]), shade, 0.28);
    }

    /// Discs of light out of focus, between two heights.
    fn bokeh(&mut self, count: usize, heights: (f32, f32), radii: (f32, f32), colours: &[u32]) {
        for index in 0..count {
            let dice = self.dice.and(&format!("bokeh {index}"));
            let centre = self.at(dice.roll("x"), dice.between("y", heights.0, heights.1));
            let radius = self.unit(dice.between("r", radii.0, radii.1));
            let colour = Colour::hex(dice.pick("colour", colours, 0xfff0d0));
            let opacity = dice.between("opacity", 0.14, 0.42);
            let paint = self.pen.radial(
                centre,
                radius,
                &[
                    (0.0, colour, opacity * 0.75),
                    (0.82, colour, opacity),
                    (0.93, colour.lighter(0.3), opacity * 1.15),
                    (1.0, colour, 0.0),
                ],
            );
            self.pen.ellipse(centre, radius, radius, &paint, 1.0);
        }
    }

    /// Light from the upper left, and darker corners.
    fn edges(&mut self) {
        let (width, height, when) = (self.width, self.height, self.when);
        let warm = if when.night {
            Colour::hex(0xffa860)
        } else {
            Colour::hex(0xffeecc)
        };
        let strength = if when.golden { 0.38 } else { 0.18 };
        self.pen.glow(
            (width * 0.04, height * 0.02),
            width * 0.75,
            height * 0.7,
            warm,
            strength,
        );
        let edge = Colour::hex(0x1a1020);
        let centre = self.at(0.5, 0.45);
        let shade = self.pen.radial(
            centre,
            width.hypot(height) * 0.62,
            &[(0.0, edge, 0.0), (0.6, edge, 0.0), (1.0, edge, 0.4)],
        );
        self.pen.rect((0.0, 0.0), width, height, &shade);
    }

    /// Clouds, as heaps of soft discs.
    fn clouds(&mut self, count: usize, colour: u32, opacity: f32) {
        for index in 0..count {
            let dice = self.dice.and(&format!("cloud {index}"));
            let (x, y) = (dice.roll("x"), dice.between("y", 0.05, 0.32));
            for puff in 0..7 {
                let dice = dice.and(&puff.to_string());
                let centre = self.at(
                    x + dice.between("x", -0.12, 0.12),
                    y + dice.between("y", -0.02, 0.02),
                );
                let (rx, ry) = (
                    self.unit(dice.between("rx", 0.06, 0.13)),
                    self.unit(dice.between("ry", 0.02, 0.05)),
                );
                self.pen.glow(centre, rx, ry, Colour::hex(colour), opacity);
            }
        }
    }
}

/// Rain, snow and falling leaves.
pub(super) fn in_front(pen: &mut Pen, portrait: &Portrait, variation: u64, size: (f32, f32)) {
    let when = &portrait.occasion;
    let dice = portrait.character.dice.and(&format!("weather {variation}"));
    if !when.inside() {
        if when.snow {
            snow(pen, dice, size);
        }
        if when.rain {
            rain(pen, dice, size);
        }
        if when.place == Place::Forest && !when.snow {
            leaves(pen, dice, size);
        }
    }
}

fn snow(pen: &mut Pen, dice: Dice, size: (f32, f32)) {
    for index in 0..120 {
        let dice = dice.and(&format!("flake {index}"));
        let radius = size.1 * 0.0016 * (1.0 + 4.5 * dice.roll("r").powi(3));
        let centre = (size.0 * dice.roll("x"), size.1 * dice.roll("y"));
        pen.glow(centre, radius * 1.8, radius * 1.8, WHITE, 0.95);
    }
}

fn rain(pen: &mut Pen, dice: Dice, size: (f32, f32)) {
    for index in 0..110 {
        let dice = dice.and(&format!("drop {index}"));
        let (x, y) = (size.0 * dice.roll("x"), size.1 * dice.roll("y"));
        let length = size.1 * dice.between("length", 0.02, 0.06);
        let line = [
            (x, y),
            (x - length * 0.12, y + length * 0.5),
            (x - length * 0.24, y + length),
        ];
        pen.tint(
            &tapered(&line, (0.4, 1.8, 0.4)),
            WHITE,
            dice.between("opacity", 0.12, 0.4),
        );
    }
}

fn leaves(pen: &mut Pen, dice: Dice, size: (f32, f32)) {
    for index in 0..7 {
        let dice = dice.and(&format!("leaf {index}"));
        let (x, y) = (
            size.0 * dice.roll("x"),
            size.1 * dice.between("y", 0.02, 0.95),
        );
        if (x / size.0 - 0.5).abs() < 0.24 {
            continue;
        }
        let long = size.1 * 0.016;
        let turn = dice.between("turn", -1.0, 1.0);
        let line = [
            (x, y),
            (x + long, y + long * turn),
            (x + long * 2.0, y + long * turn * 1.4),
        ];
        pen.tint(
            &tapered(&line, (0.5, long, 0.5)),
            Colour::hex(0xd0a850),
            0.5,
        );
        pen.stroke(&through(&line), Colour::hex(0x806030), 0.8, 0.4);
    }
}
