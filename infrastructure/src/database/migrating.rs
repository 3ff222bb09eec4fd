//! Bringing a database to the shape that this program needs.

use std::time::Duration;

use sqlx::{
    Connection, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
};

use super::{DatabaseError, roles};

/// The migrations, embedded at build time.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// The lock that whoever migrates holds; the database's own number, unlike the one that sqlx takes for itself.
const MIGRATION_LOCK: i64 = 0x6176_615f_726f_6c65;
/// Between two tries to get it. Nobody waits for it inside a statement: an index that is made concurrently waits for
/// every statement that is under way.
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// PostgreSQL's `insufficient_privilege`.
const NOT_ALLOWED: &str = "42501";

/// Brings the database to the shape that this program needs, and grants each role what is its. Several processes may do
/// so at once, on any number of databases of one cluster. The pool's connections are those of whoever owns the database,
/// and act as nobody else.
///
/// # Errors
/// When a migration fails, when the roles cannot be made, or when the database is of a newer program than this one.
pub async fn migrate(pool: &PgPool) -> Result<(), DatabaseError> {
    let acquired = pool.acquire().await.map_err(MigrateError::Execute)?;
    let mut connection = acquired.detach();
    let migrated = migrate_over(&mut connection).await;
    // The lock and the role end with the connection.
    connection.close().await.map_err(MigrateError::Execute)?;
    migrated
}

/// The same over one connection, which acts as the owner from then on and holds the lock of whoever migrates.
pub(crate) async fn migrate_over(db: &mut PgConnection) -> Result<(), DatabaseError> {
    let pending = pending(db).await.map_err(MigrateError::Execute)?;
    if pending == Some(0)
        && roles::are_granted(db)
            .await
            .map_err(MigrateError::Execute)?
    {
        return Ok(());
    }
    for unlimited in ["SET statement_timeout = 0", "SET lock_timeout = 0"] {
        execute(db, unlimited).await?;
    }
    while !sqlx::query_scalar::<_, bool>("SELECT pg_try_advisory_lock($1)")
        .bind(MIGRATION_LOCK)
        .fetch_one(&mut *db)
        .await
        .map_err(MigrateError::Execute)?
    {
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    // Asked again: whoever held the lock may have done it.
    let granted = roles::are_granted(db)
        .await
        .map_err(MigrateError::Execute)?;
    if let Err(error) = roles::prepare(db).await {
        return Err(by_hand(db, error).await);
    }
    execute(db, "SET ROLE ava_owner").await?;
    MIGRATIONS.run(&mut *db).await?;
    if !granted {
        roles::grant(db).await.map_err(MigrateError::Execute)?;
    }
    Ok(())
}

async fn execute(db: &mut PgConnection, statement: &str) -> Result<(), DatabaseError> {
    let done = sqlx::raw_sql(statement).execute(db).await;
    done.map(drop)
        .map_err(|error| MigrateError::Execute(error).into())
}

/// Why the roles could not be set up, and what to do about it.
async fn by_hand(db: &mut PgConnection, error: sqlx::Error) -> DatabaseError {
    let reason = match error {
        sqlx::Error::Database(error) if error.code().as_deref() == Some(NOT_ALLOWED) => {
            error.message().to_owned()
        }
        other => return MigrateError::Execute(other).into(),
    };
    let asked: sqlx::Result<(String, String)> =
        sqlx::query_as("SELECT session_user::text, current_database()::text")
            .fetch_one(db)
            .await;
    match asked {
        Ok((login, database)) => DatabaseError::RolesByHand {
            reason,
            by_hand: roles::by_hand(&login, &database),
        },
        Err(error) => MigrateError::Execute(error).into(),
    }
}

/// How many migrations this program has that the database has not.
///
/// # Errors
/// When the database is away.
pub async fn pending_migrations(pool: &PgPool) -> sqlx::Result<usize> {
    let mut connection = pool.acquire().await?;
    let pending = pending(&mut connection).await?;
    Ok(pending.unwrap_or_else(|| MIGRATIONS.iter().count()))
}

/// The same; none when there has never been a migration.
async fn pending(db: &mut PgConnection) -> sqlx::Result<Option<usize>> {
    let any: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *db)
        .await?;
    if !any {
        return Ok(None);
    }
    let known: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
        .fetch_all(db)
        .await?;
    let missing = MIGRATIONS
        .iter()
        .filter(|migration| !known.contains(&migration.version));
    Ok(Some(missing.count()))
}
