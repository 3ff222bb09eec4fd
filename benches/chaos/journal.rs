//! What people know: every request that they made, and what they were told.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::values::UserId;

use crate::scenarios::Scenario;

/// What somebody was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It is done, and in the log up to there; the hash is of the answer's body.
    Done { position: u64, body: u64 },
    /// What was read.
    Shown,
    /// Not now: how long to wait, when that was said.
    Later { status: u16, after: Option<u64> },
    /// No.
    Refused { status: u16, code: String },
    /// Nobody listens there.
    NobodyThere,
    /// Nothing, or half of something.
    Nothing(String),
}

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    pub scenario: Option<Scenario>,
    pub user: UserId,
    /// A command's `Idempotency-Key`; a read has none.
    pub key: Option<String>,
    /// As `POST /photos`.
    pub what: String,
    pub asked: Instant,
    pub took: Duration,
    pub told: Told,
}

/// The journal. Clones write the same one.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    entries: Arc<Mutex<Vec<Entry>>>,
    scenario: Arc<Mutex<Option<Scenario>>>,
}

impl Journal {
    /// Requests belong to that scenario from now on.
    pub fn begin(&self, scenario: Scenario) {
        *self.scenario.lock().unwrap_or_else(PoisonError::into_inner) = Some(scenario);
    }

    /// Which scenario that is.
    pub fn scenario(&self) -> Option<Scenario> {
        *self.scenario.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn write(&self, entry: Entry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push(entry);
    }

    /// Everything so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What was asked in that scenario.
    pub fn of(&self, scenario: Scenario) -> Vec<Entry> {
        let mut entries = self.entries();
        entries.retain(|entry| entry.scenario == Some(scenario));
        entries
    }
}

/// The longest and the median of some times, in words.
pub fn told_times(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let (Some(median), Some(longest)) = (times.get(times.len() / 2), times.last()) else {
        return "never".to_owned();
    };
    format!(
        "half of {} within {:.2} s, the slowest {:.2} s",
        times.len(),
        median.as_secs_f64(),
        longest.as_secs_f64()
    )
}

/// The time within which 99 of 100 of them were, in words; they are in order.
pub fn told_99th(times: &[Duration]) -> String {
    let at = (times.len() * 99).div_ceil(100).saturating_sub(1);
    times.get(at).map_or_else(
        || "99 % never".to_owned(),
        |time| format!("99 % within {:.2} s", time.as_secs_f64()),
    )
}
