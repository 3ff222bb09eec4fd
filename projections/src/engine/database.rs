//! Which errors of the database's pass by themselves.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// Whether the same question may well be answered later: the database is away, overloaded or closed, or somebody else was
/// in the way. PostgreSQL's error classes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub fn database_passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            // Nobody is let in, whatever for: as while an operator has closed the database, or a password is being changed.
            let ends_the_session =
                error
                    .try_downcast_ref::<PgDatabaseError>()
                    .is_some_and(|error| {
                        matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic)
                    });
            ends_the_session || error.code().is_some_and(|code| is_passing_state(&code))
        }
        _ => false,
    }
}

/// Connection, resources, operator intervention; then the losers of a deadlock or a serialisation conflict, a lock not
/// available, a transaction that idled too long, and a statement that took too long.
fn is_passing_state(code: &str) -> bool {
    ["08", "53", "57P"]
        .iter()
        .any(|class| code.starts_with(class))
        || ["40001", "40P01", "55P03", "25P03", "57014"].contains(&code)
}
