//! Hair on the face.

use super::character::Beard;
use super::colour::Colour;
use super::face::AXIS;
use super::figure::Sitter;
use super::locks::Tones;
use super::pen::{Pen, Point, around, mirrored, through};

/// A beard, if there is one. The lips are drawn over it.
pub(super) fn beard(pen: &mut Pen, sitter: &Sitter<'_>) {
    let (opacity, drop) = match sitter.who.beard {
        Beard::None => return,
        Beard::Moustache => (0.0, 0.0),
        Beard::Stubble => (0.2, 0.0),
        Beard::Short => (0.9, 4.0),
        Beard::Full => (0.97, 20.0),
    };
    let head = &sitter.head;
    let tones = Tones::of(sitter, 0.22);
    let colour = tones.base.mix(tones.dark, 0.2);
    if opacity > 0.0 {
        let shape = beard_shape(head.cheek, head.jaw, head.chin_y + drop, head.mouth_y);
        let fade = pen.linear(
            (AXIS, 415.0),
            (AXIS, 500.0),
            &[
                (0.0, colour, 0.0),
                (0.5, colour, opacity * 0.7),
                (1.0, colour, opacity),
            ],
        );
        if sitter.who.beard == Beard::Stubble {
            let outline = head.outline();
            pen.inside(&outline, |pen| {
                pen.softly(14.0, |pen| pen.fill(&shape, &fade));
                pen.glow((AXIS, head.mouth_y - 17.0), 40.0, 14.0, colour, 0.3);
                dots(pen, sitter, colour);
            });
        } else {
            pen.softly(2.0, |pen| pen.fill(&shape, &fade));
            pen.glow((AXIS, head.mouth_y + 34.0), 30.0, 12.0, tones.dark, 0.45);
            pen.glow(
                (AXIS - 12.0, head.chin_y + drop - 16.0),
                44.0,
                22.0,
                tones.light,
                0.3,
            );
            bristles(pen, sitter, tones, head.chin_y + drop);
        }
    }
    if sitter.who.beard != Beard::Stubble {
        moustache(pen, sitter, colour);
    }
}

/// The points of stubble.
fn dots(pen: &mut Pen, sitter: &Sitter<'_>, colour: Colour) {
    let (dice, head) = (sitter.who.dice.and("stubble"), &sitter.head);
    for index in 0..260 {
        let dice = dice.and(&index.to_string());
        let side = if index % 2 == 0 { 1.0 } else { -1.0 };
        let y = dice.between("y", 470.0, head.chin_y);
        let least = if y < head.mouth_y - 24.0 { 0.72 } else { 0.0 };
        let dx = head.cheek * (least + (1.0 - least) * dice.roll("x")) * 0.98;
        let at = (AXIS + side * dx, y + (dx / head.cheek) * -14.0);
        pen.ellipse(at, 0.9, 1.2, &colour.to_string(), 0.24);
    }
}

/// From the ears along the jaw; its upper edge runs under the cheeks to the mouth.
fn beard_shape(cheek: f32, jaw: f32, bottom: f32, mouth_y: f32) -> String {
    let half: Vec<Point> = [
        (0.0, mouth_y - 9.0),
        (30.0, mouth_y - 11.0),
        (54.0, mouth_y - 20.0),
        (80.0, mouth_y - 32.0),
        (cheek - 16.0, 466.0),
        (cheek - 10.0, 412.0),
        (cheek + 2.0, 410.0),
        (cheek + 3.0, 462.0),
        (jaw + 6.0, 522.0),
        (jaw * 0.64, bottom - 16.0),
        (28.0, bottom + 2.0),
        (0.0, bottom + 4.0),
    ]
    .map(|(dx, y)| (AXIS + dx, y))
    .to_vec();
    let mut points = half.clone();
    let mut left = mirrored(&half, AXIS);
    left.reverse();
    left.pop();
    points.extend(left.into_iter().skip(1));
    around(&points)
}

fn bristles(pen: &mut Pen, sitter: &Sitter<'_>, tones: Tones, bottom: f32) {
    let dice = sitter.who.dice.and("bristles");
    let head = &sitter.head;
    for index in 0..210 {
        let dice = dice.and(&index.to_string());
        let side = if index % 2 == 0 { 1.0 } else { -1.0 };
        let down = dice.roll("down");
        let y = 462.0 + down * (bottom - 466.0);
        // The jaw narrows towards the chin.
        let edge = head.cheek * (1.0 - ((y - 455.0).max(0.0) / (bottom - 440.0)).powf(2.6) * 0.8);
        let least = if y < head.mouth_y + 20.0 { 0.8 } else { 0.0 };
        let share = least + (1.0 - least) * dice.roll("share");
        let from = (AXIS + side * edge * share, y);
        let long = dice.between("long", 6.0, 13.0);
        let to = (
            from.0 - side * long * (0.1 + 0.4 * (1.0 - down) * (1.0 - share)),
            y + long,
        );
        let (tone, opacity) = if dice.roll("tone") < 0.5 {
            (tones.light, 0.4)
        } else {
            (tones.dark, 0.45)
        };
        pen.stroke(&through(&[from, to]), tone, 1.4, opacity);
    }
}

fn moustache(pen: &mut Pen, sitter: &Sitter<'_>, colour: Colour) {
    let (y, wide) = (sitter.head.mouth_y, sitter.head.mouth);
    for side in [-1.0, 1.0] {
        let at = |dx: f32, dy: f32| (AXIS + side * dx, y + dy);
        let shape = around(&[
            at(0.0, -19.0),
            at(14.0, -24.0),
            at(wide * 0.82, -16.0),
            at(wide * 1.3, 8.0),
            at(wide * 0.98, 0.0),
            at(wide * 0.5, -8.0),
            at(0.0, -9.5),
        ]);
        pen.tint(&shape, colour, 0.95);
        for step in 0_u8..9 {
            let dx = 3.0 + f32::from(step) * 4.2;
            pen.stroke(
                &through(&[at(dx, -20.0 + dx * 0.2), at(dx + 5.0, -12.0 + dx * 0.24)]),
                sitter.colours.hair_light,
                1.1,
                0.3,
            );
        }
    }
}
