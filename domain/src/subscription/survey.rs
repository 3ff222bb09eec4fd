//! Why somebody ends a subscription.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Event;
use crate::{
    personal::Personal,
    values::{Invalid, SurveyComment, one_of},
};

/// What somebody says when they end their subscription; every question may be skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Survey {
    /// The reason that fits best.
    pub reason: Option<CancellationReason>,
    /// In their own words.
    pub comment: Option<Personal<SurveyComment>>,
}

impl Survey {
    /// What is recorded of it; nothing when every question was skipped.
    pub(super) fn explained(self) -> Option<Event> {
        let Self { reason, comment } = self;
        (reason.is_some() || comment.is_some())
            .then_some(Event::CancellationExplained { reason, comment })
    }
}

/// Why somebody ends a subscription, in the payment provider's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum CancellationReason {
    TooExpensive,
    MissingFeatures,
    SwitchedService,
    Unused,
    CustomerService,
    TooComplex,
    LowQuality,
    Other,
}

impl CancellationReason {
    /// Every reason, in the order in which a form shows them.
    pub const ALL: [Self; 8] = [
        Self::TooExpensive,
        Self::MissingFeatures,
        Self::SwitchedService,
        Self::Unused,
        Self::CustomerService,
        Self::TooComplex,
        Self::LowQuality,
        Self::Other,
    ];

    /// The word that stands for it in JSON and at the provider.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooExpensive => "too_expensive",
            Self::MissingFeatures => "missing_features",
            Self::SwitchedService => "switched_service",
            Self::Unused => "unused",
            Self::CustomerService => "customer_service",
            Self::TooComplex => "too_complex",
            Self::LowQuality => "low_quality",
            Self::Other => "other",
        }
    }
}

impl FromStr for CancellationReason {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        one_of(&Self::ALL, Self::as_str, text)
    }
}
