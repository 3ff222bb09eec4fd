//! The event log in memory, for tests of use cases: the same promises as the real one, but for durability.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    recorded::{AnyEvent, Recorded, UnreadableEvent},
    upcasting::Upcasters,
    values::Position,
};
use tokio::sync::watch;
use uuid::Uuid;

use crate::ports::{
    Answer, Append, AppendError, Appended, Conflict, EventLog, IdempotencyStore, KnownKey,
    LogUnavailable, NewEvent, ReadError, StoredEvent, StreamId,
};

/// A log that ends with the process.
pub struct MemoryLog {
    kept: Mutex<Kept>,
    hint: watch::Sender<Position>,
    upcasters: Upcasters,
}

#[derive(Default)]
struct Kept {
    events: Vec<KeptEvent>,
    keys: HashMap<(String, String), KnownKey>,
}

struct KeptEvent {
    stream: StreamId,
    event_id: Uuid,
    stored: StoredEvent,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            hint: watch::channel(Position(0)).0,
            upcasters: Upcasters::OURS,
        }
    }
}

impl MemoryLog {
    /// A log whose old events are read with another list than ours: for tests of versions that were never written.
    pub fn upcasting_with(upcasters: Upcasters) -> Self {
        Self {
            upcasters,
            ..Self::default()
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn sequence(&self, stream: &StreamId) -> u64 {
        let last = self.events.iter().rev().find(|kept| kept.stream == *stream);
        last.map_or(0, |kept| kept.stored.sequence)
    }

    fn push(&mut self, stream: &StreamId, sequence: u64, event: NewEvent, at: DateTime<Utc>) {
        let position = Position(self.events.len() as u64 + 1);
        let NewEvent {
            event_id,
            event_type,
            event_version,
            payload,
            metadata,
        } = event;
        let stored = StoredEvent {
            position,
            sequence,
            event_type,
            event_version,
            payload,
            metadata: metadata.to_string(),
            recorded_at: at,
        };
        self.events.push(KeptEvent {
            stream: stream.clone(),
            event_id,
            stored,
        });
    }

    fn append(&mut self, append: Append) -> Result<Appended, AppendError> {
        let Append {
            slices,
            idempotency,
        } = append;
        if let Some(claim) = &idempotency
            && let Some(known) = self.keys.get(&(claim.scope.clone(), claim.key.clone()))
        {
            return Err(AppendError::KeyUsed(known.clone()));
        }
        for slice in &slices {
            let current_sequence = self.sequence(&slice.stream);
            if current_sequence != slice.expected_sequence {
                let stream = slice.stream.clone();
                return Err(AppendError::Conflict(Conflict {
                    stream,
                    current_sequence,
                }));
            }
        }
        let before = self.events.last().map(|kept| kept.stored.recorded_at);
        let at = before.map_or_else(Utc::now, |before| before.max(Utc::now()));
        for slice in slices {
            for (sequence, event) in (slice.expected_sequence + 1..).zip(slice.events) {
                self.push(&slice.stream, sequence, event, at);
            }
        }
        let position = Position(self.events.len() as u64);
        if let Some(claim) = idempotency {
            let known = KnownKey {
                request_hash: claim.request_hash,
                position,
                answer: None,
            };
            self.keys.insert((claim.scope, claim.key), known);
        }
        Ok(Appended { position })
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn load(&self, stream: &StreamId) -> Result<Vec<StoredEvent>, LogUnavailable> {
        let kept = self.kept();
        let events = kept.events.iter().filter(|kept| kept.stream == *stream);
        Ok(events.map(|kept| kept.stored.clone()).collect())
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let appended = self.kept().append(append)?;
        self.hint.send_replace(appended.position);
        Ok(appended)
    }

    async fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Recorded<AnyEvent>>, ReadError> {
        let kept = self.kept();
        let skipped = usize::try_from(after.0).unwrap_or(usize::MAX);
        let mut events = Vec::new();
        for kept in kept.events.iter().skip(skipped).take(limit) {
            match recorded(self.upcasters, kept) {
                Ok(event) => events.push(event),
                Err(_) if !events.is_empty() => break,
                Err(source) => {
                    return Err(ReadError::Unreadable {
                        position: kept.stored.position,
                        source,
                    });
                }
            }
        }
        Ok(events)
    }

    fn upcasters(&self) -> Upcasters {
        self.upcasters
    }

    async fn head(&self) -> Result<Position, LogUnavailable> {
        Ok(Position(self.kept().events.len() as u64))
    }

    fn hint(&self) -> watch::Receiver<Position> {
        self.hint.subscribe()
    }
}

fn recorded(upcasters: Upcasters, kept: &KeptEvent) -> Result<Recorded<AnyEvent>, UnreadableEvent> {
    let KeptEvent {
        stream,
        event_id,
        stored,
    } = kept;
    Ok(Recorded {
        position: stored.position,
        event_id: *event_id,
        aggregate_id: stream.aggregate_id.clone(),
        sequence: stored.sequence,
        recorded_at: stored.recorded_at,
        metadata: serde_json::from_str(&stored.metadata).map_err(UnreadableEvent::Metadata)?,
        event: AnyEvent::decode(
            upcasters,
            stream.aggregate_type,
            &stored.event_type,
            &stored.event_version,
            &stored.payload,
        )?,
    })
}

#[async_trait]
impl IdempotencyStore for MemoryLog {
    async fn find(&self, scope: &str, key: &str) -> Result<Option<KnownKey>, LogUnavailable> {
        Ok(self
            .kept()
            .keys
            .get(&(scope.to_owned(), key.to_owned()))
            .cloned())
    }

    async fn remember(
        &self,
        scope: &str,
        key: &str,
        request_hash: [u8; 32],
        position: Position,
        answer: &Answer,
    ) -> Result<(), LogUnavailable> {
        let mut kept = self.kept();
        let known = kept
            .keys
            .entry((scope.to_owned(), key.to_owned()))
            .or_insert(KnownKey {
                request_hash,
                position,
                answer: None,
            });
        if known.request_hash == request_hash && known.answer.is_none() {
            known.answer = Some(answer.clone());
        }
        Ok(())
    }

    async fn forget(&self, scope: &str) -> Result<(), LogUnavailable> {
        self.kept().keys.retain(|(kept, _), _| kept != scope);
        Ok(())
    }

    /// Nothing is old enough: the log ends with the process.
    async fn expire(&self) -> Result<u64, LogUnavailable> {
        Ok(0)
    }
}
