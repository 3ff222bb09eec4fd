//! The colours of skin, hair and eyes: as told, or else as is likely.

use super::origins::Region;
use crate::portrait::colour::Colour;
use crate::portrait::dice::Dice;
use crate::portrait::words::{Parts, contains};

const PORCELAIN: Colour = Colour::hex(0xfbe0d2);

const FAIR: Colour = Colour::hex(0xf7d3bf);

const LIGHT: Colour = Colour::hex(0xf0c5a8);

const OLIVE: Colour = Colour::hex(0xe2b18a);

const TAN: Colour = Colour::hex(0xcf9a70);

const BROWN: Colour = Colour::hex(0xa8714c);

const DEEP: Colour = Colour::hex(0x7d5038);

const DARK: Colour = Colour::hex(0x5e3b2c);

const BLACK_HAIR: Colour = Colour::hex(0x251f23);

const DARK_BROWN_HAIR: Colour = Colour::hex(0x432c24);

const BROWN_HAIR: Colour = Colour::hex(0x6a432f);

const LIGHT_BROWN_HAIR: Colour = Colour::hex(0x966643);

const BLONDE_HAIR: Colour = Colour::hex(0xdcb270);

const RED_HAIR: Colour = Colour::hex(0xb4532a);

const GREY_HAIR: Colour = Colour::hex(0xa9a6a8);

const HAIR_COLOURS: [(&[&str], Colour); 24] = [
    (&["platinum", "white-blond*"], Colour::hex(0xecdcbd)),
    (
        &["strawberry blond*", "strawberry-blond*"],
        Colour::hex(0xd9945e),
    ),
    (
        &[
            "dark blond*",
            "dirty blond*",
            "dirty-blond*",
            "sandy",
            "honey",
        ],
        Colour::hex(0xb88a52),
    ),
    (&["golden", "gold"], Colour::hex(0xd9a650)),
    (&["blond*", "fair", "flaxen"], BLONDE_HAIR),
    (&["auburn", "mahogany"], Colour::hex(0x863c28)),
    (
        &["copper*", "ginger", "red", "redhead*", "orange"],
        RED_HAIR,
    ),
    (&["burgundy"], Colour::hex(0x6b2130)),
    (&["chestnut"], Colour::hex(0x703f28)),
    (&["caramel"], Colour::hex(0xa87040)),
    (
        &["salt-and-pepper", "salt and pepper"],
        Colour::hex(0x7f7b7e),
    ),
    (
        &["light brown", "light-brown", "ash brown"],
        LIGHT_BROWN_HAIR,
    ),
    (
        &["dark brown", "dark-brown", "chocolate", "espresso", "dark"],
        DARK_BROWN_HAIR,
    ),
    (&["brown", "brunette", "brunet", "hazel"], BROWN_HAIR),
    (&["silver", "grey", "gray"], GREY_HAIR),
    (&["white"], Colour::hex(0xe6e3e2)),
    (&["jet", "raven", "black", "ebony"], BLACK_HAIR),
    (&["pink", "rose"], Colour::hex(0xe08fa8)),
    (
        &["purple", "violet", "lavender", "lilac"],
        Colour::hex(0x8060a0),
    ),
    (&["teal", "turquoise"], Colour::hex(0x3b8789)),
    (&["blue"], Colour::hex(0x4666a0)),
    (&["green"], Colour::hex(0x55805f)),
    (&["bronze"], Colour::hex(0x8a5a34)),
    (&["sun-bleached"], Colour::hex(0xd0a870)),
];

const BROWN_EYES: Colour = Colour::hex(0x73452b);

const DARK_EYES: Colour = Colour::hex(0x462b20);

const BLUE_EYES: Colour = Colour::hex(0x4f86b4);

const GREEN_EYES: Colour = Colour::hex(0x5f8a5a);

const HAZEL_EYES: Colour = Colour::hex(0x8b6b3a);

const GREY_EYES: Colour = Colour::hex(0x7e8b96);

const EYE_COLOURS: [(&[&str], Colour); 9] = [
    (
        &["blue-green", "teal", "turquoise", "sea-green"],
        Colour::hex(0x4a8f92),
    ),
    (&["blue", "azure", "sapphire"], BLUE_EYES),
    (&["green", "emerald", "jade", "olive"], GREEN_EYES),
    (&["hazel", "golden", "honey"], HAZEL_EYES),
    (&["amber"], Colour::hex(0xa86d2c)),
    (&["grey", "gray", "silver", "steel"], GREY_EYES),
    (&["violet", "purple", "lavender"], Colour::hex(0x7868a8)),
    (
        &["black", "dark", "dark brown", "dark-brown", "deep brown"],
        DARK_EYES,
    ),
    (&["brown", "chestnut", "chocolate"], BROWN_EYES),
];

pub(super) fn skin(parts: &Parts, region: Region, dice: Dice) -> Colour {
    let told = parts
        .before("skin")
        .or_else(|| parts.before("complexion"))
        .unwrap_or("");
    let tones: [(&[&str], Colour); 8] = [
        (
            &["porcelain", "pale", "ivory", "alabaster", "very fair"],
            PORCELAIN,
        ),
        (&["fair", "rosy"], FAIR),
        (&["light brown", "caramel", "bronze*", "golden brown"], TAN),
        (&["olive", "golden"], OLIVE),
        (&["tan*", "sun-kissed", "sunkissed"], TAN),
        (&["very dark", "ebony", "black", "deep"], DARK),
        (&["dark", "dark brown", "deep brown"], DEEP),
        (&["brown", "warm brown", "chestnut"], BROWN),
    ];
    let said = tones
        .iter()
        .find(|(words, _)| words.iter().any(|word| contains(told, word)));
    if let Some((_, colour)) = said {
        return *colour;
    }
    let likely: &[Colour] = match region {
        Region::North => &[PORCELAIN, FAIR, FAIR, LIGHT],
        Region::South => &[FAIR, LIGHT, LIGHT, OLIVE],
        Region::MiddleEast => &[LIGHT, OLIVE, OLIVE, TAN],
        Region::SouthAsia => &[TAN, TAN, BROWN, BROWN],
        Region::EastAsia => &[FAIR, LIGHT, LIGHT],
        Region::SouthEastAsia => &[LIGHT, OLIVE, TAN],
        Region::Africa => &[BROWN, DEEP, DEEP, DARK],
        Region::LatinAmerica => &[LIGHT, OLIVE, TAN, BROWN],
        Region::Anywhere => &[FAIR, LIGHT, OLIVE, TAN, BROWN, DEEP],
    };
    let tone = dice.pick("skin", likely, LIGHT);
    let next = dice.pick("skin towards", likely, LIGHT);
    tone.mix(next, dice.between("skin share", 0.0, 0.4))
}

pub(super) fn hair_words(parts: &Parts) -> &str {
    [
        "hair", "curls", "locks", "bob", "braid", "ponytail", "bun", "waves", "pixie",
    ]
    .iter()
    .find_map(|noun| parts.before(noun))
    .unwrap_or("")
}

pub(super) fn hair_colour(parts: &Parts, region: Region, age: u32, dice: Dice) -> Colour {
    let told = hair_words(parts);
    let said = HAIR_COLOURS
        .iter()
        .find(|(words, _)| words.iter().any(|word| contains(told, word)));
    if let Some((_, colour)) = said {
        return *colour;
    }
    let nouns: [(&[&str], Colour); 4] = [
        (&["blonde", "blond"], BLONDE_HAIR),
        (&["brunette", "brunet"], BROWN_HAIR),
        (&["redhead*", "ginger"], RED_HAIR),
        (&["grey-haired", "gray-haired", "silver-haired"], GREY_HAIR),
    ];
    if let Some((_, colour)) = nouns.iter().find(|(words, _)| parts.person_says(words)) {
        return *colour;
    }
    let likely: &[Colour] = match region {
        Region::North => &[
            BLONDE_HAIR,
            LIGHT_BROWN_HAIR,
            BROWN_HAIR,
            Colour::hex(0xb88a52),
            RED_HAIR,
        ],
        Region::South => &[BROWN_HAIR, DARK_BROWN_HAIR, LIGHT_BROWN_HAIR, BLACK_HAIR],
        Region::LatinAmerica => &[DARK_BROWN_HAIR, BLACK_HAIR, BROWN_HAIR],
        Region::Anywhere => &[
            BROWN_HAIR,
            DARK_BROWN_HAIR,
            BLACK_HAIR,
            LIGHT_BROWN_HAIR,
            BLONDE_HAIR,
            RED_HAIR,
        ],
        _ => &[BLACK_HAIR, BLACK_HAIR, DARK_BROWN_HAIR],
    };
    let young = dice.pick("hair", likely, BROWN_HAIR);
    let grey = ((age.saturating_sub(42)) as f32 / 26.0).min(0.85);
    young.mix(GREY_HAIR, grey)
}

pub(super) fn eye_colour(parts: &Parts, region: Region, dice: Dice) -> Colour {
    let told = parts
        .before("eyes")
        .or_else(|| parts.before("eyed"))
        .unwrap_or("");
    let said = EYE_COLOURS
        .iter()
        .find(|(words, _)| words.iter().any(|word| contains(told, word)));
    if let Some((_, colour)) = said {
        return *colour;
    }
    let likely: &[Colour] = match region {
        Region::North => &[BLUE_EYES, BLUE_EYES, GREY_EYES, GREEN_EYES, HAZEL_EYES],
        Region::South => &[BROWN_EYES, HAZEL_EYES, GREEN_EYES, BROWN_EYES],
        Region::Anywhere => &[BROWN_EYES, BLUE_EYES, HAZEL_EYES, GREEN_EYES],
        Region::LatinAmerica | Region::MiddleEast => &[BROWN_EYES, DARK_EYES, HAZEL_EYES],
        _ => &[DARK_EYES, BROWN_EYES],
    };
    dice.pick("eyes", likely, BROWN_EYES)
}
