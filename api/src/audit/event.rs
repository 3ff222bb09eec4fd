//! An event as auditors see it.

use application::past_states::FieldChange;
use chrono::{DateTime, Utc};
use projections::audit_index::LoggedEvent;
use serde::Serialize;
use serde_json::Value;
use transparency::Record;
use utoipa::ToSchema;
use uuid::Uuid;

/// A page of events.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// In the order of the log, or the newest first.
    #[schema(value_type = Vec<EventFields>)]
    pub(super) items: Vec<LoggedEvent>,
    /// The position behind which the next page begins; null on the last one.
    #[schema(required = true)]
    pub(super) next_cursor: Option<String>,
}

/// Which events come first.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words")]
pub(crate) enum OrderWord {
    Asc,
    Desc,
}

/// An event as it is stored, in the shape and with the names of the time when it was written.
#[derive(ToSchema)]
#[schema(as = LoggedEvent)]
#[expect(dead_code, reason = "describes what the read model writes")]
pub(crate) struct EventFields {
    /// Its place in the log: 1, 2, 3 … without gaps.
    #[schema(minimum = 1)]
    position: u64,
    event_id: Uuid,
    /// The type of what it happened to.
    #[schema(example = "Avatar")]
    aggregate_type: String,
    /// Which one: the user's id for an avatar, a conduct and a subscription, the photo's for a photo request, the
    /// reported thing's for a report, `user.mode.day` for a conversation, `day.user` for a stewardship.
    aggregate_id: String,
    /// Its place in the history of that one: 1, 2, 3 … without gaps.
    #[schema(minimum = 1)]
    sequence: u64,
    #[schema(example = "AvatarCreated")]
    event_type: String,
    /// The version of its shape.
    #[schema(example = "1")]
    event_version: String,
    recorded_at: DateTime<Utc>,
    /// What happened, byte for byte as it was written.
    #[schema(value_type = Object)]
    payload: (),
    metadata: EventMetadata,
}

/// Who caused it, and through what; byte for byte as it was written.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the log holds")]
struct EventMetadata {
    /// `user:…`, `operator:…` or `auditor:…` with an id, `reaction:…` or `provider:…` with a name.
    actor: String,
    /// The user whom it belongs to.
    owner: Uuid,
    /// One id for everything that followed from one request.
    correlation_id: Uuid,
    /// The event or the request that it follows from.
    causation_id: Uuid,
    /// The command's name.
    #[schema(example = "CreateAvatar")]
    command: String,
    /// What made a reaction's or a provider's command execute once: its cause's id.
    #[schema(nullable = false)]
    idempotency_key: Option<String>,
    /// SHA-256 of whose the `Idempotency-Key` is (as `user:…`), a NUL byte and the key, in hexadecimal.
    #[schema(nullable = false)]
    idempotency_key_sha256: Option<String>,
    /// The W3C trace id of the request.
    #[schema(nullable = false)]
    trace_id: Option<String>,
    /// The hash of the rules that judged its words.
    #[schema(nullable = false)]
    policy_pack: Option<String>,
}

/// An event, and what it changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventDetail {
    #[serde(flatten)]
    #[schema(value_type = EventFields)]
    pub(super) event: LoggedEvent,
    /// The hash of its record as it is stored now (`docs/AUDIT.md`), in hexadecimal: a proof that it is in the log is
    /// about this one.
    pub(super) leaf_hash: String,
    /// What the aggregate knew without it; null when it began with this event.
    #[schema(value_type = Value, required = true)]
    pub(super) state_before: Option<Value>,
    /// What the aggregate knew right after it.
    #[schema(value_type = Value, required = true)]
    pub(super) state_after: Option<Value>,
    /// Every field that it changed, in the order of their names and of lists.
    #[schema(value_type = Vec<FieldChangeFields>)]
    pub(super) changes: Vec<FieldChange>,
    /// Why both states are null: this version cannot read the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) state_error: Option<String>,
}

/// A field that an event changed.
#[derive(ToSchema)]
#[schema(as = FieldChange)]
#[expect(
    dead_code,
    reason = "describes what the comparison of the states gives"
)]
pub(crate) struct FieldChangeFields {
    /// Where, as a JSON pointer (RFC 6901). A state that is one of several kinds is written as `{"Generating": {…}}` or
    /// `"Absent"`: then `/kind` stands for which one it is, and the other pointers lead into what it holds.
    #[schema(example = "/approved")]
    path: String,
    /// What stood there; left out when there was no such field.
    #[schema(value_type = Value, required = false)]
    before: Option<Value>,
    /// What stands there now; left out when there is no such field any more.
    #[schema(value_type = Value, required = false)]
    after: Option<Value>,
}

/// The hash that stands for an event in the transparency tree, from its columns as they are now.
pub(super) fn leaf_hash(event: &LoggedEvent) -> String {
    let record = Record {
        position: event.position.0,
        event_id: event.event_id,
        aggregate_type: &event.aggregate_type,
        aggregate_id: &event.aggregate_id,
        sequence: event.sequence,
        event_type: &event.event_type,
        event_version: &event.event_version,
        payload: &event.payload,
        metadata: &event.metadata,
        recorded_at: event.recorded_at,
    };
    hex::encode(record.leaf_hash(&mut Vec::new()))
}
