//! Collars, hoods, lapels and scarves.

use super::{Frame, both_sides, folds, shoulders};
use crate::portrait::colour::Colour;
use crate::portrait::face::AXIS;
use crate::portrait::figure::Sitter;
use crate::portrait::pen::{Pen, around, tapered, through};

pub(super) fn roll_neck(pen: &mut Pen, sitter: &Sitter<'_>, frame: &Frame, cloth: Colour) {
    let neck = frame.neck;
    let shape = both_sides(&[
        (0.0, 628.0),
        (neck * 0.7, 622.0),
        (neck + 8.0, 610.0),
        (neck + 15.0, 642.0),
        (neck + 20.0, 692.0),
        (neck * 0.6, 712.0),
        (0.0, 717.0),
    ]);
    let paint = pen.linear(
        (AXIS - neck, 640.0),
        (AXIS + neck + 20.0, 690.0),
        &[
            (0.0, cloth.lighter(0.1), 1.0),
            (0.4, cloth.lighter(0.04), 1.0),
            (1.0, cloth.darker(0.34), 1.0),
        ],
    );
    pen.fill(&shape, &paint);
    pen.inside(&shape, |pen| {
        for step in -7_i8..=7 {
            let dx = f32::from(step) * neck / 6.5;
            pen.stroke(
                &through(&[
                    (AXIS + dx * 0.94, 612.0),
                    (AXIS + dx, 664.0),
                    (AXIS + dx * 1.08, 720.0),
                ]),
                cloth.darker(0.45),
                2.4,
                0.26,
            );
        }
        pen.glow(
            (AXIS + 6.0, 612.0),
            90.0,
            30.0,
            sitter.colours.skin_deep.darker(0.3),
            0.5,
        );
    });
    pen.stroke(
        &through(&[
            (AXIS - neck - 14.0, 690.0),
            (AXIS - neck * 0.6, 710.0),
            (AXIS, 716.0),
            (AXIS + neck * 0.6, 710.0),
            (AXIS + neck + 14.0, 690.0),
        ]),
        cloth.darker(0.5),
        3.0,
        0.4,
    );
}

pub(super) fn collar(pen: &mut Pen, sitter: &Sitter<'_>, frame: &Frame, cloth: Colour) {
    let neck = frame.neck;
    for side in [-1.0, 1.0] {
        let at = |dx: f32, y: f32| (AXIS + side * dx, y);
        let (top, back, tip, front) = (
            at(neck - 5.0, 626.0),
            at(neck + 30.0, 664.0),
            at(neck + 26.0, 766.0),
            at(8.0, 742.0),
        );
        let shape = format!(
            "M{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}L{:.1} {:.1}L{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}Z",
            top.0,
            top.1,
            (top.0 + back.0) / 2.0,
            back.1 - 22.0,
            back.0,
            back.1,
            tip.0,
            tip.1,
            front.0,
            front.1,
            (top.0 + front.0) / 2.0 + side * 6.0,
            690.0,
            top.0,
            top.1
        );
        pen.placed("translate(3 10)", |pen| {
            pen.tint(&shape, cloth.darker(0.65), 0.24)
        });
        let paint = pen.linear(
            at(neck, 630.0),
            at(neck + 10.0, 772.0),
            &[
                (0.0, cloth.darker(0.16), 1.0),
                (0.4, cloth.lighter(0.16), 1.0),
                (1.0, cloth, 1.0),
            ],
        );
        pen.fill(&shape, &paint);
        pen.stroke(&shape, cloth.darker(0.4), 1.6, 0.4);
    }
    buttons(pen, sitter, cloth);
}

/// The front of a shirt.
fn buttons(pen: &mut Pen, sitter: &Sitter<'_>, cloth: Colour) {
    let front = through(&[(AXIS, 742.0), (AXIS + 1.0, 860.0), (AXIS, 1_560.0)]);
    pen.stroke(&front, cloth.darker(0.5), 2.4, 0.45);
    let pearl = sitter
        .light
        .on(Colour::hex(0xf2ece4))
        .darker(0.12)
        .to_string();
    for y in [806.0, 892.0, 978.0, 1_064.0, 1_150.0] {
        pen.ellipse((AXIS + 10.0, y), 4.6, 4.6, &pearl, 1.0);
        pen.ellipse((AXIS + 9.0, y - 1.0), 2.0, 2.0, "#ffffff", 0.7);
    }
}

pub(super) fn hood(pen: &mut Pen, frame: &Frame, cloth: Colour) {
    let neck = frame.neck;
    let shape = both_sides(&[
        (0.0, 640.0),
        (neck + 10.0, 600.0),
        (neck + 52.0, 618.0),
        (neck + 78.0, 676.0),
        (neck + 40.0, 730.0),
        (0.0, 750.0),
    ]);
    let paint = pen.linear(
        (400.0, 600.0),
        (620.0, 740.0),
        &[
            (0.0, cloth.darker(0.1), 1.0),
            (1.0, cloth.darker(0.42), 1.0),
        ],
    );
    // Behind the neck, so only the sides are to be seen: the neck is drawn over it again by the caller's order.
    pen.inside(
        &format!(
            "M0 560H{:.1}V1000H0ZM{:.1} 560H1000V1000H{:.1}Z",
            AXIS - neck,
            AXIS + neck,
            AXIS + neck
        ),
        |pen| pen.fill(&shape, &paint),
    );
}

pub(super) fn cords(pen: &mut Pen, frame: &Frame, cloth: Colour) {
    for side in [-1.0, 1.0] {
        let at = |dx: f32, y: f32| (AXIS + side * dx, y);
        let edge = [
            at(frame.neck + 58.0, 652.0),
            at(frame.neck + 30.0, 690.0),
            at(34.0, 742.0),
            at(4.0, 772.0),
        ];
        pen.fill(
            &tapered(&edge, (30.0, 40.0, 20.0)),
            &cloth.darker(0.08).to_string(),
        );
        pen.stroke(&through(&edge), cloth.darker(0.45), 2.0, 0.4);
        let cord = [at(28.0, 752.0), at(31.0, 810.0), at(27.0, 868.0)];
        pen.stroke(&through(&cord), cloth.lighter(0.62), 5.0, 0.95);
        pen.ellipse(
            at(27.0, 872.0),
            4.0,
            8.0,
            &cloth.lighter(0.5).to_string(),
            1.0,
        );
    }
}

/// The open front of a jacket: `lift` raises its shoulders and widens it.
pub(super) fn lapels(pen: &mut Pen, frame: &Frame, cloth: Colour, lift: f32) {
    let neck = frame.neck;
    for side in [-1.0, 1.0] {
        let at = |dx: f32, y: f32| (AXIS + side * dx, y);
        let mut outline = vec![
            at(14.0, 1_560.0),
            at(18.0, 1_040.0),
            at(28.0, 900.0),
            at(58.0, 790.0),
            at(neck + 22.0, 690.0 - lift * 0.4),
            at(neck + 26.0, 648.0 - lift * 0.6),
        ];
        outline.extend(
            shoulders(frame, 8.0 + lift * 0.3)
                .into_iter()
                .map(|(dx, y)| at(dx + lift * 0.4, y)),
        );
        let shape = format!("{}Z", through(&outline));
        let shade = if side < 0.0 { 0.0 } else { 0.16 };
        let paint = pen.linear(
            at(frame.shoulder, 690.0),
            at(0.0, 1_000.0),
            &[
                (0.0, cloth.lighter(0.1 - shade * 0.5), 1.0),
                (0.5, cloth.darker(shade), 1.0),
                (1.0, cloth.darker(0.2 + shade), 1.0),
            ],
        );
        pen.fill(&shape, &paint);
        pen.inside(&shape, |pen| {
            folds(pen, frame, cloth.darker(0.45), cloth.lighter(0.35));
            pen.glow(
                (AXIS + frame.shoulder + 30.0, 880.0),
                110.0,
                220.0,
                cloth.darker(0.5),
                0.55,
            );
        });
        lapel(pen, frame, cloth, side, lift);
    }
}

fn lapel(pen: &mut Pen, frame: &Frame, cloth: Colour, side: f32, lift: f32) {
    let neck = frame.neck;
    let at = |dx: f32, y: f32| (AXIS + side * dx, y);
    let edge = through(&[
        at(neck + 24.0, 644.0 - lift * 0.6),
        at(neck + 66.0, 690.0),
        at(neck + 74.0, 742.0),
        at(neck + 50.0, 760.0),
        at(neck + 62.0, 782.0),
        at(24.0, 930.0),
        at(40.0, 820.0),
        at(neck + 12.0, 712.0),
    ]);
    let shape = format!("{edge}Z");
    pen.tint(&shape, cloth.darker(0.6), 0.3);
    let low = cloth.darker(if side < 0.0 { 0.06 } else { 0.22 });
    let paint = pen.linear(
        at(neck + 70.0, 680.0),
        at(30.0, 880.0),
        &[(0.0, cloth.lighter(0.16), 1.0), (1.0, low, 1.0)],
    );
    pen.fill(&shape, &paint);
    pen.stroke(&shape, cloth.darker(0.55), 1.8, 0.5);
}

pub(super) fn scarf(pen: &mut Pen, sitter: &Sitter<'_>, frame: &Frame) {
    let wool = [
        Colour::hex(0xb85c50),
        Colour::hex(0xd8c4a4),
        Colour::hex(0x5a6e86),
        Colour::hex(0x8a7a9a),
    ];
    let wool = sitter.light.on(sitter.moment.pick("scarf", &wool, wool[0]));
    let neck = frame.neck;
    let tail = around(&[
        (AXIS + 26.0, 690.0),
        (AXIS + 88.0, 690.0),
        (AXIS + 100.0, 820.0),
        (AXIS + 92.0, 950.0),
        (AXIS + 34.0, 946.0),
        (AXIS + 40.0, 820.0),
    ]);
    let tail_paint = pen.linear(
        (AXIS + 30.0, 700.0),
        (AXIS + 100.0, 900.0),
        &[(0.0, wool, 1.0), (1.0, wool.darker(0.32), 1.0)],
    );
    pen.fill(&tail, &tail_paint);
    let wrap = both_sides(&[
        (0.0, 640.0),
        (neck, 622.0),
        (neck + 40.0, 632.0),
        (neck + 62.0, 676.0),
        (neck + 40.0, 722.0),
        (0.0, 744.0),
    ]);
    let paint = pen.linear(
        (AXIS - 90.0, 640.0),
        (AXIS + 100.0, 730.0),
        &[
            (0.0, wool.lighter(0.12), 1.0),
            (0.5, wool, 1.0),
            (1.0, wool.darker(0.34), 1.0),
        ],
    );
    pen.fill(&wrap, &paint);
    pen.inside(&wrap, |pen| {
        for step in 0..4 {
            let y = 652.0 + step as f32 * 23.0;
            pen.tint(
                &tapered(
                    &[
                        (AXIS - neck - 60.0, y - 16.0),
                        (AXIS, y + 18.0),
                        (AXIS + neck + 60.0, y - 8.0),
                    ],
                    (2.0, 7.0, 2.0),
                ),
                wool.darker(0.5),
                0.3,
            );
        }
        pen.glow((AXIS + 4.0, 630.0), 90.0, 34.0, wool.darker(0.7), 0.5);
    });
}
