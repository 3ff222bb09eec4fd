//! Where people come from, as far as it makes some looks more likely than others.

use crate::portrait::words::Parts;

/// A part of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
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

impl Region {
    /// The region of the nationality that is told.
    pub(super) fn of(parts: &Parts) -> Self {
        let told = REGIONS.iter().find(|(_, names)| parts.person_says(names));
        told.map_or(Self::Anywhere, |(region, _)| *region)
    }
}

const REGIONS: [(Region, &[&str]); 8] = [
    (
        Region::North,
        &[
            "swedish",
            "norwegian",
            "danish",
            "finnish",
            "icelandic",
            "dutch",
            "german",
            "austrian",
            "swiss",
            "polish",
            "czech",
            "russian",
            "ukrainian",
            "estonian",
            "latvian",
            "lithuanian",
            "irish",
            "scottish",
            "english",
            "british",
            "welsh",
            "belgian",
        ],
    ),
    (
        Region::South,
        &[
            "french",
            "italian",
            "spanish",
            "portuguese",
            "greek",
            "croatian",
            "serbian",
            "romanian",
            "bulgarian",
            "hungarian",
            "georgian",
            "armenian",
            "catalan",
        ],
    ),
    (
        Region::MiddleEast,
        &[
            "turkish",
            "iranian",
            "persian",
            "lebanese",
            "israeli",
            "egyptian",
            "moroccan",
            "tunisian",
            "algerian",
            "arab*",
            "syrian",
            "iraqi",
            "saudi",
            "emirati",
            "jordanian",
            "palestinian",
        ],
    ),
    (
        Region::SouthAsia,
        &[
            "indian",
            "pakistani",
            "bangladeshi",
            "sri lankan",
            "nepali",
            "nepalese",
            "tamil",
            "punjabi",
        ],
    ),
    (
        Region::EastAsia,
        &[
            "japanese",
            "korean",
            "south korean",
            "chinese",
            "taiwanese",
            "mongolian",
            "hong kong",
            "east asian",
        ],
    ),
    (
        Region::SouthEastAsia,
        &[
            "vietnamese",
            "thai",
            "filipino",
            "filipina",
            "indonesian",
            "malaysian",
            "singaporean",
            "cambodian",
            "burmese",
        ],
    ),
    (
        Region::Africa,
        &[
            "nigerian",
            "kenyan",
            "ghanaian",
            "ethiopian",
            "senegalese",
            "south african",
            "ugandan",
            "tanzanian",
            "cameroonian",
            "ivorian",
            "somali",
            "african*",
            "jamaican",
            "haitian",
            "black woman",
            "black man",
        ],
    ),
    (
        Region::LatinAmerica,
        &[
            "brazilian",
            "mexican",
            "colombian",
            "argentin*",
            "chilean",
            "peruvian",
            "cuban",
            "venezuelan",
            "ecuadorian",
            "latina",
            "latino",
            "hispanic",
            "puerto rican",
            "dominican",
        ],
    ),
];
