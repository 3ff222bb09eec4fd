//! Rooms: the studio, cafés, libraries, homes.

use super::Scenery;
use crate::portrait::Portrait;
use crate::portrait::colour::Colour;
use crate::portrait::pen::{around, tapered, through};

/// A plain wall in soft light, in a colour that suits the person.
pub(super) fn studio(scenery: &mut Scenery<'_>, portrait: &Portrait) {
    let walls = [0xd8cfc6, 0xc4cfcf, 0xd4c4bc, 0xc6ccbc, 0xccc6d4, 0xe0d2bc];
    let wall = Colour::hex(portrait.character.dice.pick("wall", &walls, 0xd8cfc6));
    let (width, height) = (scenery.width, scenery.height);
    let paint = scenery.pen.linear(
        (0.0, 0.0),
        (width, height),
        &[
            (0.0, wall.lighter(0.42), 1.0),
            (0.5, wall, 1.0),
            (1.0, wall.darker(0.24), 1.0),
        ],
    );
    scenery.pen.rect((0.0, 0.0), width, height, &paint);
    let halo = scenery.at(0.46, 0.4);
    scenery
        .pen
        .glow(halo, height * 0.62, height * 0.58, wall.lighter(0.75), 0.85);
    let brush = scenery.dice;
    for index in 0..9 {
        let dice = brush.and(&format!("brush {index}"));
        let (x, y) = (dice.between("x", -0.1, 0.9), dice.between("y", 0.0, 1.0));
        let line = [
            scenery.at(x, y),
            scenery.at(x + 0.2, y - 0.05),
            scenery.at(x + 0.45, y - 0.02),
        ];
        let tone = if dice.roll("tone") < 0.5 {
            wall.lighter(0.5)
        } else {
            wall.darker(0.12)
        };
        let broad = scenery.unit(dice.between("broad", 0.04, 0.14));
        scenery.pen.tint(
            &tapered(&line, (broad * 0.3, broad, broad * 0.2)),
            tone,
            0.14,
        );
    }
}

/// A window with what is outside, from shares of the picture.
fn window(scenery: &mut Scenery<'_>, x: f32, wide: f32, panes: u8) {
    let when = scenery.when;
    let (top, bottom) = match (when.night, when.golden, when.rain, when.snow) {
        (true, ..) => (0x1c244c, 0x4c406c),
        (_, true, ..) => (0xf4c898, 0xffe4b8),
        (_, _, true, _) => (0x98a8b4, 0xc4d0d4),
        (_, _, _, true) => (0xd0dce8, 0xf4f8fa),
        _ => (0xcce4f0, 0xf8f6e4),
    };
    let corner = scenery.at(x, 0.06);
    let (width, height) = (scenery.unit(wide), scenery.unit(0.62));
    let frame = Colour::hex(0xf2e8da).mix(Colour::hex(top), if when.night { 0.4 } else { 0.1 });
    scenery.pen.rect(
        (corner.0 - width * 0.05, corner.1 - width * 0.05),
        width * 1.1,
        height + width * 0.1,
        &frame.to_string(),
    );
    let paint = scenery.pen.linear(
        corner,
        (corner.0, corner.1 + height),
        &[
            (0.0, Colour::hex(top), 1.0),
            (1.0, Colour::hex(bottom), 1.0),
        ],
    );
    scenery.pen.rect(corner, width, height, &paint);
    for index in 0..16 {
        let dice = scenery.dice.and(&format!("outside {x} {index}"));
        let centre = (
            corner.0 + width * dice.between("x", 0.08, 0.92),
            corner.1 + height * dice.between("y", 0.5, 0.95),
        );
        let radius = scenery.unit(dice.between("r", 0.012, 0.04));
        let rgb = if when.night {
            dice.pick("colour", &[0xffc878, 0xff9870, 0x90a8f0], 0xffc878)
        } else {
            dice.pick("colour", &[0xa8c088, 0x90b084, 0xd8e0b0], 0xa8c088)
        };
        scenery
            .pen
            .glow(centre, radius * 1.4, radius * 1.4, Colour::hex(rgb), 0.7);
    }
    for pane in 1..panes {
        let bar = corner.0 + width * f32::from(pane) / f32::from(panes) - width * 0.015;
        scenery
            .pen
            .rect((bar, corner.1), width * 0.03, height, &frame.to_string());
    }
    scenery.pen.rect(
        (corner.0, corner.1 + height * 0.42),
        width,
        width * 0.03,
        &frame.to_string(),
    );
}

/// A hanging lamp with its light.
fn lamp(scenery: &mut Scenery<'_>, x: f32, y: f32) {
    let (top, end) = (scenery.at(x, -0.02), scenery.at(x, y));
    scenery.pen.stroke(
        &through(&[top, end]),
        Colour::hex(0x302420),
        scenery.height * 0.004,
        0.8,
    );
    scenery.light(x, y + 0.03, 0.26, 0xffc878, 0.6);
    let size = scenery.unit(0.05);
    let shade = around(&[
        (end.0 - size * 0.4, end.1),
        (end.0 + size * 0.4, end.1),
        (end.0 + size, end.1 + size),
        (end.0 - size, end.1 + size),
    ]);
    scenery.pen.fill(&shade, "#4a382e");
    scenery.light(x, y + 0.055, 0.035, 0xfff4d0, 1.0);
}

/// Warm wood, lamps, a window to the street.
pub(super) fn cafe(scenery: &mut Scenery<'_>) {
    let night = scenery.when.night;
    let stops = if night {
        [(0.0, 0x382620), (0.6, 0x6c4834), (1.0, 0x2c1e1a)]
    } else {
        [(0.0, 0x8c6850), (0.6, 0xb88c68), (1.0, 0x6c4c3a)]
    };
    scenery.fill(&stops);
    window(scenery, 0.03, 0.36, 2);
    let (shelf, board) = (Colour::hex(0x5a3e30), Colour::hex(0x442e26));
    for row in 0..3 {
        let y = 0.2 + 0.16 * row as f32;
        let corner = scenery.at(0.66, y);
        let (width, high) = (scenery.width * 0.4, scenery.unit(0.016));
        scenery
            .pen
            .rect((corner.0, corner.1), width, high, &board.to_string());
        for index in 0..9 {
            let dice = scenery.dice.and(&format!("jar {row} {index}"));
            let tall = scenery.unit(dice.between("tall", 0.03, 0.09));
            let wide = scenery.unit(dice.between("wide", 0.016, 0.032));
            let x = corner.0 + width * (0.04 + 0.11 * index as f32);
            let tone = Colour::hex(dice.pick(
                "tone",
                &[0xd8b890, 0x8ca090, 0xe8dcc8, 0xa86048, 0x705850],
                0xd8b890,
            ))
            .mix(shelf, 0.25);
            scenery
                .pen
                .rect((x, corner.1 - tall), wide, tall, &tone.to_string());
        }
    }
    let counter = Colour::hex(0x5a3c2c);
    scenery.band(0.8, 1.0, counter.lighter(0.12), counter.darker(0.3));
    for x in [0.3, 0.62, 0.88] {
        lamp(scenery, x, 0.06 + 0.05 * x);
    }
    scenery.bokeh(
        24,
        (0.08, 0.75),
        (0.012, 0.04),
        &[0xffd890, 0xffc070, 0xfff0d0],
    );
}

/// Shelves of books in warm light.
pub(super) fn library(scenery: &mut Scenery<'_>) {
    let night = scenery.when.night;
    scenery.fill(&[(0.0, 0x50382c), (0.5, 0x70503c), (1.0, 0x382822)]);
    let spines = [
        0x9c4c40, 0x4c6870, 0xc09c60, 0x5c7050, 0x805468, 0xd8c4a0, 0x445070, 0xa87048,
    ];
    for row in 0..6 {
        let (top, bottom) = (-0.03 + 0.18 * row as f32, 0.125 + 0.18 * row as f32);
        let mut x = -0.01;
        let mut index = 0;
        while x < 1.02 {
            let dice = scenery.dice.and(&format!("book {row} {index}"));
            let wide = dice.between("wide", 0.014, 0.034) * scenery.height / scenery.width;
            let head = top + dice.between("head", 0.012, 0.055);
            let corner = scenery.at(x, head);
            let (width, high) = (scenery.width * wide, scenery.height * (bottom - head));
            let spine =
                Colour::hex(dice.pick("spine", &spines, 0x9c4c40)).mix(Colour::hex(0x4a3428), 0.25);
            let paint = scenery.pen.linear(
                corner,
                (corner.0 + width, corner.1),
                &[
                    (0.0, spine.darker(0.2), 1.0),
                    (0.35, spine.lighter(0.12), 1.0),
                    (1.0, spine.darker(0.35), 1.0),
                ],
            );
            scenery.pen.rect(corner, width * 0.96, high, &paint);
            let band = (corner.0, corner.1 + high * dice.between("band", 0.15, 0.3));
            scenery.pen.rect(band, width * 0.96, high * 0.04, "#e0c488");
            x += wide;
            index += 1;
        }
        let board = scenery.at(-0.02, bottom);
        let (width, high) = (scenery.width * 1.04, scenery.unit(0.026));
        let wood = Colour::hex(0x6c4834);
        let paint = scenery.pen.linear(
            board,
            (board.0, board.1 + high),
            &[(0.0, wood.lighter(0.18), 1.0), (1.0, wood.darker(0.4), 1.0)],
        );
        scenery.pen.rect(board, width, high, &paint);
    }
    scenery.light(0.16, 0.2, 0.7, 0xffd088, if night { 0.45 } else { 0.62 });
    scenery.light(0.9, 0.12, 0.4, 0xffc880, 0.35);
    scenery.bokeh(12, (0.05, 0.6), (0.012, 0.035), &[0xffe0a8, 0xffd090]);
}

/// A room with a window, a plant and a shelf.
pub(super) fn home(scenery: &mut Scenery<'_>) {
    let night = scenery.when.night;
    let stops = if night {
        [(0.0, 0x544854), (0.6, 0x806860), (1.0, 0x44383c)]
    } else {
        [(0.0, 0xeee4d6), (0.6, 0xe4d4c0), (1.0, 0xbca48e)]
    };
    scenery.fill(&stops);
    window(scenery, 0.04, 0.4, 2);
    let curtain = Colour::hex(if night { 0x8c7c78 } else { 0xf6f0e8 });
    for index in 0..5 {
        let x = 0.0 + 0.014 * index as f32;
        let line = [
            scenery.at(x, -0.02),
            scenery.at(x + 0.012, 0.4),
            scenery.at(x - 0.006, 0.95),
        ];
        let width = scenery.unit(0.03);
        scenery.pen.tint(
            &tapered(&line, (width, width, width * 1.4)),
            if index % 2 == 0 {
                curtain
            } else {
                curtain.darker(0.12)
            },
            0.9,
        );
    }
    picture_frame(scenery);
    let sofa = Colour::hex(0x8c9c94).mix(Colour::hex(0x3a3440), if night { 0.45 } else { 0.0 });
    let back = [
        scenery.at(-0.1, 0.82),
        scenery.at(0.2, 0.78),
        scenery.at(0.8, 0.78),
        scenery.at(1.1, 0.82),
        scenery.at(1.1, 1.1),
        scenery.at(-0.1, 1.1),
    ];
    let paint = scenery.pen.linear(
        scenery.at(0.0, 0.78),
        scenery.at(0.0, 1.0),
        &[(0.0, sofa.lighter(0.2), 1.0), (1.0, sofa.darker(0.25), 1.0)],
    );
    scenery.pen.fill(&around(&back), &paint);
    plant(scenery, night);
    scenery.light(
        0.14,
        0.25,
        0.6,
        if night { 0xffb870 } else { 0xfffae8 },
        0.5,
    );
}

fn picture_frame(scenery: &mut Scenery<'_>) {
    let corner = scenery.at(0.7, 0.12);
    let (width, high) = (scenery.unit(0.17), scenery.unit(0.22));
    scenery.pen.rect(corner, width, high, "#a88a68");
    let inner = (corner.0 + width * 0.07, corner.1 + width * 0.07);
    let paint = scenery.pen.linear(
        inner,
        (inner.0, inner.1 + high),
        &[
            (0.0, Colour::hex(0xe8d8c0), 1.0),
            (0.6, Colour::hex(0xc0a898), 1.0),
            (1.0, Colour::hex(0x7c8880), 1.0),
        ],
    );
    scenery
        .pen
        .rect(inner, width * 0.86, high - width * 0.14, &paint);
}

fn plant(scenery: &mut Scenery<'_>, night: bool) {
    for index in 0..17 {
        let dice = scenery.dice.and(&format!("frond {index}"));
        let lean = dice.between("lean", -0.13, 0.13);
        let high = dice.between("high", 0.14, 0.36);
        let stretch = scenery.height / scenery.width;
        let line = [
            scenery.at(0.92, 0.84),
            scenery.at(0.92 + lean * 0.4 * stretch, 0.84 - high * 0.7),
            scenery.at(0.92 + lean * stretch, 0.84 - high),
        ];
        let green = Colour::hex(dice.pick("green", &[0x5c8058, 0x749864, 0x486c50], 0x5c8058));
        let green = if night { green.darker(0.45) } else { green };
        let broad = scenery.unit(0.034);
        scenery
            .pen
            .tint(&tapered(&line, (2.0, broad, 1.0)), green, 0.95);
    }
    let pot = [
        scenery.at(0.88, 0.83),
        scenery.at(0.96, 0.83),
        scenery.at(0.95, 0.96),
        scenery.at(0.89, 0.96),
    ];
    scenery.pen.fill(&around(&pot), "#b87a5c");
}
