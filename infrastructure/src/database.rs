//! Connections to PostgreSQL, the migrations, and who may do what.

mod roles;

use std::{sync::Arc, time::Duration};

use sqlx::{
    Connection, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub use roles::DatabaseRole;
pub(crate) use roles::{GRANTS, quoted};

use crate::limits::{
    DATABASE_CONNECT_TIME, LOCK_TIME, POOL_CONNECTIONS, POOL_WAIT, STATEMENT_TIME,
};

/// The migrations, embedded at build time.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// A connection that rested for longer is asked whether it still lives before it is used. One that was in use a moment
/// ago is not: the question costs as much as a read does, and a restarted server costs one answer 503 for each.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// The lock that whoever migrates holds; the database's own number, unlike the one that sqlx takes for itself.
const MIGRATION_LOCK: i64 = 0x6176_615f_726f_6c65;
/// Between two tries to get it. Nobody waits for it inside a statement: an index that is made concurrently waits for
/// every statement that is under way.
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// PostgreSQL's `insufficient_privilege`.
const NOT_ALLOWED: &str = "42501";

/// How a pool is to behave.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// What `pg_stat_activity` shows, as `ava api`.
    pub application_name: String,
    /// The most connections at a time.
    pub max_connections: u32,
    /// How long one statement may run, and wait for a lock no longer than [`LOCK_TIME`]; none for no limit to either.
    pub statement_timeout: Option<Duration>,
    /// Whose rights the connections have; none for those of whoever logs in.
    pub role: Option<DatabaseRole>,
}

impl DatabaseOptions {
    /// For requests: twenty connections, ten seconds a statement.
    pub fn named(application_name: &str) -> Self {
        Self {
            application_name: application_name.to_owned(),
            max_connections: POOL_CONNECTIONS,
            statement_timeout: Some(STATEMENT_TIME),
            role: None,
        }
    }

    /// With the rights of a role, from the moment of connecting on.
    #[must_use]
    pub fn acting_as(self, role: DatabaseRole) -> Self {
        Self {
            role: Some(role),
            ..self
        }
    }
}

/// Why there is no database. No message holds the password.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The address of the replica is wrong.
    #[error(
        "READ_DATABASE_URL is not a PostgreSQL address ({0}); it looks like DATABASE_URL with another host"
    )]
    BadReplicaAddress(String),
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
    /// The database was never migrated, or came from a dump without its roles.
    #[error("PostgreSQL at {place} has no role {role} yet: run `ava migrate` first")]
    NoRole {
        /// Host, port and database.
        place: String,
        /// The role that is missing.
        role: DatabaseRole,
    },
    /// Whoever logs in may not act as the role.
    #[error(
        "the user of DATABASE_URL may not act as {role} at {place}. Let an administrator run: GRANT {role} TO {login}"
    )]
    NotAMember {
        /// Host, port and database.
        place: String,
        /// The role.
        role: DatabaseRole,
        /// Who logs in, as an identifier.
        login: String,
    },
    /// Whoever migrates may not make the roles, or not hand the database over to their owner.
    #[error(
        "the user of DATABASE_URL may not set the database's roles up ({reason}). Let an administrator run this once, then \
         `ava migrate` again:\n\n{by_hand}\n"
    )]
    RolesByHand {
        /// What the server says.
        reason: String,
        /// The statements.
        by_hand: String,
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
    let address = acting(parse(url)?, options.role);
    first_connection(&address, options.role)
        .await
        .map_err(|error| explain(&address, options.role, &error))?;
    open(url, options)
}

/// Opens a pool that connects when it is first used.
///
/// # Errors
/// When the address is none.
pub fn open(url: &str, options: &DatabaseOptions) -> Result<PgPool, DatabaseError> {
    // Every statement of ours asks for rows by keys that have an index: planning it anew for each set of values, as
    // PostgreSQL does when it takes the values to matter, costs more than many of them cost to run.
    let mut settings = vec![("plan_cache_mode", "force_generic_plan".to_owned())];
    if let Some(limit) = options.statement_timeout {
        settings.push(("statement_timeout", format!("{}ms", limit.as_millis())));
        settings.push(("lock_timeout", format!("{}ms", LOCK_TIME.as_millis())));
    }
    let connect = acting(parse(url)?, options.role)
        .application_name(&options.application_name)
        .options(settings.iter().map(|(name, value)| (name, value)));
    // Said again once a session is there: a pooler in between drops what is said at its start.
    let role = options.role.map(|role| ("role", role.name().to_owned()));
    let (names, values): (Vec<_>, Vec<_>) = settings.into_iter().chain(role).unzip();
    let said_again = Arc::new((names, values));
    Ok(PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(POOL_WAIT)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let said_again = said_again.clone();
            Box::pin(async move {
                let (names, values) = &*said_again;
                sqlx::query("SELECT set_config(name, value, false) FROM unnest($1, $2) setting (name, value)")
                    .bind(names)
                    .bind(values)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
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

/// The same for a replica.
///
/// # Errors
/// When the address is none.
pub fn open_replica(url: &str, options: &DatabaseOptions) -> Result<PgPool, DatabaseError> {
    open(url, options).map_err(|error| match error {
        DatabaseError::BadAddress(why) => DatabaseError::BadReplicaAddress(why),
        other => other,
    })
}

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

/// The same address, whose connections act as the role from the start.
fn acting(address: PgConnectOptions, role: Option<DatabaseRole>) -> PgConnectOptions {
    match role {
        Some(role) => address.options([("role", role.name())]),
        None => address,
    }
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

async fn first_connection(
    options: &PgConnectOptions,
    role: Option<DatabaseRole>,
) -> sqlx::Result<()> {
    let tried = async {
        let mut connection = PgConnection::connect_with(options).await?;
        if let Some(role) = role {
            let act = format!("SET ROLE {role}");
            sqlx::raw_sql(&act).execute(&mut connection).await?;
        }
        connection.close().await
    };
    tokio::time::timeout(DATABASE_CONNECT_TIME, tried)
        .await
        .map_err(|_| sqlx::Error::PoolTimedOut)?
}

/// The role that connections to this address act as from the start.
pub(crate) fn role_of(address: &PgConnectOptions) -> Option<&str> {
    let mut options = address.get_options()?.split("-c ");
    options.find_map(|option| option.trim().strip_prefix("role="))
}

fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or("(no database named)");
    format!("{}:{}/{database}", options.get_host(), options.get_port())
}

fn explain(
    address: &PgConnectOptions,
    role: Option<DatabaseRole>,
    error: &sqlx::Error,
) -> DatabaseError {
    let place = place(address);
    match error {
        sqlx::Error::Database(error) => match role {
            // In these two words PostgreSQL says why it does not begin a session as the role.
            Some(role) if error.message() == format!("role \"{role}\" does not exist") => {
                DatabaseError::NoRole { place, role }
            }
            Some(role)
                if error.message() == format!("permission denied to set role \"{role}\"") =>
            {
                DatabaseError::NotAMember {
                    place,
                    role,
                    login: roles::quoted(address.get_username()),
                }
            }
            Some(_) | None => DatabaseError::Refused {
                place,
                reason: error.message().to_owned(),
            },
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

    #[test]
    fn the_role_is_found_among_the_options() {
        let address = parse("postgres://ava@localhost/ava").unwrap();
        assert_eq!(role_of(&address), None);
        let other = address.clone().options([("plan_cache_mode", "auto")]);
        assert_eq!(role_of(&other), None);
        let acting = acting(address, Some(DatabaseRole::Worker)).options([("x.y", "z")]);
        assert_eq!(role_of(&acting), Some("ava_worker"));
    }

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
