//! The rule pack: what the rules look for and what follows, as data with a hash.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::LazyLock,
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    Decision, Medium, Obligation, Severity, age::AgeWords, index::Index, people::PeopleWords,
    phrases::Phrases, scores::Threshold, text::Reading,
};

/// The pack that judges today. Verdicts name it by its hash, so an older one never needs to run again.
const SOURCE: &str = include_str!("../../policy/pack-2026-11-2.json");

static CURRENT: LazyLock<Pack> = LazyLock::new(|| {
    #[expect(
        clippy::unwrap_used,
        reason = "the pack is part of the program, and tests read it"
    )]
    let pack = Pack::parse(SOURCE).unwrap();
    pack
});

/// A rule pack: words, effects, thresholds and limits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    #[serde(skip)]
    sha256: String,
    version: String,
    #[serde(rename = "notes")]
    _notes: Vec<String>,
    pub(super) limits: Limits,
    /// Rule → a sentence for the person whose words were refused.
    explanations: BTreeMap<String, String>,
    pub(super) rules: Vec<Rule>,
    #[serde(skip)]
    pub(super) index: Index,
    pub(super) together: Vec<Together>,
    pub(super) scores: Vec<Threshold>,
    pub(super) age: AgeWords,
    pub(super) people: PeopleWords,
}

/// How much is read at most; more is refused unread.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    /// Fields of one input.
    pub fields: usize,
    /// Characters (Unicode scalar values) of one field.
    pub chars: usize,
}

/// What a rule does where: `{"picture": "refuse"}`. Where nothing stands it does nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Effects {
    picture: Option<Effect>,
    chat: Option<Effect>,
    reply: Option<Effect>,
}

impl Effects {
    pub(super) fn on(&self, medium: Medium) -> Option<&Effect> {
        match medium {
            Medium::Picture => self.picture.as_ref(),
            Medium::Chat => self.chat.as_ref(),
            Medium::Reply => self.reply.as_ref(),
        }
    }
}

/// What follows from a rule that matched.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Effect {
    /// The decision that it calls for.
    Decide(Decision),
    /// The text may go on; whoever carries it on has to heed something.
    Oblige {
        /// What has to be heeded.
        oblige: Obligation,
    },
}

/// Terms, and what follows when one stands in a text outside its harmless contexts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub id: String,
    pub severity: Severity,
    #[serde(default)]
    pub effects: Effects,
    /// What it tells the rules of [`Together`], whatever else it does.
    #[serde(default)]
    pub signal: Option<String>,
    /// The languages (`de`) in which the terms mean that; every language when none is named.
    #[serde(default)]
    locales: Vec<String>,
    terms: Phrases,
    #[serde(default)]
    except: Phrases,
}

/// What follows when several signals meet in one input, though each alone may be harmless.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Together {
    pub id: String,
    pub severity: Severity,
    pub effects: Effects,
    all: BTreeSet<String>,
}

/// Why a text is no rule pack.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPack {
    /// It is not JSON of the right shape.
    #[error("the rule pack cannot be read")]
    Json(#[from] serde_json::Error),
    /// A rule has no sentence for people.
    #[error("the rule pack does not explain {0}")]
    Unexplained(String),
}

impl Pack {
    /// The pack that judges today.
    pub fn current() -> &'static Self {
        &CURRENT
    }

    /// Reads a pack from the text of its file.
    ///
    /// # Errors
    /// When it is not JSON of the right shape, or a rule lacks its explanation.
    pub fn parse(text: &str) -> Result<Self, InvalidPack> {
        let mut pack: Self = serde_json::from_str(text)?;
        pack.sha256 = hex::encode(Sha256::digest(text));
        pack.index = Index::of(pack.rules.iter().map(|rule| &rule.terms));
        let own = [
            super::MINORS,
            super::REAL_PEOPLE,
            super::INJECTION,
            super::LIMITS,
            super::HIDDEN,
            super::UNAVAILABLE,
            super::PROVIDER,
        ];
        let ids = pack.rules.iter().map(|rule| rule.id.as_str());
        let more = pack.together.iter().map(|rule| rule.id.as_str());
        let scored = pack.scores.iter().map(|score| score.rule.as_str());
        let silent = ids
            .chain(more)
            .chain(scored)
            .chain(own)
            .find(|id| !pack.explanations.contains_key(*id));
        match silent {
            Some(id) => Err(InvalidPack::Unexplained(id.to_owned())),
            None => Ok(pack),
        }
    }

    /// SHA-256 of the pack's file, lower-case hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Its version, as `2026-11.2`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What a rule means, in a sentence for the person whose words it refuses; the same for every rule that the pack
    /// does not know (an older pack's).
    pub fn explain(&self, rule: &str) -> &str {
        self.explanations
            .get(rule)
            .map_or("This is against the content rules.", String::as_str)
    }
}

impl Rule {
    /// Whether anything follows from it in that medium.
    pub(super) fn counts_in(&self, medium: Medium) -> bool {
        self.signal.is_some() || self.effects.on(medium).is_some()
    }

    /// Whether its terms mean something in that language, given as a BCP 47 tag.
    pub(super) fn speaks(&self, locale: &str) -> bool {
        let language = locale.split(['-', '_']).next().unwrap_or_default();
        self.locales.is_empty()
            || self
                .locales
                .iter()
                .any(|known| known.eq_ignore_ascii_case(language))
    }

    /// Whether one of its terms stands in the text, outside its harmless contexts.
    pub(super) fn matches(&self, text: &Reading) -> bool {
        let hits: Vec<_> = self.terms.found(&text.words).collect();
        !hits.is_empty() && self.stand_alone(&hits, text)
            || text
                .spelled
                .iter()
                .any(|run| self.terms.all().any(|term| term.is_spelled_in(run)))
    }

    /// Whether one of the hits stands outside all harmless contexts.
    fn stand_alone(&self, hits: &[Range<usize>], text: &Reading) -> bool {
        let harmless: Vec<_> = self
            .except
            .found(&text.words)
            .filter(|range| {
                !text.words[range.start + 1..range.end]
                    .iter()
                    .any(|w| w.after_mark)
            })
            .collect();
        let inside = |hit: &Range<usize>, context: &Range<usize>| {
            context.start <= hit.start && hit.end <= context.end
        };
        hits.iter()
            .any(|hit| !harmless.iter().any(|context| inside(hit, context)))
    }
}

impl Together {
    /// Whether all of its signals were given.
    pub(super) fn meets(&self, signals: &BTreeSet<&str>) -> bool {
        self.all
            .iter()
            .all(|signal| signals.contains(signal.as_str()))
    }
}
