//! What a command makes of an aggregate as it is known, in the form that the log stores.

use std::{collections::BTreeMap, sync::Arc};

use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink};
use domain::{
    event_versions::VersionedEvent,
    recorded::{Metadata, UnreadableEvent},
    upcasting::Upcasters,
};

use super::{Commanded, Decided, Loaded};
use crate::{
    chance,
    context::{Actor, CommandError, Context, Intervening},
    ports::{IdempotencyClaim, NewEvent, StoredEvent, StreamId, StreamSlice},
    traces::{Place, SPAN_ID},
};

/// Decides a command on an aggregate as it is known.
pub(super) async fn decide_on<A: Commanded>(
    known: Loaded<A>,
    stream: StreamId,
    command: A::Command,
    context: &Context,
) -> Result<Decided<A>, CommandError<A::Error>> {
    let Loaded {
        mut state,
        sequence,
        position,
    } = known;
    let name = A::name(&command);
    let policy_pack = A::policy_pack(&command).map(str::to_owned);
    let sink = EventSink::default();
    state
        .handle(command, &(), &sink)
        .await
        .map_err(CommandError::Rejected)?;
    let events = sink.collect().await;

    let slice = if events.is_empty() {
        None
    } else {
        let metadata = metadata(context, name, policy_pack).map_err(CommandError::Unwritable)?;
        Some(StreamSlice {
            stream,
            expected_sequence: sequence,
            events: encoded(&events, metadata).map_err(CommandError::Unwritable)?,
        })
    };
    Ok(Decided {
        slice,
        sequence,
        position,
        state,
    })
}

/// Folds a history into a state, events of older versions included.
pub(crate) fn fold<A: Aggregate<Event: VersionedEvent>>(
    upcasters: Upcasters,
    history: &[StoredEvent],
) -> Result<Loaded<A>, UnreadableEvent> {
    fold_onto(upcasters, Loaded::default(), history)
}

/// Folds what came since onto what was known.
pub(super) fn fold_onto<A: Aggregate<Event: VersionedEvent>>(
    upcasters: Upcasters,
    mut loaded: Loaded<A>,
    events: &[StoredEvent],
) -> Result<Loaded<A>, UnreadableEvent> {
    for stored in events {
        loaded.state.apply(stored.decode(upcasters)?);
        loaded.sequence = stored.sequence;
        loaded.position = stored.position;
    }
    Ok(loaded)
}

/// Compares `If-Match` with where the stream is.
pub(super) fn expect_match<R: std::error::Error + 'static>(
    context: &Context,
    current: u64,
    history: &[StoredEvent],
) -> Result<(), CommandError<R>> {
    let Some(seen) = context
        .if_match
        .as_ref()
        .filter(|seen| !seen.holds(current))
    else {
        return Ok(());
    };
    // Nothing came between a state that never was and now.
    let seen = seen.newest_before(current).unwrap_or(current);
    let intervening = history
        .iter()
        .filter(|event| event.sequence > seen)
        .map(|event| Intervening {
            position: event.position,
            event_type: event.event_type.clone(),
            recorded_at: event.recorded_at,
        })
        .collect();
    Err(CommandError::PreconditionFailed {
        current,
        intervening,
    })
}

fn metadata(
    context: &Context,
    command: &str,
    policy_pack: Option<String>,
) -> Result<Arc<str>, serde_json::Error> {
    let claim = context.idempotency.as_ref();
    let (idempotency_key, idempotency_key_sha256) = match context.actor {
        Actor::Reaction(_) | Actor::Provider(_) => (claim.map(|claim| claim.key.clone()), None),
        Actor::User(_) | Actor::Operator(_) | Actor::Auditor(_) => {
            (None, claim.map(IdempotencyClaim::sha256))
        }
    };
    let (trace_id, more) = match Place::here() {
        Some(Place {
            trace_id, span_id, ..
        }) => (
            Some(trace_id),
            BTreeMap::from([(SPAN_ID.to_owned(), span_id)]),
        ),
        None => (context.trace_id.clone(), BTreeMap::new()),
    };
    serde_json::to_string(&Metadata {
        actor: context.actor.to_string(),
        owner: context.owner,
        correlation_id: context.correlation_id,
        causation_id: context.causation_id,
        command: command.to_owned(),
        idempotency_key,
        idempotency_key_sha256,
        trace_id,
        policy_pack,
        more,
    })
    .map(Arc::from)
}

/// All events of one command share its metadata.
fn encoded<E: DomainEvent>(
    events: &[E],
    metadata: Arc<str>,
) -> Result<Vec<NewEvent>, serde_json::Error> {
    let encode = |event: &E| {
        Ok(NewEvent {
            event_id: chance::id(),
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: serde_json::to_string(event)?,
            metadata: metadata.clone(),
        })
    };
    events.iter().map(encode).collect()
}
