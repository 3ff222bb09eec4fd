//! Short hair, swept to one side; cropped hair; and none.

use crate::portrait::character::{Build, HairTexture};
use crate::portrait::face::AXIS;
use crate::portrait::figure::Sitter;
use crate::portrait::locks::{Lock, Tones};
use crate::portrait::pen::{Pen, Point, around, mirrored, tapered, through};

/// Which side the parting is on: −1 left, 1 right.
fn parted(sitter: &Sitter<'_>) -> f32 {
    if sitter.who.dice.chance("short part", 0.6) {
        -1.0
    } else {
        1.0
    }
}

/// Hair swept across from a parting, shorter at the sides.
pub(super) fn swept(pen: &mut Pen, sitter: &Sitter<'_>) {
    let dice = sitter.who.dice.and("short");
    let side = parted(sitter);
    let cheek = sitter.head.cheek;
    let high = dice.between("high", 0.0, 15.0);
    let soft = sitter.who.build != Build::Masculine;
    sides(pen, sitter, if soft { 462.0 } else { 432.0 });

    // Seen with the parting on the left; the other case is mirrored.
    let at = |dx: f32, y: f32| (AXIS - side * dx, y);
    let drop = if soft {
        40.0
    } else {
        dice.between("drop", -6.0, 16.0)
    };
    let hairline = [
        at(-74.0, 268.0),
        at(-34.0, 262.0 + drop * 0.2),
        at(16.0, 270.0 + drop * 0.55),
        at(62.0, 290.0 + drop * 0.8),
        at(96.0, 318.0 + drop * 0.6),
        at(cheek - 1.0, 384.0 + drop * 0.4),
    ];
    let crown = [
        at(-78.0, 214.0),
        at(-46.0, 178.0 - high * 0.6),
        at(10.0, 160.0 - high),
        at(74.0, 176.0 - high * 0.6),
        at(cheek + 5.0, 240.0),
        at(cheek + 11.0, 306.0),
        at(cheek + 8.0, 392.0),
    ];
    let outline = sitter.head.outline();
    pen.inside(&outline, |pen| {
        let edge: Vec<Point> = hairline.iter().map(|(x, y)| (*x, y + 8.0)).collect();
        pen.tint(
            &tapered(&edge, (14.0, 30.0, 16.0)),
            sitter.colours.skin_deep,
            0.32,
        );
    });
    beside_the_parting(pen, sitter, side, high);
    Lock::between(&hairline, &crown).gathered(0.5).draw(
        pen,
        Tones::of(sitter, 0.02),
        dice.and("main"),
        46,
    );
    if sitter.who.hair_texture != HairTexture::Straight {
        tousled(pen, sitter, &hairline, &crown);
    }
    tufts(pen, sitter, &hairline);
}

/// The smaller part of the hair, on the other side of the parting.
fn beside_the_parting(pen: &mut Pen, sitter: &Sitter<'_>, side: f32, high: f32) {
    let cheek = sitter.head.cheek;
    let at = |dx: f32, y: f32| (AXIS - side * dx, y);
    let other_line = [
        at(-74.0, 268.0),
        at(-94.0, 300.0),
        at(-cheek + 5.0, 348.0),
        at(-cheek + 2.0, 392.0),
    ];
    let other_crown = [
        at(-52.0, 180.0 - high * 0.5),
        at(-94.0, 214.0),
        at(-cheek - 8.0, 272.0),
        at(-cheek - 11.0, 330.0),
        at(-cheek - 7.0, 398.0),
    ];
    let lock = Lock::between(&other_line, &other_crown).gathered(0.5);
    lock.draw(
        pen,
        Tones::of(sitter, 0.16),
        sitter.who.dice.and("other side"),
        22,
    );
}

/// Waves and curls on top, as overlapping small locks.
fn tousled(pen: &mut Pen, sitter: &Sitter<'_>, hairline: &[Point], crown: &[Point]) {
    let dice = sitter.who.dice.and("tousled");
    let top = Lock::between(hairline, crown);
    for index in 0..34 {
        let dice = dice.and(&index.to_string());
        let line = top.line(dice.between("share", 0.08, 1.0));
        let begin = (dice.roll("begin") * 13.0) as usize;
        let piece: Vec<Point> = line.into_iter().skip(begin).take(7).collect();
        let lift = dice.between("lift", 4.0, 15.0);
        let bent: Vec<Point> = piece
            .iter()
            .zip(0_u8..)
            .map(|((x, y), step)| {
                (
                    *x,
                    y - lift * (f32::from(step) / 6.0 * std::f32::consts::PI).sin(),
                )
            })
            .collect();
        let tones = Tones::of(sitter, dice.between("depth", 0.0, 0.3));
        pen.tint(
            &tapered(&bent, (3.0, dice.between("width", 9.0, 16.0), 1.0)),
            tones.base,
            0.95,
        );
        pen.tint(&tapered(&bent, (0.5, 2.6, 0.5)), tones.light, 0.4);
        let under: Vec<Point> = bent.iter().map(|(x, y)| (*x, y + 6.0)).collect();
        pen.tint(&tapered(&under, (0.5, 2.6, 0.5)), tones.dark, 0.4);
    }
}

/// The short hair at the temples, which fades towards the ears.
fn sides(pen: &mut Pen, sitter: &Sitter<'_>, down_to: f32) {
    let cheek = sitter.head.cheek;
    let tones = Tones::of(sitter, 0.3);
    for side in [-1.0, 1.0] {
        let at = |dx: f32, y: f32| (AXIS + side * dx, y);
        let shape = around(&[
            at(cheek - 36.0, 280.0),
            at(cheek - 6.0, 272.0),
            at(cheek + 7.0, 326.0),
            at(cheek + 9.0, 390.0),
            at(cheek + 2.0, down_to),
            at(cheek - 9.0, down_to - 4.0),
            at(cheek - 9.0, 380.0),
            at(cheek - 16.0, 330.0),
        ]);
        let paint = pen.linear(
            (AXIS, 300.0),
            (AXIS, down_to),
            &[
                (0.0, tones.base, 1.0),
                (0.65, tones.base, 0.92),
                (1.0, tones.base, 0.25),
            ],
        );
        pen.fill(&shape, &paint);
    }
}

/// Loose ends along the hairline.
fn tufts(pen: &mut Pen, sitter: &Sitter<'_>, hairline: &[Point]) {
    let dice = sitter.who.dice.and("tufts");
    for (index, pair) in hairline.windows(2).enumerate() {
        let dice = dice.and(&index.to_string());
        let (from, to) = (pair[0], pair[1]);
        let bend = (
            (from.0 + to.0) / 2.0,
            (from.1 + to.1) / 2.0 + dice.between("bend", 2.0, 12.0),
        );
        let line = [
            (from.0, from.1 - 12.0),
            bend,
            (to.0, to.1 + dice.between("end", -2.0, 9.0)),
        ];
        pen.tint(&tapered(&line, (2.0, 8.0, 0.5)), sitter.colours.hair, 0.95);
        pen.tint(
            &tapered(&line, (0.4, 2.4, 0.3)),
            sitter.colours.hair_light,
            0.3,
        );
    }
}

/// A few millimetres of hair, which show the shape of the skull.
pub(super) fn cropped(pen: &mut Pen, sitter: &Sitter<'_>) {
    let cheek = sitter.head.cheek;
    let tones = Tones::of(sitter, 0.2);
    let half: Vec<Point> = [
        (0.0, 203.0),
        (cheek * 0.74, 229.0),
        (cheek + 4.0, 300.0),
        (cheek + 7.0, 380.0),
        (cheek + 1.0, 424.0),
        (cheek - 9.0, 420.0),
        (cheek - 11.0, 362.0),
        (cheek - 26.0, 312.0),
        (cheek * 0.5, 277.0),
        (0.0, 270.0),
    ]
    .map(|(dx, y)| (AXIS + dx, y))
    .to_vec();
    let mut points = half.clone();
    let mut other = mirrored(&half, AXIS);
    other.reverse();
    points.extend(other.into_iter().skip(1));
    points.pop();
    let shape = around(&points);
    let paint = pen.linear(
        (AXIS, 200.0),
        (AXIS, 424.0),
        &[
            (0.0, tones.base.mix(tones.light, 0.16), 1.0),
            (0.45, tones.base, 0.97),
            (0.85, tones.base, 0.7),
            (1.0, tones.base, 0.12),
        ],
    );
    let outline = sitter.head.outline();
    pen.inside(&outline, |pen| {
        pen.tint(&shape, sitter.colours.skin_deep, 0.16)
    });
    pen.softly(1.2, |pen| pen.fill(&shape, &paint));
    pen.inside(&shape, |pen| {
        pen.glow((AXIS - 40.0, 232.0), 90.0, 34.0, tones.light, 0.34);
        grain(pen, sitter, tones);
    });
}

fn grain(pen: &mut Pen, sitter: &Sitter<'_>, tones: Tones) {
    let dice = sitter.who.dice.and("grain");
    for index in 0..170 {
        let roll = |name: &str| dice.and(&index.to_string()).roll(name);
        let (x, y) = (AXIS + (roll("x") - 0.5) * 250.0, 206.0 + roll("y") * 190.0);
        let tone = if roll("tone") < 0.6 {
            tones.dark
        } else {
            tones.light
        };
        pen.stroke(
            &through(&[(x, y), (x + (x - AXIS) * 0.03, y + 5.0)]),
            tone,
            1.4,
            0.3,
        );
    }
}

/// A bald head has only its shine.
pub(super) fn bald(pen: &mut Pen, sitter: &Sitter<'_>) {
    let light = sitter.colours.skin_light;
    pen.glow((AXIS - 36.0, 246.0), 70.0, 34.0, light, 0.7);
    pen.glow((AXIS - 44.0, 240.0), 26.0, 12.0, light.lighter(0.5), 0.6);
}
