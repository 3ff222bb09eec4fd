//! The in-memory log, and how often an append was tried on it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use application::{
    memory_log::MemoryLog,
    ports::{
        Append, AppendError, Appended, EventLog, LogUnavailable, ReadError, StoredEvent, StreamId,
    },
};
use async_trait::async_trait;
use domain::{
    recorded::{AnyEvent, Recorded},
    upcasting::Upcasters,
    values::Position,
};
use tokio::sync::watch;

pub(super) struct CountingLog {
    log: Arc<MemoryLog>,
    appends: AtomicUsize,
}

impl CountingLog {
    pub(super) fn over(log: Arc<MemoryLog>) -> Self {
        Self {
            log,
            appends: AtomicUsize::new(0),
        }
    }

    /// How often an append was tried, conflicts included.
    pub(super) fn appends(&self) -> usize {
        self.appends.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl EventLog for CountingLog {
    async fn load(&self, stream: &StreamId) -> Result<Vec<StoredEvent>, ReadError> {
        self.log.load(stream).await
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.appends.fetch_add(1, Ordering::Relaxed);
        self.log.append(append).await
    }

    async fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Recorded<AnyEvent>>, ReadError> {
        self.log.read(after, limit).await
    }

    fn upcasters(&self) -> Upcasters {
        self.log.upcasters()
    }

    async fn head(&self) -> Result<Position, LogUnavailable> {
        self.log.head().await
    }

    fn hint(&self) -> watch::Receiver<Position> {
        self.log.hint()
    }
}
