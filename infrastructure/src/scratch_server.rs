//! A PostgreSQL of one's own that may be killed: durable, always at the same address, gone afterwards.

use std::{
    env, fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::{
    embedded_postgres::{
        Account, Binaries, EmbeddedPostgresError, Place, Server, Tuning, clear_away_predecessor,
        find_binaries, in_directory, passes, password, readable_binaries, settle, url,
    },
    scratch_process::free_port,
};

/// How long the children of a killed server may outlive it.
const AFTERLIFE: Duration = Duration::from_secs(20);
/// What nine processes and an upgrade need, as docs/OPERATIONS.md reckons, with room for a test's own.
const MOST_CONNECTIONS: u32 = 900;
/// How long to wait before a server is started once more.
const AGAIN: Duration = Duration::from_millis(200);

/// A server whose commits are on the disk before they are acknowledged.
///
/// Every method waits, and blocks its thread for that.
#[derive(Debug)]
pub struct ScratchServer {
    account: Account,
    binaries: Binaries,
    home: PathBuf,
    data: PathBuf,
    log: PathBuf,
    password: String,
    port: u16,
    /// None while it is killed.
    server: Option<Server>,
}

impl ScratchServer {
    /// Makes a new cluster in that directory, which is made where there is none, and starts it. PostgreSQL's account must be
    /// able to get there.
    ///
    /// # Errors
    /// When there is no PostgreSQL, or no room.
    pub fn start(directory: &Path) -> Result<Self, EmbeddedPostgresError> {
        let pg_bin = env::var_os("PG_BIN").map(PathBuf::from);
        let executable = env::current_exe().unwrap_or_default();
        let roots: Vec<PathBuf> = executable.ancestors().skip(1).map(Path::to_owned).collect();
        let account = Account::for_new_cluster()?;
        fs::create_dir_all(directory).map_err(in_directory(directory))?;
        let home = settle(directory, &account)?;
        let binaries = find_binaries(pg_bin.as_deref(), &roots, None)?;
        let binaries = readable_binaries(binaries, &account, &home)?;
        let password = password(&home.join("password"), &account)?;
        let mut server = Self {
            account,
            binaries,
            data: home.join("data"),
            log: home.join("server.log"),
            home,
            password,
            port: free_port(),
            server: None,
        };
        server
            .place()
            .initialise(&server.home.join("password"), true)?;
        server.start_again()?;
        Ok(server)
    }

    fn place(&self) -> Place<'_> {
        Place {
            binaries: &self.binaries,
            account: &self.account,
            data: &self.data,
            log: &self.log,
        }
    }

    /// The address of one of its databases, with the password of its superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        url(&self.password, self.port, database)
    }

    /// What SIGKILL does: to all of its processes at once, or to the first of them, whom the others follow.
    pub fn kill(&mut self, all_at_once: bool) {
        if let Some(mut server) = self.server.take() {
            server.kill(all_at_once);
        }
    }

    /// Starts it where it was; returns once it takes connections.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<(), EmbeddedPostgresError> {
        // Children of a server that was killed may hold its shared memory for a moment longer.
        let patient_until = Instant::now() + AFTERLIFE;
        loop {
            clear_away_predecessor(&self.data)?;
            let launched = self.place().launch(Tuning {
                durable: true,
                ours: true,
                max_connections: MOST_CONNECTIONS,
                port: Some(self.port),
            });
            match launched {
                Ok(server) => {
                    self.server = Some(server);
                    return Ok(());
                }
                Err(EmbeddedPostgresError::StartFailed { reason, .. })
                    if passes(&reason) && Instant::now() < patient_until =>
                {
                    thread::sleep(AGAIN);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for ScratchServer {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            server.stop();
        }
        // It is thrown away; what stays is in a directory for temporary files.
        let _ = fs::remove_dir_all(&self.home);
    }
}
