//! Live tables against a fresh copy, at one position, without a lock that anybody would notice.
//!
//! A difference means that something else than the projector has written the live tables (a hand, a restore, a disk), or
//! that the projector gives other rows than it gave then: it depends on more than the events, or was changed without
//! a new version. The log is right in each case, and a rebuild mends the rows; only the cause decides whether they stay so.

use std::time::Duration;

use domain::values::Position;
use sqlx::{PgConnection, PgPool, Postgres, Row, Transaction};

use super::{Live, Shadow, merge, quoted, tables::execute};
use crate::{
    columns::number,
    engine::{Projector, Trouble},
};

/// How many differences are named.
pub(super) const NAMED: usize = 10;

/// Begins a look at rows as text: the same text for the same row in any session, and as long as it takes.
const LOOK: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; \
     SET LOCAL lock_timeout = '10s'; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; \
     SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'";

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The position that was compared at.
    pub position: Position,
    /// How many rows the live tables have.
    pub rows: u64,
    /// How many rows are not what the log says, missing, or too many.
    pub rows_different: u64,
    /// The first of them, at most ten.
    pub differences: Vec<Difference>,
    /// How long it took, with the filling of the copy.
    pub took: Duration,
}

/// A row in which the live tables are not what the log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The row's primary key, as `photo_id=0193…`; the whole row where there is no primary key.
    pub key: String,
    /// In what it differs.
    pub kind: DifferenceKind,
}

/// In what a row differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    /// These columns hold something else.
    Changed(Vec<String>),
    /// The live table lacks it.
    Missing,
    /// The live table has it, and it should not.
    Extra,
}

impl Comparison {
    /// Keeps the result for everybody to see.
    pub(crate) async fn note(
        &self,
        db: &mut PgConnection,
        projector: &dyn Projector,
    ) -> sqlx::Result<()> {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        sqlx::query(
            "INSERT INTO projection_checks (name, version, position, checked_at, rows, rows_different, took_ms)
             VALUES ($1, $2, $3, clock_timestamp(), $4, $5, $6)
             ON CONFLICT (name) DO UPDATE SET
                 version = excluded.version, position = excluded.position, checked_at = excluded.checked_at,
                 rows = excluded.rows, rows_different = excluded.rows_different, took_ms = excluded.took_ms",
        )
        .bind(projector.name())
        .bind(projector.version())
        .bind(self.position.0.cast_signed())
        .bind(signed(self.rows))
        .bind(signed(self.rows_different))
        .bind(i64::try_from(self.took.as_millis()).unwrap_or(i64::MAX))
        .execute(db)
        .await?;
        Ok(())
    }
}

/// The live tables as they were at one position.
pub(crate) struct Snapshot {
    transaction: Transaction<'static, Postgres>,
    /// How they stood.
    pub live: Live,
}

impl Snapshot {
    /// Takes it: what is written from now on is not in it.
    pub async fn take(pool: &PgPool, shadow: &Shadow) -> Result<Self, Trouble> {
        let tables = shadow.projector().tables().iter();
        let tables: Vec<_> = tables
            .map(|table| format!("{}.{}", shadow.home(), quoted(table)))
            .collect();
        // The tables are pinned before the snapshot is taken: after a swap in between, it would see new tables as
        // they were while they were filled.
        let begin = format!(
            "{LOOK}; LOCK TABLE {} IN ACCESS SHARE MODE",
            tables.join(", ")
        );
        let mut transaction = pool.begin_with(begin).await?;
        let row = sqlx::query("SELECT version, position FROM followers WHERE name = $1")
            .bind(shadow.projector().name())
            .fetch_one(&mut *transaction)
            .await?;
        let live = Live {
            version: row.try_get("version")?,
            position: Position(number::<i64, _>(&row, "position")?),
        };
        Ok(Self { transaction, live })
    }

    /// Compares the tables with the shadow's, which must be at the same position. `took` is what the filling took.
    pub async fn compare(
        mut self,
        pool: &PgPool,
        shadow: &Shadow,
        took: Duration,
    ) -> Result<Comparison, Trouble> {
        let began = tokio::time::Instant::now();
        let mut copy = pool.begin_with(LOOK).await?;
        let filled: Option<i64> =
            sqlx::query_scalar("SELECT position FROM followers WHERE name = $1")
                .bind(shadow.name())
                .fetch_optional(&mut *copy)
                .await?;
        if filled != Some(self.live.position.0.cast_signed()) {
            // A crash of the database has taken the last pages back.
            return Err(Trouble::LostLease);
        }
        let mut comparison = Comparison {
            position: self.live.position,
            rows: 0,
            rows_different: 0,
            differences: Vec::new(),
            took,
        };
        for table in shadow.projector().tables() {
            let live_table = format!("{}.{}", shadow.home(), quoted(table));
            let copied = format!("{}.{}", shadow.schema(), quoted(table));
            let (live, fresh) = tokio::try_join!(
                checksum(&mut self.transaction, &live_table),
                checksum(&mut copy, &copied)
            )?;
            comparison.rows += live.0;
            if live != fresh {
                merge::find_differences(
                    (&mut self.transaction, &live_table),
                    (&mut copy, &copied),
                    table,
                    &mut comparison,
                )
                .await?;
            }
        }
        comparison.took += began.elapsed();
        Ok(comparison)
    }
}

/// How many rows a table has, and the sum of a hash of each one's text, whatever their order.
async fn checksum(db: &mut PgConnection, table: &str) -> sqlx::Result<(u64, String)> {
    let row = sqlx::query(&format!(
        "SELECT count(*) AS rows, coalesce(sum(hashtextextended((r.*)::text COLLATE \"C\", 0)), 0)::text AS sum
           FROM {table} AS r"
    ))
    .fetch_one(db)
    .await?;
    Ok((number::<i64, _>(&row, "rows")?, row.try_get("sum")?))
}

/// Drops a check's tables and keeps what it found.
///
/// # Errors
/// When another process holds the lease.
pub(crate) async fn conclude(
    pool: &PgPool,
    shadow: &Shadow,
    lease: &crate::engine::Lease,
    comparison: Option<&Comparison>,
) -> Result<(), Trouble> {
    let mut transaction = pool.begin().await?;
    execute(&mut transaction, "SET LOCAL statement_timeout = 0").await?;
    super::tables::drop_all(&mut transaction, shadow, lease).await?;
    if let Some(comparison) = comparison {
        comparison
            .note(&mut transaction, shadow.projector())
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
