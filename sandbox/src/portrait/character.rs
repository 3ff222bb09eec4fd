//! Who is seen: read from the words about the person, and filled up by their hash.

use super::colour::Colour;
use super::dice::Dice;
use super::words::{Parts, contains};

/// The build of face and shoulders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// Softer jaw, fuller lips, narrower shoulders.
    Feminine,
    /// Broader jaw and shoulders, stronger brows.
    Masculine,
    /// In between.
    Neutral,
}

/// How long the hair is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HairLength {
    /// None.
    Bald,
    /// A few millimetres.
    Cropped,
    /// Above the ears.
    Short,
    /// To the chin.
    Chin,
    /// To the shoulders.
    Shoulder,
    /// Below the shoulders.
    Long,
}

/// How the hair falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HairTexture {
    /// Smooth.
    Straight,
    /// In soft waves.
    Wavy,
    /// In curls.
    Curly,
    /// In tight coils, with volume.
    Coily,
}

/// How the hair is worn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HairStyle {
    Loose,
    Bun,
    Ponytail,
    Braid,
}

/// Hair on the face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beard {
    None,
    Stubble,
    Moustache,
    Short,
    Full,
}

/// A person, as far as a picture shows one.
#[derive(Debug, Clone, PartialEq)]
pub struct Character {
    /// The build of face and shoulders.
    pub build: Build,
    /// In years; a picture of somebody younger than twenty is never drawn.
    pub age: u32,
    /// Of the skin, in even light.
    pub skin: Colour,
    /// Of the hair, in even light.
    pub hair: Colour,
    /// How long the hair is.
    pub hair_length: HairLength,
    /// How the hair falls.
    pub hair_texture: HairTexture,
    /// Of the irises.
    pub eyes: Colour,
    /// Whether there are freckles.
    pub freckles: bool,
    /// Whether glasses are worn.
    pub glasses: bool,
    pub(super) style: HairStyle,
    pub(super) fringe: bool,
    pub(super) beard: Beard,
    pub(super) fold: f32,
    pub(super) dice: Dice,
}

/// Where people come from, as far as it makes some looks more likely than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Region {
    North,
    South,
    MiddleEast,
    SouthAsia,
    EastAsia,
    SouthEastAsia,
    Africa,
    LatinAmerica,
    Anywhere,
}

const REGIONS: [(Region, &[&str]); 8] = [
    (Region::North, &["swedish", "norwegian", "danish", "finnish", "icelandic", "dutch", "german", "austrian", "swiss", "polish", "czech", "russian", "ukrainian", "estonian", "latvian", "lithuanian", "irish", "scottish", "english", "british", "welsh", "belgian"]),
    (Region::South, &["french", "italian", "spanish", "portuguese", "greek", "croatian", "serbian", "romanian", "bulgarian", "hungarian", "georgian", "armenian", "catalan"]),
    (Region::MiddleEast, &["turkish", "iranian", "persian", "lebanese", "israeli", "egyptian", "moroccan", "tunisian", "algerian", "arab*", "syrian", "iraqi", "saudi", "emirati", "jordanian", "palestinian"]),
    (Region::SouthAsia, &["indian", "pakistani", "bangladeshi", "sri lankan", "nepali", "nepalese", "tamil", "punjabi"]),
    (Region::EastAsia, &["japanese", "korean", "south korean", "chinese", "taiwanese", "mongolian", "hong kong", "east asian"]),
    (Region::SouthEastAsia, &["vietnamese", "thai", "filipino", "filipina", "indonesian", "malaysian", "singaporean", "cambodian", "burmese"]),
    (Region::Africa, &["nigerian", "kenyan", "ghanaian", "ethiopian", "senegalese", "south african", "ugandan", "tanzanian", "cameroonian", "ivorian", "somali", "african*", "jamaican", "haitian", "black woman", "black man"]),
    (Region::LatinAmerica, &["brazilian", "mexican", "colombian", "argentin*", "chilean", "peruvian", "cuban", "venezuelan", "ecuadorian", "latina", "latino", "hispanic", "puerto rican", "dominican"]),
];

const PORCELAIN: Colour = Colour::hex(0xfb_e0_d2);
const FAIR: Colour = Colour::hex(0xf7_d3_bf);
const LIGHT: Colour = Colour::hex(0xf0_c5_a8);
const OLIVE: Colour = Colour::hex(0xe2_b1_8a);
const TAN: Colour = Colour::hex(0xcf_9a_70);
const BROWN: Colour = Colour::hex(0xa8_71_4c);
const DEEP: Colour = Colour::hex(0x7d_50_38);
const DARK: Colour = Colour::hex(0x5e_3b_2c);

const BLACK_HAIR: Colour = Colour::hex(0x25_1f_23);
const DARK_BROWN_HAIR: Colour = Colour::hex(0x43_2c_24);
const BROWN_HAIR: Colour = Colour::hex(0x6a_43_2f);
const LIGHT_BROWN_HAIR: Colour = Colour::hex(0x96_66_43);
const BLONDE_HAIR: Colour = Colour::hex(0xdc_b2_70);
const RED_HAIR: Colour = Colour::hex(0xb4_53_2a);
const GREY_HAIR: Colour = Colour::hex(0xa9_a6_a8);

const HAIR_COLOURS: [(&[&str], Colour); 24] = [
    (&["platinum", "white-blond*"], Colour::hex(0xec_dc_bd)),
    (&["strawberry blond*", "strawberry-blond*"], Colour::hex(0xd9_94_5e)),
    (&["dark blond*", "dirty blond*", "dirty-blond*", "sandy", "honey"], Colour::hex(0xb8_8a_52)),
    (&["golden", "gold"], Colour::hex(0xd9_a6_50)),
    (&["blond*", "fair", "flaxen"], BLONDE_HAIR),
    (&["auburn", "mahogany"], Colour::hex(0x86_3c_28)),
    (&["copper*", "ginger", "red", "redhead*", "orange"], RED_HAIR),
    (&["burgundy"], Colour::hex(0x6b_21_30)),
    (&["chestnut"], Colour::hex(0x70_3f_28)),
    (&["caramel"], Colour::hex(0xa8_70_40)),
    (&["salt-and-pepper", "salt and pepper"], Colour::hex(0x7f_7b_7e)),
    (&["light brown", "light-brown", "ash brown"], LIGHT_BROWN_HAIR),
    (&["dark brown", "dark-brown", "chocolate", "espresso", "dark"], DARK_BROWN_HAIR),
    (&["brown", "brunette", "brunet", "hazel"], BROWN_HAIR),
    (&["silver", "grey", "gray"], GREY_HAIR),
    (&["white"], Colour::hex(0xe6_e3_e2)),
    (&["jet", "raven", "black", "ebony"], BLACK_HAIR),
    (&["pink", "rose"], Colour::hex(0xe0_8f_a8)),
    (&["purple", "violet", "lavender", "lilac"], Colour::hex(0x80_60_a0)),
    (&["teal", "turquoise"], Colour::hex(0x3b_87_89)),
    (&["blue"], Colour::hex(0x46_66_a0)),
    (&["green"], Colour::hex(0x55_80_5f)),
    (&["bronze"], Colour::hex(0x8a_5a_34)),
    (&["sun-bleached"], Colour::hex(0xd0_a8_70)),
];

const BROWN_EYES: Colour = Colour::hex(0x73_45_2b);
const DARK_EYES: Colour = Colour::hex(0x46_2b_20);
const BLUE_EYES: Colour = Colour::hex(0x4f_86_b4);
const GREEN_EYES: Colour = Colour::hex(0x5f_8a_5a);
const HAZEL_EYES: Colour = Colour::hex(0x8b_6b_3a);
const GREY_EYES: Colour = Colour::hex(0x7e_8b_96);

const EYE_COLOURS: [(&[&str], Colour); 9] = [
    (&["blue-green", "teal", "turquoise", "sea-green"], Colour::hex(0x4a_8f_92)),
    (&["blue", "azure", "sapphire"], BLUE_EYES),
    (&["green", "emerald", "jade", "olive"], GREEN_EYES),
    (&["hazel", "golden", "honey"], HAZEL_EYES),
    (&["amber"], Colour::hex(0xa8_6d_2c)),
    (&["grey", "gray", "silver", "steel"], GREY_EYES),
    (&["violet", "purple", "lavender"], Colour::hex(0x78_68_a8)),
    (&["black", "dark", "dark brown", "dark-brown", "deep brown"], DARK_EYES),
    (&["brown", "chestnut", "chocolate"], BROWN_EYES),
];

impl Character {
    /// Reads the person from the parts of a prompt.
    pub(super) fn described(parts: &Parts) -> Self {
        let build = build(parts);
        let dice = Dice::of(&format!("{build:?}|{}", parts.signature));
        let region = REGIONS.iter().find(|(_, names)| parts.person_says(names));
        let region = region.map_or(Region::Anywhere, |(region, _)| *region);
        let age = parts.age().unwrap_or(27).max(20);
        let (hair_length, hair_texture) = (hair_length(parts, build, dice), hair_texture(parts, region, dice));
        let style = style(parts, hair_length);
        Self {
            build,
            age,
            skin: skin(parts, region, dice),
            hair: hair_colour(parts, region, age, dice),
            hair_length: if style == HairStyle::Loose { hair_length } else { HairLength::Long },
            hair_texture,
            eyes: eye_colour(parts, region, dice),
            freckles: parts.person_says(&["freckle*"]),
            glasses: parts.person_says(&["glasses", "spectacles", "eyeglasses"]),
            style,
            fringe: parts.person_says(&["fringe", "bangs"])
                || (build == Build::Feminine && dice.chance("fringe", 0.16)),
            beard: beard(parts, build, dice),
            fold: match region {
                Region::EastAsia => 1.0,
                Region::SouthEastAsia => 0.6,
                _ => 0.0,
            },
            dice,
        }
    }
}

fn build(parts: &Parts) -> Build {
    let feminine = ["woman", "female", "lady", "she", "her", "feminine", "actress"];
    let masculine = ["man", "male", "gentleman", "he", "his", "masculine"];
    if parts.person_says(&["non-binary", "nonbinary", "androgynous", "genderqueer", "agender"]) {
        return Build::Neutral;
    }
    match (parts.person_says(&feminine), parts.person_says(&masculine)) {
        (true, _) => Build::Feminine,
        (false, true) => Build::Masculine,
        (false, false) if parts.says(&["person"]) => Build::Neutral,
        (false, false) => Build::Feminine,
    }
}

fn skin(parts: &Parts, region: Region, dice: Dice) -> Colour {
    let told = parts.before("skin").or_else(|| parts.before("complexion")).unwrap_or("");
    let tones: [(&[&str], Colour); 8] = [
        (&["porcelain", "pale", "ivory", "alabaster", "very fair"], PORCELAIN),
        (&["fair", "rosy"], FAIR),
        (&["light brown", "caramel", "bronze*", "golden brown"], TAN),
        (&["olive", "golden"], OLIVE),
        (&["tan*", "sun-kissed", "sunkissed"], TAN),
        (&["very dark", "ebony", "black", "deep"], DARK),
        (&["dark", "dark brown", "deep brown"], DEEP),
        (&["brown", "warm brown", "chestnut"], BROWN),
    ];
    let said = tones.iter().find(|(words, _)| words.iter().any(|word| contains(told, word)));
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

fn hair_words(parts: &Parts) -> &str {
    ["hair", "curls", "locks", "bob", "braid", "ponytail", "bun", "waves", "pixie"]
        .iter()
        .find_map(|noun| parts.before(noun))
        .unwrap_or("")
}

fn hair_colour(parts: &Parts, region: Region, age: u32, dice: Dice) -> Colour {
    let told = hair_words(parts);
    let said = HAIR_COLOURS.iter().find(|(words, _)| words.iter().any(|word| contains(told, word)));
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
        Region::North => &[BLONDE_HAIR, LIGHT_BROWN_HAIR, BROWN_HAIR, Colour::hex(0xb8_8a_52), RED_HAIR],
        Region::South => &[BROWN_HAIR, DARK_BROWN_HAIR, LIGHT_BROWN_HAIR, BLACK_HAIR],
        Region::LatinAmerica => &[DARK_BROWN_HAIR, BLACK_HAIR, BROWN_HAIR],
        Region::Anywhere => &[BROWN_HAIR, DARK_BROWN_HAIR, BLACK_HAIR, LIGHT_BROWN_HAIR, BLONDE_HAIR, RED_HAIR],
        _ => &[BLACK_HAIR, BLACK_HAIR, DARK_BROWN_HAIR],
    };
    let young = dice.pick("hair", likely, BROWN_HAIR);
    let grey = ((age.saturating_sub(42)) as f32 / 26.0).min(0.85);
    young.mix(GREY_HAIR, grey)
}

fn hair_length(parts: &Parts, build: Build, dice: Dice) -> HairLength {
    let told = hair_words(parts);
    let says = |words: &[&str]| words.iter().any(|word| contains(told, word));
    if parts.person_says(&["bald", "shaved head", "hairless"]) {
        return HairLength::Bald;
    }
    if says(&["buzz*", "cropped", "very short"]) || parts.person_says(&["buzz cut", "crew cut", "fade"]) {
        return HairLength::Cropped;
    }
    if says(&["shoulder-length", "shoulder length", "medium", "medium-length", "mid-length"]) {
        return HairLength::Shoulder;
    }
    if parts.person_says(&["bob", "chin-length", "lob"]) {
        return HairLength::Chin;
    }
    if says(&["short"]) || parts.person_says(&["pixie", "pixie cut", "undercut", "short hair"]) {
        return HairLength::Short;
    }
    if says(&["long", "waist-length", "flowing"]) {
        return HairLength::Long;
    }
    use HairLength::{Chin, Cropped, Long, Short, Shoulder};
    let waves = parts.person_says(&["wavy", "curly", "curls", "waves", "tousled"]);
    match build {
        Build::Masculine if waves => dice.pick("length", &[Short, Short, Chin], Short),
        Build::Feminine => dice.pick("length", &[Long, Long, Shoulder, Long, Shoulder, Chin], Long),
        Build::Masculine => dice.pick("length", &[Short, Short, Short, Cropped, Short, Chin], Short),
        Build::Neutral => dice.pick("length", &[Short, Chin, Short, Shoulder], Short),
    }
}

fn hair_texture(parts: &Parts, region: Region, dice: Dice) -> HairTexture {
    let told: [(&[&str], HairTexture); 4] = [
        (&["coily", "afro", "kinky", "tightly curled", "coils"], HairTexture::Coily),
        (&["curly", "curls", "ringlets", "curled"], HairTexture::Curly),
        (&["wavy", "waves", "tousled", "messy", "beachy"], HairTexture::Wavy),
        (&["straight", "sleek", "smooth"], HairTexture::Straight),
    ];
    if let Some((_, texture)) = told.iter().find(|(words, _)| parts.person_says(words)) {
        return *texture;
    }
    use HairTexture::{Coily, Curly, Straight, Wavy};
    let likely: &[HairTexture] = match region {
        Region::EastAsia | Region::SouthEastAsia => &[Straight, Straight, Wavy],
        Region::Africa => &[Coily, Coily, Curly],
        Region::SouthAsia => &[Straight, Wavy, Wavy],
        Region::MiddleEast | Region::LatinAmerica => &[Wavy, Wavy, Curly, Straight],
        _ => &[Straight, Wavy, Wavy, Straight, Curly],
    };
    dice.pick("texture", likely, Wavy)
}

fn style(parts: &Parts, length: HairLength) -> HairStyle {
    if length <= HairLength::Cropped {
        return HairStyle::Loose;
    }
    let told: [(&[&str], HairStyle); 3] = [
        (&["bun", "updo", "topknot", "top knot", "chignon"], HairStyle::Bun),
        (&["ponytail", "pony tail"], HairStyle::Ponytail),
        (&["braid", "braids", "braided", "plait*"], HairStyle::Braid),
    ];
    let said = told.iter().find(|(words, _)| parts.person_says(words));
    said.map_or(HairStyle::Loose, |(_, style)| *style)
}

fn eye_colour(parts: &Parts, region: Region, dice: Dice) -> Colour {
    let told = parts.before("eyes").or_else(|| parts.before("eyed")).unwrap_or("");
    let said = EYE_COLOURS.iter().find(|(words, _)| words.iter().any(|word| contains(told, word)));
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

fn beard(parts: &Parts, build: Build, dice: Dice) -> Beard {
    if parts.person_says(&["clean-shaven", "clean shaven", "no beard", "beardless"]) {
        return Beard::None;
    }
    if parts.person_says(&["full beard", "long beard", "thick beard"]) {
        return Beard::Full;
    }
    if parts.person_says(&["stubble", "five o'clock shadow", "unshaven", "light beard"]) {
        return Beard::Stubble;
    }
    if parts.person_says(&["beard", "bearded", "goatee"]) {
        return Beard::Short;
    }
    if parts.person_says(&["moustache", "mustache"]) {
        return Beard::Moustache;
    }
    match build {
        Build::Masculine => dice.pick("beard", &[Beard::None, Beard::Stubble, Beard::None, Beard::None, Beard::Short], Beard::None),
        Build::Feminine | Build::Neutral => Beard::None,
    }
}
