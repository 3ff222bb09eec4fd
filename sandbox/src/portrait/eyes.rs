//! Eyes and brows, where the life of a portrait is.

use super::character::Build;
use super::colour::{Colour, WHITE};
use super::face::AXIS;
use super::figure::Sitter;
use super::occasion::Smile;
use super::pen::{Pen, Point, around, tapered, through};

/// Draws both eyes and brows.
pub(super) fn both(pen: &mut Pen, sitter: &Sitter<'_>) {
    let head = &sitter.head;
    let gaze = (
        sitter.moment.between("gaze x", -2.6, 2.6),
        sitter.moment.between("gaze y", -0.8, 0.8),
    );
    for side in [-1.0_f32, 1.0] {
        let x = AXIS + side * head.eye_dx;
        // Drawn as the eye on the right, with its outer corner to the right; the other one is mirrored.
        let turn = format!(
            "translate({x:.1} {:.1}) scale({:.3} {:.3}) rotate({:.2})",
            head.eye_y,
            side * head.eye_size,
            head.eye_size,
            -head.eye_tilt
        );
        pen.placed(&turn, |pen| eye(pen, sitter, (gaze.0 * side, gaze.1), side));
        brow(pen, sitter, side);
    }
}

/// How far the lids are open, from 0 to 1.
fn openness(sitter: &Sitter<'_>) -> f32 {
    let smiling = match sitter.when.smile {
        Smile::Open => 0.12,
        Smile::Soft => 0.04,
        Smile::Calm => 0.0,
    };
    let manly = if sitter.who.build == Build::Masculine {
        0.1
    } else {
        0.0
    };
    1.0 - smiling - manly - 0.12 * sitter.who.fold
}

/// The upper lid from the inner to the outer corner.
fn upper_lid(open: f32) -> [Point; 7] {
    [
        (-31.0, 5.5),
        (-25.0, -3.5 * open),
        (-14.0, -13.5 * open),
        (1.0, -17.8 * open),
        (15.0, -14.5 * open),
        (26.0, -6.5 * open),
        (32.5, 0.5),
    ]
}

/// The lower lid from the outer to the inner corner.
fn lower_lid(open: f32) -> [Point; 5] {
    [
        (28.0, 5.5),
        (16.0, 11.0 * open),
        (0.0, 13.2 * open),
        (-15.0, 11.0),
        (-26.0, 8.0),
    ]
}

fn eye(pen: &mut Pen, sitter: &Sitter<'_>, gaze: Point, side: f32) {
    let colours = &sitter.colours;
    let open = openness(sitter);
    let (upper, lower) = (upper_lid(open), lower_lid(open));
    pen.glow((0.0, -12.0), 52.0, 32.0, colours.skin_shade, 0.62);
    pen.glow((-30.0, -2.0), 20.0, 22.0, colours.skin_shade, 0.5);
    pen.glow((0.0, 19.0), 38.0, 12.0, colours.skin_shade, 0.3);

    let outline: Vec<Point> = upper.iter().chain(&lower).copied().collect();
    let outline = around(&outline);
    let white = pen.linear(
        (0.0, -18.0),
        (0.0, 13.0),
        &[
            (0.0, Colour::hex(0xc9bdbd), 1.0),
            (0.45, Colour::hex(0xf6f1ee), 1.0),
            (1.0, Colour::hex(0xefe6e2), 1.0),
        ],
    );
    pen.fill(&outline, &white);
    pen.inside(&outline, |pen| {
        pen.glow((-31.0, 6.0), 8.0, 6.0, colours.blush, 0.9);
        iris(pen, colours.eyes, (gaze.0 + 0.5, gaze.1 - 1.6), side);
        let shadow = tapered(&upper.map(|(x, y)| (x, y + 3.0)), (5.0, 9.0, 4.0));
        pen.tint(&shadow, Colour::hex(0x30181c), 0.3);
    });
    lids(pen, sitter, &upper, &lower, open);
}

fn iris(pen: &mut Pen, colour: Colour, centre: Point, side: f32) {
    let radius = 15.4;
    let (x, y) = centre;
    let paint = pen.radial(
        (x, y + 2.5),
        radius,
        &[
            (0.0, colour.lighter(0.3), 1.0),
            (0.52, colour.lighter(0.08), 1.0),
            (0.82, colour, 1.0),
            (1.0, colour.darker(0.62), 1.0),
        ],
    );
    pen.ellipse(centre, radius, radius, &paint, 1.0);
    for step in 0..22 {
        let angle = step as f32 * std::f32::consts::TAU / 22.0 + 0.1;
        let (sin, cos) = angle.sin_cos();
        let ray = through(&[
            (x + cos * 6.5, y + sin * 6.5),
            (x + cos * 12.8, y + sin * 12.8),
        ]);
        let tone = if step % 2 == 0 {
            colour.lighter(0.45)
        } else {
            colour.darker(0.4)
        };
        pen.stroke(&ray, tone, 0.9, 0.28);
    }
    pen.glow((x, y + 9.0), 11.0, 7.0, colour.lighter(0.6), 0.6);
    pen.ellipse(centre, 6.9, 6.9, "#140d10", 1.0);
    // The light comes from the left in both eyes, though one of them is drawn mirrored.
    pen.ellipse((x - side * 5.2, y - 5.6), 4.3, 4.7, "#ffffff", 0.95);
    pen.ellipse((x + side * 5.6, y + 5.6), 2.1, 2.1, "#ffffff", 0.6);
}

fn lids(pen: &mut Pen, sitter: &Sitter<'_>, upper: &[Point], lower: &[Point], open: f32) {
    let colours = &sitter.colours;
    let lash = Colour::hex(0x241416).mix(sitter.who.hair, 0.18);
    let soft = sitter.who.build != Build::Masculine;
    let weight = if soft { 1.0 } else { 0.62 };
    let mut line = upper.to_vec();
    if soft {
        line.push((38.0, -4.5));
    }
    pen.fill(
        &tapered(&line, (1.2, 5.4 * weight, if soft { 1.0 } else { 2.2 })),
        &lash.to_string(),
    );
    if soft {
        for (x, y, dx, dy) in [
            (22.0, -10.0, 6.5, -5.0),
            (27.5, -5.5, 7.5, -4.5),
            (32.0, -1.0, 8.0, -3.6),
        ] {
            let start = (x, y * open);
            let end = (x + dx, y * open + dy);
            let bend = (x + dx * 0.65, y * open + dy * 0.35);
            pen.fill(
                &tapered(&[start, bend, end], (2.6, 1.8, 0.3)),
                &lash.to_string(),
            );
        }
    }
    let crease_lift = 7.5 - 3.6 * sitter.who.fold;
    let crease: Vec<Point> = upper
        .iter()
        .skip(1)
        .map(|(x, y)| (x * 1.02, y - crease_lift + x.abs() * 0.06))
        .collect();
    pen.fill(
        &tapered(&crease, (0.5, 2.1, 0.8)),
        &colours.skin_deep.to_string(),
    );
    let below: Vec<Point> = lower.iter().map(|(x, y)| (*x, y + 0.6)).collect();
    pen.stroke(&through(&below), colours.skin_deep, 1.3, 0.55);
    pen.stroke(
        &through(&[(22.0, 9.0), (10.0, 13.6), (-4.0, 14.6)]),
        colours.skin_light,
        2.2,
        0.35,
    );
}

fn brow(pen: &mut Pen, sitter: &Sitter<'_>, side: f32) {
    let head = &sitter.head;
    let y = head.brow_y
        - if sitter.when.smile == Smile::Open {
            3.0
        } else {
            0.0
        };
    let dice = sitter.who.dice.and("brow");
    let arch = dice.between("arch", 4.0, 11.0)
        * if sitter.who.build == Build::Masculine {
            0.55
        } else {
            1.0
        };
    let at = |dx: f32, dy: f32| (AXIS + side * (head.eye_dx + dx), y + dy);
    let line = [
        at(-36.0, 6.0),
        at(-32.0, 3.5),
        at(-16.0, -arch * 0.35),
        at(6.0, -arch * 0.95),
        at(25.0, -arch * 0.7),
        at(45.0, 7.0),
    ];
    let dark = sitter.who.hair.brightness() < 0.35;
    let colour = sitter
        .colours
        .hair
        .mix(Colour::hex(0x2e1c1a), if dark { 0.25 } else { 0.48 });
    let weight = head.brow_weight;
    pen.tint(
        &tapered(&line, (4.5 * weight, 9.6 * weight, 1.0)),
        colour,
        0.8,
    );
    for step in 0..9 {
        let place = step as f32 / 9.0;
        let x = -30.0 + place * 62.0;
        let rise = -arch * (1.0 - ((place - 0.55) / 0.6).powi(2)).max(-0.6);
        let start = at(x, rise + 3.5 * weight);
        let end = at(x + 7.0, rise - 4.5 * weight * (1.0 - place * 0.6));
        pen.stroke(&through(&[start, end]), colour.darker(0.25), 1.3, 0.4);
    }
    pen.glow(
        at(4.0, 13.0),
        34.0,
        7.0,
        WHITE.mix(sitter.colours.skin_light, 0.7),
        0.28,
    );
}
