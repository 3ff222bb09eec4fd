//! The log's rows, in order.

use sqlx::{PgPool, Row, postgres::PgRow};

use crate::leaf::Record;

/// A page of the log.
pub(crate) struct Page(Vec<PgRow>);

impl Page {
    /// Up to `limit` events after a position, in order.
    ///
    /// # Errors
    /// When the database is away.
    pub(crate) async fn read(pool: &PgPool, after: u64, limit: u64) -> sqlx::Result<Self> {
        let rows = sqlx::query(
            "SELECT position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                    payload::text, metadata::text, recorded_at
               FROM events WHERE position > $1 ORDER BY position LIMIT $2",
        )
        .bind(after.cast_signed())
        .bind(limit.cast_signed())
        .fetch_all(pool)
        .await?;
        Ok(Self(rows))
    }

    /// Whether the log ends before it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its events.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub(crate) fn records(&self) -> impl Iterator<Item = sqlx::Result<Record<'_>>> {
        self.0.iter().map(record)
    }
}

fn record(row: &PgRow) -> sqlx::Result<Record<'_>> {
    Ok(Record {
        position: row.try_get::<i64, _>(0)?.cast_unsigned(),
        event_id: row.try_get(1)?,
        aggregate_type: row.try_get(2)?,
        aggregate_id: row.try_get(3)?,
        sequence: row.try_get::<i64, _>(4)?.cast_unsigned(),
        event_type: row.try_get(5)?,
        event_version: row.try_get(6)?,
        payload: row.try_get(7)?,
        metadata: row.try_get(8)?,
        recorded_at: row.try_get(9)?,
    })
}

/// The position of the log's last event.
///
/// # Errors
/// When the database is away.
pub(crate) async fn head(pool: &PgPool) -> sqlx::Result<u64> {
    let head: i64 = sqlx::query_scalar("SELECT position FROM log_head")
        .fetch_one(pool)
        .await?;
    Ok(head.cast_unsigned())
}
