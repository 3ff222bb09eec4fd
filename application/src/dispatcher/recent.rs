//! Aggregates as this process saw them last, so that a command need not read them again.
//!
//! What is remembered may be old: another process may have appended since. Nothing is answered from it but an
//! append that the log confirmed, since an append names the sequence that it was decided at. Of streams that grow, what is
//! known to be old is kept as well: a history only ever gets longer, so that what came since makes it new.

use std::{any::Any, sync::Arc};

use quick_cache::sync::Cache;

use super::{Commanded, Loaded};
use crate::ports::StreamId;

/// How many aggregates are remembered; a few kilobytes each.
const CAPACITY: usize = 4096;

/// The aggregates of the latest commands. Cheap to clone.
#[derive(Clone)]
pub(super) struct Recent(Arc<Cache<StreamId, Seen>>);

#[derive(Clone)]
struct Seen {
    aggregate: Arc<dyn Any + Send + Sync>,
    /// Nothing that this process knows of speaks against the log having it so.
    is_current: bool,
    /// [`Commanded::GROWS`].
    grows: bool,
}

impl Seen {
    fn loaded<A: Commanded>(&self) -> Option<Loaded<A>> {
        self.aggregate.downcast_ref::<Loaded<A>>().cloned()
    }
}

impl Default for Recent {
    fn default() -> Self {
        Self(Arc::new(Cache::new(CAPACITY)))
    }
}

impl Recent {
    /// As it was after this process's latest command on it, when nothing was tried on it since.
    pub fn current<A: Commanded>(&self, stream: &StreamId) -> Option<Loaded<A>> {
        self.0.get(stream).filter(|seen| seen.is_current)?.loaded()
    }

    /// As it was at some time: the log may have more of it.
    pub fn seen<A: Commanded>(&self, stream: &StreamId) -> Option<Loaded<A>> {
        self.0.get(stream)?.loaded()
    }

    /// That is how the log has it now.
    pub fn remember<A: Commanded>(&self, stream: StreamId, loaded: Loaded<A>) {
        let seen = Seen {
            aggregate: Arc::new(loaded),
            is_current: true,
            grows: A::GROWS,
        };
        self.0.insert(stream, seen);
    }

    /// Nothing is known any more.
    pub fn forget_all(&self) {
        self.0.clear();
    }

    /// The log has it otherwise, or nobody knows.
    pub fn outdate(&self, stream: &StreamId) {
        match self.0.get(stream) {
            Some(seen) if seen.grows => {
                let outdated = Seen {
                    is_current: false,
                    ..seen
                };
                self.0.insert(stream.clone(), outdated);
            }
            Some(_) | None => {
                self.0.remove(stream);
            }
        }
    }
}
