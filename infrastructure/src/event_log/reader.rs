//! Reading everything in order: key-set pages, an explicit end, errors returned.

use application::ports::{LogUnavailable, ReadError};
use domain::{
    recorded::{AnyEvent, Metadata, Recorded, UnreadableEvent},
    upcasting::Upcasters,
    values::{Position, UserId},
};
use sqlx::{PgPool, Row, postgres::PgRow};

use super::unavailable;

/// Up to `limit` events after `after`.
pub(super) async fn read(
    pool: &PgPool,
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

    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        match recorded(upcasters, &row).map_err(unavailable)? {
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
    match recorded(upcasters, &row).map_err(unavailable)? {
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

fn recorded(
    upcasters: Upcasters,
    row: &PgRow,
) -> sqlx::Result<Result<Recorded<AnyEvent>, (Position, UnreadableEvent)>> {
    let position = Position(row.try_get::<i64, _>(0)?.cast_unsigned());
    let (event, metadata) = match decoded(upcasters, row)? {
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
    row: &PgRow,
) -> sqlx::Result<Result<(AnyEvent, Metadata), UnreadableEvent>> {
    let event = AnyEvent::decode(
        upcasters,
        row.try_get(2)?,
        row.try_get(6)?,
        row.try_get(7)?,
        row.try_get(8)?,
    );
    let metadata: &str = row.try_get(9)?;
    Ok(event.and_then(|event| {
        let metadata = serde_json::from_str(metadata).map_err(UnreadableEvent::Metadata)?;
        Ok((event, metadata))
    }))
}
