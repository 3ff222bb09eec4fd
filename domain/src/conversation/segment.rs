//! Which stream a turn belongs to: one per user, mode and day.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;

use super::Mode;
use crate::values::{Invalid, UserId};

/// One day of a user's conversation in one mode; its text is the aggregate's id.
///
/// The day is the day of the person's message in UTC. A reply that comes after midnight, and the picture that it
/// promises, belong to the day of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the types say it")]
pub struct Segment {
    pub owner: UserId,
    pub mode: Mode,
    pub day: NaiveDate,
}

impl fmt::Display for Segment {
    /// As `0199f0c0-0000-7000-8000-000000000002.intimate.2026-11-25`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, mode, day } = self;
        write!(f, "{owner}.{}.{day}", mode.as_str())
    }
}

impl FromStr for Segment {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parts: Vec<_> = text.split('.').collect();
        let [owner, mode, day] = parts[..] else {
            return Err(Invalid("must be user.mode.day".to_owned()));
        };
        let mode = Mode::ALL
            .into_iter()
            .find(|known| known.as_str() == mode)
            .ok_or_else(|| Invalid(format!("{mode:?} is no mode")))?;
        Ok(Self {
            owner: owner.parse()?,
            mode,
            day: day
                .parse()
                .map_err(|_| Invalid(format!("{day:?} is no day")))?,
        })
    }
}
