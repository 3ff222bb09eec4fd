//! Reading everything in order: key-set pages, an explicit end, errors returned.

use application::ports::{LogUnavailable, ReadError};
use domain::{
    recorded::{AnyEvent, Metadata, Recorded, UnreadableEvent},
    values::Position,
};
use sqlx::{PgPool, Row, postgres::PgRow};

use super::unavailable;

/// Up to `limit` events after `after`.
pub(super) async fn read(
    pool: &PgPool,
    after: Position,
    limit: usize,
) -> Result<Vec<Recorded<AnyEvent>>, ReadError> {
    let rows = sqlx::query(
        "SELECT position, event_id, aggregate_type, aggregate_id, sequence, recorded_at, payload::text, metadata::text
           FROM events WHERE position > $1 ORDER BY position LIMIT $2",
    )
    .bind(after.0.cast_signed())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await
    .map_err(unavailable)?;

    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        match recorded(&row).map_err(unavailable)? {
            Ok(event) => events.push(event),
            // What came before is readable: let the reader have it, and meet the error next time.
            Err(_) if !events.is_empty() => break,
            Err((position, source)) => return Err(ReadError::Unreadable { position, source }),
        }
    }
    Ok(events)
}

/// The position of the last event.
pub(super) async fn head(pool: &PgPool) -> Result<Position, LogUnavailable> {
    let head: i64 = sqlx::query_scalar("SELECT position FROM log_head")
        .fetch_one(pool)
        .await
        .map_err(unavailable)?;
    Ok(Position(head.cast_unsigned()))
}

fn recorded(row: &PgRow) -> sqlx::Result<Result<Recorded<AnyEvent>, (Position, UnreadableEvent)>> {
    let position = Position(row.try_get::<i64, _>(0)?.cast_unsigned());
    let aggregate_type: &str = row.try_get(2)?;
    let decoded =
        AnyEvent::decode(aggregate_type, row.try_get(6)?).and_then(|event| {
            let metadata: Metadata = serde_json::from_str(row.try_get(7).unwrap_or_default())
                .map_err(|source| UnreadableEvent::Payload {
                    aggregate_type: aggregate_type.to_owned(),
                    source,
                })?;
            Ok((event, metadata))
        });
    let (event, metadata) = match decoded {
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
