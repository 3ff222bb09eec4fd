//! The in-memory log, how often an append was tried on it, and how much of its streams was read.

use std::sync::{
    Arc, Mutex,
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
    log: Mutex<Arc<MemoryLog>>,
    appends: AtomicUsize,
    loaded: AtomicUsize,
}

impl CountingLog {
    pub(super) fn over(log: Arc<MemoryLog>) -> Self {
        Self {
            log: Mutex::new(log),
            appends: AtomicUsize::new(0),
            loaded: AtomicUsize::new(0),
        }
    }

    /// How often an append was tried, conflicts included.
    pub(super) fn appends(&self) -> usize {
        self.appends.load(Ordering::Relaxed)
    }

    fn log(&self) -> Arc<MemoryLog> {
        self.log.lock().unwrap().clone()
    }

    /// From now on it is that one, as when a backup was restored.
    pub(super) fn put_back(&self, log: Arc<MemoryLog>) {
        *self.log.lock().unwrap() = log;
    }

    /// How many events of streams were read since this was asked last.
    pub(super) fn loaded(&self) -> usize {
        self.loaded.swap(0, Ordering::Relaxed)
    }
}

#[async_trait]
impl EventLog for CountingLog {
    async fn load_from(
        &self,
        stream: &StreamId,
        sequence: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let loaded = self.log().load_from(stream, sequence).await?;
        self.loaded.fetch_add(loaded.len(), Ordering::Relaxed);
        Ok(loaded)
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.appends.fetch_add(1, Ordering::Relaxed);
        self.log().append(append).await
    }

    async fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Recorded<AnyEvent>>, ReadError> {
        self.log().read(after, limit).await
    }

    fn upcasters(&self) -> Upcasters {
        self.log().upcasters()
    }

    async fn head(&self) -> Result<Position, LogUnavailable> {
        self.log().head().await
    }

    fn hint(&self) -> watch::Receiver<Position> {
        self.log().hint()
    }
}
