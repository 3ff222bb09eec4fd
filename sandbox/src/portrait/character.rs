//! Who is seen: read from the words about the person, and filled up by their hash.

mod colouring;
mod origins;

use colouring::{eye_colour, hair_colour, hair_words, skin};
use origins::Region;

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

impl Character {
    /// Reads the person from the parts of a prompt.
    pub(super) fn described(parts: &Parts) -> Self {
        let build = build(parts);
        let dice = Dice::of(&format!("{build:?}|{}", parts.signature));
        let region = Region::of(parts);
        let age = parts.age().unwrap_or(27).max(20);
        let (hair_length, hair_texture) = (
            hair_length(parts, build, dice),
            hair_texture(parts, region, dice),
        );
        let style = style(parts, hair_length);
        Self {
            build,
            age,
            skin: skin(parts, region, dice),
            hair: hair_colour(parts, region, age, dice),
            hair_length: if style == HairStyle::Loose {
                hair_length
            } else {
                HairLength::Long
            },
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
    let feminine = [
        "woman", "female", "lady", "she", "her", "feminine", "actress",
    ];
    let masculine = ["man", "male", "gentleman", "he", "his", "masculine"];
    if parts.person_says(&[
        "non-binary",
        "nonbinary",
        "androgynous",
        "genderqueer",
        "agender",
    ]) {
        return Build::Neutral;
    }
    match (parts.person_says(&feminine), parts.person_says(&masculine)) {
        (true, _) => Build::Feminine,
        (false, true) => Build::Masculine,
        (false, false) if parts.says(&["person"]) => Build::Neutral,
        (false, false) => Build::Feminine,
    }
}

fn hair_length(parts: &Parts, build: Build, dice: Dice) -> HairLength {
    let told = hair_words(parts);
    let says = |words: &[&str]| words.iter().any(|word| contains(told, word));
    if parts.person_says(&["bald", "shaved head", "hairless"]) {
        return HairLength::Bald;
    }
    if says(&["buzz*", "cropped", "very short"])
        || parts.person_says(&["buzz cut", "crew cut", "fade"])
    {
        return HairLength::Cropped;
    }
    if says(&[
        "shoulder-length",
        "shoulder length",
        "medium",
        "medium-length",
        "mid-length",
    ]) {
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
        Build::Feminine => dice.pick(
            "length",
            &[Long, Long, Shoulder, Long, Shoulder, Chin],
            Long,
        ),
        Build::Masculine => dice.pick(
            "length",
            &[Short, Short, Short, Cropped, Short, Chin],
            Short,
        ),
        Build::Neutral => dice.pick("length", &[Short, Chin, Short, Shoulder], Short),
    }
}

fn hair_texture(parts: &Parts, region: Region, dice: Dice) -> HairTexture {
    let told: [(&[&str], HairTexture); 4] = [
        (
            &["coily", "afro", "kinky", "tightly curled", "coils"],
            HairTexture::Coily,
        ),
        (
            &["curly", "curls", "ringlets", "curled"],
            HairTexture::Curly,
        ),
        (
            &["wavy", "waves", "tousled", "messy", "beachy"],
            HairTexture::Wavy,
        ),
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
        (
            &["bun", "updo", "topknot", "top knot", "chignon"],
            HairStyle::Bun,
        ),
        (&["ponytail", "pony tail"], HairStyle::Ponytail),
        (&["braid", "braids", "braided", "plait*"], HairStyle::Braid),
    ];
    let said = told.iter().find(|(words, _)| parts.person_says(words));
    said.map_or(HairStyle::Loose, |(_, style)| *style)
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
        Build::Masculine => dice.pick(
            "beard",
            &[
                Beard::None,
                Beard::Stubble,
                Beard::None,
                Beard::None,
                Beard::Short,
            ],
            Beard::None,
        ),
        Build::Feminine | Build::Neutral => Beard::None,
    }
}
