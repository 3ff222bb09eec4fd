//! Nose, mouth, freckles, beard, glasses, earrings.

use super::character::{Beard, Build, HairLength};
use super::colour::{Colour, WHITE};
use super::face::AXIS;
use super::figure::Sitter;
use super::locks::Tones;
use super::occasion::Smile;
use super::pen::{Pen, Point, around, mirrored, tapered, through};

/// Freckles, and the lines of age.
pub(super) fn beneath_eyes(pen: &mut Pen, sitter: &Sitter<'_>) {
    let (head, colours) = (&sitter.head, &sitter.colours);
    let age = sitter.who.age;
    if age >= 38 {
        let strength = (age as f32 - 36.0).min(34.0) / 34.0 * 0.5;
        for side in [-1.0, 1.0] {
            let at = |dx: f32, y: f32| (AXIS + side * dx, y);
            let fold = [at(head.nose + 9.0, head.nose_y - 6.0), at(head.nose + 22.0, head.nose_y + 16.0), at(head.mouth + 13.0, head.mouth_y - 6.0)];
            pen.fill(&tapered(&fold, (0.6, 3.0, 0.6)), &colours.skin_shade.to_string());
            pen.stroke(&through(&[at(36.0, 425.0), at(56.0, 431.0), at(78.0, 426.0)]), colours.skin_deep, 1.6, strength);
            pen.stroke(&through(&[at(92.0, 400.0), at(104.0, 396.0)]), colours.skin_deep, 1.5, strength * 0.8);
            pen.stroke(&through(&[at(92.0, 407.0), at(103.0, 409.0)]), colours.skin_deep, 1.5, strength * 0.8);
        }
    }
    if sitter.who.freckles {
        let dice = sitter.who.dice.and("freckles");
        let tone = colours.skin.mix(Colour::hex(0x9c_4a_26), 0.5);
        for index in 0..64 {
            let roll = |name: &str| dice.and(&index.to_string()).roll(name);
            let spread = (roll("x") - 0.5) * 2.0;
            let x = AXIS + spread * 100.0;
            let y = 452.0 + (roll("y") + roll("y2") - 1.0) * 34.0 - (1.0 - spread.abs()) * 10.0;
            pen.ellipse((x, y), 1.0 + roll("size") * 1.5, 1.0 + roll("size") * 1.2, &tone.to_string(), 0.2 + roll("tone") * 0.32);
        }
    }
}

/// The nose, by its shadows.
pub(super) fn nose(pen: &mut Pen, sitter: &Sitter<'_>) {
    let (head, colours) = (&sitter.head, &sitter.colours);
    let (y, wide) = (head.nose_y, head.nose);
    pen.glow((AXIS + 15.0, y - 52.0), 17.0, 70.0, colours.skin_shade, 0.5);
    pen.glow((AXIS - 24.0, y - 92.0), 16.0, 34.0, colours.skin_shade, 0.42);
    pen.glow((AXIS + 24.0, y - 92.0), 16.0, 34.0, colours.skin_shade, 0.42);
    pen.glow((AXIS - 3.0, y - 52.0), 9.0, 66.0, colours.skin_light, 0.6);
    pen.glow((AXIS, y + 2.0), wide * 1.5, 13.0, colours.skin_deep, 0.42);
    pen.glow((AXIS + 2.0, y - 10.0), wide * 1.15, 17.0, colours.blush, 0.35);
    pen.glow((AXIS - 4.0, y - 14.0), 9.0, 8.0, WHITE.mix(colours.skin_light, 0.4), 0.62);
    for side in [-1.0, 1.0] {
        let at = |dx: f32, dy: f32| (AXIS + side * dx, y + dy);
        let wing = [at(wide * 0.86, -13.0), at(wide * 1.05, -4.0), at(wide * 0.92, 4.0), at(wide * 0.66, 4.5)];
        pen.tint(&tapered(&wing, (0.4, 2.8, 0.6)), colours.skin_deep, 0.7);
        let nostril = [at(wide * 0.22, 5.0), at(wide * 0.45, 1.6), at(wide * 0.68, 3.6)];
        pen.tint(&tapered(&nostril, (1.0, 4.4, 1.4)), colours.line, 0.62);
    }
    pen.stroke(&through(&[(AXIS - 6.0, y + 7.0), (AXIS, y + 8.6), (AXIS + 6.0, y + 7.0)]), colours.skin_deep, 2.0, 0.5);
}

/// The mouth in its mood.
pub(super) fn mouth(pen: &mut Pen, sitter: &Sitter<'_>) {
    let (head, colours) = (&sitter.head, &sitter.colours);
    let y = head.mouth_y;
    let (wide, lift, gap) = match sitter.when.smile {
        Smile::Calm => (head.mouth, 1.0, 0.0),
        Smile::Soft => (head.mouth * 1.16, 7.0, 0.0),
        Smile::Open => (head.mouth * 1.24, 9.0, 12.0),
    };
    let full = head.lips;
    pen.glow((AXIS, y + 25.0 * full), wide * 0.72, 9.0, colours.skin_deep, 0.5);
    pen.glow((AXIS, y - 18.0), 9.0, 13.0, colours.skin_shade, 0.5);
    let at = |dx: f32, dy: f32| (AXIS + dx, y + dy);
    let left = at(-wide, -lift);
    let right = at(wide, -lift);
    let line = [left, at(-wide * 0.5, 0.6 - lift * 0.1), at(0.0, 1.8), at(wide * 0.5, 0.6 - lift * 0.1), right];
    let (upper_lip, lower_lip) = lips(wide, lift, gap, full, y);
    let dark = colours.lips.mix(Colour::hex(0x4a_0c_1c), 0.28);
    let upper_paint = pen.linear(at(0.0, -11.0), at(0.0, 3.0), &[(0.0, colours.lips, 1.0), (1.0, dark, 1.0)]);
    let lower_paint = pen.linear(at(0.0, gap), at(0.0, 17.0 + gap), &[(0.0, colours.lips.lighter(0.04), 1.0), (0.5, colours.lips.lighter(0.12), 1.0), (1.0, dark, 1.0)]);
    if gap > 0.0 {
        open_mouth(pen, sitter, wide, lift, gap);
    }
    pen.fill(&lower_lip, &lower_paint);
    pen.fill(&upper_lip, &upper_paint);
    pen.glow(at(-5.0, 7.5 * full + gap), wide * 0.42, 4.2 * full, WHITE, 0.4);
    if gap == 0.0 {
        pen.tint(&tapered(&line, (1.4, 3.0, 1.4)), colours.line.mix(colours.lips, 0.15), 0.9);
    }
    for (side, corner) in [(-1.0, left), (1.0, right)] {
        pen.glow((corner.0 + side * 3.0, corner.1), 9.0, 8.0, colours.skin_deep, 0.32);
        let dimple = [(corner.0 + side * 1.0, corner.1 + 3.0), (corner.0 + side * 4.0, corner.1 - 1.0), (corner.0 + side * 5.0, corner.1 - 5.0)];
        pen.tint(&tapered(&dimple, (0.6, 2.0, 0.4)), colours.skin_deep, 0.6);
        if sitter.when.smile != Smile::Calm {
            let fold = [(corner.0 + side * 3.0, corner.1 - 27.0), (corner.0 + side * 13.0, corner.1 - 10.0), (corner.0 + side * 14.0, corner.1 + 5.0)];
            pen.tint(&tapered(&fold, (0.3, 5.0, 0.3)), colours.skin_shade, 0.42);
        }
    }
}

/// The outlines of the upper and the lower lip.
fn lips(wide: f32, lift: f32, gap: f32, full: f32, y: f32) -> (String, String) {
    let at = |dx: f32, dy: f32| (AXIS + dx, y + dy);
    let low = 1.0 - lift * 0.12;
    let upper = [
        at(-wide, -lift),
        at(-wide * 0.56, -5.8 * full - lift * 0.35),
        at(-wide * 0.2, -10.8 * full),
        at(0.0, -8.0 * full),
        at(wide * 0.2, -10.8 * full),
        at(wide * 0.56, -5.8 * full - lift * 0.35),
        at(wide, -lift),
        at(wide * 0.5, low),
        at(0.0, 2.2),
        at(-wide * 0.5, low),
    ];
    let lower = [
        at(-wide * 0.96, -lift + 0.6),
        at(-wide * 0.5, 0.4 + gap * 0.72),
        at(0.0, 1.6 + gap),
        at(wide * 0.5, 0.4 + gap * 0.72),
        at(wide * 0.96, -lift + 0.6),
        at(wide * 0.56, 9.6 * full + gap * 0.84),
        at(wide * 0.2, 15.4 * full + gap),
        at(-wide * 0.2, 15.4 * full + gap),
        at(-wide * 0.56, 9.6 * full + gap * 0.84),
    ];
    (around(&upper), around(&lower))
}

fn open_mouth(pen: &mut Pen, sitter: &Sitter<'_>, wide: f32, lift: f32, gap: f32) {
    let at = |dx: f32, dy: f32| (AXIS + dx, sitter.head.mouth_y + dy);
    let hollow = around(&[
        at(-wide * 0.92, -lift + 1.0),
        at(-wide * 0.5, -1.0),
        at(0.0, 0.0),
        at(wide * 0.5, -1.0),
        at(wide * 0.92, -lift + 1.0),
        at(wide * 0.55, gap * 0.86),
        at(0.0, gap + 4.0),
        at(-wide * 0.55, gap * 0.86),
    ]);
    pen.fill(&hollow, "#5a1c24");
    pen.inside(&hollow, |pen| {
        let teeth = around(&[at(-wide * 0.86, -lift), at(0.0, -4.0), at(wide * 0.86, -lift), at(wide * 0.56, gap * 0.56), at(0.0, gap * 0.84), at(-wide * 0.56, gap * 0.56)]);
        pen.fill(&teeth, "#faf5f0");
        for dx in [-19.0, -12.5, -6.5, 0.0, 6.5, 12.5, 19.0] {
            pen.stroke(&through(&[at(dx, -4.0), at(dx * 0.97, gap)]), Colour::hex(0xb8_a8_a4), 0.8, 0.4);
        }
        pen.glow(at(0.0, -3.0), wide, 7.0, Colour::hex(0x5a_20_28), 0.35);
    });
}

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
        let fade = pen.linear((AXIS, 415.0), (AXIS, 500.0), &[(0.0, colour, 0.0), (0.5, colour, opacity * 0.7), (1.0, colour, opacity)]);
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
            pen.glow((AXIS - 12.0, head.chin_y + drop - 16.0), 44.0, 22.0, tones.light, 0.3);
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
        let least = if y < head.mouth_y + 24.0 { 0.6 } else { 0.0 };
        let share = least + (1.0 - least) * dice.roll("share");
        let from = (AXIS + side * edge * share, y);
        let long = dice.between("long", 6.0, 13.0);
        let to = (from.0 - side * long * (0.1 + 0.4 * (1.0 - down) * (1.0 - share)), y + long);
        let (tone, opacity) = if dice.roll("tone") < 0.5 { (tones.light, 0.4) } else { (tones.dark, 0.45) };
        pen.stroke(&through(&[from, to]), tone, 1.4, opacity);
    }
}

fn moustache(pen: &mut Pen, sitter: &Sitter<'_>, colour: Colour) {
    let (y, wide) = (sitter.head.mouth_y, sitter.head.mouth);
    for side in [-1.0, 1.0] {
        let at = |dx: f32, dy: f32| (AXIS + side * dx, y + dy);
        let shape = around(&[at(0.0, -19.0), at(14.0, -24.0), at(wide * 0.82, -16.0), at(wide * 1.3, 8.0), at(wide * 0.98, 0.0), at(wide * 0.5, -8.0), at(0.0, -9.5)]);
        pen.tint(&shape, colour, 0.95);
        for step in 0_u8..9 {
            let dx = 3.0 + f32::from(step) * 4.2;
            pen.stroke(&through(&[at(dx, -20.0 + dx * 0.2), at(dx + 5.0, -12.0 + dx * 0.24)]), sitter.colours.hair_light, 1.1, 0.3);
        }
    }
}

/// Glasses, if they are worn.
pub(super) fn glasses(pen: &mut Pen, sitter: &Sitter<'_>) {
    if !sitter.who.glasses {
        return;
    }
    let head = &sitter.head;
    let dice = sitter.who.dice.and("glasses");
    let frame = dice.pick("frame", &[Colour::hex(0x2c_28_2e), Colour::hex(0x5a_38_28), Colour::hex(0xa8_86_50), Colour::hex(0x44_4a_58)], Colour::hex(0x2c_28_2e));
    let square = dice.roll("shape");
    let y = head.eye_y + 6.0;
    for side in [-1.0, 1.0] {
        let at = |dx: f32, dy: f32| (AXIS + side * (head.eye_dx + 1.0 + dx), y + dy);
        let round = |x: f32, y: f32| at(x * (1.0 + 0.05 * square), y);
        let lens = around(&[round(-43.0, -4.0), round(-34.0, -28.0), round(0.0, -36.0), round(34.0, -30.0), round(45.0, -8.0), round(36.0, 24.0), round(2.0, 37.0), round(-32.0, 26.0)]);
        pen.tint(&lens, WHITE, 0.07);
        pen.inside(&lens, |pen| {
            let glare = [(AXIS + side * head.eye_dx - 30.0, y + 40.0), (AXIS + side * head.eye_dx + 14.0, y - 40.0)];
            pen.stroke(&through(&glare), WHITE, 13.0, 0.13);
        });
        pen.stroke(&lens, frame.darker(0.2), 4.6, 1.0);
        pen.stroke(&through(&[at(-34.0, -29.0), at(0.0, -37.0), at(34.0, -31.0)]), frame.lighter(0.35), 1.6, 0.6);
        pen.stroke(&through(&[at(45.0, -9.0), at(head.cheek - head.eye_dx + 3.0, -14.0)]), frame, 4.6, 1.0);
    }
    let bridge = [(AXIS - head.eye_dx + 42.0, y - 8.0), (AXIS, y - 15.0), (AXIS + head.eye_dx - 42.0, y - 8.0)];
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
