//! The event log in memory, for tests of use cases: the same promises as the real one, but for durability.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    personal::forgets_owner,
    recorded::{AnyEvent, Recorded, UnreadableEvent},
    upcasting::Upcasters,
    values::{Position, UserId},
};
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::ports::{
    Answer, Append, AppendError, Appended, Clock, Conflict, EventLog, IdempotencyStore, KnownKey,
    LogUnavailable, NewEvent, PersonKeys, ReadError, StoredEvent, StreamId, StreamSlice,
    SystemClock,
};

/// A log that ends with the process.
pub struct MemoryLog {
    kept: Mutex<Kept>,
    hint: watch::Sender<Position>,
    upcasters: Upcasters,
    clock: Arc<dyn Clock>,
}

#[derive(Default, Clone)]
struct Kept {
    events: Vec<KeptEvent>,
    keys: HashMap<(String, String), KnownKey>,
    /// Whose personal values are forgotten. Nothing is sealed: the log ends with the process.
    erased: HashSet<UserId>,
}

#[derive(Clone)]
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
            clock: Arc::new(SystemClock),
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

    /// A log whose events are recorded by that clock.
    pub fn by_clock(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            ..Self::default()
        }
    }

    /// What this log holds, and a clock for what comes to it: the two go different ways from here.
    pub fn fork(&self, clock: Arc<dyn Clock>) -> Self {
        let kept = self.kept().clone();
        let head = Position(kept.events.len() as u64);
        Self {
            kept: Mutex::new(kept),
            hint: watch::channel(head).0,
            upcasters: self.upcasters,
            clock,
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

    fn append(&mut self, append: Append, now: DateTime<Utc>) -> Result<Appended, AppendError> {
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
        let erased = self.erased_by(&slices)?;
        let before = self.events.last().map(|kept| kept.stored.recorded_at);
        let at = before.map_or(now, |before| before.max(now));
        for slice in slices {
            for (sequence, event) in (slice.expected_sequence + 1..).zip(slice.events) {
                self.push(&slice.stream, sequence, event, at);
            }
        }
        self.erased.extend(erased);
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

impl Kept {
    /// Whom these events erase; refused when one of them holds something personal of somebody who was erased before.
    fn erased_by(&self, slices: &[StreamSlice]) -> Result<Vec<UserId>, AppendError> {
        let mut erased = Vec::new();
        for slice in slices {
            for event in &slice.events {
                let forgets = forgets_owner(slice.stream.aggregate_type, &event.event_type);
                if self.erased.is_empty() && !forgets {
                    continue;
                }
                let Some(owner) = owner(&event.metadata) else {
                    continue;
                };
                if self.erased.contains(&owner) && has_personal(&event.payload) {
                    return Err(AppendError::OwnerErased);
                }
                if forgets {
                    erased.push(owner);
                }
            }
        }
        Ok(erased)
    }

    /// The event as it may be read now.
    fn opened(&self, stored: &StoredEvent) -> StoredEvent {
        let mut opened = stored.clone();
        if !self.erased.is_empty()
            && owner(&stored.metadata).is_some_and(|owner| self.erased.contains(&owner))
            && let Ok(mut payload) = serde_json::from_str(&stored.payload)
        {
            erase(&mut payload);
            opened.payload = payload.to_string();
        }
        opened
    }
}

fn owner(metadata: &str) -> Option<UserId> {
    let metadata: Value = serde_json::from_str(metadata).ok()?;
    metadata.get("owner")?.as_str()?.parse().ok()
}

fn has_personal(payload: &str) -> bool {
    let mut erased: Value = serde_json::from_str(payload).unwrap_or_default();
    let before = erased.clone();
    erase(&mut erased);
    erased != before
}

/// Makes every readable personal value (`domain::personal::Personal`) an erased one.
fn erase(value: &mut Value) {
    match value {
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("personal") => {
            *value = json!({ "erased": true });
        }
        Value::Object(fields) => fields.values_mut().for_each(erase),
        Value::Array(elements) => elements.iter_mut().for_each(erase),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[async_trait]
impl PersonKeys for MemoryLog {
    async fn destroy(&self, user: UserId) -> Result<(), LogUnavailable> {
        self.kept().erased.insert(user);
        Ok(())
    }

    async fn is_destroyed(&self, user: UserId) -> Result<bool, LogUnavailable> {
        Ok(self.kept().erased.contains(&user))
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn load_from(
        &self,
        stream: &StreamId,
        sequence: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let kept = self.kept();
        let events = kept.events.iter().filter(|kept| kept.stream == *stream);
        let events = events.filter(|kept| kept.stored.sequence >= sequence);
        Ok(events.map(|event| kept.opened(&event.stored)).collect())
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let appended = self.kept().append(append, self.clock.now())?;
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
        for event in kept.events.iter().skip(skipped).take(limit) {
            match recorded(self.upcasters, event, &kept.opened(&event.stored)) {
                Ok(event) => events.push(event),
                Err(_) if !events.is_empty() => break,
                Err(source) => {
                    return Err(ReadError::Unreadable {
                        position: event.stored.position,
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

fn recorded(
    upcasters: Upcasters,
    kept: &KeptEvent,
    stored: &StoredEvent,
) -> Result<Recorded<AnyEvent>, UnreadableEvent> {
    let KeptEvent {
        stream, event_id, ..
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
