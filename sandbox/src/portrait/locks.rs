//! One mass of hair between two edges, with its strands and its shine.

use super::colour::Colour;
use super::dice::Dice;
use super::figure::Sitter;
use super::pen::{Pen, Point, tapered, through};

/// Points on each strand.
const STEPS: usize = 22;

/// Hair that grows along two guides, from their first points to their last ones.
pub(super) struct Lock {
    one: Vec<Point>,
    other: Vec<Point>,
}

/// How hair is painted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tones {
    pub(super) base: Colour,
    pub(super) dark: Colour,
    pub(super) light: Colour,
}

impl Tones {
    /// The tones of a sitter's hair, `depth` (0 to 1) darker.
    pub(super) fn of(sitter: &Sitter<'_>, depth: f32) -> Self {
        let colours = &sitter.colours;
        Self {
            base: colours.hair.mix(colours.hair_dark, depth),
            dark: colours.hair_dark.mix(Colour::hex(0x100a0e), depth * 0.3),
            light: colours.hair_light.mix(colours.hair, depth),
        }
    }
}

impl Lock {
    /// Hair between two guides, which may have different numbers of points.
    pub(super) fn between(one: &[Point], other: &[Point]) -> Self {
        Self {
            one: resampled(one),
            other: resampled(other),
        }
    }

    /// The same with waves: `height` units to each side, growing towards the ends, below `from_y`.
    pub(super) fn waved(mut self, height: f32, length: f32, phase: f32, from_y: f32) -> Self {
        for (guide, shift) in [(&mut self.one, 0.0), (&mut self.other, 0.5)] {
            for point in guide.iter_mut() {
                let below = ((point.1 - from_y) / 160.0).clamp(0.0, 1.0);
                point.0 += ((point.1 / length) + phase + shift).sin() * height * below;
            }
        }
        self
    }

    /// The same with ends that run together, down to a share (0 to 1) of their width.
    pub(super) fn gathered(mut self, share: f32) -> Self {
        let last = STEPS - 1;
        for index in STEPS / 2..STEPS {
            let place = (index - STEPS / 2) as f32 / (last - STEPS / 2) as f32;
            let keep = 1.0 - (1.0 - share) * place * place * place;
            let (one, other) = (self.one[index], self.other[index]);
            let middle = ((one.0 + other.0) / 2.0, (one.1 + other.1) / 2.0);
            let towards = |point: Point| {
                (
                    middle.0 + (point.0 - middle.0) * keep,
                    middle.1 + (point.1 - middle.1) * keep,
                )
            };
            self.one[index] = towards(one);
            self.other[index] = towards(other);
        }
        self
    }

    /// A few strands that end on their own, so that the ends look grown and not cut.
    pub(super) fn tips(&self, pen: &mut Pen, tones: Tones, dice: Dice, longer: f32) {
        for index in 0..6 {
            let dice = dice.and(&format!("tip {index}"));
            let mut line: Vec<Point> = self
                .line(0.08 + index as f32 * 0.17)
                .into_iter()
                .skip(STEPS * 3 / 5)
                .collect();
            let (last, before) = (line[line.len() - 1], line[line.len() - 3]);
            let reach = longer * dice.between("reach", 0.4, 1.0) / 20.0;
            line.push((
                last.0 + (last.0 - before.0) * reach + dice.between("lean", -5.0, 5.0),
                last.1 + (last.1 - before.1) * reach,
            ));
            let tone = tones.base.mix(tones.dark, dice.between("tone", 0.0, 0.35));
            pen.tint(
                &tapered(&line, (4.0, dice.between("width", 9.0, 17.0), 0.4)),
                tone,
                1.0,
            );
        }
    }

    /// The line at a share (0 to 1) of the way from one guide to the other.
    pub(super) fn line(&self, share: f32) -> Vec<Point> {
        let pairs = self.one.iter().zip(&self.other);
        pairs
            .map(|(a, b)| (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share))
            .collect()
    }

    /// The outline.
    pub(super) fn outline(&self) -> String {
        let mut path = through(&self.one);
        let mut back = self.other.clone();
        back.reverse();
        path.push_str(&through(&back).replacen('M', "L", 1));
        path.push('Z');
        path
    }

    /// Fills the hair, then draws strands and shine.
    pub(super) fn draw(&self, pen: &mut Pen, tones: Tones, dice: Dice, strands: usize) {
        let outline = self.outline();
        let (top, bottom) = (self.one[0], self.one[STEPS - 1]);
        let paint = pen.linear(
            top,
            (bottom.0, bottom.1.max(top.1 + 60.0)),
            &[
                (0.0, tones.base.mix(tones.dark, 0.35), 1.0),
                (0.3, tones.base, 1.0),
                (0.7, tones.base.mix(tones.dark, 0.18), 1.0),
                (1.0, tones.base.mix(tones.dark, 0.45), 1.0),
            ],
        );
        pen.fill(&outline, &paint);
        // Strands lie between the guides by themselves; where one is a little too thick, it makes the edge look grown.
        self.strands(pen, tones, dice, strands);
        self.shine(pen, tones, dice);
    }

    fn strands(&self, pen: &mut Pen, tones: Tones, dice: Dice, count: usize) {
        for index in 0..count {
            let dice = dice.and(&format!("strand {index}"));
            let share = (index as f32 + dice.roll("share")) / count as f32;
            let line = self.line(share);
            let begin = (dice.roll("begin") * 6.0) as usize;
            let end = STEPS - (dice.roll("end") * 5.0) as usize;
            let roll = dice.roll("tone");
            let (tone, opacity) = match roll {
                roll if roll < 0.5 => (tones.dark, 0.34),
                roll if roll < 0.82 => (tones.light, 0.26),
                _ => (tones.base.mix(tones.light, 0.5), 0.4),
            };
            let width = dice.between("width", 1.6, 6.5);
            pen.tint(
                &tapered(&line[begin..end], (0.6, width, 0.5)),
                tone,
                opacity,
            );
        }
    }

    /// A band of light across the upper part.
    fn shine(&self, pen: &mut Pen, tones: Tones, dice: Dice) {
        for index in 0..9 {
            let dice = dice.and(&format!("shine {index}"));
            let share = (index as f32 + 0.2 + 0.6 * dice.roll("share")) / 9.0;
            let begin = 3 + (dice.roll("begin") * 3.0) as usize;
            let end = begin + 5 + (dice.roll("end") * 4.0) as usize;
            let line = self.line(share);
            let width = dice.between("width", 4.0, 11.0);
            pen.tint(
                &tapered(&line[begin..end.min(STEPS)], (0.4, width, 0.4)),
                tones.light.lighter(0.12),
                0.24,
            );
        }
    }
}

/// The guide with `STEPS` points, along a Catmull-Rom spline.
fn resampled(points: &[Point]) -> Vec<Point> {
    let last = points.len().saturating_sub(1).max(1);
    (0..STEPS)
        .map(|step| {
            let place = step as f32 / (STEPS - 1) as f32 * last as f32;
            let index = (place as usize).min(last - 1);
            let part = place - index as f32;
            let at = |index: usize| points[index.min(points.len() - 1)];
            let (before, from, to, after) = (
                at(index.saturating_sub(1)),
                at(index),
                at(index + 1),
                at(index + 2),
            );
            (
                spline(before.0, from.0, to.0, after.0, part),
                spline(before.1, from.1, to.1, after.1, part),
            )
        })
        .collect()
}

fn spline(a: f32, b: f32, c: f32, d: f32, t: f32) -> f32 {
    let (square, cube) = (t * t, t * t * t);
    0.5 * (2.0 * b
        + (c - a) * t
        + (2.0 * a - 5.0 * b + 4.0 * c - d) * square
        + (3.0 * b - a - 3.0 * c + d) * cube)
}
