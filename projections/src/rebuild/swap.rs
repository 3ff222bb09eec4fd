//! The moment in which new tables take the place of the live ones: one short transaction.
//!
//! Locks are taken in the order in which a projector takes them, its tables before its row among the followers, and
//! never waited for long: what reads or writes for longer goes first, and the swap is tried again.

use application::ports::EventLog;
use domain::values::Position;
use sqlx::{PgConnection, PgPool};

use super::{Comparison, Shadow, quoted, tables};
use crate::engine::{Lease, Trouble, guarded, project};

/// The most events that are projected while the live tables are locked.
pub(crate) const REMAINDER: u64 = 100;

/// Nobody who reads waits for longer behind the swap's wish for a lock.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '500ms'; \
     SET LOCAL idle_in_transaction_session_timeout = '2s'";

/// Puts the tables in the place of the live ones, with the few events that are missing. Answers with their position,
/// or none when it is to be tried again: something else holds the locks, or there are too many events.
///
/// # Errors
/// When another process holds the lease, or a statement is refused.
pub(crate) async fn swap(
    pool: &PgPool,
    log: &dyn EventLog,
    shadow: &Shadow,
    lease: &Lease,
    comparison: Option<&Comparison>,
) -> Result<Option<Position>, Trouble> {
    match attempt(pool, log, shadow, lease, comparison).await {
        Err(Trouble::Away(error)) if is_contention(&error) => Ok(None),
        outcome => outcome,
    }
}

async fn attempt(
    pool: &PgPool,
    log: &dyn EventLog,
    shadow: &Shadow,
    lease: &Lease,
    comparison: Option<&Comparison>,
) -> Result<Option<Position>, Trouble> {
    let version = shadow.projector().version();
    let mut transaction = pool.begin_with(BEGIN).await?;
    let names = |schema: &str| {
        let tables = shadow.projector().tables().iter();
        tables
            .map(|table| format!("{schema}.{}", quoted(table)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let lock = format!(
        "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE; {}",
        names(shadow.home()),
        shadow.enter()
    );
    tables::execute(&mut transaction, &lock).await?;
    let live: i64 = sqlx::query_scalar(
        "SELECT position FROM followers WHERE name = $1 AND version <= $2 FOR UPDATE",
    )
    .bind(shadow.projector().name())
    .bind(version)
    .fetch_optional(&mut *transaction)
    .await?
    .ok_or_else(|| {
        Trouble::Stuck(anyhow::anyhow!(
            "the live tables were filled by a newer version"
        ))
    })?;
    // Asked for, not remembered: a crash of the database may have taken the last pages back.
    let from = lease.secure(&mut transaction).await?;
    let Some(position) =
        catch_up(&mut transaction, log, shadow, from, live.cast_unsigned()).await?
    else {
        return Ok(None);
    };
    take_place(&mut transaction, shadow, &names(shadow.home())).await?;
    tables::forget(&mut transaction, shadow).await?;
    // Whoever follows loses its lease, also an older program, which cannot take it again.
    sqlx::query(
        "UPDATE followers
            SET version = $2, position = $3, fence = fence + 1, holder = NULL, lease_until = NULL,
                state = 'running', attempts = 0, error = NULL, failed_position = NULL, updated_at = clock_timestamp()
          WHERE name = $1",
    )
    .bind(shadow.projector().name())
    .bind(version)
    .bind(position.0.cast_signed())
    .execute(&mut *transaction)
    .await?;
    note_check(&mut transaction, shadow, position, comparison).await?;
    transaction.commit().await?;
    Ok(Some(position))
}

/// Projects what the live tables have seen and these have not; none when that would take too long.
async fn catch_up(
    db: &mut PgConnection,
    log: &dyn EventLog,
    shadow: &Shadow,
    from: Position,
    live: u64,
) -> Result<Option<Position>, Trouble> {
    let missing = live.saturating_sub(from.0);
    if missing == 0 {
        return Ok(Some(from));
    }
    if missing > REMAINDER {
        return Ok(None);
    }
    let page = log
        .read(from, usize::try_from(missing).unwrap_or(usize::MAX))
        .await?;
    let reached = page.last().map_or(from, |last| last.position);
    // An event that fails here fails outside as well, where it is handled.
    if reached.0 < live
        || guarded(project(shadow.projector(), db, &page))
            .await
            .is_err()
    {
        return Ok(None);
    }
    Ok(Some(reached))
}

/// Drops the live tables and moves the others there, with their indexes and constraints.
async fn take_place(db: &mut PgConnection, shadow: &Shadow, live: &str) -> Result<(), Trouble> {
    for table in shadow.projector().tables() {
        tables::protect(db, shadow, table).await?;
    }
    tables::execute(db, &format!("DROP TABLE {live}")).await?;
    for table in shadow.projector().tables() {
        tables::move_home(db, shadow, table).await?;
    }
    tables::execute(
        db,
        &format!(
            "SET LOCAL search_path TO {}; DROP SCHEMA {}",
            shadow.home(),
            shadow.schema()
        ),
    )
    .await
}

/// Tables that come from the log are what the log says: a comparison on the way counts as a check, and is mended.
async fn note_check(
    db: &mut PgConnection,
    shadow: &Shadow,
    position: Position,
    comparison: Option<&Comparison>,
) -> Result<(), Trouble> {
    match comparison {
        Some(comparison) => {
            let mended = Comparison {
                position,
                rows_different: 0,
                ..comparison.clone()
            };
            mended.note(db, shadow.projector()).await?;
        }
        None => {
            sqlx::query("DELETE FROM projection_checks WHERE name = $1")
                .bind(shadow.projector().name())
                .execute(db)
                .await?;
        }
    }
    Ok(())
}

/// Whether others hold what the swap wants: a lock that was not available, or a deadlock that it lost.
fn is_contention(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<sqlx::Error>()
        .and_then(sqlx::Error::as_database_error)
        .and_then(|error| error.code())
        .is_some_and(|code| ["55P03", "40P01"].contains(&&*code))
}
