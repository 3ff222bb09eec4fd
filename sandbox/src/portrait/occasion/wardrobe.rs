//! What is worn: as told, or else what suits the place.

use super::Place;
use crate::portrait::colour::Colour;
use crate::portrait::dice::Dice;
use crate::portrait::words::{Parts, contains};

/// What is worn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::portrait) enum Garment {
    Tee,
    Blouse,
    Turtleneck,
    Shirt,
    Blazer,
    Hoodie,
    Coat,
}

const CLOTH_COLOURS: [(&[&str], Colour); 22] = [
    (
        &["navy", "dark blue", "midnight blue"],
        Colour::hex(0x2c3a5a),
    ),
    (
        &["light blue", "sky blue", "pale blue"],
        Colour::hex(0x9fc0da),
    ),
    (&["denim", "jeans", "jean"], Colour::hex(0x557297)),
    (&["teal", "turquoise"], Colour::hex(0x3a8084)),
    (&["blue"], Colour::hex(0x476aa0)),
    (&["burgundy", "maroon", "wine"], Colour::hex(0x702c3c)),
    (&["coral", "salmon"], Colour::hex(0xdd8270)),
    (&["red", "scarlet", "crimson"], Colour::hex(0xb43b3e)),
    (&["pink", "rose", "blush"], Colour::hex(0xdba0a8)),
    (&["mustard", "ochre"], Colour::hex(0xc69845)),
    (&["yellow", "golden", "gold"], Colour::hex(0xe2bf69)),
    (&["orange", "rust", "terracotta"], Colour::hex(0xc06d48)),
    (&["olive", "khaki"], Colour::hex(0x7a7a52)),
    (
        &["emerald", "dark green", "forest green"],
        Colour::hex(0x2f6250),
    ),
    (&["green", "sage", "mint"], Colour::hex(0x78967a)),
    (&["purple", "violet", "plum"], Colour::hex(0x6b4f80)),
    (&["lavender", "lilac"], Colour::hex(0xafa2c8)),
    (&["beige", "camel", "tan", "sand"], Colour::hex(0xcdb390)),
    (&["brown", "chocolate", "leather"], Colour::hex(0x755442)),
    (
        &["grey", "gray", "charcoal", "silver"],
        Colour::hex(0x747780),
    ),
    (&["black", "dark"], Colour::hex(0x333138)),
    (&["white", "cream", "ivory", "linen"], Colour::hex(0xeee8de)),
];

/// Colours that suit somebody who said nothing about clothes.
const CLOTHES_OF_CHOICE: [Colour; 9] = [
    Colour::hex(0x6f8a9e),
    Colour::hex(0xb97f70),
    Colour::hex(0x7f917c),
    Colour::hex(0xe6dccd),
    Colour::hex(0x4a5572),
    Colour::hex(0x9a83a3),
    Colour::hex(0xc7a07e),
    Colour::hex(0x8d5a60),
    Colour::hex(0x3f6668),
];

const GARMENTS: [(&str, Garment); 27] = [
    ("turtleneck", Garment::Turtleneck),
    ("roll-neck", Garment::Turtleneck),
    ("sweater", Garment::Turtleneck),
    ("jumper", Garment::Turtleneck),
    ("pullover", Garment::Turtleneck),
    ("knit", Garment::Turtleneck),
    ("hoodie", Garment::Hoodie),
    ("sweatshirt", Garment::Hoodie),
    ("t-shirt", Garment::Tee),
    ("tee", Garment::Tee),
    ("polo", Garment::Shirt),
    ("blouse", Garment::Blouse),
    ("shirt", Garment::Shirt),
    ("blazer", Garment::Blazer),
    ("suit", Garment::Blazer),
    ("tuxedo", Garment::Blazer),
    ("cardigan", Garment::Blazer),
    ("jacket", Garment::Coat),
    ("raincoat", Garment::Coat),
    ("parka", Garment::Coat),
    ("coat", Garment::Coat),
    ("dress", Garment::Blouse),
    ("gown", Garment::Blouse),
    ("top", Garment::Blouse),
    ("kimono", Garment::Blazer),
    ("vest", Garment::Blazer),
    ("uniform", Garment::Shirt),
];

pub(super) fn garment(parts: &Parts, place: Place, cold: bool, dice: Dice) -> Garment {
    let said = |scene: bool| {
        GARMENTS.iter().find(|(name, _)| match scene {
            true => parts.scene_says(&[name]),
            false => parts.person_says(&[name]),
        })
    };
    if let Some((_, garment)) = said(true).or_else(|| said(false)) {
        return *garment;
    }
    if cold {
        return Garment::Coat;
    }
    use Garment::{Blazer, Blouse, Coat, Hoodie, Shirt, Tee, Turtleneck};
    let likely: &[Garment] = match place {
        Place::Beach => &[Shirt, Blouse, Tee],
        Place::Mountain | Place::Forest => &[Hoodie, Coat, Turtleneck],
        Place::CityNight | Place::City => &[Blazer, Coat, Blouse],
        Place::Library | Place::Cafe => &[Turtleneck, Shirt, Blazer],
        Place::Home => &[Turtleneck, Tee, Hoodie],
        Place::Studio | Place::Lake | Place::Garden => &[Blouse, Tee, Shirt],
    };
    dice.pick("garment", likely, Tee)
}

pub(super) fn cloth(parts: &Parts, dice: Dice) -> Colour {
    let told = GARMENTS
        .iter()
        .find_map(|(name, _)| parts.anywhere_before(name));
    let wearing = || {
        parts
            .anywhere_before("clothes")
            .or_else(|| parts.anywhere_before("outfit"))
    };
    let told = told.or_else(wearing).unwrap_or("");
    let said = CLOTH_COLOURS
        .iter()
        .find(|(words, _)| words.iter().any(|word| contains(told, word)));
    said.map_or_else(
        || dice.pick("cloth", &CLOTHES_OF_CHOICE, CLOTHES_OF_CHOICE[0]),
        |(_, colour)| *colour,
    )
}
