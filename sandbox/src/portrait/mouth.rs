//! The mouth, from calm to laughing.

use super::colour::{Colour, WHITE};
use super::face::AXIS;
use super::figure::Sitter;
use super::occasion::Smile;
use super::pen::{Pen, Point, around, tapered, through};

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
    pen.glow(
        (AXIS, y + 25.0 * full),
        wide * 0.72,
        9.0,
        colours.skin_deep,
        0.5,
    );
    pen.glow((AXIS, y - 18.0), 9.0, 13.0, colours.skin_shade, 0.5);
    let at = |dx: f32, dy: f32| (AXIS + dx, y + dy);
    let left = at(-wide, -lift);
    let right = at(wide, -lift);
    let line = [
        left,
        at(-wide * 0.5, 0.6 - lift * 0.1),
        at(0.0, 1.8),
        at(wide * 0.5, 0.6 - lift * 0.1),
        right,
    ];
    if gap > 0.0 {
        open_mouth(pen, sitter, wide, lift, gap);
    }
    draw_lips(pen, sitter, (wide, lift, gap));
    if gap == 0.0 {
        pen.tint(
            &tapered(&line, (1.4, 3.0, 1.4)),
            colours.line.mix(colours.lips, 0.15),
            0.9,
        );
    }
    corners(pen, sitter, left, right);
}

/// Both lips, with a light on the lower one.
fn draw_lips(pen: &mut Pen, sitter: &Sitter<'_>, (wide, lift, gap): (f32, f32, f32)) {
    let (colours, full, y) = (&sitter.colours, sitter.head.lips, sitter.head.mouth_y);
    let at = |dx: f32, dy: f32| (AXIS + dx, y + dy);
    let (upper_lip, lower_lip) = lips(wide, lift, gap, full, y);
    let dark = colours.lips.mix(Colour::hex(0x4a0c1c), 0.28);
    let upper_paint = pen.linear(
        at(0.0, -11.0),
        at(0.0, 3.0),
        &[(0.0, colours.lips, 1.0), (1.0, dark, 1.0)],
    );
    let lower_paint = pen.linear(
        at(0.0, gap),
        at(0.0, 17.0 + gap),
        &[
            (0.0, colours.lips.lighter(0.04), 1.0),
            (0.5, colours.lips.lighter(0.12), 1.0),
            (1.0, dark, 1.0),
        ],
    );
    pen.fill(&lower_lip, &lower_paint);
    pen.fill(&upper_lip, &upper_paint);
    pen.glow(
        at(-5.0, 7.5 * full + gap),
        wide * 0.42,
        4.2 * full,
        WHITE,
        0.4,
    );
}

/// The corners of the mouth, and the folds of a smile.
fn corners(pen: &mut Pen, sitter: &Sitter<'_>, left: Point, right: Point) {
    let colours = &sitter.colours;
    for (side, corner) in [(-1.0, left), (1.0, right)] {
        pen.glow(
            (corner.0 + side * 3.0, corner.1),
            9.0,
            8.0,
            colours.skin_deep,
            0.32,
        );
        let dimple = [
            (corner.0 + side * 1.0, corner.1 + 3.0),
            (corner.0 + side * 4.0, corner.1 - 1.0),
            (corner.0 + side * 5.0, corner.1 - 5.0),
        ];
        pen.tint(&tapered(&dimple, (0.6, 2.0, 0.4)), colours.skin_deep, 0.6);
        if sitter.when.smile != Smile::Calm {
            let fold = [
                (corner.0 + side * 3.0, corner.1 - 27.0),
                (corner.0 + side * 13.0, corner.1 - 10.0),
                (corner.0 + side * 14.0, corner.1 + 5.0),
            ];
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
        let teeth = around(&[
            at(-wide * 0.86, -lift),
            at(0.0, -4.0),
            at(wide * 0.86, -lift),
            at(wide * 0.56, gap * 0.56),
            at(0.0, gap * 0.84),
            at(-wide * 0.56, gap * 0.56),
        ]);
        pen.fill(&teeth, "#faf5f0");
        for dx in [-19.0, -12.5, -6.5, 0.0, 6.5, 12.5, 19.0] {
            pen.stroke(
                &through(&[at(dx, -4.0), at(dx * 0.97, gap)]),
                Colour::hex(0xb8a8a4),
                0.8,
                0.4,
            );
        }
        pen.glow(at(0.0, -3.0), wide, 7.0, Colour::hex(0x5a2028), 0.35);
    });
}
