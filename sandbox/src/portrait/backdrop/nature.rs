//! Sea, woods, mountains, lakes and gardens.

use super::Scenery;
use crate::portrait::colour::Colour;
use crate::portrait::pen::{around, tapered};

/// The sky by time and weather, top to bottom.
fn sky(scenery: &Scenery<'_>) -> [(f32, u32); 3] {
    let when = scenery.when;
    if when.night {
        return [(0.0, 0x121838), (0.4, 0x2a3466), (0.75, 0x5a5888)];
    }
    if when.golden {
        return [(0.0, 0x6d86b8), (0.4, 0xf0b494), (0.75, 0xffd99a)];
    }
    if when.rain {
        return [(0.0, 0x7b8998), (0.4, 0x9ca9b4), (0.75, 0xc0c8cc)];
    }
    if when.snow {
        return [(0.0, 0xb4c4d8), (0.4, 0xd4dee8), (0.75, 0xeef2f5)];
    }
    [(0.0, 0x7fb2de), (0.4, 0xb4d6ec), (0.75, 0xf2ead8)]
}

fn heavens(scenery: &mut Scenery<'_>) {
    let sky = sky(scenery);
    scenery.fill(&sky);
    let when = scenery.when;
    if when.night {
        for index in 0..70 {
            let dice = scenery.dice.and(&format!("star {index}"));
            let centre = scenery.at(dice.roll("x"), dice.roll("y") * 0.5);
            let radius = scenery.unit(0.0016 + 0.0022 * dice.roll("r"));
            scenery.pen.ellipse(
                centre,
                radius,
                radius,
                "#ffffff",
                dice.between("opacity", 0.4, 0.95),
            );
        }
        scenery.light(0.82, 0.14, 0.18, 0xdce4ff, 0.4);
        scenery.light(0.82, 0.14, 0.045, 0xfffdf0, 1.0);
    } else if when.golden {
        scenery.light(0.2, 0.5, 0.6, 0xffc478, 0.75);
        scenery.light(0.2, 0.5, 0.1, 0xfff6d4, 1.0);
        scenery.clouds(4, 0xffd0b0, 0.5);
    } else {
        scenery.light(0.1, 0.08, 0.6, 0xfff8e0, 0.5);
        scenery.clouds(if when.rain { 7 } else { 4 }, 0xffffff, 0.6);
    }
}

/// The light of the sky mixed into the colours of the land.
fn land(scenery: &Scenery<'_>, rgb: u32, far: f32) -> Colour {
    let [_, (_, haze), _] = sky(scenery);
    let when = scenery.when;
    let own = Colour::hex(rgb);
    let own = if when.night {
        own.mix(Colour::hex(0x101634), 0.66)
    } else {
        own
    };
    let own = if when.snow {
        own.mix(Colour::hex(0xeef2f8), 0.7)
    } else {
        own
    };
    own.mix(Colour::hex(haze), far)
}

/// Sea, sand and sky.
pub(super) fn beach(scenery: &mut Scenery<'_>) {
    heavens(scenery);
    let coast = land(scenery, 0x5c7c6e, 0.6);
    scenery.ridge("coast", 0.47, 0.07, 7, (coast, coast));
    let (far, near) = (land(scenery, 0x3f8fb4, 0.35), land(scenery, 0x3aa0b4, 0.05));
    scenery.band(0.46, 0.74, far, near);
    for index in 0..46 {
        let dice = scenery.dice.and(&format!("glint {index}"));
        let y = 0.47 + 0.25 * dice.roll("y").powi(2);
        let long = 0.01 + (y - 0.45) * 0.3;
        let x = dice.roll("x");
        let line = [
            scenery.at(x - long, y),
            scenery.at(x, y + 0.002),
            scenery.at(x + long, y),
        ];
        let tone = Colour::hex(if scenery.when.golden {
            0xffe2b0
        } else {
            0xf4fbff
        });
        let width = scenery.unit(0.003 + (y - 0.46) * 0.018);
        scenery
            .pen
            .tint(&tapered(&line, (0.3, width, 0.3)), tone, 0.5);
    }
    let sand = land(scenery, 0xe6cfa6, 0.05);
    let edge = [
        scenery.at(-0.1, 0.73),
        scenery.at(0.25, 0.7),
        scenery.at(0.6, 0.745),
        scenery.at(1.1, 0.69),
        scenery.at(1.1, 1.1),
        scenery.at(-0.1, 1.1),
    ];
    let foam = edge.map(|(x, y)| (x, y - scenery.height * 0.012));
    scenery
        .pen
        .tint(&around(&foam), Colour::hex(0xffffff), 0.75);
    let paint = scenery.pen.linear(
        (0.0, scenery.height * 0.7),
        (0.0, scenery.height),
        &[
            (0.0, sand.darker(0.12), 1.0),
            (0.2, sand, 1.0),
            (1.0, sand.darker(0.2), 1.0),
        ],
    );
    scenery.pen.fill(&around(&edge), &paint);
}

/// Tall trunks in the mist.
pub(super) fn forest(scenery: &mut Scenery<'_>) {
    let when = scenery.when;
    let (top, low) = match (when.night, when.golden, when.snow) {
        (true, ..) => (0x16222e, 0x354850),
        (_, true, _) => (0x8a7a40, 0xf0d080),
        (_, _, true) => (0xb4c0cc, 0xe8eef2),
        _ => (0x5f8054, 0xd4e0a4),
    };
    scenery.fill(&[(0.0, top), (0.55, low), (1.0, top)]);
    scenery.light(
        0.22,
        0.22,
        0.75,
        0xfff8c8,
        if when.night { 0.18 } else { 0.75 },
    );
    for (layer, (count, far)) in [(13, 0.62), (9, 0.36), (6, 0.08)].into_iter().enumerate() {
        for index in 0..count {
            let dice = scenery.dice.and(&format!("trunk {layer} {index}"));
            let x = (index as f32 + dice.roll("x")) / count as f32;
            let width =
                scenery.unit(0.016 + 0.026 * layer as f32) * dice.between("width", 0.7, 1.3);
            let bark = Colour::hex(0x4a3c34).mix(Colour::hex(low), far);
            let bark = if when.night { bark.darker(0.4) } else { bark };
            let lean = dice.between("lean", -0.02, 0.02);
            let line = [
                scenery.at(x, -0.05),
                scenery.at(x + lean, 0.5),
                scenery.at(x + lean * 0.5, 1.05),
            ];
            scenery.pen.fill(
                &tapered(&line, (width * 0.8, width, width * 1.3)),
                &bark.to_string(),
            );
        }
        foliage(scenery, layer, far, low);
    }
    for index in 0..5 {
        let x = 0.02 + index as f32 * 0.13;
        let ray = [
            scenery.at(x, -0.1),
            scenery.at(x + 0.16, 0.5),
            scenery.at(x + 0.34, 1.1),
        ];
        let width = scenery.unit(0.05);
        scenery.pen.tint(
            &tapered(&ray, (width * 0.4, width, width * 1.8)),
            Colour::hex(0xfff8cc),
            if when.night { 0.03 } else { 0.11 },
        );
    }
    let lights: &[u32] = if when.night {
        &[0xffe090]
    } else {
        &[0xfffbd0, 0xe8f4a8]
    };
    scenery.bokeh(22, (0.02, 0.85), (0.008, 0.03), lights);
}

fn foliage(scenery: &mut Scenery<'_>, layer: usize, far: f32, low: u32) {
    let when = scenery.when;
    let greens: &[u32] = match (when.snow, when.golden) {
        (true, _) => &[0xf2f6fa, 0xdce6ee, 0x7c9086],
        (_, true) => &[0xc08a3c, 0xa89448, 0xd06c38],
        _ => &[0x5c8648, 0x7ca054, 0x487044],
    };
    for index in 0..38 {
        let dice = scenery.dice.and(&format!("leaf {layer} {index}"));
        let low_leaf = dice.roll("low") < 0.36;
        let y = if low_leaf {
            dice.between("y", 0.72, 1.02)
        } else {
            dice.between("y", -0.05, 0.26)
        };
        let centre = scenery.at(dice.roll("x"), y);
        let radius = scenery.unit(dice.between("r", 0.03, 0.1));
        let green = Colour::hex(dice.pick("green", greens, 0x5c8648)).mix(Colour::hex(low), far);
        let green = if when.night { green.darker(0.6) } else { green };
        scenery.pen.glow(centre, radius * 1.4, radius, green, 0.95);
    }
}

/// Ridges, one behind another.
pub(super) fn mountain(scenery: &mut Scenery<'_>) {
    heavens(scenery);
    let when_snow_lies = land(scenery, 0xf4f6fa, 0.12);
    let ridges = [
        ("far", 0.5, 0.3, 5, 0x7c8cb0, 0.55),
        ("middle", 0.6, 0.24, 7, 0x627a94, 0.3),
        ("near", 0.72, 0.16, 6, 0x547668, 0.12),
        ("front", 0.86, 0.1, 8, 0x4a6a48, 0.0),
    ];
    for (name, level, height, peaks, rgb, far) in ridges {
        let top = land(scenery, rgb, far);
        let bottom = top.mix(
            Colour::hex(0xf4f0ea),
            if scenery.when.night { 0.08 } else { 0.4 },
        );
        if height > 0.2 {
            scenery.crags(name, (level, height), peaks, (top, bottom), when_snow_lies);
        } else {
            scenery.ridge(name, level, height, peaks, (top, bottom));
        }
        if name == "far" {
            scenery.light(
                0.5,
                0.45,
                0.5,
                0xffffff,
                if scenery.when.night { 0.05 } else { 0.3 },
            );
        }
    }
}

/// Still water between hills.
pub(super) fn lake(scenery: &mut Scenery<'_>) {
    heavens(scenery);
    let far = land(scenery, 0x7088a0, 0.5);
    scenery.ridge("far", 0.5, 0.18, 6, (far, far));
    let near = land(scenery, 0x507458, 0.22);
    scenery.ridge("near", 0.54, 0.09, 9, (near, near));
    let [(_, high), (_, middle), (_, low)] = sky(scenery);
    scenery.band(
        0.53,
        1.0,
        Colour::hex(low).mix(near, 0.35),
        Colour::hex(high).mix(Colour::hex(middle), 0.3).darker(0.22),
    );
    for index in 0..60 {
        let dice = scenery.dice.and(&format!("ripple {index}"));
        let y = 0.54 + 0.46 * dice.roll("y").powf(1.4);
        let (x, long) = (dice.roll("x"), 0.03 + (y - 0.5) * 0.35);
        let line = [
            scenery.at(x - long, y),
            scenery.at(x, y + 0.003),
            scenery.at(x + long, y),
        ];
        let width = scenery.unit(0.002 + (y - 0.53) * 0.02);
        let tone = if dice.roll("tone") < 0.5 {
            Colour::hex(low)
        } else {
            near
        };
        scenery
            .pen
            .tint(&tapered(&line, (0.3, width, 0.3)), tone, 0.4);
    }
    scenery.light(
        0.2,
        0.62,
        0.25,
        0xfff0d0,
        if scenery.when.night { 0.12 } else { 0.5 },
    );
}

/// Leaves, blossoms, and light between them.
pub(super) fn garden(scenery: &mut Scenery<'_>) {
    let night = scenery.when.night;
    let stops = match (night, scenery.when.golden) {
        (true, _) => [(0.0, 0x18243c), (0.5, 0x2c4448), (1.0, 0x1c302c)],
        (_, true) => [(0.0, 0xf4cc98), (0.5, 0xd8c47c), (1.0, 0x7c8c4c)],
        _ => [(0.0, 0xd4e8ec), (0.45, 0xc4dca4), (1.0, 0x6c9458)],
    };
    scenery.fill(&stops);
    scenery.light(0.15, 0.1, 0.7, 0xfffadc, if night { 0.1 } else { 0.8 });
    for layer in 0..3 {
        for index in 0..46 {
            let dice = scenery.dice.and(&format!("bush {layer} {index}"));
            let y = 0.34 + 0.22 * layer as f32 + dice.between("y", -0.08, 0.18);
            let centre = scenery.at(dice.roll("x"), y);
            let radius = scenery.unit(dice.between("r", 0.03, 0.085));
            let green = Colour::hex(dice.pick(
                "green",
                &[0x6c9854, 0x88b064, 0x548454, 0x9cbc6c],
                0x6c9854,
            ));
            let green = green.mix(Colour::hex(0xe0ecc8), 0.4 - 0.18 * layer as f32);
            let green = if night { green.darker(0.66) } else { green };
            scenery.pen.glow(centre, radius * 1.3, radius, green, 0.95);
        }
        for index in 0..24 {
            let dice = scenery.dice.and(&format!("bloom {layer} {index}"));
            let y = 0.4 + 0.22 * layer as f32 + dice.between("y", -0.1, 0.16);
            let centre = scenery.at(dice.roll("x"), y);
            let radius = scenery.unit(dice.between("r", 0.006, 0.013) * (1.0 + 0.5 * layer as f32));
            let bloom = Colour::hex(dice.pick(
                "bloom",
                &[0xf4a4b4, 0xfff4ec, 0xf0c470, 0xd8a0d0, 0xf48884],
                0xfff4ec,
            ));
            let bloom = if night { bloom.darker(0.4) } else { bloom };
            for petal in 0..5 {
                let angle = petal as f32 / 5.0 * std::f32::consts::TAU;
                let at = (
                    centre.0 + angle.cos() * radius,
                    centre.1 + angle.sin() * radius,
                );
                scenery
                    .pen
                    .ellipse(at, radius * 0.85, radius * 0.85, &bloom.to_string(), 0.9);
            }
            scenery
                .pen
                .ellipse(centre, radius * 0.6, radius * 0.6, "#f6d878", 0.9);
        }
    }
    let lights: &[u32] = if night {
        &[0xffd888, 0xffc070]
    } else {
        &[0xffffe4, 0xf0fac0]
    };
    scenery.bokeh(22, (0.02, 0.7), (0.01, 0.035), lights);
}
