//! What the chat service remembers: no conversation, only how to behave, and what it was asked.

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::behaviour::Behaviour;
use crate::behaviour::{Named as _, UnknownBehaviour};

/// Older entries are forgotten.
const MOST_ENTRIES: usize = 1_000;

/// The script of the next completions, and the ledger of those asked for.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// Behaviours of the next completions, in order.
    pub(super) script: VecDeque<Behaviour>,
    pub(super) default_behaviour: Behaviour,
    /// Between two pieces of a streamed answer, in milliseconds.
    pub(super) pause_ms: Option<u64>,
    pub(super) ledger: VecDeque<Entry>,
    /// Words that were marked with a failure which is over by the next time.
    stumbled: HashSet<String>,
    /// How many completions were ever asked for: what their ids are made of.
    pub(super) asked: u64,
}

/// A completion that was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) model: String,
    pub(super) messages: usize,
    pub(super) stream: bool,
    pub(super) behaviour: Behaviour,
    pub(super) last_words: String,
}

impl State {
    /// The behaviour of a completion for these words: their marker's, else the script's next, else the default.
    pub(super) fn next_behaviour(&mut self, words: &str) -> Result<Behaviour, UnknownBehaviour> {
        let Some(marked) = Behaviour::marked(words) else {
            return Ok(self.script.pop_front().unwrap_or(self.default_behaviour));
        };
        let behaviour = marked?;
        // A marker comes again with each retry; what passes by itself fails only the first time.
        let passes = matches!(
            behaviour,
            Behaviour::Throttled | Behaviour::ServerError | Behaviour::CutStream
        );
        if passes && self.stumbled.remove(words) {
            return Ok(Behaviour::Ok);
        }
        if passes {
            self.stumbled.insert(words.to_owned());
        }
        Ok(behaviour)
    }

    pub(super) fn record(&mut self, entry: Entry) {
        self.asked += 1;
        if self.ledger.len() == MOST_ENTRIES {
            self.ledger.pop_front();
        }
        self.ledger.push_back(entry);
    }
}
