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
                true => light(0xe8a060, 0.12, 0xffcf8f, 0.55),
                false => light(0x3a3f78, 0.17, 0xffb478, 0.75),
            };
        }
        if occasion.golden {
            return light(0xffa058, 0.13, 0xffdc9c, 0.85);
        }
        if occasion.rain || occasion.snow {
            return light(0x8aa0bc, 0.11, 0xe4eef8, 0.5);
        }
        match occasion.place {
            Place::Beach => light(0xffe2b0, 0.07, 0xfff4d8, 0.7),
            Place::Cafe => light(0xe09858, 0.09, 0xffdda8, 0.6),
            Place::CityNight => light(0x3a3f78, 0.17, 0xffb478, 0.75),
            Place::Forest => light(0x9ab870, 0.08, 0xf4ffc4, 0.65),
            Place::Library => light(0xd8985c, 0.1, 0xffdca4, 0.5),
            Place::Garden => light(0xe8e8a0, 0.06, 0xfffbdc, 0.65),
            Place::Mountain | Place::Lake => light(0xa8c0e0, 0.07, 0xf4faff, 0.6),
            Place::City => light(0xc8c8d8, 0.05, 0xfff4e4, 0.5),
            Place::Home => light(0xffdcb0, 0.06, 0xfff4dc, 0.55),
            Place::Studio => light(0xfff0e4, 0.03, 0xffffff, 0.4),
        }
    }

    /// A colour as it looks in this light.
    pub(super) fn on(&self, colour: Colour) -> Colour {
        colour.mix(self.ambient, self.strength)
    }
}
