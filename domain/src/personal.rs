//! Data about a person, set apart so that it can be encrypted and forgotten without touching an event.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether such an event erases its owner: with it the log destroys the key that the owner's personal data are sealed with.
pub fn forgets_owner(aggregate_type: &str, event_type: &str) -> bool {
    (aggregate_type, event_type) == ("Person", "PersonErased")
}

/// A value that belongs to a person and can be forgotten.
///
/// In an event it is `{"personal": value}`; after the person was erased it is `{"erased": true}`.
/// The wrapper is visible in the JSON on purpose: the log seals and opens exactly these places without knowing any event's
/// shape. In its table they are `{"sealed": "…"}`, which nobody decodes.
///
/// `Debug` never shows the value, so that personal data stays out of logs.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Personal<T> {
    /// The value, readable.
    Known {
        /// What the person gave us.
        personal: T,
    },
    /// The person was erased; nobody can read the value any more.
    Erased {
        /// Always true.
        erased: bool,
    },
}

impl<T> Personal<T> {
    /// Wraps a readable value.
    pub const fn new(value: T) -> Self {
        Self::Known { personal: value }
    }

    /// The value of an erased person.
    pub const fn erased() -> Self {
        Self::Erased { erased: true }
    }

    /// The value, unless its person was erased.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known { personal } => Some(personal),
            Self::Erased { .. } => None,
        }
    }
}

impl<T: fmt::Display> fmt::Display for Personal<T> {
    /// The value as a person may read it; `[erased]` once it was forgotten.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { personal } => personal.fmt(f),
            Self::Erased { .. } => f.write_str("[erased]"),
        }
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known { .. } => "Personal(…)",
            Self::Erased { .. } => "Personal(erased)",
        })
    }
}
