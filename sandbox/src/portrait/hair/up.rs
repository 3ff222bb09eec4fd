//! Hair worn up: drawn back from the face into a bun or a ponytail.

use crate::portrait::character::HairTexture;
use crate::portrait::face::AXIS;
use crate::portrait::figure::Sitter;
use crate::portrait::locks::{Lock, Tones};
use crate::portrait::pen::{Pen, around, tapered, through};

/// A bun on top of the head, seen behind it.
pub(super) fn bun(pen: &mut Pen, sitter: &Sitter<'_>) {
    let dice = sitter.who.dice.and("bun");
    let tones = Tones::of(sitter, 0.16);
    let (x, y) = (AXIS + dice.between("x", -16.0, 16.0), 158.0);
    let (wide, high) = (dice.between("wide", 66.0, 80.0), 60.0);
    let paint = pen.radial(
        (x - 22.0, y - 24.0),
        110.0,
        &[
            (0.0, tones.light, 1.0),
            (0.35, tones.base, 1.0),
            (1.0, tones.dark, 1.0),
        ],
    );
    pen.ellipse((x, y), wide, high, &paint, 1.0);
    for step in 0..13 {
        let place = step as f32 / 12.0 * 2.0 - 1.0;
        let swirl = [
            (x + place * wide, y + 30.0),
            (x + place * wide * 0.8 + 10.0, y - 14.0),
            (x + place * 12.0, y - high * (1.0 - place.abs() * 0.7)),
        ];
        let tone = if step % 3 == 0 {
            tones.light
        } else {
            tones.dark
        };
        pen.tint(&tapered(&swirl, (0.6, 4.4, 0.6)), tone, 0.38);
    }
    for step in 0..5 {
        let shift = step as f32 * 9.0 - 18.0;
        let loose = [
            (x + shift, y - high + 8.0),
            (x + shift * 1.8, y - high - 8.0),
            (x + shift * 2.6, y - high + 2.0),
        ];
        pen.tint(&tapered(&loose, (2.0, 2.0, 0.3)), tones.base, 0.9);
    }
}

/// A ponytail that falls behind one shoulder.
pub(super) fn ponytail(pen: &mut Pen, sitter: &Sitter<'_>) {
    let dice = sitter.who.dice.and("ponytail");
    let side = if dice.chance("side", 0.5) { -1.0 } else { 1.0 };
    let at = |dx: f32, y: f32| (AXIS + side * dx, y);
    let near = [
        at(30.0, 240.0),
        at(126.0, 300.0),
        at(134.0, 420.0),
        at(128.0, 560.0),
        at(120.0, 680.0),
        at(138.0, 780.0),
    ];
    let far = [
        at(60.0, 180.0),
        at(178.0, 246.0),
        at(212.0, 400.0),
        at(216.0, 560.0),
        at(204.0, 690.0),
        at(150.0, 800.0),
    ];
    let lock = Lock::between(&near, &far);
    let lock = match sitter.who.hair_texture {
        HairTexture::Straight => lock.waved(4.0, 70.0, 0.4, 380.0),
        HairTexture::Wavy => lock.waved(10.0, 32.0, 0.4, 340.0),
        HairTexture::Curly | HairTexture::Coily => lock.waved(14.0, 17.0, 0.4, 280.0),
    };
    lock.draw(pen, Tones::of(sitter, 0.28), dice, 34);
}

/// The hair on the skull, combed back from the hairline.
pub(super) fn cap(pen: &mut Pen, sitter: &Sitter<'_>) {
    let cheek = sitter.head.cheek;
    let at = |dx: f32, y: f32| (AXIS + dx, y);
    let hairline = [
        at(-cheek + 3.0, 402.0),
        at(-cheek + 5.0, 350.0),
        at(-cheek + 24.0, 296.0),
        at(-46.0, 274.0),
        at(0.0, 268.0),
        at(46.0, 274.0),
        at(cheek - 24.0, 296.0),
        at(cheek - 5.0, 350.0),
        at(cheek - 3.0, 402.0),
    ];
    let skull = [
        at(cheek + 9.0, 392.0),
        at(cheek + 15.0, 318.0),
        at(cheek - 2.0, 240.0),
        at(66.0, 194.0),
        at(0.0, 180.0),
        at(-66.0, 194.0),
        at(-cheek + 2.0, 240.0),
        at(-cheek - 15.0, 318.0),
        at(-cheek - 9.0, 392.0),
    ];
    let face = sitter.head.outline();
    pen.inside(&face, |pen| {
        let edge = hairline.map(|(x, y)| (x, y + 5.0));
        pen.tint(
            &tapered(&edge, (8.0, 22.0, 8.0)),
            sitter.colours.skin_deep,
            0.28,
        );
    });
    let outline: Vec<_> = hairline.iter().chain(&skull).copied().collect();
    let shape = around(&outline);
    let tones = Tones::of(sitter, 0.05);
    let paint = pen.linear(
        at(-80.0, 190.0),
        at(110.0, 400.0),
        &[
            (0.0, tones.base.mix(tones.light, 0.2), 1.0),
            (0.5, tones.base, 1.0),
            (1.0, tones.base.mix(tones.dark, 0.5), 1.0),
        ],
    );
    pen.fill(&shape, &paint);
    pen.inside(&shape, |pen| combed(pen, sitter, tones));
    wisps(pen, sitter, tones);
}

/// Strands from the hairline to the crown.
fn combed(pen: &mut Pen, sitter: &Sitter<'_>, tones: Tones) {
    let (dice, cheek) = (sitter.who.dice.and("cap"), sitter.head.cheek);
    let at = |dx: f32, y: f32| (AXIS + dx, y);
    for step in 0_u8..64 {
        let dice = dice.and(&step.to_string());
        let place = (f32::from(step) + dice.roll("place")) / 64.0 * 2.0 - 1.0;
        let (sin, cos) = (place * 1.62).sin_cos();
        let root = at(sin * (cheek + 2.0), 400.0 - cos * 142.0);
        let bend = at(sin * (cheek + 4.0) * 0.82, 318.0 - cos * 116.0);
        let line = [root, bend, at(place * 26.0, 186.0)];
        let is_dark = dice.roll("tone") < 0.55;
        let (tone, opacity) = if is_dark {
            (tones.dark, 0.36)
        } else {
            (tones.light, 0.3)
        };
        let width = dice.between("width", 2.0, 5.0);
        pen.tint(&tapered(&line, (0.8, width, 1.0)), tone, opacity);
    }
    pen.glow(
        at(-34.0, 226.0),
        92.0,
        22.0,
        tones.light.lighter(0.15),
        0.34,
    );
}

/// Loose strands at the temples.
fn wisps(pen: &mut Pen, sitter: &Sitter<'_>, tones: Tones) {
    let cheek = sitter.head.cheek;
    for side in [-1.0, 1.0] {
        let wisp = [
            (AXIS + side * (cheek - 20.0), 300.0),
            (AXIS + side * (cheek + 1.0), 372.0),
            (AXIS + side * (cheek - 4.0), 440.0),
            (AXIS + side * (cheek + 4.0), 496.0),
        ];
        pen.tint(&tapered(&wisp, (2.0, 5.0, 0.4)), tones.base, 0.9);
        pen.stroke(&through(&wisp), tones.light, 0.9, 0.3);
    }
}
