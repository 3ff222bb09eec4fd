//! What Replicate remembers.

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::behaviour::Behaviour;
use super::ledger::LedgerEntry;
use super::prediction::Prediction;
use crate::behaviour::{Named as _, UnknownBehaviour};

/// Older predictions are forgotten where there is a state file, so that it stays small.
const MOST_PREDICTIONS: usize = 2_000;

/// Older ledger entries are forgotten then as well.
const MOST_LEDGER_ENTRIES: usize = 4_000;

/// Predictions, the script of the next creates, and the ledger of the creates received.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// Oldest first.
    pub(super) predictions: Vec<Prediction>,
    pub(super) ledger: Vec<LedgerEntry>,
    /// Behaviours of the next creates, in order.
    pub(super) script: VecDeque<Behaviour>,
    pub(super) default_behaviour: Behaviour,
    /// Overrides the configured drawing time, in milliseconds.
    pub(super) drawing_time_ms: Option<u64>,
    /// How many times smaller than ordered the sides of pictures are; for load that is about something else than pixels.
    pub(super) shrink: Option<u32>,
    /// Prompts whose next create is no longer throttled.
    pub(super) throttled: HashSet<String>,
    /// Whether nothing is ever forgotten.
    #[serde(skip)]
    pub(crate) keeps_all: bool,
    /// When the latest creates came, in milliseconds, for the rate-limit headers.
    #[serde(skip)]
    pub(super) recent_creates: VecDeque<i64>,
}

impl State {
    pub(super) fn prediction(&self, id: &str) -> Option<&Prediction> {
        self.predictions.iter().rev().find(|one| one.id == id)
    }

    pub(super) fn prediction_mut(&mut self, id: &str) -> Option<&mut Prediction> {
        self.predictions.iter_mut().rev().find(|one| one.id == id)
    }

    pub(super) fn add(&mut self, prediction: Prediction) {
        let most = self.most(MOST_PREDICTIONS);
        push(&mut self.predictions, prediction, most);
    }

    pub(super) fn record(&mut self, entry: LedgerEntry) {
        let most = self.most(MOST_LEDGER_ENTRIES);
        push(&mut self.ledger, entry, most);
    }

    /// How many of something are kept.
    fn most(&self, with_a_file: usize) -> usize {
        if self.keeps_all {
            usize::MAX
        } else {
            with_a_file
        }
    }

    pub(super) fn ledger_entry(&mut self, id: &str) -> Option<&mut LedgerEntry> {
        let mut newest_first = self.ledger.iter_mut().rev();
        newest_first.find(|entry| entry.id.as_deref() == Some(id))
    }

    /// The behaviour of a create with this prompt: its marker's, else the script's next, else the default.
    pub(super) fn next_behaviour(&mut self, prompt: &str) -> Result<Behaviour, UnknownBehaviour> {
        if let Some(marked) = Behaviour::marked(prompt) {
            return marked;
        }
        Ok(self.script.pop_front().unwrap_or(self.default_behaviour))
    }

    /// Whether this create is to be throttled; a prompt is throttled every other time.
    pub(super) fn throttles(&mut self, behaviour: Behaviour, prompt: &str) -> bool {
        if behaviour != Behaviour::ThrottledThenOk {
            return false;
        }
        // A script says "429" for one create only; a marker comes again with each retry.
        if Behaviour::marked(prompt).is_none() || !self.throttled.remove(prompt) {
            if Behaviour::marked(prompt).is_some() {
                self.throttled.insert(prompt.to_owned());
            }
            return true;
        }
        false
    }

    /// How many creates are left in this minute, of so many.
    pub(super) fn creates_left(&mut self, per_minute: u32, now: i64) -> u32 {
        while self
            .recent_creates
            .front()
            .is_some_and(|at| now - at >= 60_000)
        {
            self.recent_creates.pop_front();
        }
        self.recent_creates.push_back(now);
        let used = u32::try_from(self.recent_creates.len()).unwrap_or(u32::MAX);
        per_minute.saturating_sub(used)
    }
}

/// Adds to a list, oldest first; what is more than `most` is forgotten.
fn push<T>(list: &mut Vec<T>, one: T, most: usize) {
    list.push(one);
    list.drain(..list.len().saturating_sub(most));
}
