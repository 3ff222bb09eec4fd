//! Which database a command works on.

use std::{env, path::PathBuf};

use infrastructure::{
    database::{self, DatabaseError, DatabaseOptions, DatabaseRole},
    embedded_postgres::{EmbeddedOptions, EmbeddedPostgres},
    event_log::PostgresEventLog,
    settings::Settings,
};
use sqlx::PgPool;

use crate::{data_directory::DataDirectory, failure::Failure, wiring::keys::master_keys};

/// A database, and the private server that was started for it.
pub struct Database {
    url: String,
    server: Option<EmbeddedPostgres>,
    settings: Settings,
}

impl Database {
    /// The configured one, or a private one in a data directory that this process holds.
    pub async fn of_our_own(
        settings: &Settings,
        directory: &DataDirectory,
    ) -> Result<Self, Failure> {
        if let Some(url) = &settings.database_url {
            return Ok(Self {
                url: url.reveal().to_owned(),
                server: None,
                settings: settings.clone(),
            });
        }
        let options = EmbeddedOptions {
            pg_bin: settings.pg_bin.clone(),
            roots: roots(),
        };
        let server = EmbeddedPostgres::start(directory.path(), options)
            .await
            .map_err(Failure::other)?;
        tracing::info!(
            "PostgreSQL {} runs in {}",
            server.major(),
            server.directory().display()
        );
        Ok(Self {
            url: server.url().to_owned(),
            server: Some(server),
            settings: settings.clone(),
        })
    }

    /// The configured one, or the private one that an `ava up` runs right now.
    pub fn already_running(settings: &Settings) -> Result<Self, Failure> {
        let configured = settings
            .database_url
            .as_ref()
            .map(|url| url.reveal().to_owned());
        let url = configured.or_else(|| EmbeddedPostgres::running(&settings.data_dir)).ok_or_else(|| {
            Failure::usage(format!(
                "there is no database: set DATABASE_URL to one of yours, or let `ava up` run one in {}",
                settings.data_dir.display()
            ))
        })?;
        Ok(Self {
            url,
            server: None,
            settings: settings.clone(),
        })
    }

    /// As [`Database::already_running`], or the private one, started for the time of this command.
    pub async fn running_or_started(settings: &Settings) -> Result<Self, Failure> {
        match Self::already_running(settings) {
            Ok(database) => Ok(database),
            Err(_) => Self::of_our_own(settings, &DataDirectory::take(&settings.data_dir)?).await,
        }
    }

    /// Connects under a name that the database's own lists show, with a role's rights.
    pub async fn connect(&self, name: &str, role: DatabaseRole) -> Result<PgPool, Failure> {
        database::connect(&self.url, &DatabaseOptions::named(name).acting_as(role))
            .await
            .map_err(told)
    }

    /// Connects everything that a process needs.
    pub async fn pools(&self, process: &str, roles: Roles) -> Result<Pools, Failure> {
        let open = |purpose: &str, role| {
            let options = DatabaseOptions::named(&format!("ava {process} {purpose}"));
            database::open(&self.url, &options.acting_as(role)).map_err(told)
        };
        Ok(Pools {
            work: self.connect(&format!("ava {process}"), roles.work).await?,
            requests: open("requests", roles.requests)?,
            stewards: open("stewards", roles.stewards)?,
            following: open("followers", roles.following)?,
        })
    }

    /// Connections to the replica that answers an API's reads; none where there is none. Nobody is asked yet: the replica may
    /// be away.
    pub fn replica(&self, process: &str, roles: Roles) -> Result<Option<ReplicaPools>, Failure> {
        let Some(url) = &self.settings.read_database_url else {
            return Ok(None);
        };
        let open = |purpose: &str, role| {
            let options = DatabaseOptions::named(&format!("ava {process} {purpose}"));
            database::open_replica(url.reveal(), &options.acting_as(role)).map_err(told)
        };
        Ok(Some(ReplicaPools {
            people: open("reads", roles.requests)?,
            stewards: open("stewards' reads", roles.stewards)?,
        }))
    }

    /// The event log in it, over those connections.
    pub fn log(&self, pool: &PgPool) -> Result<PostgresEventLog, Failure> {
        let masters = master_keys(&self.settings)?;
        Ok(PostgresEventLog::start(pool.clone(), masters))
    }

    /// Brings it to the shape that this program needs, with the rights of whoever logs in. Answers how many migrations were
    /// missing.
    pub async fn migrate(&self) -> Result<usize, Failure> {
        let options = DatabaseOptions {
            max_connections: 1,
            ..DatabaseOptions::named("ava migrate")
        };
        let pool = database::connect(&self.url, &options).await.map_err(told)?;
        let pending = database::pending_migrations(&pool)
            .await
            .map_err(Failure::try_again)?;
        database::migrate(&pool).await.map_err(told)?;
        pool.close().await;
        Ok(pending)
    }

    /// What the banner says of it.
    pub fn described(&self) -> String {
        match &self.server {
            Some(server) => format!("PostgreSQL {}", server.major()),
            None => "on the PostgreSQL of DATABASE_URL".to_owned(),
        }
    }

    /// Waits until the private server is gone although nobody stopped it; for ever when it is not ours.
    pub async fn failed(&mut self) -> Failure {
        let Some(server) = &mut self.server else {
            return std::future::pending().await;
        };
        server.ended().await;
        Failure::other(format!(
            "PostgreSQL ended unexpectedly; the end of {} says why",
            server.directory().with_file_name("server.log").display()
        ))
    }

    /// Stops the server that was started for it.
    pub async fn stop(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}

/// Whose rights a process's connections have, by what they are for.
#[derive(Clone, Copy)]
pub struct Roles {
    work: DatabaseRole,
    requests: DatabaseRole,
    stewards: DatabaseRole,
    following: DatabaseRole,
}

impl Roles {
    /// Of `ava up`, which is everything in one process.
    pub const UP: Self = Self {
        work: DatabaseRole::Worker,
        ..Self::API
    };
    /// Of `ava api`. It becomes the projector only when an operator orders a rebuild of it.
    pub const API: Self = Self {
        work: DatabaseRole::Api,
        requests: DatabaseRole::Api,
        stewards: DatabaseRole::Steward,
        following: DatabaseRole::Projector,
    };
    /// Whether people and stewards are answered with them.
    pub const fn serve_people(self) -> bool {
        matches!(
            (self.requests, self.stewards),
            (DatabaseRole::Api, DatabaseRole::Steward)
        )
    }

    /// Of a process that acts as one role only.
    pub const fn only(role: DatabaseRole) -> Self {
        Self {
            work: role,
            requests: role,
            stewards: role,
            following: role,
        }
    }
}

/// The connections of one process, by what they are for.
#[derive(Clone)]
pub struct Pools {
    /// For the log and the worker.
    pub work: PgPool,
    /// For HTTP handlers. A connection lives on the runtime that opened it, and actix runs handlers on runtimes of
    /// its own, which end before the worker does.
    pub requests: PgPool,
    /// For operators and auditors, who see everybody's rows, and for figures.
    pub stewards: PgPool,
    /// For the followers of the log, each of which may hold one.
    pub following: PgPool,
}

/// The connections of one process to the replica, by who asks.
#[derive(Clone)]
pub struct ReplicaPools {
    /// For people's reads.
    pub people: PgPool,
    /// For those of auditors.
    pub stewards: PgPool,
}

impl ReplicaPools {
    /// Gives all connections back.
    pub async fn close(self) {
        self.people.close().await;
        self.stewards.close().await;
    }
}

impl Pools {
    /// Gives all connections back.
    pub async fn close(self) {
        for pool in [self.requests, self.stewards, self.following, self.work] {
            pool.close().await;
        }
    }
}

/// Refuses to work on a database that is not migrated.
pub async fn must_be_migrated(pool: &PgPool) -> Result<(), Failure> {
    let pending = database::pending_migrations(pool)
        .await
        .map_err(Failure::try_again)?;
    if pending == 0 {
        return Ok(());
    }
    Err(Failure::conflict(format!(
        "the database lacks {pending} migrations; run `ava migrate` first"
    )))
}

/// Which exit code a database's absence has.
pub fn told(error: DatabaseError) -> Failure {
    match error {
        DatabaseError::BadAddress(_) | DatabaseError::BadReplicaAddress(_) => Failure::usage(error),
        DatabaseError::Unreachable { .. } => Failure::try_again(error),
        DatabaseError::NoRole { .. } => Failure::conflict(error),
        DatabaseError::Refused { .. }
        | DatabaseError::NotAMember { .. }
        | DatabaseError::RolesByHand { .. }
        | DatabaseError::Migration(_) => Failure::other(error),
    }
}

/// Where npm may have put PostgreSQL's binaries: here, or beside the build that this program comes from.
fn roots() -> Vec<PathBuf> {
    let here = env::current_dir().unwrap_or_default();
    let program = env::current_exe().unwrap_or_default();
    let mut roots = vec![here];
    roots.extend(program.ancestors().skip(1).map(PathBuf::from));
    roots
}
