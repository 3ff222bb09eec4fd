//! Opening what is sealed in events that were read, with one question for all keys that are not at hand.

use application::ports::{ReadError, StoredEvent, StreamId};
use domain::{recorded::UnreadableEvent, values::UserId};

use crate::sealing::{Home, NotOpened, Opener, PostgresPersonKeys, holds_sealed, owner_of};

/// Opens the events of one stream.
///
/// # Errors
/// When the keys cannot be asked for, or something sealed cannot be opened.
pub(super) async fn open_stream(
    keys: &PostgresPersonKeys,
    stream: &StreamId,
    events: &mut [StoredEvent],
) -> Result<(), ReadError> {
    let mut sealed = Vec::new();
    for event in events {
        if holds_sealed(&event.payload) {
            let owner = owner(&event.metadata).map_err(|source| unreadable(event, source))?;
            sealed.push((owner, event));
        }
    }
    let opener = keys.opener(sealed.iter().map(|(owner, _)| *owner)).await?;
    for (owner, event) in sealed {
        let home = Home {
            aggregate_type: stream.aggregate_type,
            aggregate_id: &stream.aggregate_id,
            sequence: event.sequence,
        };
        let opened = opener.open(owner, home, &event.payload);
        let opened = opened.map_err(|source| {
            unreadable(
                event,
                closed(stream.aggregate_type, &event.event_type, source),
            )
        });
        event.payload = opened?.into_owned();
    }
    Ok(())
}

/// An opener for everything that is sealed in these events, given as payload and metadata.
///
/// # Errors
/// When the keys cannot be asked for. Metadata that say nothing are an error of whoever opens the event.
pub(super) async fn opener<'a>(
    keys: &PostgresPersonKeys,
    events: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Opener, ReadError> {
    let owners = events
        .filter(|(payload, _)| holds_sealed(payload))
        .filter_map(|(_, metadata)| owner(metadata).ok())
        .collect::<Vec<_>>();
    Ok(keys.opener(owners).await?)
}

/// The user in an event's metadata.
pub(super) fn owner(metadata: &str) -> Result<UserId, UnreadableEvent> {
    owner_of(metadata).map_err(UnreadableEvent::Metadata)
}

/// What is said of an event that stays closed.
pub(super) fn closed(aggregate_type: &str, event_type: &str, source: NotOpened) -> UnreadableEvent {
    UnreadableEvent::Sealed {
        aggregate_type: aggregate_type.to_owned(),
        event_type: event_type.to_owned(),
        source: Box::new(source),
    }
}

fn unreadable(event: &StoredEvent, source: UnreadableEvent) -> ReadError {
    ReadError::Unreadable {
        position: event.position,
        source,
    }
}
