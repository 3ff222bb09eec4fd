//! Where and how a picture is taken: place, light, weather, clothes, expression.

pub(super) mod wardrobe;

use wardrobe::{Garment, cloth, garment};

use super::character::HairStyle;
use super::colour::Colour;
use super::dice::Dice;
use super::words::Parts;

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
    (
        Place::Beach,
        &[
            "beach", "sea", "seaside", "ocean", "coast", "shore", "dunes", "island", "harbour",
            "harbor", "sailing", "boat",
        ],
    ),
    (
        Place::Cafe,
        &[
            "café",
            "cafe",
            "coffee",
            "restaurant",
            "bar",
            "bistro",
            "bakery",
            "pub",
            "dinner",
            "brunch",
            "breakfast",
        ],
    ),
    (
        Place::Library,
        &[
            "library",
            "bookshop",
            "bookstore",
            "books",
            "reading",
            "study",
            "university",
            "museum",
            "gallery",
        ],
    ),
    (
        Place::Forest,
        &[
            "forest", "woods", "woodland", "trees", "jungle", "autumn", "hiking", "trail", "cabin",
        ],
    ),
    (
        Place::Lake,
        &["lake", "river", "pond", "waterfall", "canal"],
    ),
    (
        Place::Mountain,
        &[
            "mountain",
            "mountains",
            "alps",
            "peak",
            "hill",
            "hills",
            "summit",
            "ski*",
            "desert",
            "canyon",
            "valley",
        ],
    ),
    (
        Place::Garden,
        &[
            "garden",
            "park",
            "flowers",
            "meadow",
            "field",
            "picnic",
            "orchard",
            "vineyard",
            "greenhouse",
            "blossom*",
            "spring",
        ],
    ),
    (
        Place::City,
        &[
            "city", "street", "town", "rooftop", "downtown", "market", "square", "bridge", "paris",
            "london", "tokyo", "new york", "berlin", "rome", "train", "station", "concert",
            "festival", "neon", "club",
        ],
    ),
    (
        Place::Home,
        &[
            "home",
            "kitchen",
            "sofa",
            "couch",
            "living room",
            "bedroom",
            "balcony",
            "window",
            "apartment",
            "room",
            "desk",
            "office",
            "fireplace",
            "cooking",
            "cosy",
            "cozy",
            "piano",
        ],
    ),
    (
        Place::Studio,
        &[
            "studio",
            "plain background",
            "neutral background",
            "reference",
        ],
    ),
];

impl Occasion {
    /// Reads the occasion from the parts of a prompt.
    pub(super) fn described(parts: &Parts) -> Self {
        let says = |words: &[&str]| parts.scene_says(words);
        let night = says(&[
            "night",
            "midnight",
            "evening",
            "stars",
            "starry",
            "moonlight",
            "moonlit",
            "neon",
            "after dark",
        ]);
        let place = PLACES.iter().find(|(_, words)| says(words));
        let place = match place.map_or(Place::Studio, |(place, _)| *place) {
            Place::City if night => Place::CityNight,
            // At night one is out in the city, unless told otherwise.
            Place::Studio if night => Place::CityNight,
            Place::Studio if says(&["rain*", "umbrella", "storm*"]) => Place::City,
            Place::Studio if says(&["snow*", "winter"]) => Place::Forest,
            Place::Studio if says(&["sunset", "sunrise", "dusk", "dawn", "golden hour"]) => {
                Place::Lake
            }
            place => place,
        };
        let snow = says(&["snow*", "winter", "christmas", "ski*"]);
        let rain = !snow && says(&["rain*", "umbrella", "storm*", "drizzle"]);
        let dice = Dice::of(&parts.signature)
            .and("occasion")
            .and(&format!("{place:?}{night}{rain}{snow}"));
        let garment = garment(parts, place, rain || snow, dice);
        Self {
            place,
            night,
            golden: says(&[
                "sunset",
                "sunrise",
                "golden hour",
                "dusk",
                "dawn",
                "candle*",
            ]),
            rain,
            snow,
            garment,
            cloth: cloth(parts, dice),
            scarf: says(&["scarf"])
                || parts.person_says(&["scarf"])
                || (snow && dice.chance("scarf", 0.7)),
            smile: smile(parts, dice),
            hair_worn: hair_worn(parts),
        }
    }

    /// Whether the picture is taken inside, where it neither rains nor snows.
    pub(super) fn inside(&self) -> bool {
        matches!(
            self.place,
            Place::Cafe | Place::Library | Place::Home | Place::Studio
        )
    }
}

fn smile(parts: &Parts, dice: Dice) -> Smile {
    if parts.says(&[
        "laugh*",
        "grin*",
        "big smile",
        "bright smile",
        "beaming",
        "joyful",
        "cheerful",
    ]) {
        return Smile::Open;
    }
    if parts.says(&["smil*", "happy", "warm", "friendly", "playful"]) {
        return if dice.chance("open", 0.3) {
            Smile::Open
        } else {
            Smile::Soft
        };
    }
    if parts.says(&[
        "serious",
        "thoughtful",
        "pensive",
        "melancholic",
        "focused",
        "stern",
    ]) {
        return Smile::Calm;
    }
    if dice.chance("smile", 0.75) {
        Smile::Soft
    } else {
        Smile::Calm
    }
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
