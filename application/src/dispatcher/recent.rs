//! Aggregates as this process saw them last, so that a command need not read them again.
//!
//! What is remembered may be old: another process may have appended since. Nothing is answered from it but an
//! append that the log confirmed, since an append names the sequence that it was decided at.

use std::{any::Any, sync::Arc};

use cqrs_es::Aggregate;
use quick_cache::sync::Cache;

use super::Loaded;
use crate::ports::StreamId;

/// How many aggregates are remembered; a few kilobytes each.
const CAPACITY: usize = 4096;

/// The aggregates of the latest commands. Cheap to clone.
#[derive(Clone)]
pub(super) struct Recent(Arc<Cache<StreamId, Arc<dyn Any + Send + Sync>>>);

impl Default for Recent {
    fn default() -> Self {
        Self(Arc::new(Cache::new(CAPACITY)))
    }
}

impl Recent {
    /// As it was after this process's latest command on it.
    pub fn find<A: Aggregate + Clone + 'static>(&self, stream: &StreamId) -> Option<Loaded<A>> {
        self.0.get(stream)?.downcast_ref::<Loaded<A>>().cloned()
    }

    /// That is how the log has it now.
    pub fn remember<A: Aggregate + Clone + 'static>(&self, stream: StreamId, loaded: Loaded<A>) {
        self.0.insert(stream, Arc::new(loaded));
    }

    /// Nothing is known any more.
    pub fn forget_all(&self) {
        self.0.clear();
    }

    /// The log has it otherwise, or nobody knows.
    pub fn forget(&self, stream: &StreamId) {
        self.0.remove(stream);
    }
}
