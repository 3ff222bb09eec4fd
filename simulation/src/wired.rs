//! The log, and what else the worker stands on, over a wire.

use std::{ops::Range, sync::Arc, time::Duration};

use application::ports::{
    Answer, Append, AppendError, Appended, EventLog, IdempotencyStore, KnownKey, LogUnavailable,
    ObjectStorage, PersonKeys, ReadError, StorageError, StoredEvent, StoredObject, StreamId,
};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    recorded::{AnyEvent, Recorded},
    upcasting::Upcasters,
    values::{Position, UserId},
};
use tokio::sync::watch;

use crate::{variant::Variant, wire::Wire};

mod ground;

pub use ground::WiredGround;

/// The log cannot be reached.
pub fn log_away() -> LogUnavailable {
    LogUnavailable("away".into())
}

/// The log, over a wire.
pub struct WiredLog(pub Wire);

impl WiredLog {
    async fn append_as_things_are(&self, mut append: Append) -> Result<Appended, AppendError> {
        let world = &self.0.world;
        if world.variant == Variant::KeysForgotten {
            append.idempotency = None;
        }
        if world.variant == Variant::AppendsUnfenced {
            return append_unfenced(world.log.as_ref(), append).await;
        }
        if world.variant == Variant::AppendsForgotten && world.misfortune(20) {
            let position = world.log.head().await?;
            return Ok(Appended { position });
        }
        world.log.append(append).await
    }
}

/// Appends behind whatever the streams have come to.
async fn append_unfenced(log: &dyn EventLog, mut append: Append) -> Result<Appended, AppendError> {
    loop {
        match log.append(append.clone()).await {
            Err(AppendError::Conflict(conflict)) => {
                let mut slices = append.slices.iter_mut();
                if let Some(slice) = slices.find(|slice| slice.stream == conflict.stream) {
                    slice.expected_sequence = conflict.current_sequence;
                }
            }
            other => return other,
        }
    }
}

#[async_trait]
impl EventLog for WiredLog {
    async fn load_from(
        &self,
        stream: &StreamId,
        sequence: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let effect = self.0.world.log.load_from(stream, sequence);
        let away = || ReadError::Unavailable(log_away());
        self.0.call_log("log.load", away, effect).await
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let away = || AppendError::Unavailable(log_away());
        let effect = self.append_as_things_are(append);
        let world = &self.0.world;
        let effect = async {
            let appended = effect.await;
            world.appended.notify_waiters();
            appended
        };
        self.0.call_log("log.append", away, effect).await
    }

    async fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Recorded<AnyEvent>>, ReadError> {
        let effect = self.0.world.read(after, limit);
        let away = || ReadError::Unavailable(log_away());
        self.0.call_log("log.read", away, effect).await
    }

    fn upcasters(&self) -> Upcasters {
        self.0.world.log.upcasters()
    }

    async fn head(&self) -> Result<Position, LogUnavailable> {
        let effect = self.0.world.log.head();
        self.0.call_log("log.head", log_away, effect).await
    }

    fn hint(&self) -> watch::Receiver<Position> {
        self.0.world.log.hint()
    }
}

#[async_trait]
impl IdempotencyStore for WiredLog {
    async fn find(&self, scope: &str, key: &str) -> Result<Option<KnownKey>, LogUnavailable> {
        let effect = self.0.world.log.find(scope, key);
        self.0.call_log("keys.find", log_away, effect).await
    }

    async fn remember(
        &self,
        scope: &str,
        key: &str,
        request_hash: [u8; 32],
        position: Position,
        answer: &Answer,
    ) -> Result<(), LogUnavailable> {
        let log = &self.0.world.log;
        log.remember(scope, key, request_hash, position, answer)
            .await
    }

    async fn forget(&self, scope: &str) -> Result<(), LogUnavailable> {
        let effect = self.0.world.log.forget(scope);
        self.0.call_log("keys.forget", log_away, effect).await
    }

    async fn expire(&self) -> Result<u64, LogUnavailable> {
        self.0.world.log.expire().await
    }
}

#[async_trait]
impl PersonKeys for WiredLog {
    async fn destroy(&self, user: UserId) -> Result<(), LogUnavailable> {
        self.0.world.log.destroy(user).await
    }

    async fn is_destroyed(&self, user: UserId) -> Result<bool, LogUnavailable> {
        self.0.world.log.is_destroyed(user).await
    }
}

/// The files, over a wire.
pub struct WiredStorage(pub Wire);

fn storage_away() -> StorageError {
    StorageError::Unavailable("away".into())
}

#[async_trait]
impl ObjectStorage for WiredStorage {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StorageError> {
        let effect = self.0.world.storage.put(key, bytes);
        self.0.call("storage.put", storage_away, effect).await
    }

    async fn get(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<StoredObject, StorageError> {
        let effect = self.0.world.storage.get(key, range);
        self.0.call("storage.get", storage_away, effect).await
    }

    async fn delete(&self, key: &str) -> Result<(), StorageError> {
        let effect = self.0.world.storage.delete(key);
        self.0.call("storage.delete", storage_away, effect).await
    }

    async fn tidy(&self, key: &str) -> Result<(), StorageError> {
        let effect = self.0.world.storage.tidy(key);
        self.0.call("storage.tidy", storage_away, effect).await
    }

    async fn address(&self, key: &str, time: Duration) -> Result<Option<String>, StorageError> {
        self.0.world.storage.address(key, time).await
    }

    async fn check(&self) -> Result<(), StorageError> {
        self.0.world.storage.check().await
    }
}

/// The same as what the worker takes.
pub fn log_over(wire: &Wire) -> Arc<WiredLog> {
    Arc::new(WiredLog(wire.clone()))
}
