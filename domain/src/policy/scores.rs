//! What classifiers outside say of a text or a picture, and from when on it counts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Medium, Severity, pack::Effects};

/// What classifiers outside said.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Scores {
    /// None is in use.
    #[default]
    NotAsked,
    /// One is in use and did not answer. Pictures are refused then; chat goes on with our own rules.
    Unavailable,
    /// Category → how sure the classifier is, 0 to 1.
    Known(BTreeMap<String, f64>),
}

/// From when on a category counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Threshold {
    pub category: String,
    pub rule: String,
    pub severity: Severity,
    pub effects: Effects,
    /// 0 to 1; as much or more counts.
    at_least: f64,
}

impl Threshold {
    /// Whether it is reached. A score that is no number counts as reached: whatever it means, it is not harmless.
    pub(super) fn is_reached(&self, scores: &BTreeMap<String, f64>, medium: Medium) -> bool {
        self.effects.on(medium).is_some()
            && scores
                .get(&self.category)
                .is_some_and(|score| score.is_nan() || *score >= self.at_least)
    }
}
