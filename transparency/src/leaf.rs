//! What is hashed of an event: `docs/AUDIT.md`, "An event's record".

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::merkle::{Hash, leaf_hash};

/// The version of the layout, and the first byte of every record.
pub(crate) const LAYOUT: u8 = 1;

/// An event as it is stored: the ten columns of `events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns say it")]
pub struct Record<'a> {
    /// 1, 2, 3 …
    pub position: u64,
    pub event_id: Uuid,
    pub aggregate_type: &'a str,
    pub aggregate_id: &'a str,
    pub sequence: u64,
    pub event_type: &'a str,
    pub event_version: &'a str,
    /// The JSON byte for byte.
    pub payload: &'a str,
    /// The JSON byte for byte.
    pub metadata: &'a str,
    /// In whole microseconds.
    pub recorded_at: DateTime<Utc>,
}

impl Record<'_> {
    /// Appends its bytes.
    pub fn write_to(&self, bytes: &mut Vec<u8>) {
        bytes.push(LAYOUT);
        bytes.extend(self.position.to_be_bytes());
        bytes.extend(self.event_id.as_bytes());
        text(bytes, self.aggregate_type);
        text(bytes, self.aggregate_id);
        bytes.extend(self.sequence.to_be_bytes());
        text(bytes, self.event_type);
        text(bytes, self.event_version);
        text(bytes, self.payload);
        text(bytes, self.metadata);
        bytes.extend(self.recorded_at.timestamp_micros().to_be_bytes());
    }

    /// The hash of its bytes; `room` is only there to be used again.
    pub fn leaf_hash(&self, room: &mut Vec<u8>) -> Hash {
        room.clear();
        self.write_to(room);
        leaf_hash(room)
    }
}

/// Its length, and its UTF-8.
fn text(bytes: &mut Vec<u8>, text: &str) {
    // PostgreSQL keeps no text of 1 GiB or more.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    bytes.extend(length.to_be_bytes());
    bytes.extend(text.as_bytes());
}
