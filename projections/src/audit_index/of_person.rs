//! All that is a person's in the log, by the streams that it stands in.

use domain::values::UserId;
use sqlx::{FromRow, PgPool};

use crate::own_rows::own_rows;

/// The first version of the read model that says whose each event is.
const KNOWS_OWNERS: i32 = 2;

/// A stream with events of a person's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, FromRow)]
pub struct PersonalStream {
    /// The type of its aggregate.
    pub aggregate_type: String,
    /// Which one.
    pub aggregate_id: String,
}

/// Whether the read model says whose each event is: not before tables of an older version were replaced.
///
/// # Errors
/// When the database is away.
pub async fn knows_owners(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM followers WHERE name = 'audit_index' AND version >= $1)",
    )
    .bind(KNOWS_OWNERS)
    .fetch_one(pool)
    .await
}

/// All streams that hold events of a person's, in the order of their types and ids, as far as the read model has seen the log.
///
/// # Errors
/// When the database is away.
pub async fn streams_of(pool: &PgPool, owner: UserId) -> sqlx::Result<Vec<PersonalStream>> {
    sqlx::query_as(own_rows!(
        "SELECT DISTINCT aggregate_type, aggregate_id FROM audit_index
          WHERE owner = $1 ORDER BY aggregate_type, aggregate_id"
    ))
    .bind(owner.0)
    .fetch_all(pool)
    .await
}
