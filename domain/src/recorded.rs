//! An event as the log holds it, and any event of ours.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    avatar::{self, Avatar},
    photo_request::{self, PhotoRequest},
    subscription::{self, Subscription},
    values::{Position, UserId},
};

/// An event with what the log knows about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<E> {
    /// Its place in the one order of all events.
    pub position: Position,
    /// Its own identity (UUIDv7).
    pub event_id: Uuid,
    /// The id of the aggregate that it happened to: the user's id for an avatar and a
    /// subscription, the photo's id for a photo request.
    pub aggregate_id: String,
    /// Its place in that aggregate's history: 1, 2, 3 …
    pub sequence: u64,
    /// When the database committed it.
    pub recorded_at: DateTime<Utc>,
    /// Who caused it, and through what.
    pub metadata: Metadata,
    /// What happened.
    pub event: E,
}

/// Who caused an event, and through what. Flat text, so that `cqrs-es` reads it unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// `user:<id>`, `operator:<id>`, `reaction:<name>` or `provider:<name>`.
    pub actor: String,
    /// The user whom the event belongs to.
    pub owner: UserId,
    /// One id for everything that followed from one request.
    pub correlation_id: Uuid,
    /// The event or the request that this one follows from.
    pub causation_id: Uuid,
    /// The command's name, as `CreateAvatar`.
    pub command: String,
    /// The client's `Idempotency-Key`, when there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// The W3C trace id of the request, when there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The hash of the rule pack that judged the content, when content was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_pack: Option<String>,
    /// What later versions add.
    #[serde(flatten)]
    pub more: BTreeMap<String, String>,
}

/// Any event of ours.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant is the aggregate of that name")]
pub enum AnyEvent {
    Avatar(avatar::Event),
    PhotoRequest(photo_request::Event),
    Subscription(subscription::Event),
}

/// Why a stored event could not be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// The log holds an aggregate that this version does not know.
    #[error("unknown aggregate type {0:?}; a newer version of Ava wrote this log")]
    UnknownAggregate(String),
    /// The payload is not what its type and version promise.
    #[error("event of {aggregate_type} is not readable")]
    Payload {
        /// The aggregate's type.
        aggregate_type: String,
        /// What the decoder says.
        source: serde_json::Error,
    },
}

impl AnyEvent {
    /// Reads a stored event.
    ///
    /// # Errors
    /// When the aggregate type is unknown, or the payload is not one of its events.
    pub fn decode(aggregate_type: &str, payload: &str) -> Result<Self, UnreadableEvent> {
        let decoded = if aggregate_type == Avatar::TYPE {
            serde_json::from_str(payload).map(Self::Avatar)
        } else if aggregate_type == PhotoRequest::TYPE {
            serde_json::from_str(payload).map(Self::PhotoRequest)
        } else if aggregate_type == Subscription::TYPE {
            serde_json::from_str(payload).map(Self::Subscription)
        } else {
            return Err(UnreadableEvent::UnknownAggregate(aggregate_type.to_owned()));
        };
        decoded.map_err(|source| UnreadableEvent::Payload {
            aggregate_type: aggregate_type.to_owned(),
            source,
        })
    }

    /// The type of the aggregate that the event belongs to, as the log stores it.
    pub const fn aggregate_type(&self) -> &'static str {
        match self {
            Self::Avatar(_) => Avatar::TYPE,
            Self::PhotoRequest(_) => PhotoRequest::TYPE,
            Self::Subscription(_) => Subscription::TYPE,
        }
    }

    /// The event's own name, as the log stores it.
    pub fn event_type(&self) -> String {
        match self {
            Self::Avatar(event) => event.event_type(),
            Self::PhotoRequest(event) => event.event_type(),
            Self::Subscription(event) => event.event_type(),
        }
    }
}
