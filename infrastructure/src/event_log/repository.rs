//! The same log behind `cqrs-es`'s own trait, for whoever builds on its framework.

use application::ports::{
    Append, AppendError, EventLog, NewEvent, ReadError, StoredEvent, StreamId, StreamSlice,
};
use cqrs_es::{
    Aggregate,
    persist::{
        PersistedEventRepository, PersistenceError, ReplayStream, SerializedEvent,
        SerializedSnapshot,
    },
};
use domain::recorded::UnreadableEvent;
use serde_json::Value;
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::{PostgresEventLog, opening};
use crate::sealing::{Home, Opener, holds_sealed};

/// How many events one page of a replay holds.
const PAGE: i64 = 1000;

/// Events arrive at the version that is written today, whatever upcasters the store was given; one that only a newer
/// program can read is an error.
///
/// Use it with `PersistedEventStore::new_event_store` only: in cqrs-es 0.5.0 both snapshot modes apply an
/// event twice (five 1-event commands give 6 or 10 events' worth of state instead of 5).
impl PersistedEventRepository for PostgresEventLog {
    async fn get_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let events = self
            .load(&stream::<A>(aggregate_id))
            .await
            .map_err(unread)?;
        events
            .into_iter()
            .map(|event| self.raised(serialized::<A>(aggregate_id, event)?))
            .collect()
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
        last_sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let mut events = self.get_events::<A>(aggregate_id).await?;
        events.retain(|event| event.sequence > last_sequence);
        Ok(events)
    }

    /// There are no snapshots: streams are short by design.
    async fn get_snapshot<A: Aggregate>(
        &self,
        _aggregate_id: &str,
    ) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        Ok(None)
    }

    async fn persist<A: Aggregate>(
        &self,
        events: &[SerializedEvent],
        snapshot_update: Option<(String, Value, usize)>,
    ) -> Result<(), PersistenceError> {
        if snapshot_update.is_some() {
            return Err(PersistenceError::UnknownError(
                "this log keeps no snapshots".into(),
            ));
        }
        let Some(first) = events.first() else {
            return Ok(());
        };
        let slice = StreamSlice {
            stream: stream::<A>(&first.aggregate_id),
            expected_sequence: first.sequence.saturating_sub(1) as u64,
            events: events.iter().map(new_event).collect::<Result<_, _>>()?,
        };
        match self
            .append(Append {
                slices: vec![slice],
                idempotency: None,
            })
            .await
        {
            Ok(_) => Ok(()),
            Err(AppendError::Conflict(_)) => Err(PersistenceError::OptimisticLockError),
            Err(error @ AppendError::OwnerErased) => {
                Err(PersistenceError::UnknownError(error.into()))
            }
            Err(error @ (AppendError::KeyUsed(_) | AppendError::Unavailable(_))) => {
                Err(connection(error))
            }
        }
    }

    async fn stream_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<ReplayStream, PersistenceError> {
        let events = self.get_events::<A>(aggregate_id).await?;
        let (mut feed, replay) = ReplayStream::new(events.len().max(1));
        for event in events {
            feed.push(Ok(event)).await?;
        }
        Ok(replay)
    }

    /// Every event of the aggregate's type, in log order; a lost connection is an error at the end of the stream.
    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        let (mut feed, replay) = ReplayStream::new(PAGE as usize);
        let log = self.clone();
        tokio::spawn(async move {
            let mut after = 0;
            loop {
                match log.page_of_type::<A>(after).await {
                    Ok(page) if page.is_empty() => return,
                    Ok(page) => {
                        for (position, event) in page {
                            after = position;
                            if feed.push(Ok(event)).await.is_err() {
                                return; // nobody reads any more
                            }
                        }
                    }
                    Err(error) => {
                        let _ = feed.push(Err(error)).await;
                        return;
                    }
                }
            }
        });
        Ok(replay)
    }
}

impl PostgresEventLog {
    async fn page_of_type<A: Aggregate>(
        &self,
        after: i64,
    ) -> Result<Vec<(i64, SerializedEvent)>, PersistenceError> {
        let rows = sqlx::query(
            "SELECT position, aggregate_id, sequence, event_type, event_version, payload::text, metadata::text
               FROM events WHERE position > $1 AND aggregate_type = $2 ORDER BY position LIMIT $3",
        )
        .bind(after)
        .bind(A::TYPE)
        .bind(PAGE)
        .fetch_all(&self.pool)
        .await
        .map_err(connection)?;
        let texts = rows
            .iter()
            .map(|row| Ok((row.try_get(5)?, row.try_get(6)?)));
        let texts: Vec<(&str, &str)> = texts.collect::<sqlx::Result<_>>().map_err(connection)?;
        let opener = opening::opener(&self.keys, texts.into_iter()).await;
        let opener = opener.map_err(unread)?;
        let mut page = Vec::with_capacity(rows.len());
        for row in &rows {
            let (position, event) = positioned(row).map_err(connection)?;
            let opened = opened::<A>(&opener, event).map_err(deserialization);
            match opened.and_then(|event| self.raised(event)) {
                Ok(event) => page.push((position, event)),
                // What came before is readable: let the reader have it, and meet the error next time.
                Err(_) if !page.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    fn raised(&self, event: SerializedEvent) -> Result<SerializedEvent, PersistenceError> {
        self.upcasters.raise(event).map_err(deserialization)
    }
}

/// An event as a row of [`PostgresEventLog::page_of_type`] has it.
struct Stored<'a> {
    aggregate_id: &'a str,
    sequence: u64,
    event_type: &'a str,
    event_version: &'a str,
    payload: &'a str,
    metadata: &'a str,
}

fn positioned(row: &PgRow) -> sqlx::Result<(i64, Stored<'_>)> {
    let stored = Stored {
        aggregate_id: row.try_get(1)?,
        sequence: row.try_get::<i64, _>(2)?.cast_unsigned(),
        event_type: row.try_get(3)?,
        event_version: row.try_get(4)?,
        payload: row.try_get(5)?,
        metadata: row.try_get(6)?,
    };
    Ok((row.try_get(0)?, stored))
}

fn opened<A: Aggregate>(
    opener: &Opener,
    event: Stored<'_>,
) -> Result<SerializedEvent, UnreadableEvent> {
    let home = Home {
        aggregate_type: A::TYPE,
        aggregate_id: event.aggregate_id,
        sequence: event.sequence,
    };
    let payload = if holds_sealed(event.payload) {
        let owner = opening::owner(event.metadata)?;
        let opened = opener.open(owner, home, event.payload);
        opened.map_err(|source| opening::closed(A::TYPE, event.event_type, source))?
    } else {
        event.payload.into()
    };
    let payload = serde_json::from_str(&payload).map_err(|source| UnreadableEvent::Payload {
        aggregate_type: A::TYPE.to_owned(),
        event_type: event.event_type.to_owned(),
        event_version: event.event_version.to_owned(),
        source,
    })?;
    Ok(SerializedEvent::new(
        event.aggregate_id.to_owned(),
        usize::try_from(event.sequence).unwrap_or_default(),
        A::TYPE.to_owned(),
        event.event_type.to_owned(),
        event.event_version.to_owned(),
        payload,
        serde_json::from_str(event.metadata).map_err(UnreadableEvent::Metadata)?,
    ))
}

fn stream<A: Aggregate>(aggregate_id: &str) -> StreamId {
    StreamId {
        aggregate_type: A::TYPE,
        aggregate_id: aggregate_id.to_owned(),
    }
}

fn serialized<A: Aggregate>(
    aggregate_id: &str,
    event: StoredEvent,
) -> Result<SerializedEvent, PersistenceError> {
    Ok(SerializedEvent::new(
        aggregate_id.to_owned(),
        usize::try_from(event.sequence).map_err(connection)?,
        A::TYPE.to_owned(),
        event.event_type,
        event.event_version,
        serde_json::from_str(&event.payload)?,
        serde_json::from_str(&event.metadata)?,
    ))
}

fn new_event(event: &SerializedEvent) -> Result<NewEvent, PersistenceError> {
    Ok(NewEvent {
        event_id: Uuid::now_v7(),
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        payload: serde_json::to_string(&event.payload)?,
        metadata: serde_json::to_string(&event.metadata)?.into(),
    })
}

fn unread(error: ReadError) -> PersistenceError {
    match error {
        ReadError::Unreadable { source, .. } => deserialization(source),
        ReadError::Unavailable(away) => connection(away),
    }
}

fn deserialization(error: UnreadableEvent) -> PersistenceError {
    PersistenceError::DeserializationError(error.into())
}

fn connection(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PersistenceError {
    PersistenceError::ConnectionError(error.into())
}
