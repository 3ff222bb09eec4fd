//! Nose, mouth, freckles, beard, glasses, earrings.

use super::character::{Build, HairLength};
use super::colour::{Colour, WHITE};
use super::face::AXIS;
use super::figure::Sitter;
use super::pen::{Pen, around, tapered, through};

/// Freckles, and the lines of age.
pub(super) fn beneath_eyes(pen: &mut Pen, sitter: &Sitter<'_>) {
    let (head, colours) = (&sitter.head, &sitter.colours);
    let age = sitter.who.age;
    if age >= 38 {
        let strength = (age as f32 - 36.0).min(34.0) / 34.0 * 0.5;
        for side in [-1.0, 1.0] {
            let at = |dx: f32, y: f32| (AXIS + side * dx, y);
            let fold = [
                at(head.nose + 9.0, head.nose_y - 6.0),
                at(head.nose + 22.0, head.nose_y + 16.0),
                at(head.mouth + 13.0, head.mouth_y - 6.0),
            ];
            pen.fill(
                &tapered(&fold, (0.6, 3.0, 0.6)),
                &colours.skin_shade.to_string(),
            );
            pen.stroke(
                &through(&[at(36.0, 425.0), at(56.0, 431.0), at(78.0, 426.0)]),
                colours.skin_deep,
                1.6,
                strength,
            );
            pen.stroke(
                &through(&[at(92.0, 400.0), at(104.0, 396.0)]),
                colours.skin_deep,
                1.5,
                strength * 0.8,
            );
            pen.stroke(
                &through(&[at(92.0, 407.0), at(103.0, 409.0)]),
                colours.skin_deep,
                1.5,
                strength * 0.8,
            );
        }
    }
    if sitter.who.freckles {
        let dice = sitter.who.dice.and("freckles");
        let tone = colours.skin.mix(Colour::hex(0x9c4a26), 0.5);
        for index in 0..64 {
            let roll = |name: &str| dice.and(&index.to_string()).roll(name);
            let spread = (roll("x") - 0.5) * 2.0;
            let x = AXIS + spread * 100.0;
            let y = 452.0 + (roll("y") + roll("y2") - 1.0) * 34.0 - (1.0 - spread.abs()) * 10.0;
            pen.ellipse(
                (x, y),
                1.0 + roll("size") * 1.5,
                1.0 + roll("size") * 1.2,
                &tone.to_string(),
                0.2 + roll("tone") * 0.32,
            );
        }
    }
}

/// The nose, by its shadows.
pub(super) fn nose(pen: &mut Pen, sitter: &Sitter<'_>) {
    let (head, colours) = (&sitter.head, &sitter.colours);
    let (y, wide) = (head.nose_y, head.nose);
    pen.glow((AXIS + 15.0, y - 52.0), 17.0, 70.0, colours.skin_shade, 0.5);
    pen.glow(
        (AXIS - 24.0, y - 92.0),
        16.0,
        34.0,
        colours.skin_shade,
        0.42,
    );
    pen.glow(
        (AXIS + 24.0, y - 92.0),
        16.0,
        34.0,
        colours.skin_shade,
        0.42,
    );
    pen.glow((AXIS - 3.0, y - 52.0), 9.0, 66.0, colours.skin_light, 0.6);
    pen.glow((AXIS, y + 2.0), wide * 1.5, 13.0, colours.skin_deep, 0.42);
    pen.glow(
        (AXIS + 2.0, y - 10.0),
        wide * 1.15,
        17.0,
        colours.blush,
        0.35,
    );
    pen.glow(
        (AXIS - 4.0, y - 14.0),
        9.0,
        8.0,
        WHITE.mix(colours.skin_light, 0.4),
        0.62,
    );
    for side in [-1.0, 1.0] {
        let at = |dx: f32, dy: f32| (AXIS + side * dx, y + dy);
        let wing = [
            at(wide * 0.86, -13.0),
            at(wide * 1.05, -4.0),
            at(wide * 0.92, 4.0),
            at(wide * 0.66, 4.5),
        ];
        pen.tint(&tapered(&wing, (0.4, 2.8, 0.6)), colours.skin_deep, 0.7);
        let nostril = [
            at(wide * 0.22, 5.0),
            at(wide * 0.45, 1.6),
            at(wide * 0.68, 3.6),
        ];
        pen.tint(&tapered(&nostril, (1.0, 4.4, 1.4)), colours.line, 0.62);
    }
    pen.stroke(
        &through(&[
            (AXIS - 6.0, y + 7.0),
            (AXIS, y + 8.6),
            (AXIS + 6.0, y + 7.0),
        ]),
        colours.skin_deep,
        2.0,
        0.5,
    );
}

/// Glasses, if they are worn.
pub(super) fn glasses(pen: &mut Pen, sitter: &Sitter<'_>) {
    if !sitter.who.glasses {
        return;
    }
    let head = &sitter.head;
    let dice = sitter.who.dice.and("glasses");
    let frame = dice.pick(
        "frame",
        &[
            Colour::hex(0x2c282e),
            Colour::hex(0x5a3828),
            Colour::hex(0xa88650),
            Colour::hex(0x444a58),
        ],
        Colour::hex(0x2c282e),
    );
    let square = dice.roll("shape");
    let y = head.eye_y + 6.0;
    for side in [-1.0, 1.0] {
        let at = |dx: f32, dy: f32| (AXIS + side * (head.eye_dx + 1.0 + dx), y + dy);
        let round = |x: f32, y: f32| at(x * (1.0 + 0.05 * square), y);
        let lens = around(&[
            round(-43.0, -4.0),
            round(-34.0, -28.0),
            round(0.0, -36.0),
            round(34.0, -30.0),
            round(45.0, -8.0),
            round(36.0, 24.0),
            round(2.0, 37.0),
            round(-32.0, 26.0),
        ]);
        pen.tint(&lens, WHITE, 0.07);
        pen.inside(&lens, |pen| {
            let glare = [
                (AXIS + side * head.eye_dx - 30.0, y + 40.0),
                (AXIS + side * head.eye_dx + 14.0, y - 40.0),
            ];
            pen.stroke(&through(&glare), WHITE, 13.0, 0.13);
        });
        pen.stroke(&lens, frame.darker(0.2), 4.6, 1.0);
        pen.stroke(
            &through(&[at(-34.0, -29.0), at(0.0, -37.0), at(34.0, -31.0)]),
            frame.lighter(0.35),
            1.6,
            0.6,
        );
        pen.stroke(
            &through(&[at(45.0, -9.0), at(head.cheek - head.eye_dx + 3.0, -14.0)]),
            frame,
            4.6,
            1.0,
        );
    }
    let bridge = [
        (AXIS - head.eye_dx + 42.0, y - 8.0),
        (AXIS, y - 15.0),
        (AXIS + head.eye_dx - 42.0, y - 8.0),
    ];
    pen.stroke(&through(&bridge), frame, 4.6, 1.0);
}

/// Small earrings, where ears show.
pub(super) fn earrings(pen: &mut Pen, sitter: &Sitter<'_>) {
    let shows = sitter.who.hair_length <= HairLength::Short || sitter.hair_is_up();
    if sitter.who.build != Build::Feminine || !shows || !sitter.who.dice.chance("earrings", 0.7) {
        return;
    }
    for side in [-1.0, 1.0] {
        let at = (AXIS + side * (sitter.head.cheek + 4.0), 466.0);
        pen.ellipse(at, 4.4, 4.4, "#d8b46a", 1.0);
        pen.ellipse((at.0 - 1.4, at.1 - 1.4), 1.5, 1.5, "#fff6dc", 1.0);
    }
}
