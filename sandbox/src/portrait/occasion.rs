//! Where and how a picture is taken: place, light, weather, clothes, expression.

use super::character::HairStyle;
use super::colour::Colour;
use super::dice::Dice;
use super::words::{Parts, contains};

/// The places that can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A plain background in soft light.
    Studio,
    /// Sea, sand and sky.
    Beach,
    /// Warm lamps and a window.
    Cafe,
    /// Houses by day.
    City,
    /// Lights of a city by night.
    CityNight,
    /// Tall trees, light between them.
    Forest,
    /// Ridges, one behind another.
    Mountain,
    /// Water between hills.
    Lake,
    /// Shelves of books.
    Library,
    /// Leaves and flowers.
    Garden,
    /// A room with a window and plants.
    Home,
}

/// What is worn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Garment {
    Tee,
    Blouse,
    Turtleneck,
    Shirt,
    Blazer,
    Hoodie,
    Coat,
}

/// The mouth's mood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Smile {
    Calm,
    Soft,
    Open,
}

/// The occasion of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Occasion {
    /// Where.
    pub place: Place,
    /// Whether it is dark.
    pub night: bool,
    /// Whether the sun is low.
    pub golden: bool,
    /// Whether it rains.
    pub rain: bool,
    /// Whether it snows.
    pub snow: bool,
    pub(super) garment: Garment,
    pub(super) cloth: Colour,
    pub(super) scarf: bool,
    pub(super) smile: Smile,
    pub(super) hair_worn: Option<HairStyle>,
}

const PLACES: [(Place, &[&str]); 10] = [
    (Place::Beach, &["beach", "sea", "seaside", "ocean", "coast", "shore", "dunes", "island", "harbour", "harbor", "sailing", "boat"]),
    (Place::Cafe, &["café", "cafe", "coffee", "restaurant", "bar", "bistro", "bakery", "pub", "dinner", "brunch", "breakfast"]),
    (Place::Library, &["library", "bookshop", "bookstore", "books", "reading", "study", "university", "museum", "gallery"]),
    (Place::Forest, &["forest", "woods", "woodland", "trees", "jungle", "autumn", "hiking", "trail", "cabin"]),
    (Place::Lake, &["lake", "river", "pond", "waterfall", "canal"]),
    (Place::Mountain, &["mountain", "mountains", "alps", "peak", "hill", "hills", "summit", "ski*", "desert", "canyon", "valley"]),
    (Place::Garden, &["garden", "park", "flowers", "meadow", "field", "picnic", "orchard", "vineyard", "greenhouse", "blossom*", "spring"]),
    (Place::City, &["city", "street", "town", "rooftop", "downtown", "market", "square", "bridge", "paris", "london", "tokyo", "new york", "berlin", "rome", "train", "station", "concert", "festival", "neon", "club"]),
    (Place::Home, &["home", "kitchen", "sofa", "couch", "living room", "bedroom", "balcony", "window", "apartment", "room", "desk", "office", "fireplace", "cooking", "cosy", "cozy", "piano"]),
    (Place::Studio, &["studio", "plain background", "neutral background", "reference"]),
];

const CLOTH_COLOURS: [(&[&str], Colour); 22] = [
    (&["navy", "dark blue", "midnight blue"], Colour::hex(0x2c_3a_5a)),
    (&["light blue", "sky blue", "pale blue"], Colour::hex(0x9f_c0_da)),
    (&["denim", "jeans", "jean"], Colour::hex(0x55_72_97)),
    (&["teal", "turquoise"], Colour::hex(0x3a_80_84)),
    (&["blue"], Colour::hex(0x47_6a_a0)),
    (&["burgundy", "maroon", "wine"], Colour::hex(0x70_2c_3c)),
    (&["coral", "salmon"], Colour::hex(0xdd_82_70)),
    (&["red", "scarlet", "crimson"], Colour::hex(0xb4_3b_3e)),
    (&["pink", "rose", "blush"], Colour::hex(0xdb_a0_a8)),
    (&["mustard", "ochre"], Colour::hex(0xc6_98_45)),
    (&["yellow", "golden", "gold"], Colour::hex(0xe2_bf_69)),
    (&["orange", "rust", "terracotta"], Colour::hex(0xc0_6d_48)),
    (&["olive", "khaki"], Colour::hex(0x7a_7a_52)),
    (&["emerald", "dark green", "forest green"], Colour::hex(0x2f_62_50)),
    (&["green", "sage", "mint"], Colour::hex(0x78_96_7a)),
    (&["purple", "violet", "plum"], Colour::hex(0x6b_4f_80)),
    (&["lavender", "lilac"], Colour::hex(0xaf_a2_c8)),
    (&["beige", "camel", "tan", "sand"], Colour::hex(0xcd_b3_90)),
    (&["brown", "chocolate", "leather"], Colour::hex(0x75_54_42)),
    (&["grey", "gray", "charcoal", "silver"], Colour::hex(0x74_77_80)),
    (&["black", "dark"], Colour::hex(0x33_31_38)),
    (&["white", "cream", "ivory", "linen"], Colour::hex(0xee_e8_de)),
];

/// Colours that suit somebody who said nothing about clothes.
const CLOTHES_OF_CHOICE: [Colour; 9] = [
    Colour::hex(0x6f_8a_9e),
    Colour::hex(0xb9_7f_70),
    Colour::hex(0x7f_91_7c),
    Colour::hex(0xe6_dc_cd),
    Colour::hex(0x4a_55_72),
    Colour::hex(0x9a_83_a3),
    Colour::hex(0xc7_a0_7e),
    Colour::hex(0x8d_5a_60),
    Colour::hex(0x3f_66_68),
];

const GARMENTS: [(&str, Garment); 27] = [
    ("turtleneck", Garment::Turtleneck), ("roll-neck", Garment::Turtleneck), ("sweater", Garment::Turtleneck),
    ("jumper", Garment::Turtleneck), ("pullover", Garment::Turtleneck), ("knit", Garment::Turtleneck),
    ("hoodie", Garment::Hoodie), ("sweatshirt", Garment::Hoodie), ("t-shirt", Garment::Tee), ("tee", Garment::Tee),
    ("polo", Garment::Shirt), ("blouse", Garment::Blouse), ("shirt", Garment::Shirt), ("blazer", Garment::Blazer), ("suit", Garment::Blazer),
    ("tuxedo", Garment::Blazer), ("cardigan", Garment::Blazer), ("jacket", Garment::Coat), ("raincoat", Garment::Coat),
    ("parka", Garment::Coat), ("coat", Garment::Coat), ("dress", Garment::Blouse), ("gown", Garment::Blouse),
    ("top", Garment::Blouse), ("kimono", Garment::Blazer), ("vest", Garment::Blazer), ("uniform", Garment::Shirt),
];

impl Occasion {
    /// Reads the occasion from the parts of a prompt.
    pub(super) fn described(parts: &Parts) -> Self {
        let says = |words: &[&str]| parts.scene_says(words);
        let night = says(&["night", "midnight", "evening", "stars", "starry", "moonlight", "moonlit", "neon", "after dark"]);
        let place = PLACES.iter().find(|(_, words)| says(words));
        let place = match place.map_or(Place::Studio, |(place, _)| *place) {
            Place::City if night => Place::CityNight,
            // At night one is out in the city, unless told otherwise.
            Place::Studio if night => Place::CityNight,
            Place::Studio if says(&["rain*", "umbrella", "storm*"]) => Place::City,
            Place::Studio if says(&["snow*", "winter"]) => Place::Forest,
            Place::Studio if says(&["sunset", "sunrise", "dusk", "dawn", "golden hour"]) => Place::Lake,
            place => place,
        };
        let snow = says(&["snow*", "winter", "christmas", "ski*"]);
        let rain = !snow && says(&["rain*", "umbrella", "storm*", "drizzle"]);
        let dice = Dice::of(&parts.signature).and("occasion").and(&format!("{place:?}{night}{rain}{snow}"));
        let garment = garment(parts, place, rain || snow, dice);
        Self {
            place,
            night,
            golden: says(&["sunset", "sunrise", "golden hour", "dusk", "dawn", "candle*"]),
            rain,
            snow,
            garment,
            cloth: cloth(parts, dice),
            scarf: says(&["scarf"]) || parts.person_says(&["scarf"]) || (snow && dice.chance("scarf", 0.7)),
            smile: smile(parts, dice),
            hair_worn: hair_worn(parts),
        }
    }

    /// Whether the picture is taken inside, where it neither rains nor snows.
    pub(super) fn inside(&self) -> bool {
        matches!(self.place, Place::Cafe | Place::Library | Place::Home | Place::Studio)
    }
}

fn garment(parts: &Parts, place: Place, cold: bool, dice: Dice) -> Garment {
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

fn cloth(parts: &Parts, dice: Dice) -> Colour {
    let told = GARMENTS.iter().find_map(|(name, _)| parts.anywhere_before(name));
    let wearing = || parts.anywhere_before("clothes").or_else(|| parts.anywhere_before("outfit"));
    let told = told.or_else(wearing).unwrap_or("");
    let said = CLOTH_COLOURS.iter().find(|(words, _)| words.iter().any(|word| contains(told, word)));
    said.map_or_else(|| dice.pick("cloth", &CLOTHES_OF_CHOICE, CLOTHES_OF_CHOICE[0]), |(_, colour)| *colour)
}

fn smile(parts: &Parts, dice: Dice) -> Smile {
    if parts.says(&["laugh*", "grin*", "big smile", "bright smile", "beaming", "joyful", "cheerful"]) {
        return Smile::Open;
    }
    if parts.says(&["smil*", "happy", "warm", "friendly", "playful"]) {
        return if dice.chance("open", 0.3) { Smile::Open } else { Smile::Soft };
    }
    if parts.says(&["serious", "thoughtful", "pensive", "melancholic", "focused", "stern"]) {
        return Smile::Calm;
    }
    if dice.chance("smile", 0.75) { Smile::Soft } else { Smile::Calm }
}

fn hair_worn(parts: &Parts) -> Option<HairStyle> {
    let worn: [(&[&str], HairStyle); 3] = [
        (&["hair up", "bun", "updo"], HairStyle::Bun),
        (&["ponytail"], HairStyle::Ponytail),
        (&["hair braided", "braid", "braids"], HairStyle::Braid),
    ];
    let said = worn.iter().find(|(words, _)| parts.scene_says(words));
    said.map(|(_, style)| *style)
}
