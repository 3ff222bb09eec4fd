//! Safety duties: how soon reports are answered, and when people are to pause.

use chrono::TimeDelta;
use domain::conduct::Limits;

use super::{Secret, keys::secret_key, reader::Reader};

/// The longest time that can be configured, in minutes: a year.
const LONGEST: u32 = 365 * 24 * 60;

/// What is owed to those who report something, and what is too much of those whose words are refused.
#[derive(Debug, Clone)]
pub struct SafetySettings {
    /// `REPORT_ANSWER_HOURS`: within that time a report is to be decided.
    pub answer_within: TimeDelta,
    /// `COOL_DOWN_REFUSALS`, `COOL_DOWN_WINDOW_MINUTES`, `COOL_DOWN_MINUTES`.
    pub cool_down: Limits,
    /// `CONTENT_HASH_KEY`: a text that [`parse_key`](super::parse_key) understands;
    /// none for one that is derived from `URL_SIGNING_KEY`.
    pub content_hash_key: Option<Secret>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> SafetySettings {
    SafetySettings {
        answer_within: minutes(reader, "REPORT_ANSWER_HOURS", 24, 60),
        cool_down: Limits {
            refusals: reader.value("COOL_DOWN_REFUSALS", "3").unwrap_or(3),
            window: minutes(reader, "COOL_DOWN_WINDOW_MINUTES", 60, 1),
            pause: minutes(reader, "COOL_DOWN_MINUTES", 60, 1),
        },
        content_hash_key: secret_key(reader, "CONTENT_HASH_KEY"),
    }
}

/// At least one of its unit, which is so many minutes.
fn minutes(reader: &mut Reader<'_>, name: &str, default: u32, unit: u32) -> TimeDelta {
    let count: u32 = reader.value(name, &default.to_string()).unwrap_or(default);
    let most = LONGEST / unit;
    if !(1..=most).contains(&count) {
        reader.problem(
            name,
            format_args!("must be a whole number from 1 to {most}"),
        );
    }
    TimeDelta::minutes(i64::from(count) * i64::from(unit))
}
