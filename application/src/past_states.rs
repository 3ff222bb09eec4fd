//! How any aggregate stood at any point of the log, as JSON: for whoever audits, and never to decide on.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::{
    avatar::Avatar, conduct::Conduct, conversation::Conversation, event_versions::VersionedEvent,
    person::Person, photo_request::PhotoRequest, recorded::UnreadableEvent, report::Report,
    stewardship::Stewardship, subscription::Subscription, upcasting::Upcasters, values::Position,
};
use serde_json::Value;

mod difference;

pub use difference::FieldChange;

use crate::{
    dispatcher::fold,
    ports::{EventLog, LogUnavailable, ReadError, StoredEvent, StreamId},
};

/// Folds a history into a state, as JSON.
type Fold = fn(Upcasters, &[StoredEvent]) -> Result<Value, PastStateError>;

/// Every aggregate of ours.
const AGGREGATES: &[(&str, Fold)] = &[
    (Avatar::TYPE, folded::<Avatar>),
    (Conduct::TYPE, folded::<Conduct>),
    (Conversation::TYPE, folded::<Conversation>),
    (Person::TYPE, folded::<Person>),
    (PhotoRequest::TYPE, folded::<PhotoRequest>),
    (Report::TYPE, folded::<Report>),
    (Stewardship::TYPE, folded::<Stewardship>),
    (Subscription::TYPE, folded::<Subscription>),
];

/// An aggregate as it stood after one of its events.
#[derive(Debug, Clone, PartialEq)]
pub struct PastState {
    /// Its last event then: the place in its own history.
    pub sequence: u64,
    /// The same event's place in the log.
    pub position: Position,
    /// When that event was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What the aggregate knew.
    pub state: Value,
}

/// What an event changed.
#[derive(Debug, Clone, PartialEq)]
pub struct StateChange {
    /// The aggregate without the event; none when it began with it.
    pub before: Option<Value>,
    /// The aggregate right after it.
    pub after: Value,
}

/// Why a state cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum PastStateError {
    /// An event that it follows from is not readable by this version.
    #[error(transparent)]
    Unreadable(#[from] UnreadableEvent),
    /// The state is nothing that JSON can say.
    #[error("the state cannot be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// The log is away.
    #[error(transparent)]
    Unavailable(#[from] LogUnavailable),
}

impl From<ReadError> for PastStateError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unreadable { source, .. } => Self::Unreadable(source),
            ReadError::Unavailable(away) => Self::Unavailable(away),
        }
    }
}

/// Every type of aggregate, as the log has it.
pub fn aggregate_types() -> impl Iterator<Item = &'static str> {
    AGGREGATES.iter().map(|(name, _)| *name)
}

/// An aggregate's history by words from outside.
///
/// # Errors
/// When no aggregate of ours has that type.
pub fn stream(aggregate_type: &str, aggregate_id: &str) -> Result<StreamId, UnreadableEvent> {
    Ok(StreamId {
        aggregate_type: known(aggregate_type)?.0,
        aggregate_id: aggregate_id.to_owned(),
    })
}

fn known(aggregate_type: &str) -> Result<(&'static str, Fold), UnreadableEvent> {
    let mut all = AGGREGATES.iter().copied();
    all.find(|(name, _)| *name == aggregate_type)
        .ok_or_else(|| UnreadableEvent::UnknownAggregate(aggregate_type.to_owned()))
}

/// An aggregate after the last of its events that stands at `upto` or before; none when it had no event yet.
///
/// # Errors
/// As `PastStateError` says.
pub async fn at(
    log: &dyn EventLog,
    stream: &StreamId,
    upto: Position,
) -> Result<Option<PastState>, PastStateError> {
    let history = log.load(stream).await?;
    let known = history.partition_point(|event| event.position <= upto);
    let history = &history[..known];
    let Some(last) = history.last() else {
        return Ok(None);
    };
    Ok(Some(PastState {
        sequence: last.sequence,
        position: last.position,
        recorded_at: last.recorded_at,
        state: state(log.upcasters(), stream, history)?,
    }))
}

/// What the event at `position` changed; none when it is none of this aggregate's.
///
/// # Errors
/// As `PastStateError` says.
pub async fn change(
    log: &dyn EventLog,
    stream: &StreamId,
    position: Position,
) -> Result<Option<StateChange>, PastStateError> {
    let history = log.load(stream).await?;
    let Ok(place) = history.binary_search_by_key(&position, |event| event.position) else {
        return Ok(None);
    };
    let (before, upto) = (&history[..place], &history[..=place]);
    let before = (!before.is_empty()).then(|| state(log.upcasters(), stream, before));
    Ok(Some(StateChange {
        before: before.transpose()?,
        after: state(log.upcasters(), stream, upto)?,
    }))
}

fn state(
    upcasters: Upcasters,
    stream: &StreamId,
    history: &[StoredEvent],
) -> Result<Value, PastStateError> {
    let (_, fold) = known(stream.aggregate_type)?;
    fold(upcasters, history)
}

fn folded<A: Aggregate<Event: VersionedEvent>>(
    upcasters: Upcasters,
    history: &[StoredEvent],
) -> Result<Value, PastStateError> {
    let loaded = fold::<A>(upcasters, history)?;
    serde_json::to_value(loaded.state).map_err(PastStateError::Unwritable)
}
