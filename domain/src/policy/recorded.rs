//! A verdict as it stands in events: what was decided, by which rules, of which pack.
//!
//! Stored for ever and never decided again. The engine's own [`super::Verdict`] says more and may change with every
//! release; this shape may not (decision 0008).

use serde::{Deserialize, Serialize};

/// What the rules said about one text.
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

/// What followed from a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Decision {
    Allow,
    Refuse,
}
