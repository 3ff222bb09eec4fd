//! The rules about content: pure, over a versioned rule pack whose hash goes into events.
//!
//! A text is first read in several ways (`text`), since people write around rules: full-width
//! and look-alike letters, digits for letters, spaced-out and split words. A rule that matches
//! one reading matches the text. What the rules look for is data (`domain/policy/`), how
//! they look is code: phrases with harmless contexts (`pack`, `phrases`), ages (`age`), real people
//! (`people`), what classifiers outside say (`scores`).
//!
//! What a rule does depends on where the text stands ([`Medium`]): a mother with three kids is fine in talk and
//! refused in a picture. Signals that are harmless alone may meet (`Together`).
//!
//! The pack reads English, and a few words of some other languages. It stops what says plainly what it wants; against
//! someone who is determined to say it otherwise it is one layer of several, not a proof. What it does not
//! do: it knows few names of real people, does not guess what synonyms mean, and spaced-out
//! sentences without gaps between their words are searched for phrases but not for ages.

mod age;
mod characters;
mod findings;
mod index;
mod pack;
mod people;
mod phrases;
pub mod recorded;
mod scores;
mod text;
mod verdict;

pub use characters::without_hidden;
pub use pack::{InvalidPack, Pack};
pub use scores::Scores;
use sha2::{Digest, Sha256};
pub use verdict::{Decision, Hit, Obligation, Severity, Verdict};

use self::{findings::Findings, text::Reading};
use crate::{prompt, values::Age};

/// The field whose text is a composed prompt, at whatever stage.
const PROMPT_FIELD: &str = "prompt";

const MINORS: &str = "R1";
const REAL_PEOPLE: &str = "R2";
const INJECTION: &str = "R9";
/// More than anybody needs to say.
const LIMITS: &str = "limits";
/// Characters that only hide or turn others.
const HIDDEN: &str = "hidden-characters";
/// A classifier that has to be asked did not answer.
const UNAVAILABLE: &str = "unavailable";
/// The provider of pictures did not want to make it, or did not want to hand it out.
const PROVIDER: &str = "provider-content";

/// What the age reader tells the rules that look at several signals.
const MINOR_SIGNAL: &str = "minor";

/// Where in the life of a conversation or a picture a text is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The words that describe an avatar.
    AvatarFields,
    /// The words in which a person asks for a picture.
    Scene,
    /// The words in which the chat model asks for a picture.
    ToolArgs,
    /// The whole prompt, since harmless parts can combine. Its field is called `prompt`.
    FinalPrompt,
    /// What came back: a field, in the provider's words, when it found the content unsafe; scores of the picture.
    ProviderResult,
    /// What a person says to the companion.
    ChatUser,
    /// What the companion says.
    ChatReply,
}

/// What a text is going to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Medium {
    /// A picture, which fails closed.
    Picture,
    /// A person's words.
    Chat,
    /// The companion's words.
    Reply,
}

impl Stage {
    /// What a text of this stage is going to be.
    pub const fn medium(self) -> Medium {
        match self {
            Self::AvatarFields
            | Self::Scene
            | Self::ToolArgs
            | Self::FinalPrompt
            | Self::ProviderResult => Medium::Picture,
            Self::ChatUser => Medium::Chat,
            Self::ChatReply => Medium::Reply,
        }
    }
}

/// One text with its field's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field<'a> {
    /// As it stands in requests: `appearance`.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
}

/// What is to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Where it stands.
    pub stage: Stage,
    /// The texts; their order does not matter.
    pub fields: &'a [Field<'a>],
    /// How old the avatar is that it is about.
    pub avatar_age: Age,
    /// The language that the person reads, as a BCP 47 tag (`de-AT`).
    pub locale: &'a str,
    /// What classifiers outside say.
    pub external_scores: &'a Scores,
}

/// Judges an input by the rules of a pack. The same input always gets the same verdict.
///
/// A field called `prompt` must state the avatar's age and that she or he is dressed
/// ([`prompt::anchors`]) exactly once; at [`Stage::FinalPrompt`] there must be one.
pub fn evaluate(pack: &Pack, input: &Input<'_>) -> Verdict {
    let mut findings = Findings::on(input.stage.medium());
    let mut normalized = Vec::with_capacity(input.fields.len());
    let within_limits = input.fields.len() <= pack.limits.fields
        && input
            .fields
            .iter()
            .all(|field| field.text.chars().count() <= pack.limits.chars);
    if !within_limits {
        findings.rule(LIMITS, Decision::Refuse, Severity::Soft, None);
    }
    for field in input.fields {
        if within_limits && input.stage != Stage::ProviderResult {
            let readings = text::readings(field.text);
            judge_text(pack, input, field, &readings, &mut findings);
            normalized.push((field.name, readings[0].plain()));
        } else {
            normalized.push((field.name, field.text.to_owned()));
        }
    }
    judge_stage(input, &mut findings);
    judge_scores(pack, input.external_scores, &mut findings);
    for rule in &pack.together {
        if rule.meets(findings.signals()) {
            findings.effect(&rule.id, &rule.effects, rule.severity, None);
        }
    }
    findings.verdict(pack, hash_of(normalized))
}

/// What the words of one field say.
fn judge_text<'a>(
    pack: &'a Pack,
    input: &Input<'a>,
    field: &Field<'a>,
    readings: &[Reading],
    findings: &mut Findings<'a>,
) {
    if field.text.chars().any(characters::is_hidden) {
        findings.rule(HIDDEN, Decision::Rewrite, Severity::None, Some(field.name));
    }
    let candidates = pack.index.candidates(readings);
    for (rule, may_match) in pack.rules.iter().zip(candidates) {
        if may_match
            && rule.counts_in(findings.medium())
            && rule.speaks(input.locale)
            && readings.iter().any(|reading| rule.matches(reading))
        {
            findings.effect(&rule.id, &rule.effects, rule.severity, Some(field.name));
            if let Some(signal) = &rule.signal {
                findings.signal(signal);
            }
        }
    }
    let states_a_minor = readings
        .iter()
        .any(|reading| age::states_a_minor(&reading.words, &pack.age));
    if states_a_minor {
        findings.signal(MINOR_SIGNAL);
    }
    match findings.medium() {
        Medium::Picture => {
            if states_a_minor {
                findings.rule(MINORS, Decision::Refuse, Severity::Hard, Some(field.name));
            }
            if readings
                .iter()
                .any(|reading| people::are_meant(&reading.words, &pack.people))
            {
                findings.rule(
                    REAL_PEOPLE,
                    Decision::Refuse,
                    Severity::Soft,
                    Some(field.name),
                );
            }
        }
        // In talk, an age and a person may be mentioned.
        Medium::Chat | Medium::Reply => {}
    }
}

/// What the stage asks for beyond the words.
fn judge_stage<'a>(input: &Input<'a>, findings: &mut Findings<'a>) {
    let mut prompts = 0;
    for field in input.fields {
        if field.name == PROMPT_FIELD {
            prompts += 1;
            if let Some(rule) = anchoring_fault(field.text, input.avatar_age) {
                findings.rule(rule, Decision::Refuse, Severity::Hard, Some(field.name));
            }
        }
    }
    match input.stage {
        Stage::FinalPrompt if prompts == 0 => {
            findings.rule(MINORS, Decision::Refuse, Severity::Hard, None);
        }
        Stage::ProviderResult if !input.fields.is_empty() => {
            findings.rule(PROVIDER, Decision::Refuse, Severity::Soft, None);
            findings.oblige(Obligation::ReleaseQuota);
        }
        Stage::AvatarFields
        | Stage::Scene
        | Stage::ToolArgs
        | Stage::FinalPrompt
        | Stage::ProviderResult
        | Stage::ChatUser
        | Stage::ChatReply => {}
    }
}

/// What classifiers outside say, and what follows when they say nothing.
fn judge_scores<'a>(pack: &'a Pack, scores: &Scores, findings: &mut Findings<'a>) {
    match scores {
        Scores::NotAsked => {}
        Scores::Unavailable => match findings.medium() {
            Medium::Picture => {
                findings.rule(UNAVAILABLE, Decision::Refuse, Severity::Soft, None);
            }
            Medium::Chat | Medium::Reply => {}
        },
        Scores::Known(scores) => {
            let medium = findings.medium();
            for threshold in &pack.scores {
                if threshold.is_reached(scores, medium) {
                    findings.effect(
                        &threshold.rule,
                        &threshold.effects,
                        threshold.severity,
                        None,
                    );
                }
            }
        }
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

/// SHA-256 over the fields in the order of their names, each text behind its length.
fn hash_of(mut fields: Vec<(&str, String)>) -> String {
    fields.sort_unstable();
    let mut hash = Sha256::new();
    for (name, text) in fields {
        for part in [name, text.as_str()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize())
}
