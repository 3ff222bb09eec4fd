//! Reading a prompt: which words are about the person, and which about the picture.

/// The parts of a prompt, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// All of it.
    whole: String,
    /// What is said of the person.
    person: String,
    /// What is said of the scene.
    scene: String,
    /// What makes two otherwise equal people differ: nationality and the first words on their looks.
    pub(super) signature: String,
}

/// Sentences that begin like this are about the picture and not about the person.
const FRAMING: [&str; 12] = [
    "head and shoulders",
    "half-length",
    "full-length",
    "close-up",
    "upper body",
    "facing",
    "natural light",
    "soft light",
    "adult, age",
    "framing",
    "style:",
    "same ",
];

impl Parts {
    /// Takes a prompt apart. A part named `Scene:` is about the scene; without one, the clauses
    /// that name a place are.
    pub(super) fn of(prompt: &str) -> Self {
        let whole = without_markers(prompt)
            .to_lowercase()
            .replace('\u{2019}', "'");
        let (person, scene) = match whole.split_once("scene:") {
            Some((person, scene)) => (person.to_owned(), scene.to_owned()),
            None => by_clauses(&whole),
        };
        let signature = signature(&person);
        Self {
            whole,
            person,
            scene,
            signature,
        }
    }

    /// Whether one of the words, or phrases, is said of the person.
    pub(super) fn person_says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| contains(&self.person, word))
    }

    /// Whether one of the words, or phrases, is said of the scene.
    pub(super) fn scene_says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| contains(&self.scene, word))
    }

    /// Whether one of the words is said anywhere.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| contains(&self.whole, word))
    }

    /// The words before `noun`, of the person: for `eyes` in "long brown hair, warm green eyes" it is "warm green".
    pub(super) fn before(&self, noun: &str) -> Option<&str> {
        words_before(&self.person, noun)
    }

    /// The words before a noun in the scene, else of the person.
    pub(super) fn anywhere_before(&self, noun: &str) -> Option<&str> {
        words_before(&self.scene, noun).or_else(|| words_before(&self.person, noun))
    }

    /// The age in years, when it is told.
    pub(super) fn age(&self) -> Option<u32> {
        let told = |marker: &str| {
            let (before, _) = self.whole.split_once(marker)?;
            before.split_whitespace().next_back()?.parse().ok()
        };
        let aged = || {
            let (_, after) = self.whole.split_once("age ")?;
            let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        };
        told("years old").or_else(|| told("year old")).or_else(aged)
    }
}

/// The prompt without `[[…]]`, which tests put in.
fn without_markers(prompt: &str) -> String {
    let mut rest = prompt;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("[[") {
        kept.push_str(before);
        rest = after.split_once("]]").map_or("", |(_, after)| after);
    }
    kept + rest
}

/// Whether the text holds the phrase as whole words; a phrase that ends in `*` may go on.
pub(super) fn contains(text: &str, phrase: &str) -> bool {
    let (phrase, open) = match phrase.strip_suffix('*') {
        Some(beginning) => (beginning, true),
        None => (phrase, false),
    };
    text.match_indices(phrase).any(|(start, found)| {
        let before = text[..start].chars().next_back();
        let after = text[start + found.len()..].chars().next();
        let is_letter = |one: Option<char>| one.is_some_and(char::is_alphanumeric);
        !is_letter(before) && (open || !is_letter(after))
    })
}

fn words_before<'a>(text: &'a str, noun: &str) -> Option<&'a str> {
    let (start, _) = text.match_indices(noun).next()?;
    let before = &text[..start];
    let clause = before
        .rfind([',', '.', ';', ':', '\n'])
        .map_or(0, |at| at + 1);
    let clause = &before[clause..];
    let own = clause.rfind(" and ").map_or(clause, |at| &clause[at + 5..]);
    // "long black and silver hair" has its words before the "and".
    Some(if own.trim().is_empty() { clause } else { own })
}

/// Without a marked scene, clauses that begin with a preposition of place are the scene.
fn by_clauses(whole: &str) -> (String, String) {
    let (mut person, mut scene) = (String::new(), String::new());
    for clause in whole.split_inclusive(['.', ',', ';', '\n']) {
        let text = clause.trim_start();
        let about_place = [
            "at ", "in a ", "in the ", "on a ", "on the ", "by the ", "walking", "sitting",
            "standing",
        ];
        match about_place
            .iter()
            .any(|beginning| text.starts_with(beginning))
        {
            true => scene.push_str(clause),
            false => person.push_str(clause),
        }
    }
    if scene.is_empty() {
        scene.clone_from(&person);
    }
    (person, scene)
}

/// What is hashed for all that the words leave open. It holds the nationality and the first sentence on
/// the looks, and so nothing of the medium, the age, the scene or the framing.
fn signature(person: &str) -> String {
    let after_age = person
        .split_once("years old")
        .map_or(person, |(_, after)| after);
    let looks = after_age.split_once("appearance:");
    let first_sentence = |text: &str| {
        let end = text.find(". ").unwrap_or(text.len());
        text[..end].trim_matches([' ', ',', '.']).to_owned()
    };
    let nationality = looks
        .map_or("", |(before, _)| before)
        .trim_matches([' ', ',', '.']);
    let looks = first_sentence(looks.map_or(after_age, |(_, after)| after));
    let is_framing = FRAMING.iter().any(|framing| looks.starts_with(framing));
    format!("{nationality}|{}", if is_framing { "" } else { &looks })
}
