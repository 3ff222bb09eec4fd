//! Connections to PostgreSQL, the migrations, and who may do what.

mod migrating;
mod roles;

use std::{sync::Arc, time::Duration};

use sqlx::{
    Connection, PgConnection, PgPool,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub(crate) use migrating::migrate_over;
pub use migrating::{MIGRATIONS, migrate, pending_migrations};
pub use roles::DatabaseRole;
pub(crate) use roles::{GRANTS, quoted};

use crate::limits::{
    DATABASE_CONNECT_TIME, LOCK_TIME, POOL_CONNECTIONS, POOL_WAIT, STATEMENT_TIME,
};

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
