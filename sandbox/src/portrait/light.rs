//! The light of a place, and what it does to colours.

use super::colour::Colour;
use super::occasion::{Occasion, Place};

/// How a place lights a person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Light {
    /// Colours everything a little.
    ambient: Colour,
    strength: f32,
    /// Draws the edge that is turned to the light.
    pub(super) rim: Colour,
    /// From 0 to 1.
    pub(super) rim_strength: f32,
}

impl Light {
    /// The light of an occasion.
    pub(super) fn of(occasion: &Occasion) -> Self {
        let light = |ambient, strength, rim, rim_strength| Self {
            ambient: Colour::hex(ambient),
            strength,
            rim: Colour::hex(rim),
            rim_strength,
        };
        if occasion.night {
            return match occasion.inside() {
                true => light(0xe8_a0_60, 0.12, 0xff_cf_8f, 0.55),
                false => light(0x3a_3f_78, 0.17, 0xff_b4_78, 0.75),
            };
        }
        if occasion.golden {
            return light(0xff_a0_58, 0.13, 0xff_dc_9c, 0.85);
        }
        if occasion.rain || occasion.snow {
            return light(0x8a_a0_bc, 0.11, 0xe4_ee_f8, 0.5);
        }
        match occasion.place {
            Place::Beach => light(0xff_e2_b0, 0.07, 0xff_f4_d8, 0.7),
            Place::Cafe => light(0xe0_98_58, 0.09, 0xff_dd_a8, 0.6),
            Place::CityNight => light(0x3a_3f_78, 0.17, 0xff_b4_78, 0.75),
            Place::Forest => light(0x9a_b8_70, 0.08, 0xf4_ff_c4, 0.65),
            Place::Library => light(0xd8_98_5c, 0.1, 0xff_dc_a4, 0.5),
            Place::Garden => light(0xe8_e8_a0, 0.06, 0xff_fb_dc, 0.65),
            Place::Mountain | Place::Lake => light(0xa8_c0_e0, 0.07, 0xf4_fa_ff, 0.6),
            Place::City => light(0xc8_c8_d8, 0.05, 0xff_f4_e4, 0.5),
            Place::Home => light(0xff_dc_b0, 0.06, 0xff_f4_dc, 0.55),
            Place::Studio => light(0xff_f0_e4, 0.03, 0xff_ff_ff, 0.4),
        }
    }

    /// A colour as it looks in this light.
    pub(super) fn on(&self, colour: Colour) -> Colour {
        colour.mix(self.ambient, self.strength)
    }
}
