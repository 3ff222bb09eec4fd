//! Checked values: parsed once at the edge, so that inside an invalid one cannot exist.
//!
//! Stored events are trusted and load without a second check, so that a stricter rule
//! never makes history unreadable.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text or number is not the value that it should be; the sentence says what to send instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Uuid::parse_str(text).map(Self).map_err(|_| Invalid("must be a UUID".to_owned()))
            }
        }
    };
}

id!(
    /// A person who signs in.
    UserId
);
id!(
    /// A user's companion.
    AvatarId
);
id!(
    /// One picture, from wish to delivery.
    PhotoId
);
id!(
    /// Something that was said in a conversation, by whomever.
    MessageId
);
id!(
    /// A report: the id of the photo or message that it is about.
    ReportId
);

/// A place in the event log: 1, 2, 3 … in commit order without gaps; 0 is before the first event.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The longest accepted text, in characters (Unicode scalar values).
            pub const MAX_CHARS: usize = $max;

            /// The checked text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            /// Accepts 1 to `MAX_CHARS` characters after surrounding white space is cut off,
            /// without control characters other than line breaks.
            fn from_str(text: &str) -> Result<Self, Invalid> {
                checked_text(text, Self::MAX_CHARS).map(Self)
            }
        }
    };
}

fn checked_text(text: &str, max: usize) -> Result<String, Invalid> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars == 0 {
        return Err(Invalid(format!(
            "must not be empty; send 1 to {max} characters"
        )));
    }
    if chars > max {
        return Err(Invalid(format!(
            "is {chars} characters long; send at most {max}"
        )));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Invalid(
            "contains control characters; send plain text".to_owned(),
        ));
    }
    Ok(text.to_owned())
}

text!(
    /// What the companion is called.
    AvatarName, 100
);
text!(
    /// The companion's gender, in the user's words.
    Gender, 50
);
text!(
    /// The companion's nationality, in the user's words.
    Nationality, 100
);
text!(
    /// What the companion looks like, in the user's words.
    Appearance, 2000
);
text!(
    /// What a picture should show, in the user's words.
    Scene, 500
);
text!(
    /// The whole text that an image model is given.
    Prompt, 8000
);
text!(
    /// What somebody says when they end their subscription.
    SurveyComment, 1000
);
text!(
    /// What a person says to the companion.
    MessageText, 4000
);
text!(
    /// What the companion says.
    ReplyText, 8000
);
text!(
    /// What a chat model gave a tool, as it wrote it: JSON, or what it took for JSON.
    ToolArguments, 4000
);
text!(
    /// What somebody says about something that they report.
    ReportText, 2000
);
text!(
    /// What an operator says about a decision on a report.
    DecisionNote, 2000
);
text!(
    /// A plan's name in the configuration, as `monthly`.
    PlanId, 100
);

/// The companion's age in years: 20 to 120. Nobody younger exists in this system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Age(u8);

impl Age {
    /// The youngest accepted age in years.
    pub const MIN: u8 = 20;
    /// The oldest accepted age in years.
    pub const MAX: u8 = 120;
    /// The youngest accepted age.
    pub const YOUNGEST: Self = Self(Self::MIN);

    /// The age in years.
    pub const fn years(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for Age {
    type Error = Invalid;

    fn try_from(years: i64) -> Result<Self, Invalid> {
        u8::try_from(years)
            .ok()
            .filter(|years| (Self::MIN..=Self::MAX).contains(years))
            .map(Self)
            .ok_or_else(|| {
                Invalid(format!(
                    "must be a whole number from {} to {}",
                    Self::MIN,
                    Self::MAX
                ))
            })
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How the companion behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Personality {
    Playful,
    Dominant,
    Shy,
    Caring,
    Intellectual,
    Adventurous,
}

impl Personality {
    /// Every personality, in the order in which a form shows them.
    pub const ALL: [Self; 6] = [
        Self::Playful,
        Self::Dominant,
        Self::Shy,
        Self::Caring,
        Self::Intellectual,
        Self::Adventurous,
    ];

    /// The word that stands for it in JSON, SQL and prompts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Playful => "playful",
            Self::Dominant => "dominant",
            Self::Shy => "shy",
            Self::Caring => "caring",
            Self::Intellectual => "intellectual",
            Self::Adventurous => "adventurous",
        }
    }
}

impl fmt::Display for Personality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Personality {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        one_of(&Self::ALL, Self::as_str, text)
    }
}

/// The value that the text is the word for.
pub(crate) fn one_of<T: Copy>(
    all: &[T],
    word: fn(T) -> &'static str,
    text: &str,
) -> Result<T, Invalid> {
    let named = all.iter().copied().find(|value| word(*value) == text);
    named.ok_or_else(|| {
        let words: Vec<_> = all.iter().copied().map(word).collect();
        Invalid(format!("must be one of {}", words.join(", ")))
    })
}
