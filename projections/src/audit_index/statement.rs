//! The statements that find events. Only filters that are given stand in them, so that each one is planned for itself.

use sqlx::{PgPool, Postgres, QueryBuilder};

use super::{Order, Stretch, Wanted};
use crate::columns::bigint;

const COLUMNS: &str = "e.position, e.event_id, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, \
                       e.event_version, e.payload::text AS payload, e.metadata::text AS metadata, e.recorded_at";

/// A statement as it grows, with its parameters.
pub(super) type Query = QueryBuilder<'static, Postgres>;

/// Where the columns are that one looks for.
#[derive(Clone, Copy)]
enum Source {
    /// `audit_index` as `i`.
    Index,
    /// `events` as `e`.
    Log,
}

/// The wanted events, looked for in the log itself: by position, and then at each one.
pub(super) fn select(
    query: &mut Query,
    wanted: &Wanted,
    stretch: Stretch,
    order: Order,
    limit: u32,
) {
    query.push(format!("SELECT {COLUMNS} FROM events e WHERE "));
    conditions(query, Source::Log, wanted, stretch);
    query.push(format!(" ORDER BY e.position {} LIMIT ", order.as_sql()));
    query.push_bind(i64::from(limit));
}

/// The wanted events as far as the read model knows of them, with `indexed`, the last event that it knows: at least one
/// row, whose other columns are null when it finds nothing.
pub(super) fn select_indexed(
    query: &mut Query,
    wanted: &Wanted,
    stretch: Stretch,
    order: Order,
    limit: u32,
) {
    let order = order.as_sql();
    query.push(format!(
        "SELECT upto.indexed, {COLUMNS}
           FROM (SELECT coalesce(max(f.position), 0) AS indexed FROM followers f WHERE f.name = 'audit_index') upto
           LEFT JOIN LATERAL (
               SELECT i.position FROM audit_index i WHERE i.position <= upto.indexed AND "
    ));
    conditions(query, Source::Index, wanted, stretch);
    query.push(format!(" ORDER BY i.position {order} LIMIT "));
    query.push_bind(i64::from(limit));
    query.push(format!(
        ") found ON true
           LEFT JOIN events e ON e.position = found.position
          ORDER BY found.position {order}"
    ));
}

fn conditions(query: &mut Query, source: Source, wanted: &Wanted, stretch: Stretch) {
    let Wanted {
        aggregate_type,
        aggregate_id,
        event_type,
        actor,
        correlation_id,
    } = wanted;
    let columns = match source {
        Source::Index => [
            "i.position",
            "i.aggregate_type",
            "i.aggregate_id",
            "i.event_type",
            "i.actor",
            "i.correlation_id",
        ],
        Source::Log => [
            "e.position",
            "e.aggregate_type",
            "e.aggregate_id",
            "e.event_type",
            "e.metadata ->> 'actor'",
            "(e.metadata ->> 'correlation_id')::uuid",
        ],
    };
    let [position, texts @ .., correlated] = columns;
    query.push(format!("{position} > "));
    query.push_bind(bigint(stretch.after.0));
    if let Some(until) = stretch.until {
        query.push(format!(" AND {position} <= "));
        query.push_bind(bigint(until.0));
    }
    let values = [aggregate_type, aggregate_id, event_type, actor];
    for (column, value) in texts.into_iter().zip(values) {
        if let Some(value) = value {
            query.push(format!(" AND {column} = "));
            query.push_bind(value.clone());
        }
    }
    if let Some(value) = correlation_id {
        query.push(format!(" AND {correlated} = "));
        query.push_bind(*value);
    }
}

/// How PostgreSQL would look for a page of the wanted events in the read model, as `EXPLAIN` tells it: a test keeps that
/// an index leads to them.
///
/// # Errors
/// When the database is away.
pub async fn plan(
    pool: &PgPool,
    wanted: &Wanted,
    stretch: Stretch,
    order: Order,
    limit: u32,
) -> sqlx::Result<String> {
    let mut explain = QueryBuilder::new("EXPLAIN ");
    select_indexed(&mut explain, wanted, stretch, order, limit);
    let lines: Vec<String> = explain.build_query_scalar().fetch_all(pool).await?;
    Ok(lines.join("\n"))
}
