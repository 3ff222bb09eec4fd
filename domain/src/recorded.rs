//! An event as the log holds it, and any event of ours.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    avatar::{self, Avatar},
    conduct::{self, Conduct},
    conversation::{self, Conversation},
    event_versions::VersionedEvent,
    person::{self, Person},
    photo_request::{self, PhotoRequest},
    report::{self, Report},
    stewardship::{self, Stewardship},
    subscription::{self, Subscription},
    upcasting::Upcasters,
    values::{Position, UserId},
};

/// An event with what the log knows about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<E> {
    /// Its place in the one order of all events.
    pub position: Position,
    /// Its own identity (UUIDv7).
    pub event_id: Uuid,
    /// The id of the aggregate that it happened to: the user's id for an avatar, a conduct, a person and a
    /// subscription, the photo's id for a photo request, the reported thing's id for a report, user, mode and day for a
    /// conversation, day and steward for a stewardship.
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
    /// `user:<id>`, `operator:<id>`, `auditor:<id>`, `reaction:<name>` or `provider:<name>`.
    pub actor: String,
    /// The user whom the event belongs to.
    pub owner: UserId,
    /// One id for everything that followed from one request.
    pub correlation_id: Uuid,
    /// The event or the request that this one follows from.
    pub causation_id: Uuid,
    /// The command's name, as `CreateAvatar`.
    pub command: String,
    /// The key that made the command of a reaction or a provider execute once: its cause's id. (Events from before hashes
    /// have the client's `Idempotency-Key` here as well.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// SHA-256 of the client's `Idempotency-Key` and of whose it is: clients may write anything into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key_sha256: Option<String>,
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
    Conduct(conduct::Event),
    Conversation(conversation::Event),
    Person(person::Event),
    PhotoRequest(photo_request::Event),
    Report(report::Event),
    Stewardship(stewardship::Event),
    Subscription(subscription::Event),
}

/// Why a stored event could not be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// The log holds an aggregate that this version does not know.
    #[error("unknown aggregate type {0:?}; a newer version of Ava wrote this log")]
    UnknownAggregate(String),
    /// The aggregate has an event that this version does not know.
    #[error("unknown event {aggregate_type}.{event_type}; a newer version of Ava wrote this log")]
    #[expect(missing_docs, reason = "the names say it")]
    UnknownEvent {
        aggregate_type: String,
        event_type: String,
    },
    /// The event is known, but was written in a version that this program is too old for.
    #[error(
        "{aggregate_type}.{event_type} has version {event_version}, but only versions up to {newest} are known here; \
         a newer version of Ava wrote this log"
    )]
    NewerVersion {
        /// The aggregate's type.
        aggregate_type: String,
        /// The event's name.
        event_type: String,
        /// The version that it was written in.
        event_version: String,
        /// The newest version that this program reads.
        newest: u32,
    },
    /// The event is known, but its version is neither today's nor one that an upcaster starts from.
    #[error("nothing here reads version {event_version:?} of {aggregate_type}.{event_type}")]
    #[expect(missing_docs, reason = "the names say it")]
    NoWayUp {
        aggregate_type: String,
        event_type: String,
        event_version: String,
    },
    /// The log's column and the JSON name different events.
    #[error("the log calls it {aggregate_type}.{event_type}, but its JSON says {payload_type}")]
    Misnamed {
        /// The aggregate's type.
        aggregate_type: String,
        /// The event's name as the log has it.
        event_type: String,
        /// The event's name as its JSON has it.
        payload_type: &'static str,
    },
    /// The payload is not what its type and version promise.
    #[error("version {event_version} of {aggregate_type}.{event_type} is not readable")]
    Payload {
        /// The aggregate's type.
        aggregate_type: String,
        /// The event's name.
        event_type: String,
        /// The version that it was written in.
        event_version: String,
        /// What the decoder says.
        source: serde_json::Error,
    },
    /// Something personal in it cannot be opened; nothing of the event is shown then.
    #[error("the personal values in {aggregate_type}.{event_type} cannot be opened")]
    Sealed {
        /// The aggregate's type.
        aggregate_type: String,
        /// The event's name.
        event_type: String,
        /// What is wrong, and where.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The metadata beside the event are not what every event has.
    #[error("the metadata are not readable")]
    Metadata(#[source] serde_json::Error),
}

impl UnreadableEvent {
    /// Whether a newer program wrote it, so that this one can do nothing but make room for that one.
    pub const fn is_from_newer_program(&self) -> bool {
        match self {
            Self::UnknownAggregate(_) | Self::UnknownEvent { .. } | Self::NewerVersion { .. } => {
                true
            }
            Self::NoWayUp { .. }
            | Self::Misnamed { .. }
            | Self::Payload { .. }
            | Self::Sealed { .. }
            | Self::Metadata(_) => false,
        }
    }
}

/// The versions that an aggregate's events are written in today; `None` for an aggregate that is none of ours.
pub(crate) fn versions(aggregate_type: &str) -> Option<&'static [(&'static str, &'static str)]> {
    match aggregate_type {
        Avatar::TYPE => Some(avatar::Event::VERSIONS),
        Conduct::TYPE => Some(conduct::Event::VERSIONS),
        Conversation::TYPE => Some(conversation::Event::VERSIONS),
        Person::TYPE => Some(person::Event::VERSIONS),
        PhotoRequest::TYPE => Some(photo_request::Event::VERSIONS),
        Report::TYPE => Some(report::Event::VERSIONS),
        Stewardship::TYPE => Some(stewardship::Event::VERSIONS),
        Subscription::TYPE => Some(subscription::Event::VERSIONS),
        _ => None,
    }
}

impl AnyEvent {
    /// Reads an event as the log has it, of whatever version, with the list of upcasters that the log is read with.
    ///
    /// # Errors
    /// When aggregate type, name or version is not known here, or the payload is not what they promise.
    pub fn decode(
        upcasters: Upcasters,
        aggregate_type: &str,
        event_type: &str,
        event_version: &str,
        payload: &str,
    ) -> Result<Self, UnreadableEvent> {
        match aggregate_type {
            Avatar::TYPE => upcasters
                .decode(event_type, event_version, payload)
                .map(Self::Avatar),
            Conduct::TYPE => upcasters
                .decode(event_type, event_version, payload)
                .map(Self::Conduct),
            Conversation::TYPE => upcasters
                .decode(event_type, event_version, payload)
                .map(Self::Conversation),
            Person::TYPE => upcasters
                .decode(event_type, event_version, payload)
                .map(Self::Person),
            PhotoRequest::TYPE => upcasters
                .decode(event_type, event_version, payload)
                .map(Self::PhotoRequest),
            Report::TYPE => upcasters
                .decode(event_type, event_version, payload)
                .map(Self::Report),
            Stewardship::TYPE => upcasters
                .decode(event_type, event_version, payload)
                .map(Self::Stewardship),
            Subscription::TYPE => upcasters
                .decode(event_type, event_version, payload)
                .map(Self::Subscription),
            _ => Err(UnreadableEvent::UnknownAggregate(aggregate_type.to_owned())),
        }
    }

    /// The type of the aggregate that the event belongs to, as the log stores it.
    pub const fn aggregate_type(&self) -> &'static str {
        match self {
            Self::Avatar(_) => Avatar::TYPE,
            Self::Conduct(_) => Conduct::TYPE,
            Self::Conversation(_) => Conversation::TYPE,
            Self::Person(_) => Person::TYPE,
            Self::PhotoRequest(_) => PhotoRequest::TYPE,
            Self::Report(_) => Report::TYPE,
            Self::Stewardship(_) => Stewardship::TYPE,
            Self::Subscription(_) => Subscription::TYPE,
        }
    }

    /// The event's own name, as the log stores it.
    pub fn event_type(&self) -> String {
        match self {
            Self::Avatar(event) => event.name().to_owned(),
            Self::Conduct(event) => event.name().to_owned(),
            Self::Conversation(event) => event.name().to_owned(),
            Self::Person(event) => event.name().to_owned(),
            Self::PhotoRequest(event) => event.name().to_owned(),
            Self::Report(event) => event.name().to_owned(),
            Self::Stewardship(event) => event.name().to_owned(),
            Self::Subscription(event) => event.name().to_owned(),
        }
    }
}
