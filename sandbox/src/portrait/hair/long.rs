//! Hair that falls: to the chin, to the shoulders, or over them.

use crate::portrait::character::{HairLength, HairStyle, HairTexture};
use crate::portrait::dice::Dice;
use crate::portrait::face::AXIS;
use crate::portrait::figure::Sitter;
use crate::portrait::locks::{Lock, Tones};
use crate::portrait::pen::{Pen, Point, around, tapered};

/// Where the hair ends.
fn end_y(sitter: &Sitter<'_>) -> f32 {
    match sitter.who.hair_length {
        HairLength::Chin => 588.0,
        HairLength::Shoulder => 705.0,
        _ => 850.0,
    }
}

/// Where the hair is parted, from the axis.
fn part(sitter: &Sitter<'_>) -> f32 {
    let dice = sitter.who.dice.and("hair");
    dice.pick("part", &[-36.0, -26.0, 0.0, 30.0, 38.0], -26.0)
}

/// How far the hair stands off the skull.
fn volume(sitter: &Sitter<'_>) -> f32 {
    let of_texture = match sitter.who.hair_texture {
        HairTexture::Straight => 0.0,
        HairTexture::Wavy => 9.0,
        HairTexture::Curly | HairTexture::Coily => 24.0,
    };
    of_texture + sitter.who.dice.between("volume", 0.0, 8.0)
}

/// The curtain on one side (−1 left, 1 right): its edge at the face, and its outer edge.
fn curtain(sitter: &Sitter<'_>, side: f32) -> Lock {
    let (cheek, volume, end) = (sitter.head.cheek, volume(sitter), end_y(sitter));
    let part = part(sitter);
    let at = |dx: f32, y: f32| (AXIS + side * dx, y);
    let start = part * side;
    let near = [
        at(start, 258.0),
        at(start * 0.5 + 42.0, 270.0),
        at(start * 0.15 + 82.0, 304.0),
        at(cheek - 13.0, 356.0),
        at(cheek - 6.0, 410.0),
        at(cheek - 8.0, 470.0),
    ];
    let far = [
        at(start, 164.0 - volume * 0.6),
        at(start * 0.5 + 48.0, 174.0 - volume * 0.6),
        at(start * 0.2 + 94.0, 206.0 - volume * 0.4),
        at(cheek + 17.0 + volume * 0.7, 276.0),
        at(cheek + 31.0 + volume, 370.0),
        at(cheek + 38.0 + volume, 480.0),
    ];
    let (mut near, mut far) = (near.to_vec(), far.to_vec());
    if end < 600.0 {
        near.extend([at(cheek - 12.0, 530.0), at(cheek - 32.0, end)]);
        far.extend([
            at(cheek + 34.0 + volume, 540.0),
            at(cheek + 2.0 + volume * 0.6, end + 12.0),
        ]);
    } else {
        let wide = if end < 720.0 { 0.0 } else { 14.0 };
        let steps = [0.25, 0.5, 0.75];
        near.extend(steps.map(|step| at(cheek - 8.0 + 24.0 * step, 480.0 + (end - 480.0) * step)));
        far.extend(steps.map(|step| {
            at(
                cheek + 44.0 + volume + wide * step,
                490.0 + (end - 480.0) * step,
            )
        }));
        near.push(at(cheek + 16.0, end - 22.0));
        far.push(at(cheek + 30.0 + volume * 0.6, end + 10.0));
    }
    let gather = if end < 600.0 { 0.5 } else { 0.3 };
    wave(Lock::between(&near, &far), sitter, side).gathered(gather)
}

fn wave(lock: Lock, sitter: &Sitter<'_>, side: f32) -> Lock {
    let phase = sitter.who.dice.between("wave phase", 0.0, 6.0) + side;
    match sitter.who.hair_texture {
        HairTexture::Straight => lock.waved(2.5, 60.0, phase, 420.0),
        HairTexture::Wavy => lock.waved(10.0, 31.0, phase, 360.0),
        HairTexture::Curly | HairTexture::Coily => lock.waved(13.0, 17.0, phase, 300.0),
    }
}

/// The mass behind the neck, and the curtains' lower parts, which the body covers.
pub(super) fn behind(pen: &mut Pen, sitter: &Sitter<'_>) {
    let (left, right) = (curtain(sitter, -1.0), curtain(sitter, 1.0));
    let dice = sitter.who.dice.and("behind");
    let tones = Tones::of(sitter, 0.55);
    let inset = |line: Vec<Point>| line.into_iter().skip(5).collect::<Vec<_>>();
    let mass = Lock::between(&inset(left.line(0.85)), &inset(right.line(0.85)));
    mass.draw(pen, tones, dice, 46);
    if sitter.who.hair_length == HairLength::Long && sitter.hair_style() == HairStyle::Loose {
        tips(pen, sitter, tones, dice);
    }
    for (lock, name, depth) in [(left, "left", 0.2), (right, "right", 0.28)] {
        lock.tips(pen, Tones::of(sitter, depth), dice.and(name), ends(sitter));
        lock.draw(pen, Tones::of(sitter, depth), dice.and(name), 22);
    }
}

/// How far single strands reach beyond the ends of a curtain.
fn ends(sitter: &Sitter<'_>) -> f32 {
    if sitter.who.hair_length == HairLength::Chin {
        8.0
    } else {
        26.0
    }
}

/// Uneven ends, so that long hair does not stop at a line.
fn tips(pen: &mut Pen, sitter: &Sitter<'_>, tones: Tones, dice: Dice) {
    let reach = sitter.head.cheek + 30.0;
    for index in 0..12 {
        let dice = dice.and(&format!("tip {index}"));
        let x = AXIS - reach + 2.0 * reach * (index as f32 + 0.5) / 12.0;
        let end = end_y(sitter) + dice.between("end", -6.0, 44.0);
        let line = [
            (x, end - 130.0),
            (x + dice.between("bend", -8.0, 8.0), end - 60.0),
            (x + dice.between("lean", -14.0, 14.0), end),
        ];
        pen.fill(&tapered(&line, (34.0, 30.0, 1.0)), &tones.base.to_string());
    }
}

/// The curtains beside the face, the fringe, and the lock that lies on one shoulder.
pub(super) fn in_front(pen: &mut Pen, sitter: &Sitter<'_>) {
    let dice = sitter.who.dice.and("front");
    let forward = if dice.chance("side", 0.5) { -1.0 } else { 1.0 };
    let both = dice.chance("both", 0.35);
    for side in [-forward, forward] {
        let lock = curtain(sitter, side);
        shadow(pen, sitter, &lock);
        let name = if side < 0.0 { "left" } else { "right" };
        let tones = Tones::of(sitter, if side < 0.0 { 0.03 } else { 0.09 });
        let comes_forward = both || side == forward || sitter.who.hair_length == HairLength::Chin;
        if sitter.hair_style() == HairStyle::Braid {
            pen.inside(UPPER, |pen| lock.draw(pen, tones, dice.and(name), 30));
        } else if comes_forward {
            lock.tips(pen, tones, dice.and(name), ends(sitter));
            lock.draw(pen, tones, dice.and(name), 34);
        } else {
            pen.inside(UPPER, |pen| lock.draw(pen, tones, dice.and(name), 34));
        }
    }
    let part = part(sitter);
    let parting = [
        (AXIS + part, 166.0 - volume(sitter) * 0.6),
        (AXIS + part - 1.0, 200.0),
        (AXIS + part, 260.0),
    ];
    pen.tint(
        &tapered(&parting, (1.0, 5.0, 7.0)),
        Tones::of(sitter, 0.6).dark,
        0.5,
    );
    if sitter.hair_style() == HairStyle::Braid {
        braid(pen, sitter, forward);
    }
    if sitter.who.fringe {
        fringe(pen, sitter);
    }
    wisps(pen, sitter, forward);
}

/// All that lies above the shoulders.
const UPPER: &str = "M0 0H1000V598H0Z";

/// The shade that hair throws on the face.
fn shadow(pen: &mut Pen, sitter: &Sitter<'_>, lock: &Lock) {
    let face = sitter.head.outline();
    let edge: Vec<Point> = lock.line(-0.06).into_iter().take(16).collect();
    pen.inside(&face, |pen| {
        pen.tint(
            &tapered(&edge, (16.0, 34.0, 14.0)),
            sitter.colours.skin_deep,
            0.14,
        );
        pen.tint(
            &tapered(&edge, (8.0, 18.0, 7.0)),
            sitter.colours.skin_deep,
            0.22,
        );
    });
}

fn fringe(pen: &mut Pen, sitter: &Sitter<'_>) {
    let dice = sitter.who.dice.and("fringe");
    let low = sitter.head.brow_y - 4.0;
    let face = sitter.head.outline();
    pen.inside(&face, |pen| {
        pen.glow((AXIS, low), 130.0, 40.0, sitter.colours.skin_deep, 0.4)
    });
    let count = 15_u8;
    for index in 0..count {
        let dice = dice.and(&index.to_string());
        // From the sides inwards, so that the middle lies on top.
        let step = f32::from(index / 2) / f32::from(count - 1);
        let place = if index % 2 == 0 { step } else { 1.0 - step };
        let x = AXIS - 104.0 + 208.0 * place;
        let end = low + dice.between("end", -7.0, 7.0) + (place - 0.5).abs().powi(2) * 96.0;
        let root = AXIS + (x - AXIS) * 0.42;
        let near = [
            (root - 14.0, 196.0),
            (x - 17.0, 268.0),
            (x - 12.0, end - 30.0),
            (x - 9.0, end),
        ];
        let far = [
            (root + 14.0, 196.0),
            (x + 17.0, 268.0),
            (x + 10.0, end - 30.0),
            (x + 3.0, end + 2.0),
        ];
        let lock = Lock::between(&near, &far).gathered(0.25);
        lock.draw(pen, Tones::of(sitter, 0.06), dice, 7);
    }
}

/// A few loose strands.
fn wisps(pen: &mut Pen, sitter: &Sitter<'_>, side: f32) {
    let cheek = sitter.head.cheek;
    for (index, bend) in [0.0, 9.0].into_iter().enumerate() {
        let at = |dx: f32, y: f32| (AXIS + side * dx, y);
        let shift = index as f32 * 8.0;
        let line = [
            at(cheek - 34.0 + shift, 290.0),
            at(cheek - 14.0 - bend, 370.0),
            at(cheek - 16.0, 450.0),
            at(cheek - 24.0 + bend, 520.0 - 30.0 * index as f32),
        ];
        pen.tint(&tapered(&line, (1.0, 3.4, 0.4)), sitter.colours.hair, 0.85);
    }
}

/// A braid that lies on the shoulder.
fn braid(pen: &mut Pen, sitter: &Sitter<'_>, side: f32) {
    let tones = Tones::of(sitter, 0.05);
    let cheek = sitter.head.cheek;
    for step in 0..9 {
        let place = step as f32 / 8.0;
        let y = 596.0 + 300.0 * place;
        let middle = AXIS + side * (cheek + 10.0 - 14.0 * place);
        let size = 33.0 - 9.0 * place;
        for half in [-1.0, 1.0] {
            let at = |dx: f32, dy: f32| (middle + half * dx, y + dy);
            let shape = around(&[
                at(-5.0, 8.0),
                at(size * 0.5, -20.0),
                at(size, -8.0),
                at(size * 0.82, 16.0),
                at(3.0, 36.0),
                at(-9.0, 28.0),
            ]);
            let paint = pen.linear(
                at(-6.0, 20.0),
                at(size, -10.0),
                &[
                    (0.0, tones.dark, 1.0),
                    (0.5, tones.base, 1.0),
                    (1.0, tones.light, 1.0),
                ],
            );
            pen.fill(&shape, &paint);
            for line in 0..3 {
                let shift = line as f32 * 7.0;
                let strand = [
                    at(size * 0.8 - shift, -12.0 + shift * 0.4),
                    at(size * 0.42, 8.0 + shift * 0.5),
                    at(0.0, 27.0),
                ];
                pen.tint(&tapered(&strand, (0.5, 2.4, 0.5)), tones.dark, 0.4);
            }
        }
    }
    let tail = [
        (AXIS + side * (cheek - 4.0), 918.0),
        (AXIS + side * (cheek - 6.0), 950.0),
        (AXIS + side * (cheek - 12.0), 1000.0),
    ];
    pen.fill(&tapered(&tail, (22.0, 40.0, 4.0)), &tones.base.to_string());
}
