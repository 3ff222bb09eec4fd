//! Neck, shoulders, and what is worn.

use super::character::Build;
use super::colour::Colour;
use super::face::AXIS;
use super::figure::Sitter;
use super::occasion::Garment;
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
        Self { neck, shoulder: shoulder + sitter.who.dice.between("shoulder", -8.0, 8.0) }
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
        (neck - 2.0, 500.0), (neck - 3.0, 590.0), (neck + 2.0, 640.0), (neck + 34.0, 676.0),
        (frame.shoulder * 0.8, 712.0), (frame.shoulder - 6.0, 800.0), (frame.shoulder - 30.0, 1_020.0),
    ]);
    let paint = pen.linear((400.0, 560.0), (620.0, 760.0), &[(0.0, colours.skin, 1.0), (0.5, colours.skin.mix(colours.skin_shade, 0.25), 1.0), (1.0, colours.skin_shade, 1.0)]);
    pen.fill(&shape, &paint);
    pen.inside(&shape, |pen| {
        let chin = sitter.head.chin_y + LIFT;
        pen.glow((AXIS + 8.0, chin - 8.0), 120.0, 76.0, colours.skin_deep, 0.95);
        pen.glow((AXIS + neck, 620.0), 38.0, 110.0, colours.skin_deep, 0.55);
        pen.glow((AXIS - neck, 600.0), 24.0, 90.0, colours.skin_deep, 0.4);
        pen.glow((AXIS - 70.0, 724.0), 90.0, 40.0, colours.skin_light, 0.4);
        for side in [-1.0, 1.0] {
            let at = |dx: f32, y: f32| (AXIS + side * dx, y);
            let tendon = [at(neck - 8.0, 590.0), at(neck * 0.6, 650.0), at(13.0, 703.0)];
            pen.tint(&tapered(&tendon, (1.0, 7.0, 3.0)), colours.skin_shade, 0.6);
            let collarbone = [at(14.0, 716.0), at(66.0, 706.0), at(132.0, 702.0)];
            pen.tint(&tapered(&collarbone, (6.0, 7.0, 1.0)), colours.skin_deep, 0.38);
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
            let inner = if cloth.brightness() > 0.7 { Colour::hex(0x4b_50_60) } else { sitter.light.on(Colour::hex(0xf0_ea_e2)) };
            pen.inside(UNDER_A_JACKET, |pen| cut(pen, sitter, &frame, inner, frame.neck + 34.0, 744.0));
            lapels(pen, &frame, cloth, 0.0);
        }
        Garment::Coat => {
            let inner = sitter.light.on(Colour::hex(0xd8_d0_c6));
            pen.inside(UNDER_A_JACKET, |pen| cut(pen, sitter, &frame, inner, frame.neck + 14.0, 700.0));
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
    let mut half = vec![(0.0, deep), (wide * 0.5, deep - (deep - edge) * 0.22), (wide * 0.88, edge + (deep - edge) * 0.3), (wide, edge - 4.0)];
    half.extend(shoulders(frame, 6.0));
    let shape = both_sides(&half);
    let shade = cloth.darker(0.34);
    let paint = pen.linear((300.0, 660.0), (700.0, 1_000.0), &[(0.0, cloth.lighter(0.12), 1.0), (0.45, cloth, 1.0), (1.0, cloth.darker(0.28), 1.0)]);
    let shadow: Vec<Point> = half.iter().take(3).rev().map(|(dx, y)| (AXIS + dx, y - 4.0)).chain(half.iter().skip(1).take(2).map(|(dx, y)| (AXIS - dx, y - 4.0))).collect();
    pen.tint(&tapered(&shadow, (4.0, 15.0, 4.0)), sitter.colours.skin_deep, 0.35);
    pen.fill(&shape, &paint);
    pen.inside(&shape, |pen| {
        pen.glow((AXIS - frame.shoulder * 0.66, 740.0), 130.0, 70.0, cloth.lighter(0.5), 0.34);
        pen.glow((AXIS + frame.shoulder + 20.0, 860.0), 120.0, 240.0, shade, 0.7);
        pen.glow((AXIS, 1_010.0), 300.0, 120.0, shade, 0.4);
        folds(pen, frame, shade, cloth.lighter(0.3));
        let hem: Vec<Point> = half.iter().take(3).rev().map(|(dx, y)| (AXIS + dx, y + 9.0)).chain(half.iter().skip(1).take(2).map(|(dx, y)| (AXIS - dx, y + 9.0))).collect();
        pen.stroke(&through(&hem), shade, 2.0, 0.45);
        let rim: Vec<Point> = [(frame.shoulder * 0.62, 688.0), (frame.shoulder * 0.9, 712.0), (frame.shoulder + 8.0, 766.0), (frame.shoulder + 22.0, 880.0), (frame.shoulder + 24.0, 1_060.0)].map(|(dx, y)| (AXIS - dx, y)).to_vec();
        pen.tint(&tapered(&rim, (0.5, 16.0, 3.0)), sitter.light.rim, 0.26 * sitter.light.rim_strength);
    });
}

/// The crease between arm and chest, and soft folds that run from it.
fn folds(pen: &mut Pen, frame: &Frame, shade: Colour, light: Colour) {
    for side in [-1.0, 1.0] {
        let at = |dx: f32, y: f32| (AXIS + side * dx, y);
        let arm = [at(frame.shoulder * 0.72, 838.0), at(frame.shoulder * 0.76, 920.0), at(frame.shoulder * 0.74, 1_060.0), at(frame.shoulder * 0.76, 1_500.0)];
        pen.tint(&tapered(&arm, (1.0, 7.0, 9.0)), shade.darker(0.1), 0.34);
        pen.glow(at(frame.shoulder * 0.68, 960.0), 34.0, 150.0, shade, 0.4);
        pen.glow(at(frame.shoulder * 0.98, 900.0), 26.0, 130.0, light, 0.22);
        let soft = [
            [at(frame.shoulder * 0.71, 850.0), at(frame.shoulder * 0.6, 846.0), at(frame.shoulder * 0.44, 858.0)],
            [at(frame.shoulder * 0.8, 742.0), at(frame.shoulder * 0.74, 788.0), at(frame.shoulder * 0.72, 836.0)],
        ];
        for line in soft {
            pen.tint(&tapered(&line, (3.0, 9.0, 0.5)), shade, 0.15);
            let above = line.map(|(x, y)| (x, y - 7.0));
            pen.tint(&tapered(&above, (2.0, 6.0, 0.5)), light, 0.13);
        }
    }
}

fn roll_neck(pen: &mut Pen, sitter: &Sitter<'_>, frame: &Frame, cloth: Colour) {
    let neck = frame.neck;
    let shape = both_sides(&[(0.0, 628.0), (neck * 0.7, 622.0), (neck + 8.0, 610.0), (neck + 15.0, 642.0), (neck + 20.0, 692.0), (neck * 0.6, 712.0), (0.0, 717.0)]);
    let paint = pen.linear((AXIS - neck, 640.0), (AXIS + neck + 20.0, 690.0), &[(0.0, cloth.lighter(0.1), 1.0), (0.4, cloth.lighter(0.04), 1.0), (1.0, cloth.darker(0.34), 1.0)]);
    pen.fill(&shape, &paint);
    pen.inside(&shape, |pen| {
        for step in -7_i8..=7 {
            let dx = f32::from(step) * neck / 6.5;
            pen.stroke(&through(&[(AXIS + dx * 0.94, 612.0), (AXIS + dx, 664.0), (AXIS + dx * 1.08, 720.0)]), cloth.darker(0.45), 2.4, 0.26);
        }
        pen.glow((AXIS + 6.0, 612.0), 90.0, 30.0, sitter.colours.skin_deep.darker(0.3), 0.5);
    });
    pen.stroke(&through(&[(AXIS - neck - 14.0, 690.0), (AXIS - neck * 0.6, 710.0), (AXIS, 716.0), (AXIS + neck * 0.6, 710.0), (AXIS + neck + 14.0, 690.0)]), cloth.darker(0.5), 3.0, 0.4);
}

fn collar(pen: &mut Pen, sitter: &Sitter<'_>, frame: &Frame, cloth: Colour) {
    let neck = frame.neck;
    for side in [-1.0, 1.0] {
        let at = |dx: f32, y: f32| (AXIS + side * dx, y);
        let (top, back, tip, front) = (at(neck - 5.0, 626.0), at(neck + 30.0, 664.0), at(neck + 26.0, 766.0), at(8.0, 742.0));
        let shape = format!("M{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}L{:.1} {:.1}L{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}Z",
            top.0, top.1, (top.0 + back.0) / 2.0, back.1 - 22.0, back.0, back.1, tip.0, tip.1, front.0, front.1, (top.0 + front.0) / 2.0 + side * 6.0, 690.0, top.0, top.1);
        pen.placed("translate(3 10)", |pen| pen.tint(&shape, cloth.darker(0.65), 0.24));
        let paint = pen.linear(at(neck, 630.0), at(neck + 10.0, 772.0), &[(0.0, cloth.darker(0.16), 1.0), (0.4, cloth.lighter(0.16), 1.0), (1.0, cloth, 1.0)]);
        pen.fill(&shape, &paint);
        pen.stroke(&shape, cloth.darker(0.4), 1.6, 0.4);
    }
    pen.stroke(&through(&[(AXIS, 742.0), (AXIS + 1.0, 860.0), (AXIS, 1_560.0)]), cloth.darker(0.5), 2.4, 0.45);
    for y in [806.0, 892.0, 978.0, 1_064.0, 1_150.0] {
        pen.ellipse((AXIS + 10.0, y), 4.6, 4.6, &sitter.light.on(Colour::hex(0xf2_ec_e4)).darker(0.12).to_string(), 1.0);
        pen.ellipse((AXIS + 9.0, y - 1.0), 2.0, 2.0, "#ffffff", 0.7);
    }
}

fn hood(pen: &mut Pen, frame: &Frame, cloth: Colour) {
    let neck = frame.neck;
    let shape = both_sides(&[(0.0, 640.0), (neck + 10.0, 600.0), (neck + 52.0, 618.0), (neck + 78.0, 676.0), (neck + 40.0, 730.0), (0.0, 750.0)]);
    let paint = pen.linear((400.0, 600.0), (620.0, 740.0), &[(0.0, cloth.darker(0.1), 1.0), (1.0, cloth.darker(0.42), 1.0)]);
    // Behind the neck, so only the sides are to be seen: the neck is drawn over it again by the caller's order.
    pen.inside(&format!("M0 560H{:.1}V1000H0ZM{:.1} 560H1000V1000H{:.1}Z", AXIS - neck, AXIS + neck, AXIS + neck), |pen| pen.fill(&shape, &paint));
}

fn cords(pen: &mut Pen, frame: &Frame, cloth: Colour) {
    for side in [-1.0, 1.0] {
        let at = |dx: f32, y: f32| (AXIS + side * dx, y);
        let edge = [at(frame.neck + 58.0, 652.0), at(frame.neck + 30.0, 690.0), at(34.0, 742.0), at(4.0, 772.0)];
        pen.fill(&tapered(&edge, (30.0, 40.0, 20.0)), &cloth.darker(0.08).to_string());
        pen.stroke(&through(&edge), cloth.darker(0.45), 2.0, 0.4);
        let cord = [at(28.0, 752.0), at(31.0, 810.0), at(27.0, 868.0)];
        pen.stroke(&through(&cord), cloth.lighter(0.62), 5.0, 0.95);
        pen.ellipse(at(27.0, 872.0), 4.0, 8.0, &cloth.lighter(0.5).to_string(), 1.0);
    }
}

/// The open front of a jacket: `lift` raises its shoulders and widens it.
fn lapels(pen: &mut Pen, frame: &Frame, cloth: Colour, lift: f32) {
    let neck = frame.neck;
    for side in [-1.0, 1.0] {
        let at = |dx: f32, y: f32| (AXIS + side * dx, y);
        let mut outline = vec![at(14.0, 1_560.0), at(18.0, 1_040.0), at(28.0, 900.0), at(58.0, 790.0), at(neck + 22.0, 690.0 - lift * 0.4), at(neck + 26.0, 648.0 - lift * 0.6)];
        outline.extend(shoulders(frame, 8.0 + lift * 0.3).into_iter().map(|(dx, y)| at(dx + lift * 0.4, y)));
        let shape = format!("{}Z", through(&outline));
        let shade = if side < 0.0 { 0.0 } else { 0.16 };
        let paint = pen.linear(at(frame.shoulder, 690.0), at(0.0, 1_000.0), &[(0.0, cloth.lighter(0.1 - shade * 0.5), 1.0), (0.5, cloth.darker(shade), 1.0), (1.0, cloth.darker(0.2 + shade), 1.0)]);
        pen.fill(&shape, &paint);
        pen.inside(&shape, |pen| {
            folds(pen, frame, cloth.darker(0.45), cloth.lighter(0.35));
            pen.glow((AXIS + frame.shoulder + 30.0, 880.0), 110.0, 220.0, cloth.darker(0.5), 0.55);
        });
        let lapel = format!("{}Z", through(&[at(neck + 24.0, 644.0 - lift * 0.6), at(neck + 66.0, 690.0), at(neck + 74.0, 742.0), at(neck + 50.0, 760.0), at(neck + 62.0, 782.0), at(24.0, 930.0), at(40.0, 820.0), at(neck + 12.0, 712.0)]));
        pen.tint(&lapel, cloth.darker(0.6), 0.3);
        let paint = pen.linear(at(neck + 70.0, 680.0), at(30.0, 880.0), &[(0.0, cloth.lighter(0.16), 1.0), (1.0, cloth.darker(0.06 + shade), 1.0)]);
        pen.fill(&lapel, &paint);
        pen.stroke(&lapel, cloth.darker(0.55), 1.8, 0.5);
    }
}

fn scarf(pen: &mut Pen, sitter: &Sitter<'_>, frame: &Frame) {
    let wool = [Colour::hex(0xb8_5c_50), Colour::hex(0xd8_c4_a4), Colour::hex(0x5a_6e_86), Colour::hex(0x8a_7a_9a)];
    let wool = sitter.light.on(sitter.moment.pick("scarf", &wool, wool[0]));
    let neck = frame.neck;
    let tail = around(&[(AXIS + 26.0, 690.0), (AXIS + 88.0, 690.0), (AXIS + 100.0, 820.0), (AXIS + 92.0, 950.0), (AXIS + 34.0, 946.0), (AXIS + 40.0, 820.0)]);
    let tail_paint = pen.linear((AXIS + 30.0, 700.0), (AXIS + 100.0, 900.0), &[(0.0, wool, 1.0), (1.0, wool.darker(0.32), 1.0)]);
    pen.fill(&tail, &tail_paint);
    let wrap = both_sides(&[(0.0, 640.0), (neck, 622.0), (neck + 40.0, 632.0), (neck + 62.0, 676.0), (neck + 40.0, 722.0), (0.0, 744.0)]);
    let paint = pen.linear((AXIS - 90.0, 640.0), (AXIS + 100.0, 730.0), &[(0.0, wool.lighter(0.12), 1.0), (0.5, wool, 1.0), (1.0, wool.darker(0.34), 1.0)]);
    pen.fill(&wrap, &paint);
    pen.inside(&wrap, |pen| {
        for step in 0..4 {
            let y = 652.0 + step as f32 * 23.0;
            pen.tint(&tapered(&[(AXIS - neck - 60.0, y - 16.0), (AXIS, y + 18.0), (AXIS + neck + 60.0, y - 8.0)], (2.0, 7.0, 2.0)), wool.darker(0.5), 0.3);
        }
        pen.glow((AXIS + 4.0, 630.0), 90.0, 34.0, wool.darker(0.7), 0.5);
    });
}
