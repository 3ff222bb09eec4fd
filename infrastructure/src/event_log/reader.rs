//! Reading everything in order: key-set pages, an explicit end, errors returned.

use application::ports::{LogUnavailable, ReadError};
use domain::{
    recorded::{AnyEvent, Metadata, Recorded, UnreadableEvent},
    upcasting::Upcasters,
    values::{Position, UserId},
};
use sqlx::{PgPool, Row, postgres::PgRow};

use super::{
    opening::{self, closed},
    unavailable,
};
use crate::sealing::{Home, Opener, PostgresPersonKeys};

/// Up to `limit` events after `after`.
pub(super) async fn read(
    pool: &PgPool,
    keys: &PostgresPersonKeys,
    upcasters: Upcasters,
    after: Position,
    limit: usize,
) -> Result<Vec<Recorded<AnyEvent>>, ReadError> {
    let rows = sqlx::query(
        "SELECT position, event_id, aggregate_type, aggregate_id, sequence, recorded_at, event_type, event_version,
                payload::text, metadata::text
           FROM events WHERE position > $1 ORDER BY position LIMIT $2",
    )
    .bind(after.0.cast_signed())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await
    .map_err(unavailable)?;

    let opener = opener(keys, &rows).await?;
    let mut events = Vec::with_capacity(rows.len());
    for row in &rows {
        match recorded(upcasters, &opener, row).map_err(unavailable)? {
            Ok(event) => events.push(event),
            // What came before is readable: let the reader have it, and meet the error next time.
            Err(_) if !events.is_empty() => break,
            Err((position, source)) => return Err(ReadError::Unreadable { position, source }),
        }
    }
    Ok(events)
}

/// The event at a position, when it belongs to that user: what a role may ask that may not read the log.
pub(super) async fn event_of(
    pool: &PgPool,
    keys: &PostgresPersonKeys,
    upcasters: Upcasters,
    owner: UserId,
    position: Position,
) -> Result<Option<Recorded<AnyEvent>>, ReadError> {
    let row = sqlx::query(
        "SELECT position, event_id, aggregate_type, aggregate_id, sequence, recorded_at, event_type, event_version,
                payload::text, metadata::text
           FROM event_of_person($1, $2)",
    )
    .bind(owner.0)
    .bind(position.0.cast_signed())
    .fetch_optional(pool)
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    let opener = opener(keys, std::slice::from_ref(&row)).await?;
    match recorded(upcasters, &opener, &row).map_err(unavailable)? {
        Ok(event) => Ok(Some(event)),
        Err((position, source)) => Err(ReadError::Unreadable { position, source }),
    }
}

/// The position of the last event.
pub(super) async fn head(pool: &PgPool) -> Result<Position, LogUnavailable> {
    let head: i64 = sqlx::query_scalar("SELECT position FROM log_head")
        .fetch_one(pool)
        .await
        .map_err(unavailable)?;
    Ok(Position(head.cast_unsigned()))
}

/// For everything that is sealed in those events.
async fn opener(keys: &PostgresPersonKeys, rows: &[PgRow]) -> Result<Opener, ReadError> {
    let texts: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| Ok((row.try_get(8)?, row.try_get(9)?)))
        .collect::<sqlx::Result<_>>()
        .map_err(unavailable)?;
    opening::opener(keys, texts.into_iter()).await
}

fn recorded(
    upcasters: Upcasters,
    opener: &Opener,
    row: &PgRow,
) -> sqlx::Result<Result<Recorded<AnyEvent>, (Position, UnreadableEvent)>> {
    let position = Position(row.try_get::<i64, _>(0)?.cast_unsigned());
    let (event, metadata) = match decoded(upcasters, opener, row)? {
        Ok(decoded) => decoded,
        Err(error) => return Ok(Err((position, error))),
    };
    Ok(Ok(Recorded {
        position,
        event_id: row.try_get(1)?,
        aggregate_id: row.try_get(3)?,
        sequence: row.try_get::<i64, _>(4)?.cast_unsigned(),
        recorded_at: row.try_get(5)?,
        metadata,
        event,
    }))
}

fn decoded(
    upcasters: Upcasters,
    opener: &Opener,
    row: &PgRow,
) -> sqlx::Result<Result<(AnyEvent, Metadata), UnreadableEvent>> {
    let stored = Stored {
        aggregate_type: row.try_get(2)?,
        aggregate_id: row.try_get(3)?,
        sequence: row.try_get::<i64, _>(4)?.cast_unsigned(),
        event_type: row.try_get(6)?,
        event_version: row.try_get(7)?,
        payload: row.try_get(8)?,
        metadata: row.try_get(9)?,
    };
    Ok(stored.decoded(upcasters, opener))
}

/// What is read of an event before it is understood.
struct Stored<'a> {
    aggregate_type: &'a str,
    aggregate_id: &'a str,
    sequence: u64,
    event_type: &'a str,
    event_version: &'a str,
    payload: &'a str,
    metadata: &'a str,
}

impl Stored<'_> {
    fn decoded(
        &self,
        upcasters: Upcasters,
        opener: &Opener,
    ) -> Result<(AnyEvent, Metadata), UnreadableEvent> {
        let metadata: Metadata =
            serde_json::from_str(self.metadata).map_err(UnreadableEvent::Metadata)?;
        let home = Home {
            aggregate_type: self.aggregate_type,
            aggregate_id: self.aggregate_id,
            sequence: self.sequence,
        };
        let payload = opener
            .open(metadata.owner, home, self.payload)
            .map_err(|source| closed(self.aggregate_type, self.event_type, source))?;
        let event = AnyEvent::decode(
            upcasters,
            self.aggregate_type,
            self.event_type,
            self.event_version,
            &payload,
        )?;
        Ok((event, metadata))
    }
}
