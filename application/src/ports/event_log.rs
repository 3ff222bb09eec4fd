//! The event log: load one stream, append atomically, read everything in order.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    event_versions::VersionedEvent,
    recorded::{AnyEvent, Recorded, UnreadableEvent},
    upcasting::Upcasters,
    values::{Position, UserId},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use uuid::Uuid;

use super::KnownKey;

/// One aggregate's history in the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// `Aggregate::TYPE`.
    pub aggregate_type: &'static str,
    /// The aggregate's id.
    pub aggregate_id: String,
}

/// An event of one stream, as stored.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// Its place in the log.
    pub position: Position,
    /// Its place in the stream: 1, 2, 3 …
    pub sequence: u64,
    /// Its name.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// The JSON as it was given to [`EventLog::append`]; what is personal of somebody erased is `{"erased": true}`.
    pub payload: String,
    /// Who caused it, as JSON (`domain::recorded::Metadata`).
    pub metadata: String,
    /// When the database committed it.
    pub recorded_at: DateTime<Utc>,
}

/// Whose an event is.
#[derive(Deserialize)]
struct Owned {
    owner: UserId,
}

impl StoredEvent {
    /// The user whom it belongs to.
    ///
    /// # Errors
    /// When its metadata are not what every event has.
    pub fn owner(&self) -> Result<UserId, UnreadableEvent> {
        serde_json::from_str(&self.metadata)
            .map(|Owned { owner }| owner)
            .map_err(UnreadableEvent::Metadata)
    }

    /// The event itself, of whatever version it was written in.
    ///
    /// # Errors
    /// When this program knows neither name nor version, or the JSON is not what they promise.
    pub fn decode<E: VersionedEvent>(&self, upcasters: Upcasters) -> Result<E, UnreadableEvent> {
        upcasters.decode(&self.event_type, &self.event_version, &self.payload)
    }
}

/// An event to be written.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// UUIDv7, made by the writer: with it an append whose outcome is unknown can be settled.
    pub event_id: Uuid,
    /// Its name.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// The JSON to be stored byte for byte, but for what is personal in it (`domain::personal::Personal`): that is sealed
    /// with the key of the metadata's owner.
    pub payload: String,
    /// The metadata as JSON, `domain::recorded::Metadata`; one command's events share it.
    pub metadata: Arc<str>,
}

/// What one command adds to one stream.
#[derive(Debug, Clone)]
pub struct StreamSlice {
    /// Where the events go.
    pub stream: StreamId,
    /// The sequence of the stream's last event when the command was decided; 0 for a new stream.
    pub expected_sequence: u64,
    /// At least one event.
    pub events: Vec<NewEvent>,
}

/// What makes a command execute once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// Whose key it is: a user's id, or a reaction's name.
    pub scope: String,
    /// The key.
    pub key: String,
    /// SHA-256 of method, path and body: the same key with another request is a mistake.
    pub request_hash: [u8; 32],
}

impl IdempotencyClaim {
    /// What the log keeps of it, since a client may have written anything into its key: SHA-256 of the scope, a NUL byte
    /// and the key, lower-case hex.
    pub fn sha256(&self) -> String {
        let parts = Sha256::new()
            .chain_update(&self.scope)
            .chain_update([0])
            .chain_update(&self.key);
        hex::encode(parts.finalize())
    }
}

/// One command's events: all of them are appended, or none.
#[derive(Debug, Clone)]
pub struct Append {
    /// One slice for each stream that the command touches; each stream at most once.
    pub slices: Vec<StreamSlice>,
    /// Recorded in the same transaction as the events.
    pub idempotency: Option<IdempotencyClaim>,
}

/// An append that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The position of the command's last event; its events have consecutive positions.
    pub position: Position,
}

/// A stream moved on since the command was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The stream that moved on.
    pub stream: StreamId,
    /// The sequence of its last event.
    pub current_sequence: u64,
}

/// The log cannot be reached; nothing was written, or what was written is not known to be durable.
#[derive(Debug, thiserror::Error)]
#[error("the event log cannot be reached")]
pub struct LogUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Why an append was not made.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A stream moved on.
    #[error("the stream has moved on to sequence {}", .0.current_sequence)]
    Conflict(Conflict),
    /// The idempotency key was used before (perhaps a moment ago, by a concurrent twin); nothing was appended.
    #[error("the idempotency key was used before")]
    KeyUsed(KnownKey),
    /// An event holds personal data of somebody who was erased; nothing was appended.
    #[error("the person whose data these are was erased")]
    OwnerErased,
    /// The log is away.
    #[error(transparent)]
    Unavailable(#[from] LogUnavailable),
}

/// Why the log was not read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The next event is not readable by this version.
    #[error("the event at position {position} is not readable")]
    Unreadable {
        /// Where it is.
        position: Position,
        /// What the decoder says.
        source: UnreadableEvent,
    },
    /// The log is away.
    #[error(transparent)]
    Unavailable(#[from] LogUnavailable),
}

/// The log. `infrastructure` keeps it in PostgreSQL; tests may keep it in memory: both pass one contract suite.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Every event of one stream, in order; none for a stream that does not exist.
    ///
    /// # Errors
    /// As [`Self::load_from`].
    async fn load(&self, stream: &StreamId) -> Result<Vec<StoredEvent>, ReadError> {
        self.load_from(stream, 0).await
    }

    /// The events of one stream from that sequence on, in order: the one with that sequence is the first, when it is there.
    ///
    /// # Errors
    /// When the log is away, or something personal in an event cannot be opened.
    async fn load_from(
        &self,
        stream: &StreamId,
        sequence: u64,
    ) -> Result<Vec<StoredEvent>, ReadError>;

    /// Appends one command's events; returns once they are durable.
    ///
    /// # Errors
    /// On a conflict or a used key nothing is written. When the log is away: within 2 s.
    async fn append(&self, append: Append) -> Result<Appended, AppendError>;

    /// Up to `limit` events after `after`, in order, without gaps; fewer when the log ends there.
    ///
    /// # Errors
    /// An event that this version cannot read is an error of its own, once everything before it was read.
    async fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Recorded<AnyEvent>>, ReadError>;

    /// The event at that position, when it belongs to that user: for whoever may not read what is others'.
    ///
    /// # Errors
    /// As [`Self::read`].
    async fn event_of(
        &self,
        owner: UserId,
        position: Position,
    ) -> Result<Option<Recorded<AnyEvent>>, ReadError> {
        let before = Position(position.0.saturating_sub(1));
        let events = self.read(before, 1).await?;
        Ok(events
            .into_iter()
            .find(|event| event.position == position && event.metadata.owner == owner))
    }

    /// How events of older versions are read, by whoever reads this log in whatever way.
    fn upcasters(&self) -> Upcasters;

    /// The position of the last event.
    async fn head(&self) -> Result<Position, LogUnavailable>;

    /// Changes when this process appended (or heard of) new events; a hint only: followers poll as well.
    fn hint(&self) -> watch::Receiver<Position>;
}
