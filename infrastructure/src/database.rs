//! Connections to PostgreSQL, and the migrations.

use std::time::Duration;

use sqlx::{
    Connection, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::limits::{
    DATABASE_CONNECT_TIME, LOCK_TIME, POOL_CONNECTIONS, POOL_WAIT, STATEMENT_TIME,
};

/// The migrations, embedded at build time.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// A connection that rested for longer is asked whether it still lives before it is used. One that was in use a moment
/// ago is not: the question costs as much as a read does, and a restarted server costs one answer 503 for each.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How a pool is to behave.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// What `pg_stat_activity` shows, as `ava api`.
    pub application_name: String,
    /// The most connections at a time.
    pub max_connections: u32,
    /// How long one statement may run, and wait for a lock no longer than [`LOCK_TIME`]; none for no limit to either.
    pub statement_timeout: Option<Duration>,
}

impl DatabaseOptions {
    /// For requests: twenty connections, ten seconds a statement.
    pub fn named(application_name: &str) -> Self {
        Self {
            application_name: application_name.to_owned(),
            max_connections: POOL_CONNECTIONS,
            statement_timeout: Some(STATEMENT_TIME),
        }
    }
}

/// Why there is no database. No message holds the password.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The address itself is wrong.
    #[error(
        "DATABASE_URL is not a PostgreSQL address ({0}); it looks like postgres://user:password@host:5432/database"
    )]
    BadAddress(String),
    /// Nobody answers there.
    #[error(
        "no PostgreSQL answers at {place}: {reason}. Is it running, and is DATABASE_URL right?"
    )]
    Unreachable {
        /// Host, port and database.
        place: String,
        /// What the network says.
        reason: String,
    },
    /// The server does not let us in.
    #[error(
        "PostgreSQL at {place} refuses us: {reason}. Correct the user, password or database in DATABASE_URL"
    )]
    Refused {
        /// Host, port and database.
        place: String,
        /// What the server says.
        reason: String,
    },
    /// The migrations did not go through.
    #[error("the database could not be migrated: {0}")]
    Migration(#[from] MigrateError),
}

/// Opens a pool and makes sure that the database answers.
///
/// # Errors
/// Says where it looked and why it failed, without the password.
pub async fn connect(url: &str, options: &DatabaseOptions) -> Result<PgPool, DatabaseError> {
    let address = parse(url)?;
    first_connection(&address)
        .await
        .map_err(|error| explain(place(&address), &error))?;
    open(url, options)
}

/// Opens a pool that connects when it is first used.
///
/// # Errors
/// When the address is none.
pub fn open(url: &str, options: &DatabaseOptions) -> Result<PgPool, DatabaseError> {
    // Every statement of ours asks for rows by keys that have an index: planning it anew for each set of values, as
    // PostgreSQL does when it takes the values to matter, costs more than many of them cost to run.
    let connect = parse(url)?
        .application_name(&options.application_name)
        .options([("plan_cache_mode", "force_generic_plan")]);
    let connect = match options.statement_timeout {
        Some(limit) => connect.options([
            ("statement_timeout", format!("{}ms", limit.as_millis())),
            ("lock_timeout", format!("{}ms", LOCK_TIME.as_millis())),
        ]),
        None => connect,
    };
    Ok(PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(POOL_WAIT)
        .test_before_acquire(false)
        .before_acquire(|connection, rested| {
            Box::pin(async move {
                if rested.idle_for > TRUSTED_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(connect))
}

/// Brings the database to the shape that this program needs. Several processes may do so at once.
///
/// # Errors
/// When a migration fails, or when the database is of a newer program than this one.
pub async fn migrate(pool: &PgPool) -> Result<(), DatabaseError> {
    let mut connection = pool
        .acquire()
        .await
        .map_err(MigrateError::Execute)?
        .detach();
    for unlimited in ["SET statement_timeout = 0", "SET lock_timeout = 0"] {
        sqlx::query(unlimited)
            .execute(&mut connection)
            .await
            .map_err(MigrateError::Execute)?;
    }
    MIGRATIONS.run(&mut connection).await?;
    connection.close().await.map_err(MigrateError::Execute)?;
    Ok(())
}

/// How many migrations this program has that the database has not.
///
/// # Errors
/// When the database is away.
pub async fn pending_migrations(pool: &PgPool) -> sqlx::Result<usize> {
    let known: Vec<i64> = if has_migrations_table(pool).await? {
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(pool)
            .await?
    } else {
        Vec::new()
    };
    Ok(MIGRATIONS
        .iter()
        .filter(|migration| !known.contains(&migration.version))
        .count())
}

async fn has_migrations_table(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(pool)
        .await
}

fn parse(url: &str) -> Result<PgConnectOptions, DatabaseError> {
    let known = url.starts_with("postgres://") || url.starts_with("postgresql://");
    if !known {
        return Err(DatabaseError::BadAddress(
            "it does not start with postgres://".to_owned(),
        ));
    }
    url.parse().map_err(|error| match error {
        sqlx::Error::Configuration(reason) => DatabaseError::BadAddress(reason.to_string()),
        other => DatabaseError::BadAddress(other.to_string()),
    })
}

async fn first_connection(options: &PgConnectOptions) -> sqlx::Result<()> {
    tokio::time::timeout(DATABASE_CONNECT_TIME, PgConnection::connect_with(options))
        .await
        .map_err(|_| sqlx::Error::PoolTimedOut)??
        .close()
        .await
}

fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or("(no database named)");
    format!("{}:{}/{database}", options.get_host(), options.get_port())
}

fn explain(place: String, error: &sqlx::Error) -> DatabaseError {
    match error {
        sqlx::Error::Database(error) => DatabaseError::Refused {
            place,
            reason: error.message().to_owned(),
        },
        sqlx::Error::PoolTimedOut => DatabaseError::Unreachable {
            place,
            reason: format!("no answer within {} s", DATABASE_CONNECT_TIME.as_secs()),
        },
        other => DatabaseError::Unreachable {
            place,
            reason: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    #[tokio::test]
    async fn an_address_that_is_none_is_refused_without_repeating_it() {
        let error = connect(
            "mysql://ava:hunter2@localhost/ava",
            &DatabaseOptions::named("test"),
        )
        .await
        .unwrap_err();
        assert!(matches!(error, DatabaseError::BadAddress(_)));
        assert!(!error.to_string().contains("hunter2"));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_without_the_password() {
        let url = "postgres://ava:hunter2@127.0.0.1:1/ava";
        let error = connect(url, &DatabaseOptions::named("test"))
            .await
            .unwrap_err();
        let message = error.to_string();
        assert!(
            matches!(error, DatabaseError::Unreachable { .. }),
            "{message}"
        );
        assert!(
            message.contains("127.0.0.1:1/ava") && !message.contains("hunter2"),
            "{message}"
        );
    }
}
