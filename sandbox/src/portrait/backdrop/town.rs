//! Streets and skylines.

use super::Scenery;
use crate::portrait::colour::Colour;
use crate::portrait::pen::tapered;

/// A row of houses between `base` and a varying height.
fn houses(
    scenery: &mut Scenery<'_>,
    name: &str,
    base: f32,
    heights: (f32, f32),
    colour: Colour,
    lit: (f32, u32),
) {
    let mut x = -0.03;
    let mut index = 0;
    while x < 1.03 {
        let dice = scenery.dice.and(&format!("{name} {index}"));
        let wide = dice.between("wide", 0.07, 0.16) * scenery.height / scenery.width;
        let top = base - dice.between("high", heights.0, heights.1);
        let corner = scenery.at(x, top);
        let (width, height) = (scenery.width * wide, scenery.height * (1.1 - top));
        let wall = colour.mix(Colour::hex(0xfff0e0), dice.between("tone", 0.0, 0.12));
        let paint = scenery.pen.linear(
            corner,
            (corner.0, corner.1 + height),
            &[(0.0, wall, 1.0), (1.0, wall.darker(0.3), 1.0)],
        );
        scenery.pen.rect(corner, width + 1.0, height, &paint);
        let (columns, rows) = (4_u8, 14_u8);
        for column in 0..columns {
            for row in 0..rows {
                let dice = dice.and(&format!("window {column} {row}"));
                let tone = if dice.chance("lit", lit.0) {
                    Colour::hex(lit.1).mix(Colour::hex(0xff8a50), dice.roll("warm") * 0.5)
                } else {
                    wall.darker(0.24)
                };
                let left = corner.0 + width * (0.12 + 0.22 * f32::from(column));
                let y = corner.1 + scenery.height * (0.02 + 0.042 * f32::from(row));
                let (wide, high) = (width * 0.12, scenery.height * 0.02);
                scenery.pen.rect((left, y), wide, high, &tone.to_string());
            }
        }
        x += wide;
        index += 1;
    }
}

/// A street in daylight.
pub(super) fn day(scenery: &mut Scenery<'_>) {
    let when = scenery.when;
    let stops = match (when.golden, when.rain, when.snow) {
        (true, ..) => [(0.0, 0x8ca0cc), (0.35, 0xf4bc98), (1.0, 0xffe0b0)],
        (_, true, _) => [(0.0, 0x8490a0), (0.35, 0xa8b2bc), (1.0, 0xc4c8cc)],
        (_, _, true) => [(0.0, 0xc0ccdc), (0.35, 0xdce4ec), (1.0, 0xf0f2f4)],
        _ => [(0.0, 0x8cbce4), (0.35, 0xc8e0f0), (1.0, 0xf6eee0)],
    };
    scenery.fill(&stops);
    scenery.clouds(4, 0xffffff, 0.5);
    let haze = Colour::hex(stops[1].1);
    houses(
        scenery,
        "far",
        0.62,
        (0.16, 0.42),
        Colour::hex(0xa8a8b8).mix(haze, 0.62),
        (0.1, 0xfff4dc),
    );
    houses(
        scenery,
        "middle",
        0.74,
        (0.1, 0.4),
        Colour::hex(0xc09c88).mix(haze, 0.34),
        (0.16, 0xffeec8),
    );
    scenery.light(0.2, 0.3, 0.6, 0xfff4d8, 0.4);
    let ground = Colour::hex(0x9c9490).mix(haze, 0.2);
    scenery.band(0.86, 1.0, ground, ground.darker(0.3));
    for index in 0..26 {
        let dice = scenery.dice.and(&format!("tree {index}"));
        let centre = scenery.at(dice.roll("x"), dice.between("y", 0.64, 0.86));
        let radius = scenery.unit(dice.between("r", 0.04, 0.08));
        let green = Colour::hex(if when.snow { 0xe4ecf0 } else { 0x7c9860 }).mix(haze, 0.2);
        scenery.pen.glow(centre, radius * 1.3, radius, green, 0.85);
    }
    scenery.bokeh(
        18,
        (0.5, 0.95),
        (0.01, 0.03),
        &[0xfff0d0, 0xffd0a0, 0xffffff],
    );
}

/// A city's lights after dark.
pub(super) fn night(scenery: &mut Scenery<'_>) {
    scenery.fill(&[
        (0.0, 0x0e122c),
        (0.4, 0x262658),
        (0.7, 0x5c3c6c),
        (1.0, 0x2c2038),
    ]);
    scenery.light(0.5, 0.68, 0.6, 0xe07870, 0.4);
    houses(
        scenery,
        "far",
        0.68,
        (0.16, 0.46),
        Colour::hex(0x343460),
        (0.3, 0xffd898),
    );
    houses(
        scenery,
        "near",
        0.82,
        (0.08, 0.44),
        Colour::hex(0x202040),
        (0.36, 0xffc880),
    );
    scenery.band(0.84, 1.0, Colour::hex(0x302440), Colour::hex(0x181424));
    for index in 0..22 {
        let dice = scenery.dice.and(&format!("gleam {index}"));
        let x = dice.roll("x");
        let line = [scenery.at(x, 0.84), scenery.at(x, 0.91), scenery.at(x, 1.0)];
        let colour = Colour::hex(dice.pick("colour", &[0xffc070, 0xff8090, 0x80b0ff], 0xffc070));
        let width = scenery.unit(0.02);
        scenery.pen.tint(
            &tapered(&line, (width * 0.3, width, width * 0.3)),
            colour,
            0.24,
        );
    }
    let lights = [0xffc870, 0xffa058, 0xff788c, 0x7cb4ff, 0xfff0c0, 0xa888f0];
    scenery.bokeh(44, (0.3, 0.98), (0.012, 0.045), &lights);
}
