//! The rules about content: pure, over a versioned rule pack whose hash goes into events.
//!
//! A text is first read in several ways (`text`), since people write around rules: full-width
//! and look-alike letters, digits for letters, spaced-out and split words. A rule that matches
//! one reading matches the text. What the rules look for is data (`domain/policy/`), how
//! they look is code: phrases with harmless contexts (`pack`), ages (`age`), real people
//! (`people`).
//!
//! The pack reads English. It stops what says plainly what it wants; against someone who
//! is determined to say it otherwise it is one layer of several, not a proof. What it does not
//! do: it knows few names of real people, does not guess what synonyms mean, and spaced-out
//! sentences without gaps between their words are searched for phrases but not for ages.

mod age;
mod pack;
mod people;
mod text;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{prompt, values::Age};

/// The field whose text is a composed prompt, at whatever stage.
const PROMPT_FIELD: &str = "prompt";

const MINORS: &str = "R1";
const REAL_PEOPLE: &str = "R2";
const INJECTION: &str = "R9";

/// What the rules say about one text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it may go on.
    pub decision: Decision,
    /// Every rule that matched, sorted, as `R1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// SHA-256 of the rule pack, lower-case hex.
    pub pack: String,
}

/// What follows from a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Decision {
    Allow,
    Refuse,
}

/// Where in the life of a picture a text is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The words that describe an avatar.
    AvatarFields,
    /// The words that ask for a picture.
    Scene,
    /// The whole prompt, since harmless parts can combine. Its field is called `prompt`.
    FinalPrompt,
}

/// Judges texts, each with its field's name; the order of the fields does not matter.
///
/// A field called `prompt` must state the avatar's age and that she or he is dressed
/// ([`prompt::anchors`]) exactly once; at [`Stage::FinalPrompt`] there must be one.
pub fn evaluate(stage: Stage, fields: &[(&str, &str)], avatar_age: Age) -> Verdict {
    let pack = pack::current();
    let mut rules = BTreeSet::new();
    for (field, text) in fields {
        for reading in text::readings(text) {
            rules.extend(pack.matching_rules(&reading));
            if age::states_a_minor(&reading.words, &pack.age) {
                rules.insert(MINORS);
            }
            if people::are_meant(&reading.words, &pack.people) {
                rules.insert(REAL_PEOPLE);
            }
        }
        if *field == PROMPT_FIELD {
            rules.extend(anchoring_fault(text, avatar_age));
        }
    }
    match stage {
        Stage::FinalPrompt if !fields.iter().any(|(field, _)| *field == PROMPT_FIELD) => {
            rules.insert(MINORS);
        }
        Stage::FinalPrompt | Stage::AvatarFields | Stage::Scene => {}
    }
    Verdict {
        decision: if rules.is_empty() {
            Decision::Allow
        } else {
            Decision::Refuse
        },
        rules: rules.into_iter().map(str::to_owned).collect(),
        pack: pack.sha256.clone(),
    }
}

/// The rule that a composed prompt breaks when it does not state its anchors exactly once:
/// without them the picture's age is open, and a second set came from somebody else's words.
fn anchoring_fault(prompt: &str, avatar_age: Age) -> Option<&'static str> {
    match prompt.matches(&prompt::anchors(avatar_age)).count() {
        0 => Some(MINORS),
        1 => None,
        _ => Some(INJECTION),
    }
}
