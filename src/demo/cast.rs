//! Who comes: names, companions, what they talk about and how far they get, all of it derived from the seed.

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

/// How far somebody comes; each is what some page has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chapter {
    Arrived,
    Designing,
    Choosing,
    BeforeThePaywall,
    LeftTheCheckout,
    Incomplete,
    OnTrial,
    Talking,
    Collecting,
    EndsWithThePeriod,
    PastDue,
    Recovered,
    Canceled,
    Refunded,
    PictureFailed,
    PictureRefused,
    PictureCanceled,
    LongHistory,
}

impl Chapter {
    /// In the order in which people come: a small cast shows the most telling ones.
    const ALL: [Self; 18] = [
        Self::LongHistory,
        Self::Talking,
        Self::BeforeThePaywall,
        Self::PastDue,
        Self::Choosing,
        Self::Collecting,
        Self::PictureFailed,
        Self::Arrived,
        Self::EndsWithThePeriod,
        Self::Designing,
        Self::Canceled,
        Self::OnTrial,
        Self::PictureRefused,
        Self::Recovered,
        Self::Incomplete,
        Self::PictureCanceled,
        Self::LeftTheCheckout,
        Self::Refunded,
    ];

    /// In a few words.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Arrived => "signed in, no companion yet",
            Self::Designing => "a companion without a picture",
            Self::Choosing => "two pictures to choose from",
            Self::BeforeThePaywall => "a companion, and nothing paid",
            Self::LeftTheCheckout => "a payment page that was left",
            Self::Incomplete => "a first payment that is not complete",
            Self::OnTrial => "days of trial",
            Self::Talking => "talk in both modes, and a picture in it",
            Self::Collecting => "a gallery",
            Self::EndsWithThePeriod => "a subscription that ends with its period",
            Self::PastDue => "a payment that failed, and days of grace",
            Self::Recovered => "a payment that failed and was made up for",
            Self::Canceled => "a subscription that is over",
            Self::Refunded => "a payment that went back",
            Self::PictureFailed => "a picture that could not be made",
            Self::PictureRefused => "a picture that the provider would not make",
            Self::PictureCanceled => "a picture that was called off, and one deleted",
            Self::LongHistory => "a long talk and a full gallery",
        }
    }

    /// Whether the stand-ins have to misbehave for it.
    pub(super) const fn needs_the_stage(self) -> bool {
        matches!(
            self,
            Self::PictureFailed | Self::PictureRefused | Self::PictureCanceled
        )
    }
}

/// Somebody who will come.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The how manieth.
    pub(super) nth: usize,
    pub(super) email: String,
    pub(super) chapter: Chapter,
    /// The body of `POST /avatars`.
    pub(super) companion: Value,
    /// What pictures show, in the order in which they are asked for.
    pub(super) scenes: Vec<&'static str>,
    /// What the person says as a friend, and as more than that.
    pub(super) friendly: Vec<&'static str>,
    pub(super) intimate: Vec<&'static str>,
}

/// So many people. Each derives from the seed and its own number, so that more people leave the first ones as they are.
pub(super) fn cast(people: u32, seed: u64) -> Vec<Part> {
    (0..people as usize).map(|nth| part(nth, seed)).collect()
}

fn part(nth: usize, seed: u64) -> Part {
    let mut random = StdRng::seed_from_u64(seed.rotate_left(32) ^ nth as u64);
    let random = &mut random;
    let (first, last) = (one(random, &FIRST_NAMES), one(random, &LAST_NAMES));
    Part {
        nth,
        email: format!("{first}.{last}.{seed}-{}@example.com", nth + 1).to_lowercase(),
        chapter: Chapter::ALL[nth % Chapter::ALL.len()],
        companion: companion(random),
        scenes: some(random, &SCENES),
        friendly: some(random, &FRIENDLY),
        intimate: some(random, &INTIMATE),
    }
}

fn companion(random: &mut StdRng) -> Value {
    let (gender, names) = *GENDERS.choose(random).unwrap_or(&GENDERS[0]);
    let appearance = format!(
        "{}, {}, {}, {}",
        one(random, &HAIR),
        one(random, &EYES),
        one(random, &DETAILS),
        one(random, &CLOTHES)
    );
    json!({
        "name": one(random, &names),
        "age": random.random_range(22..58),
        "gender": gender,
        "nationality": one(random, &NATIONALITIES),
        "appearance": appearance,
        "personality": one(random, &PERSONALITIES),
    })
}

fn one(random: &mut StdRng, choices: &[&'static str]) -> &'static str {
    choices.choose(random).copied().unwrap_or_default()
}

/// All of them, shuffled.
fn some(random: &mut StdRng, choices: &[&'static str]) -> Vec<&'static str> {
    choices.sample(random, choices.len()).copied().collect()
}

const FIRST_NAMES: [&str; 16] = [
    "Mara", "Jonas", "Priya", "Tomas", "Ines", "Noor", "Lukas", "Sofia", "Emil", "Hana", "Diego",
    "Freya", "Malik", "Clara", "Yusuf", "Elin",
];
const LAST_NAMES: [&str; 16] = [
    "Keller",
    "Okafor",
    "Lindqvist",
    "Moreau",
    "Tanaka",
    "Ferrari",
    "Novak",
    "Haddad",
    "Silva",
    "Bergmann",
    "Rossi",
    "Kowalski",
    "Petrov",
    "Jensen",
    "Costa",
    "Walsh",
];
const GENDERS: [(&str, [&str; 6]); 3] = [
    (
        "woman",
        ["Ava", "Luna", "Mireille", "Sanna", "Beatriz", "Noemi"],
    ),
    ("man", ["Leo", "Mateo", "Anton", "Kasimir", "Rafael", "Jun"]),
    (
        "non-binary",
        ["Robin", "Sasha", "Quinn", "Noa", "Kim", "Ariel"],
    ),
];
const NATIONALITIES: [&str; 10] = [
    "French",
    "Brazilian",
    "Swedish",
    "Italian",
    "Japanese",
    "Irish",
    "Portuguese",
    "Greek",
    "Canadian",
    "Moroccan",
];
const HAIR: [&str; 8] = [
    "long auburn hair",
    "short black hair",
    "curly brown hair",
    "wavy blond hair",
    "silver hair in a bun",
    "dark hair with a fringe",
    "copper hair, loosely tied",
    "close-cropped grey hair",
];
const EYES: [&str; 6] = [
    "green eyes",
    "brown eyes",
    "grey eyes",
    "blue eyes",
    "hazel eyes",
    "dark, calm eyes",
];
const DETAILS: [&str; 8] = [
    "freckles",
    "a warm smile",
    "round glasses",
    "laugh lines",
    "a small scar over one eyebrow",
    "sun-tanned skin",
    "a thoughtful look",
    "dimples",
];
const CLOTHES: [&str; 6] = [
    "a linen shirt",
    "a dark green sweater",
    "a denim jacket",
    "a long coat and a scarf",
    "a blue summer dress",
    "a simple white shirt",
];
const PERSONALITIES: [&str; 6] = [
    "playful",
    "dominant",
    "shy",
    "caring",
    "intellectual",
    "adventurous",
];
const SCENES: [&str; 14] = [
    "at a café in Paris, morning light",
    "reading by a window on a rainy afternoon",
    "walking along the beach at sunset",
    "in a greenhouse among ferns",
    "cooking pasta in a small bright kitchen",
    "on a mountain trail in autumn",
    "at a flea market, holding an old camera",
    "on a night train, city lights passing by",
    "playing the piano in a quiet room",
    "in a bookshop, up on the ladder",
    "on a balcony with a cup of tea, early morning",
    "cycling through a field of sunflowers",
    "in the snow, with a red scarf",
    "at a harbour, ships in the fog",
];
const FRIENDLY: [&str; 8] = [
    "Hello! How was your day?",
    "I had a long day at work, and I finally closed the laptop.",
    "What music do you like when nobody is around?",
    "I cooked dinner for myself tonight, and it even tasted good.",
    "Tell me a joke, please.",
    "I am reading a book about lighthouses.",
    "Are you an AI, by the way?",
    "Good night, and thank you for listening.",
];
const INTIMATE: [&str; 6] = [
    "I missed you today.",
    "You make me smile, you know that?",
    "I would love to travel to the sea with you.",
    "I feel a little lonely tonight. Stay a while?",
    "Hold my hand while we watch the rain.",
    "I like you a lot.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_people_and_more_of_them_leave_the_first_ones_as_they_are() {
        let few = cast(6, 7);
        let many = cast(40, 7);
        for (few, many) in few.iter().zip(&many) {
            assert_eq!(few.email, many.email);
            assert_eq!(few.companion, many.companion);
            assert_eq!(few.scenes, many.scenes);
        }
        let other = cast(6, 8);
        assert!(few.iter().zip(&other).all(|(a, b)| a.email != b.email));
    }

    #[test]
    fn every_chapter_is_told_by_a_cast_of_its_size() {
        let people = u32::try_from(Chapter::ALL.len()).expect("a small number");
        for chapter in Chapter::ALL {
            assert!(cast(people, 1).iter().any(|part| part.chapter == chapter));
        }
    }
}
