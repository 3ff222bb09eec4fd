//! Hair that stands around the head: coils and short curls.

use crate::portrait::character::{Build, HairLength, HairTexture};
use crate::portrait::dice::Dice;
use crate::portrait::face::AXIS;
use crate::portrait::figure::Sitter;
use crate::portrait::locks::Tones;
use crate::portrait::pen::{Pen, Point, around, through};

/// How far the hair reaches from the middle of the head: to the sides, up, and down.
fn reach(sitter: &Sitter<'_>) -> (f32, f32, f32) {
    match (sitter.who.hair_length, sitter.who.build) {
        (HairLength::Short, Build::Masculine) => (136.0, 166.0, 40.0),
        (HairLength::Short, _) => (150.0, 182.0, 80.0),
        (HairLength::Chin, _) => (196.0, 204.0, 230.0),
        (HairLength::Shoulder, _) => (218.0, 214.0, 330.0),
        _ => (228.0, 216.0, 420.0),
    }
}

/// The middle of the hair.
const MIDDLE: Point = (AXIS, 352.0);

/// The edge of the hair at an angle, where 0 is to the right and a quarter turn is down.
fn edge(sitter: &Sitter<'_>, angle: f32, share: f32) -> Point {
    let (side, up, down) = reach(sitter);
    let (sin, cos) = angle.sin_cos();
    let vertical = if sin < 0.0 { up } else { down };
    (
        MIDDLE.0 + cos * side * share,
        MIDDLE.1 + sin * vertical * share,
    )
}

/// The mass behind the head.
pub(super) fn mass(pen: &mut Pen, sitter: &Sitter<'_>) {
    let dice = sitter.who.dice.and("round");
    let tones = Tones::of(sitter, 0.25);
    let size = if sitter.who.hair_texture == HairTexture::Coily {
        23.0
    } else {
        30.0
    };
    let outline: Vec<Point> = (0..36)
        .map(|step| edge(sitter, step as f32 / 36.0 * std::f32::consts::TAU, 0.95))
        .collect();
    let paint = pen.radial(
        (MIDDLE.0 - 50.0, MIDDLE.1 - 110.0),
        380.0,
        &[
            (0.0, tones.base.mix(tones.light, 0.25), 1.0),
            (0.5, tones.base, 1.0),
            (1.0, tones.dark, 1.0),
        ],
    );
    pen.fill(&around(&outline), &paint);
    for step in 0..46 {
        let angle = step as f32 / 46.0 * std::f32::consts::TAU;
        let dice = dice.and(&format!("bump {step}"));
        let at = edge(sitter, angle, dice.between("out", 0.9, 1.0));
        let tone = tones.base.mix(tones.dark, dice.between("tone", 0.0, 0.5));
        pen.ellipse(
            at,
            size * dice.between("wide", 0.7, 1.1),
            size * dice.between("high", 0.7, 1.1),
            &tone.to_string(),
            1.0,
        );
    }
    curls(pen, sitter, dice, 240, (0.42, 0.92), size);
}

/// Coils over the forehead and at the temples.
pub(super) fn hairline(pen: &mut Pen, sitter: &Sitter<'_>) {
    let dice = sitter.who.dice.and("hairline");
    let tones = Tones::of(sitter, 0.18);
    let cheek = sitter.head.cheek;
    let face = sitter.head.outline();
    pen.inside(&face, |pen| {
        pen.glow((AXIS, 262.0), 140.0, 62.0, sitter.colours.skin_deep, 0.5)
    });
    let size = if sitter.who.hair_texture == HairTexture::Coily {
        17.0
    } else {
        22.0
    };
    let long = sitter.who.hair_length >= HairLength::Chin;
    let low = if long { 1.18 } else { 0.98 };
    for row in 0..3 {
        let back = row as f32;
        for step in 0..25 {
            let place = step as f32 / 24.0 * 2.0 - 1.0;
            let angle = place * low * std::f32::consts::FRAC_PI_2;
            let dice = dice.and(&format!("{row} {step}"));
            let x = AXIS + angle.sin() * (cheek + 4.0 + (2.0 - back) * 9.0);
            let y =
                398.0 - angle.cos() * (132.0 + (2.0 - back) * 25.0) + dice.between("y", -6.0, 6.0);
            let tone = tones.base.mix(tones.dark, dice.between("tone", 0.0, 0.55));
            pen.ellipse(
                (x, y),
                size * dice.between("wide", 0.8, 1.2),
                size * dice.between("high", 0.8, 1.2),
                &tone.to_string(),
                1.0,
            );
            curl(pen, (x, y), size * 0.62, tones, dice);
        }
    }
}

fn curls(
    pen: &mut Pen,
    sitter: &Sitter<'_>,
    dice: Dice,
    count: usize,
    shares: (f32, f32),
    size: f32,
) {
    let tones = Tones::of(sitter, 0.1);
    for index in 0..count {
        let dice = dice.and(&format!("curl {index}"));
        let angle = dice.roll("angle") * std::f32::consts::TAU;
        let at = edge(sitter, angle, dice.between("share", shares.0, shares.1));
        curl(pen, at, size * dice.between("size", 0.4, 0.8), tones, dice);
    }
}

/// One curl: an open ring, light above and dark below.
fn curl(pen: &mut Pen, (x, y): Point, size: f32, tones: Tones, dice: Dice) {
    let turn = dice.roll("turn") * std::f32::consts::TAU;
    let ring = |from: f32, to: f32| -> Vec<Point> {
        (0..6)
            .map(|step| {
                let angle = turn + from + (to - from) * step as f32 / 5.0;
                (x + angle.cos() * size, y + angle.sin() * size * 0.9)
            })
            .collect()
    };
    pen.stroke(&through(&ring(0.0, 3.6)), tones.dark, 3.0, 0.5);
    pen.stroke(&through(&ring(3.4, 5.6)), tones.light, 2.4, 0.42);
}
