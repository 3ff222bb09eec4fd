//! Where use cases ask the rules about content, and what they hear.

use std::{fmt::Display, str::FromStr};

use domain::{
    avatar::{Profile, ProfileChanges},
    personal::Personal,
    policy::{self, Decision, Field, Hit, Input, Pack, Scores, Stage, Verdict},
    values::Age,
};

use crate::context::DEFAULT_LOCALE;

/// Why words were refused, in a form that an answer can carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The rules that matched, sorted.
    pub rules: Vec<String>,
    /// Which rule met which field, sorted.
    pub hits: Vec<Hit>,
    /// The person may be in danger: the answer says where help is ([`crate::crisis::CrisisAnswers`]).
    pub crisis: bool,
}

impl Refusal {
    /// A refusal of which only the rules are still known, as from an event.
    pub const fn by(rules: Vec<String>) -> Self {
        Self {
            rules,
            hits: Vec::new(),
            crisis: false,
        }
    }

    /// What a rule means, in a sentence for the person whose words it refuses.
    pub fn explain(rule: &str) -> &'static str {
        Pack::current().explain(rule)
    }

    /// What all of its rules mean, a sentence each.
    pub fn explanation(&self) -> String {
        let sentences: Vec<_> = self.rules.iter().map(|rule| Self::explain(rule)).collect();
        sentences.join(" ")
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the content is against the rules {}",
            self.rules.join(", ")
        )
    }
}

/// Judges texts by the rules of today.
pub(crate) fn judge(stage: Stage, fields: &[Field<'_>], age: Age, locale: &str) -> Verdict {
    let input = Input {
        stage,
        fields,
        avatar_age: age,
        locale,
        external_scores: &Scores::NotAsked,
    };
    policy::evaluate(Pack::current(), &input)
}

/// What a verdict says to the person, unless it lets the words pass.
pub(crate) fn refusal(verdict: &Verdict) -> Option<Refusal> {
    match verdict.decision {
        Decision::Allow => None,
        Decision::Rewrite | Decision::Refuse | Decision::Crisis | Decision::Escalate => {
            Some(Refusal {
                rules: verdict.rules.clone(),
                hits: verdict.hits.clone(),
                crisis: verdict.decision == Decision::Crisis,
            })
        }
    }
}

/// What the rules say to what an image provider answered when it did not like the content.
pub fn rules_of_provider_refusal(answer: &str) -> Vec<String> {
    let fields = [Field {
        name: "provider",
        text: answer,
    }];
    judge(
        Stage::ProviderResult,
        &fields,
        Age::YOUNGEST,
        DEFAULT_LOCALE,
    )
    .rules
}

/// The value without the characters that nobody sees. A value that consists of them stays, for the rules to refuse.
pub(crate) fn visible<T: FromStr + Display>(value: T) -> T {
    policy::without_hidden(&value.to_string())
        .parse()
        .unwrap_or(value)
}

/// A new avatar's words without characters that nobody sees, if the rules let them pass; else what they say.
pub(crate) fn checked_profile(profile: Profile, locale: &str) -> Result<Profile, Box<Verdict>> {
    let profile = Profile {
        name: visible_words(profile.name),
        gender: visible_words(profile.gender),
        nationality: visible_words(profile.nationality),
        appearance: visible_words(profile.appearance),
        ..profile
    };
    let fields = [
        profile.gender.known().map(|text| ("gender", text.as_str())),
        profile
            .nationality
            .known()
            .map(|text| ("nationality", text.as_str())),
        profile.name.known().map(|name| ("name", name.as_str())),
        profile
            .appearance
            .known()
            .map(|text| ("appearance", text.as_str())),
    ];
    pass(&fields, profile.age, locale)?;
    Ok(profile)
}

/// A change's words without characters that nobody sees, if the rules let them pass. What stays as it is was judged
/// before, and the whole is judged again in every prompt.
pub(crate) fn checked_changes(
    changes: ProfileChanges,
    locale: &str,
) -> Result<ProfileChanges, Box<Verdict>> {
    let changes = ProfileChanges {
        name: changes.name.map(visible_words),
        gender: changes.gender.map(visible_words),
        nationality: changes.nationality.map(visible_words),
        appearance: changes.appearance.map(visible_words),
        ..changes
    };
    let gender = changes.gender.as_ref().and_then(Personal::known);
    let nationality = changes.nationality.as_ref().and_then(Personal::known);
    let name = changes.name.as_ref().and_then(Personal::known);
    let appearance = changes.appearance.as_ref().and_then(Personal::known);
    let fields = [
        gender.map(|text| ("gender", text.as_str())),
        nationality.map(|text| ("nationality", text.as_str())),
        name.map(|text| ("name", text.as_str())),
        appearance.map(|text| ("appearance", text.as_str())),
    ];
    // No field of a profile states anchors, so the age that they would state does not matter.
    pass(&fields, changes.age.unwrap_or(Age::YOUNGEST), locale)?;
    Ok(changes)
}

fn visible_words<T: FromStr + Display + Clone>(words: Personal<T>) -> Personal<T> {
    match words {
        Personal::Known { personal } => Personal::new(visible(personal)),
        Personal::Erased { erased } => Personal::Erased { erased },
    }
}

fn pass(fields: &[Option<(&str, &str)>], age: Age, locale: &str) -> Result<(), Box<Verdict>> {
    let fields: Vec<_> = fields
        .iter()
        .flatten()
        .map(|&(name, text)| Field { name, text })
        .collect();
    let verdict = judge(Stage::AvatarFields, &fields, age, locale);
    if verdict.allows() {
        Ok(())
    } else {
        Err(Box::new(verdict))
    }
}
