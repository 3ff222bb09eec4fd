//! Neck, shoulders, and what is worn.

mod trimmings;

use trimmings::{collar, cords, hood, lapels, roll_neck, scarf};

use super::character::Build;
use super::colour::Colour;
use super::face::AXIS;
use super::figure::Sitter;
use super::occasion::wardrobe::Garment;
use super::pen::{Pen, Point, around, mirrored, tapered, through};

/// How far neck and shoulders are moved up towards the head.
pub(super) const LIFT: f32 = 36.0;

/// Half the width of neck and shoulders.
struct Frame {
    neck: f32,
    shoulder: f32,
}

impl Frame {
    fn of(sitter: &Sitter<'_>) -> Self {
        let (neck, shoulder) = match sitter.who.build {
            Build::Feminine => (52.0, 214.0),
            Build::Neutral => (58.0, 232.0),
            Build::Masculine => (69.0, 262.0),
        };
        Self {
            neck,
            shoulder: shoulder + sitter.who.dice.between("shoulder", -8.0, 8.0),
        }
    }
}

/// A shape that is the same on both sides, from its right half.
fn both_sides(half: &[(f32, f32)]) -> String {
    let right: Vec<Point> = half.iter().map(|(dx, y)| (AXIS + dx, *y)).collect();
    let mut points = right.clone();
    let mut left = mirrored(&right, AXIS);
    left.reverse();
    points.extend(left);
    around(&points)
}

/// Neck and upper chest, with the shade of the chin.
pub(super) fn neck(pen: &mut Pen, sitter: &Sitter<'_>) {
    let colours = &sitter.colours;
    let frame = Frame::of(sitter);
    let neck = frame.neck;
    let shape = both_sides(&[
        (neck - 2.0, 500.0),
        (neck - 3.0, 590.0),
        (neck + 2.0, 640.0),
        (neck + 34.0, 676.0),
        (frame.shoulder * 0.8, 712.0),
        (frame.shoulder - 6.0, 800.0),
        (frame.shoulder - 30.0, 1_020.0),
    ]);
    let paint = pen.linear(
        (400.0, 560.0),
        (620.0, 760.0),
        &[
            (0.0, colours.skin, 1.0),
            (0.5, colours.skin.mix(colours.skin_shade, 0.25), 1.0),
            (1.0, colours.skin_shade, 1.0),
        ],
    );
    pen.fill(&shape, &paint);
    pen.inside(&shape, |pen| {
        let chin = sitter.head.chin_y + LIFT;
        pen.glow(
            (AXIS + 8.0, chin - 8.0),
            120.0,
            76.0,
            colours.skin_deep,
            0.95,
        );
        pen.glow((AXIS + neck, 620.0), 38.0, 110.0, colours.skin_deep, 0.55);
        pen.glow((AXIS - neck, 600.0), 24.0, 90.0, colours.skin_deep, 0.4);
        pen.glow((AXIS - 70.0, 724.0), 90.0, 40.0, colours.skin_light, 0.4);
        for side in [-1.0, 1.0] {
            let at = |dx: f32, y: f32| (AXIS + side * dx, y);
            let tendon = [
                at(neck - 8.0, 590.0),
                at(neck * 0.6, 650.0),
                at(13.0, 703.0),
            ];
            pen.tint(&tapered(&tendon, (1.0, 7.0, 3.0)), colours.skin_shade, 0.6);
            let collarbone = [at(14.0, 716.0), at(66.0, 706.0), at(132.0, 702.0)];
            pen.tint(
                &tapered(&collarbone, (6.0, 7.0, 1.0)),
                colours.skin_deep,
                0.38,
            );
            let light = [at(20.0, 708.0), at(70.0, 698.0), at(130.0, 694.0)];
            pen.tint(&tapered(&light, (2.0, 5.0, 1.0)), colours.skin_light, 0.5);
        }
        pen.glow((AXIS, 712.0), 15.0, 16.0, colours.skin_deep, 0.4);
    });
}

/// What is worn.
pub(super) fn body(pen: &mut Pen, sitter: &Sitter<'_>) {
    let frame = Frame::of(sitter);
    let cloth = sitter.colours.cloth;
    match sitter.when.garment {
        Garment::Tee => cut(pen, sitter, &frame, cloth, 92.0, 712.0),
        Garment::Blouse => cut(pen, sitter, &frame, cloth, 108.0, 760.0),
        Garment::Turtleneck => {
            cut(pen, sitter, &frame, cloth, frame.neck + 14.0, 690.0);
            roll_neck(pen, sitter, &frame, cloth);
        }
        Garment::Shirt => {
            cut(pen, sitter, &frame, cloth, frame.neck + 26.0, 738.0);
            collar(pen, sitter, &frame, cloth);
        }
        Garment::Hoodie => {
            hood(pen, &frame, cloth);
            cut(pen, sitter, &frame, cloth, frame.neck + 34.0, 728.0);
            cords(pen, &frame, cloth);
        }
        Garment::Blazer => {
            let inner = if cloth.brightness() > 0.7 {
                Colour::hex(0x4b5060)
            } else {
                sitter.light.on(Colour::hex(0xf0eae2))
            };
            pen.inside(UNDER_A_JACKET, |pen| {
                cut(pen, sitter, &frame, inner, frame.neck + 34.0, 744.0)
            });
            lapels(pen, &frame, cloth, 0.0);
        }
        Garment::Coat => {
            let inner = sitter.light.on(Colour::hex(0xd8d0c6));
            pen.inside(UNDER_A_JACKET, |pen| {
                cut(pen, sitter, &frame, inner, frame.neck + 14.0, 700.0)
            });
            lapels(pen, &frame, cloth, 26.0);
        }
    }
    if sitter.when.scarf {
        scarf(pen, sitter, &frame);
    }
}

/// Where a jacket shows what is under it.
const UNDER_A_JACKET: &str = "M350 560H650V1600H350Z";

/// The right half of the shoulders' outline.
fn shoulders(frame: &Frame, lift: f32) -> Vec<(f32, f32)> {
    vec![
        (frame.shoulder * 0.62, 690.0 - lift),
        (frame.shoulder * 0.9, 716.0 - lift),
        (frame.shoulder + 10.0, 770.0 - lift),
        (frame.shoulder + 24.0, 880.0),
        (frame.shoulder + 26.0, 1_060.0),
        (frame.shoulder + 20.0, 1_560.0),
    ]
}

/// A garment whose neckline is `wide` at the shoulders and reaches down to `deep`.
fn cut(pen: &mut Pen, sitter: &Sitter<'_>, frame: &Frame, cloth: Colour, wide: f32, deep: f32) {
    let edge = 668.0 + (wide - 60.0).max(0.0) * 0.18;
    let mut half = vec![
        (0.0, deep),
        (wide * 0.5, deep - (deep - edge) * 0.22),
        (wide * 0.88, edge + (deep - edge) * 0.3),
        (wide, edge - 4.0),
    ];
    half.extend(shoulders(frame, 6.0));
    let shape = both_sides(&half);
    let shade = cloth.darker(0.34);
    let paint = pen.linear(
        (300.0, 660.0),
        (700.0, 1_000.0),
        &[
            (0.0, cloth.lighter(0.12), 1.0),
            (0.45, cloth, 1.0),
            (1.0, cloth.darker(0.28), 1.0),
        ],
    );
    let shadow = neckline(&half, -4.0);
    pen.tint(
        &tapered(&shadow, (4.0, 15.0, 4.0)),
        sitter.colours.skin_deep,
        0.35,
    );
    pen.fill(&shape, &paint);
    pen.inside(&shape, |pen| {
        pen.glow(
            (AXIS - frame.shoulder * 0.66, 740.0),
            130.0,
            70.0,
            cloth.lighter(0.5),
            0.34,
        );
        pen.glow(
            (AXIS + frame.shoulder + 20.0, 860.0),
            120.0,
            240.0,
            shade,
            0.7,
        );
        pen.glow((AXIS, 1_010.0), 300.0, 120.0, shade, 0.4);
        folds(pen, frame, shade, cloth.lighter(0.3));
        pen.stroke(&through(&neckline(&half, 9.0)), shade, 2.0, 0.45);
        rim(pen, sitter, frame);
    });
}

/// The middle of a neckline, moved down by some units.
fn neckline(half: &[(f32, f32)], down: f32) -> Vec<Point> {
    let right = half
        .iter()
        .take(3)
        .rev()
        .map(|(dx, y)| (AXIS + dx, y + down));
    let left = half
        .iter()
        .take(3)
        .skip(1)
        .map(|(dx, y)| (AXIS - dx, y + down));
    right.chain(left).collect()
}

/// The edge of the shoulder that is turned to the light.
fn rim(pen: &mut Pen, sitter: &Sitter<'_>, frame: &Frame) {
    let line = [
        (frame.shoulder * 0.62, 688.0),
        (frame.shoulder * 0.9, 712.0),
        (frame.shoulder + 8.0, 766.0),
        (frame.shoulder + 22.0, 880.0),
        (frame.shoulder + 24.0, 1_060.0),
    ]
    .map(|(dx, y)| (AXIS - dx, y));
    let strength = 0.26 * sitter.light.rim_strength;
    pen.tint(
        &tapered(&line, (0.5, 16.0, 3.0)),
        sitter.light.rim,
        strength,
    );
}

/// The crease between arm and chest, and soft folds that run from it.
fn folds(pen: &mut Pen, frame: &Frame, shade: Colour, light: Colour) {
    for side in [-1.0, 1.0] {
        let at = |dx: f32, y: f32| (AXIS + side * dx, y);
        let arm = [
            at(frame.shoulder * 0.72, 838.0),
            at(frame.shoulder * 0.76, 920.0),
            at(frame.shoulder * 0.74, 1_060.0),
            at(frame.shoulder * 0.76, 1_500.0),
        ];
        pen.tint(&tapered(&arm, (1.0, 7.0, 9.0)), shade.darker(0.1), 0.34);
        pen.glow(at(frame.shoulder * 0.68, 960.0), 34.0, 150.0, shade, 0.4);
        pen.glow(at(frame.shoulder * 0.98, 900.0), 26.0, 130.0, light, 0.22);
        let soft = [
            [
                at(frame.shoulder * 0.71, 850.0),
                at(frame.shoulder * 0.6, 846.0),
                at(frame.shoulder * 0.44, 858.0),
            ],
            [
                at(frame.shoulder * 0.8, 742.0),
                at(frame.shoulder * 0.74, 788.0),
                at(frame.shoulder * 0.72, 836.0),
            ],
        ];
        for line in soft {
            pen.tint(&tapered(&line, (3.0, 9.0, 0.5)), shade, 0.15);
            let above = line.map(|(x, y)| (x, y - 7.0));
            pen.tint(&tapered(&above, (2.0, 6.0, 0.5)), light, 0.13);
        }
    }
}
