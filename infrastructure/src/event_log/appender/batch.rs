//! The commands that one statement carries, and what the statement says of each.

use std::{
    collections::{HashSet, VecDeque},
    hash::{BuildHasher, RandomState},
    time::Instant,
};

use application::ports::{Append, Conflict, KnownKey};
use domain::values::{Position, UserId};
use uuid::Uuid;

use super::Waiting;
use crate::sealing::SealedAppend;

/// The most commands that one statement carries.
const MOST_COMMANDS: usize = 512;
/// About how many bytes of events one statement carries at most.
const MOST_BYTES: usize = 4 << 20;

/// Commands of which no two touch the same stream or carry the same idempotency key, and none has values of somebody
/// whom one before it erases.
pub(super) struct Batch(VecDeque<Waiting>);

/// What became of one command.
pub(super) enum Verdict {
    Appended(Position),
    Conflict(Conflict),
    KeyUsed(KnownKey),
    KeyLost,
}

impl Batch {
    /// Takes what fits from the front; a command that meets an earlier one's stream or key stays for the next batch.
    pub(super) fn take(pending: &mut VecDeque<Waiting>) -> Self {
        let mut taken = VecDeque::new();
        let mut kept = VecDeque::new();
        // Hashes will do: two that meet by chance only put a command into the next batch.
        let hasher = RandomState::new();
        let mut touched: HashSet<u64> = HashSet::new();
        let mut erased: Vec<UserId> = Vec::new();
        let mut bytes = 0;
        while let Some(waiting) = pending.pop_front() {
            if taken.len() == MOST_COMMANDS || bytes >= MOST_BYTES {
                kept.push_back(waiting);
                break;
            }
            let SealedAppend {
                append,
                sealed_with,
                erased: erases,
            } = &waiting.command;
            let mut meets = sealed_with.iter().any(|key| erased.contains(&key.person));
            erased.extend(erases);
            // Also what stays behind holds its streams: nobody overtakes on one stream.
            for slice in &append.slices {
                meets |= !touched.insert(hasher.hash_one(&slice.stream));
            }
            if let Some(claim) = &append.idempotency {
                meets |= !touched.insert(hasher.hash_one((&claim.scope, &claim.key)));
            }
            if meets {
                kept.push_back(waiting);
            } else {
                bytes += size(append);
                taken.push_back(waiting);
            }
        }
        kept.append(pending);
        *pending = kept;
        Self(taken)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn commands(&self) -> impl Iterator<Item = &SealedAppend> {
        self.0.iter().map(|waiting| &waiting.command)
    }

    pub(super) fn appends(&self) -> impl Iterator<Item = &Append> {
        self.commands().map(|command| &command.append)
    }

    pub(super) fn into_waiting(self) -> impl Iterator<Item = Waiting> {
        self.0.into_iter()
    }

    pub(super) fn into_singles(self) -> VecDeque<Self> {
        self.0
            .into_iter()
            .map(|waiting| Self(VecDeque::from([waiting])))
            .collect()
    }

    pub(super) fn absorb(&mut self, others: impl IntoIterator<Item = Self>) {
        self.0.extend(others.into_iter().flat_map(|other| other.0));
    }

    /// Until when its most patient command waits.
    pub(super) fn latest(&self) -> Instant {
        self.0
            .iter()
            .map(|waiting| waiting.until)
            .max()
            .unwrap_or_else(Instant::now)
    }

    pub(super) fn last_event_ids(&self) -> Vec<Uuid> {
        self.appends().filter_map(last_event_id).collect()
    }

    pub(super) fn refuse(self, reason: &str) {
        self.0
            .into_iter()
            .for_each(|waiting| waiting.refuse(reason));
    }
}

/// The id of a command's last event: since all of its events are written or none, it tells which.
pub(super) fn last_event_id(append: &Append) -> Option<Uuid> {
    append
        .slices
        .last()?
        .events
        .last()
        .map(|event| event.event_id)
}

fn size(append: &Append) -> usize {
    let events = append.slices.iter().flat_map(|slice| &slice.events);
    events
        .map(|event| event.payload.len() + event.metadata.len())
        .sum()
}
