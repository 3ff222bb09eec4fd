//! Events as auditors find them: as they are stored, in the order of the log, by what one looks for.
//!
//! The read model only says where an event stands; events themselves are read from the log. What it has not seen yet is
//! looked for in the log itself, so that no answer lacks an event.

mod of_person;
mod projector;
mod selection;
mod statement;

use chrono::{DateTime, Utc};
use domain::values::Position;
use serde::{Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;
use sqlx::{FromRow, PgPool, Row, postgres::PgRow};
use uuid::Uuid;

pub use of_person::{PersonalStream, knows_owners, streams_of};
pub use projector::AuditIndexProjector;
pub use selection::Selection;
pub use statement::plan;

use crate::columns::number;
use statement::Query;

/// An event as the log stores it: nothing is decoded, so that also what this program does not understand is shown.
///
/// Its JSON is the same wherever auditors get it, with payload and metadata in the bytes in which they were written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoggedEvent {
    /// Its place in the log.
    pub position: Position,
    /// Its own identity.
    pub event_id: Uuid,
    /// The type of the aggregate that it happened to.
    pub aggregate_type: String,
    /// Which one.
    pub aggregate_id: String,
    /// Its place in that aggregate's history.
    pub sequence: u64,
    /// Its name.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// When the database committed it.
    pub recorded_at: DateTime<Utc>,
    /// The JSON as written.
    #[serde(serialize_with = "verbatim")]
    pub payload: String,
    /// Who caused it and through what, as written (`domain::recorded::Metadata`).
    #[serde(serialize_with = "verbatim")]
    pub metadata: String,
}

fn verbatim<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let raw: &RawValue = serde_json::from_str(json).map_err(S::Error::custom)?;
    raw.serialize(serializer)
}

impl<'r> FromRow<'r, PgRow> for LoggedEvent {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            position: Position(number::<i64, _>(row, "position")?),
            event_id: row.try_get("event_id")?,
            aggregate_type: row.try_get("aggregate_type")?,
            aggregate_id: row.try_get("aggregate_id")?,
            sequence: number::<i64, _>(row, "sequence")?,
            event_type: row.try_get("event_type")?,
            event_version: row.try_get("event_version")?,
            recorded_at: row.try_get("recorded_at")?,
            payload: row.try_get("payload")?,
            metadata: row.try_get("metadata")?,
        })
    }
}

/// What an event must have to be found; without any, every event has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the log's columns")]
pub struct Wanted {
    pub aggregate_type: Option<String>,
    pub aggregate_id: Option<String>,
    pub event_type: Option<String>,
    /// As `user:0199…`, from the metadata.
    pub actor: Option<String>,
    /// From the metadata.
    pub correlation_id: Option<Uuid>,
}

/// A part of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Behind this event; 0 is the log's beginning.
    pub after: Position,
    /// Up to and including this one; none is the log's end, wherever that is.
    pub until: Option<Position>,
}

/// Which events come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The oldest: the order of the log.
    #[default]
    Ascending,
    /// The newest.
    Descending,
}

impl Order {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Ascending, Self::Descending];

    /// The word that stands for it in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }

    const fn as_sql(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

impl Wanted {
    fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// The first `limit` of the wanted events in that stretch, in the order of the log.
///
/// # Errors
/// When the database is away.
pub async fn page(
    pool: &PgPool,
    wanted: &Wanted,
    stretch: Stretch,
    limit: u32,
) -> sqlx::Result<Vec<LoggedEvent>> {
    ordered(pool, wanted, stretch, Order::Ascending, limit).await
}

/// The last `limit` of the wanted events in that stretch, the newest first.
///
/// # Errors
/// When the database is away.
pub async fn newest(
    pool: &PgPool,
    wanted: &Wanted,
    stretch: Stretch,
    limit: u32,
) -> sqlx::Result<Vec<LoggedEvent>> {
    ordered(pool, wanted, stretch, Order::Descending, limit).await
}

async fn ordered(
    pool: &PgPool,
    wanted: &Wanted,
    stretch: Stretch,
    order: Order,
    limit: u32,
) -> sqlx::Result<Vec<LoggedEvent>> {
    if wanted.is_everything() {
        return logged(pool, wanted, stretch, order, limit).await;
    }
    let (mut found, indexed) = indexed(pool, wanted, stretch, order, limit).await?;
    let rest = Stretch {
        after: stretch.after.max(indexed),
        ..stretch
    };
    let ends_before = stretch.until.is_some_and(|until| until <= rest.after);
    if ends_before {
        return Ok(found);
    }
    match order {
        Order::Ascending => {
            let missing = limit - u32::try_from(found.len()).unwrap_or(limit);
            if missing > 0 {
                found.extend(logged(pool, wanted, rest, order, missing).await?);
            }
            Ok(found)
        }
        // What the read model has not seen yet comes first.
        Order::Descending => {
            let mut newest = logged(pool, wanted, rest, order, limit).await?;
            newest.append(&mut found);
            newest.truncate(limit as usize);
            Ok(newest)
        }
    }
}

/// What the log itself has.
async fn logged(
    pool: &PgPool,
    wanted: &Wanted,
    stretch: Stretch,
    order: Order,
    limit: u32,
) -> sqlx::Result<Vec<LoggedEvent>> {
    let mut query = Query::new("");
    statement::select(&mut query, wanted, stretch, order, limit);
    query.build_query_as().fetch_all(pool).await
}

/// What the read model finds, and up to where it has seen the log: both of one moment, in one question.
async fn indexed(
    pool: &PgPool,
    wanted: &Wanted,
    stretch: Stretch,
    order: Order,
    limit: u32,
) -> sqlx::Result<(Vec<LoggedEvent>, Position)> {
    let mut query = Query::new("");
    statement::select_indexed(&mut query, wanted, stretch, order, limit);
    let rows = query.build().fetch_all(pool).await?;
    let mut indexed = Position(0);
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        indexed = Position(number::<i64, _>(row, "indexed")?);
        if row.try_get::<Option<i64>, _>("position")?.is_some() {
            found.push(LoggedEvent::from_row(row)?);
        }
    }
    Ok((found, indexed))
}

/// One event; none when the log has not come that far.
///
/// # Errors
/// When the database is away.
pub async fn by_position(pool: &PgPool, position: Position) -> sqlx::Result<Option<LoggedEvent>> {
    let alone = Stretch {
        after: Position(position.0.saturating_sub(1)),
        until: Some(position),
    };
    let mut events = logged(pool, &Wanted::default(), alone, Order::Ascending, 1).await?;
    Ok(events.pop())
}

/// When the event at a position was recorded; none when the log has not come that far.
///
/// # Errors
/// When the database is away.
pub async fn recorded_at(pool: &PgPool, position: Position) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("SELECT recorded_at FROM events WHERE position = $1")
        .bind(position.0.cast_signed())
        .fetch_optional(pool)
        .await
}

/// The last event that was recorded at that time or before; 0 when there is none.
///
/// # Errors
/// When the database is away.
pub async fn last_position_at(pool: &PgPool, moment: DateTime<Utc>) -> sqlx::Result<Position> {
    let position: i64 = sqlx::query_scalar("SELECT last_position_at($1)")
        .bind(moment)
        .fetch_one(pool)
        .await?;
    Ok(Position(position.cast_unsigned()))
}
