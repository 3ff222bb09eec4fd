//! An event as a line of `events.jsonl`. There is one way to write it.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{leaf::Record, merkle::Hash};

/// The members in the order in which they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<'a> {
    position: u64,
    event_id: Uuid,
    #[serde(borrow)]
    aggregate_type: Cow<'a, str>,
    #[serde(borrow)]
    aggregate_id: Cow<'a, str>,
    sequence: u64,
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    event_version: Cow<'a, str>,
    #[serde(borrow)]
    payload: Cow<'a, str>,
    #[serde(borrow)]
    metadata: Cow<'a, str>,
    #[serde(borrow)]
    recorded_at: Cow<'a, str>,
    #[serde(with = "hex")]
    pub(super) leaf_hash: Hash,
}

impl<'a> Line<'a> {
    pub(super) fn new(record: &Record<'a>, leaf_hash: Hash) -> Self {
        let recorded_at = record
            .recorded_at
            .to_rfc3339_opts(SecondsFormat::Micros, true);
        Self {
            position: record.position,
            event_id: record.event_id,
            aggregate_type: record.aggregate_type.into(),
            aggregate_id: record.aggregate_id.into(),
            sequence: record.sequence,
            event_type: record.event_type.into(),
            event_version: record.event_version.into(),
            payload: record.payload.into(),
            metadata: record.metadata.into(),
            recorded_at: recorded_at.into(),
            leaf_hash,
        }
    }

    /// Reads a line, without its end.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let line: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("its line cannot be read ({error})"))?;
        let written = serde_json::to_vec(&line).map_err(|error| error.to_string())?;
        if written != bytes {
            return Err("its line is not written as one would write it".to_owned());
        }
        Ok(line)
    }

    /// What it says.
    ///
    /// # Errors
    /// When the time is none, or is written in another way.
    pub(super) fn record(&self) -> Result<Record<'_>, String> {
        let recorded_at = DateTime::parse_from_rfc3339(&self.recorded_at)
            .map(|time| time.with_timezone(&Utc))
            .ok()
            .filter(|time| time.to_rfc3339_opts(SecondsFormat::Micros, true) == self.recorded_at)
            .ok_or("its time is not written as one would write it")?;
        Ok(Record {
            position: self.position,
            event_id: self.event_id,
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload,
            metadata: &self.metadata,
            recorded_at,
        })
    }
}
