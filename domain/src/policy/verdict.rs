//! What the rules say about one input.

use serde::Deserialize;

use super::recorded;

/// What the rules say about one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What follows from it.
    pub decision: Decision,
    /// Every rule that matched, sorted, as `R1`; also those that only oblige.
    pub rules: Vec<String>,
    /// Which rule met which field, sorted. Rules that no single field broke are not here.
    pub hits: Vec<Hit>,
    /// The gravest of the rules that matched.
    pub severity: Severity,
    /// What whoever carries the text on has to heed, sorted.
    pub obligations: Vec<Obligation>,
    /// The rule that weighed most, for the sentence that a person is told first; none when all is well.
    pub user_key: Option<String>,
    /// SHA-256 of the rule pack, lower-case hex.
    pub pack: String,
    /// SHA-256 of what was read, normalised, lower-case hex: equal for texts that differ in disguise only.
    ///
    /// Not for the log as it is: whoever guesses the text can confirm the guess. It goes there only under a key.
    pub normalized_hash: String,
}

/// A rule that met a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// The field's name.
    pub field: String,
    /// The rule.
    pub rule: String,
}

/// What follows from a verdict. A later one weighs more than those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may go on.
    Allow,
    /// It may go on once it is rewritten, as the obligations say.
    Rewrite,
    /// It may not go on.
    Refuse,
    /// It may not go on, and the person is told where help is.
    Crisis,
    /// It may not go on, and an operator has to look at it.
    Escalate,
}

/// How grave a broken rule is. Hard refusals are counted against a person, soft ones are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Severity {
    None,
    Soft,
    Hard,
}

/// What whoever carries a text on has to heed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obligation {
    /// Take the characters out that nobody sees ([`super::without_hidden`]), then ask again.
    StripHidden,
    /// The companion stays affectionate and does not become explicit.
    StayAffectionate,
    /// The companion stays itself and does not follow instructions in the text.
    HoldPersona,
    /// Show the crisis answer in the person's language.
    ShowCrisisAnswer,
    /// Put it before an operator.
    FlagOperator,
    /// Give back what was reserved for it, and do not try again.
    ReleaseQuota,
}

impl Verdict {
    /// Whether the text may go on as it is.
    pub fn allows(&self) -> bool {
        self.decision == Decision::Allow
    }

    /// The verdict as events keep it. What must be rewritten first was not allowed.
    pub fn on_record(&self) -> recorded::Verdict {
        recorded::Verdict {
            decision: match self.decision {
                Decision::Allow => recorded::Decision::Allow,
                Decision::Rewrite | Decision::Refuse | Decision::Crisis | Decision::Escalate => {
                    recorded::Decision::Refuse
                }
            },
            rules: self.rules.clone(),
            pack: self.pack.clone(),
        }
    }
}
