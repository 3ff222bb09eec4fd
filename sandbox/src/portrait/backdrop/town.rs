//! Streets and skylines.

use super::Scenery;
use crate::portrait::colour::Colour;
use crate::portrait::pen::tapered;

/// A row of houses between `base` and a varying height.
fn houses(scenery: &mut Scenery<'_>, name: &str, base: f32, heights: (f32, f32), colour: Colour, lit: (f32, u32)) {
    let mut x = -0.03;
    let mut index = 0;
    while x < 1.03 {
        let dice = scenery.dice.and(&format!("{name} {index}"));
        let wide = dice.between("wide", 0.07, 0.16) * scenery.height / scenery.width;
        let top = base - dice.between("high", heights.0, heights.1);
        let corner = scenery.at(x, top);
        let (width, height) = (scenery.width * wide, scenery.height * (1.1 - top));
        let wall = colour.mix(Colour::hex(0xff_f0_e0), dice.between("tone", 0.0, 0.12));
        let paint = scenery.pen.linear(corner, (corner.0, corner.1 + height), &[(0.0, wall, 1.0), (1.0, wall.darker(0.3), 1.0)]);
        scenery.pen.rect(corner, width + 1.0, height, &paint);
        let (columns, rows) = (4_u8, 14_u8);
        for column in 0..columns {
            for row in 0..rows {
                let dice = dice.and(&format!("window {column} {row}"));
                let tone = if dice.chance("lit", lit.0) { Colour::hex(lit.1).mix(Colour::hex(0xff_8a_50), dice.roll("warm") * 0.5) } else { wall.darker(0.24) };
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
        (true, ..) => [(0.0, 0x8c_a0_cc), (0.35, 0xf4_bc_98), (1.0, 0xff_e0_b0)],
        (_, true, _) => [(0.0, 0x84_90_a0), (0.35, 0xa8_b2_bc), (1.0, 0xc4_c8_cc)],
        (_, _, true) => [(0.0, 0xc0_cc_dc), (0.35, 0xdc_e4_ec), (1.0, 0xf0_f2_f4)],
        _ => [(0.0, 0x8c_bc_e4), (0.35, 0xc8_e0_f0), (1.0, 0xf6_ee_e0)],
    };
    scenery.fill(&stops);
    scenery.clouds(4, 0xff_ff_ff, 0.5);
    let haze = Colour::hex(stops[1].1);
    houses(scenery, "far", 0.62, (0.16, 0.42), Colour::hex(0xa8_a8_b8).mix(haze, 0.62), (0.1, 0xff_f4_dc));
    houses(scenery, "middle", 0.74, (0.1, 0.4), Colour::hex(0xc0_9c_88).mix(haze, 0.34), (0.16, 0xff_ee_c8));
    scenery.light(0.2, 0.3, 0.6, 0xff_f4_d8, 0.4);
    let ground = Colour::hex(0x9c_94_90).mix(haze, 0.2);
    scenery.band(0.86, 1.0, ground, ground.darker(0.3));
    for index in 0..26 {
        let dice = scenery.dice.and(&format!("tree {index}"));
        let centre = scenery.at(dice.roll("x"), dice.between("y", 0.64, 0.86));
        let radius = scenery.unit(dice.between("r", 0.04, 0.08));
        let green = Colour::hex(if when.snow { 0xe4_ec_f0 } else { 0x7c_98_60 }).mix(haze, 0.2);
        scenery.pen.glow(centre, radius * 1.3, radius, green, 0.85);
    }
    scenery.bokeh(18, (0.5, 0.95), (0.01, 0.03), &[0xff_f0_d0, 0xff_d0_a0, 0xff_ff_ff]);
}

/// A city's lights after dark.
pub(super) fn night(scenery: &mut Scenery<'_>) {
    scenery.fill(&[(0.0, 0x0e_12_2c), (0.4, 0x26_26_58), (0.7, 0x5c_3c_6c), (1.0, 0x2c_20_38)]);
    scenery.light(0.5, 0.68, 0.6, 0xe0_78_70, 0.4);
    houses(scenery, "far", 0.68, (0.16, 0.46), Colour::hex(0x34_34_60), (0.3, 0xff_d8_98));
    houses(scenery, "near", 0.82, (0.08, 0.44), Colour::hex(0x20_20_40), (0.36, 0xff_c8_80));
    scenery.band(0.84, 1.0, Colour::hex(0x30_24_40), Colour::hex(0x18_14_24));
    for index in 0..22 {
        let dice = scenery.dice.and(&format!("gleam {index}"));
        let x = dice.roll("x");
        let line = [scenery.at(x, 0.84), scenery.at(x, 0.91), scenery.at(x, 1.0)];
        let colour = Colour::hex(dice.pick("colour", &[0xff_c0_70, 0xff_80_90, 0x80_b0_ff], 0xff_c0_70));
        let width = scenery.unit(0.02);
        scenery.pen.tint(&tapered(&line, (width * 0.3, width, width * 0.3)), colour, 0.24);
    }
    let lights = [0xff_c8_70, 0xff_a0_58, 0xff_78_8c, 0x7c_b4_ff, 0xff_f0_c0, 0xa8_88_f0];
    scenery.bokeh(44, (0.3, 0.98), (0.012, 0.045), &lights);
}
