//! A PostgreSQL of a test's own, with everything that an operator has: its programs, its files, its archive.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use infrastructure::embedded_postgres::children_of;

use crate::running::until;

/// The programs that an operator needs beside the server's.
const PROGRAMS: [&str; 6] = [
    "initdb",
    "postgres",
    "pg_basebackup",
    "pg_dump",
    "pg_restore",
    "psql",
];

/// The directory of PostgreSQL's programs: the newest that has them all.
pub fn programs() -> PathBuf {
    let configured = std::env::var_os("PG_BIN").map(PathBuf::from);
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.and_then(|told| String::from_utf8(told.stdout).ok());
    let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    installed.sort_by_key(|directory| {
        let version = directory
            .parent()
            .and_then(|parent| parent.file_name()?.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    let places = configured
        .into_iter()
        .chain(installed)
        .chain(told.map(|text| PathBuf::from(text.trim())));
    let has_all = |place: &PathBuf| PROGRAMS.iter().all(|program| place.join(program).is_file());
    let found = places.into_iter().find(has_all);
    found.unwrap_or_else(|| {
        panic!("`make tools` installs what this test needs: PostgreSQL with {PROGRAMS:?}")
    })
}

/// Whoever PostgreSQL runs as: us, or `postgres` when we are root.
fn account() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| {
        let told = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(told.stdout)
            .unwrap()
            .trim()
            .parse::<u32>()
            .unwrap()
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

/// A command that runs as PostgreSQL's account.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(programs().join(name));
    command
        .env("PGPASSWORD", "ava")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null());
    as_postgres(&mut command);
    command
}

/// Lets a command run as PostgreSQL's account.
pub fn as_postgres(command: &mut Command) {
    if let Some((uid, gid)) = account() {
        command.uid(uid).gid(gid);
    }
}

/// Lets PostgreSQL's account read a file.
pub fn readable(file: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
}

/// Runs a command that must succeed.
pub fn done(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A directory that belongs to PostgreSQL's account.
pub fn directory(path: PathBuf) -> PathBuf {
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    if let Some((uid, gid)) = account() {
        chown(&path, Some(uid), Some(gid)).unwrap();
    }
    path
}

/// A server that runs.
pub struct Server {
    child: Child,
    pub data: PathBuf,
    pub url: String,
    pub port: u16,
}

impl Server {
    /// A new cluster that archives its WAL with the image's own script.
    pub fn new(home: &Path, archive: &Path) -> Self {
        // A place that PostgreSQL's account can read, wherever the checkout is.
        let script = home.join("archive-wal");
        fs::copy(
            concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/archive_wal.sh"),
            &script,
        )
        .unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let command = format!(
            "ARCHIVE_DIR={} {} %p %f",
            archive.display(),
            script.display()
        );
        Self::with(
            home,
            &format!("archive_mode = on\narchive_command = '{command}'\n"),
        )
    }

    /// A new cluster with more settings; one that standbys can follow.
    pub fn with(home: &Path, settings: &str) -> Self {
        let data = directory(home.join("data"));
        let password = home.join("password");
        fs::write(&password, "ava").unwrap();
        let mut init = program("initdb");
        init.arg("-D").arg(&data).args([
            "--username=ava",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        init.args([
            "--auth=scram-sha-256",
            &format!("--pwfile={}", password.display()),
        ]);
        done(init);
        let more = "wal_level = replica\nmax_wal_senders = 4\nfsync = off\nmax_connections = 200\n";
        configure(&data, &format!("{more}{settings}"));
        let mut server = Self::start(data);
        server.is_ready();
        server.sql("postgres", "CREATE DATABASE ava");
        server
    }

    /// A standby of this one in a new directory, which streams from it under that name.
    pub fn standby(&self, data: PathBuf, name: &str) -> Self {
        let data = directory(data);
        let mut backup = program("pg_basebackup");
        backup.args([
            "--checkpoint=fast",
            "--wal-method=stream",
            "--no-sync",
            "--no-manifest",
            "--write-recovery-conf",
            &format!("--pgdata={}", data.display()),
            &format!(
                "--dbname={}&application_name={name}",
                self.url_of("postgres")
            ),
        ]);
        done(backup);
        let mut standby = Self::start(data);
        standby.answers();
        standby
    }

    /// Starts a cluster on another port than any before.
    pub fn start(data: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        Self::start_at(data, port)
    }

    fn start_at(data: PathBuf, port: u16) -> Self {
        let log = File::options()
            .create(true)
            .append(true)
            .open(data.with_extension("log"))
            .unwrap();
        let mut command = program("postgres");
        command.arg("-D").arg(&data);
        for setting in [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "shared_buffers=32MB".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        let child = command
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let url = format!("postgres://ava:ava@127.0.0.1:{port}/ava?sslmode=disable");
        Self {
            child,
            data,
            url,
            port,
        }
    }

    /// Starts again what ended, at the same address.
    pub fn start_again(&mut self) {
        *self = Self::start_at(self.data.clone(), self.port);
    }

    /// Waits until it takes writes.
    pub fn is_ready(&mut self) {
        self.waits_for("SELECT pg_is_in_recovery()", "f");
    }

    /// Waits until it answers questions.
    pub fn answers(&mut self) {
        self.waits_for("SELECT 1", "1");
    }

    fn waits_for(&mut self, question: &str, answer: &str) {
        until("PostgreSQL is ready", || {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "{}",
                fs::read_to_string(self.data.with_extension("log")).unwrap()
            );
            let asked = self.psql("postgres", question).output().unwrap();
            asked.status.success() && asked.stdout.starts_with(answer.as_bytes())
        });
    }

    /// The address of a database on it.
    pub fn url_of(&self, database: &str) -> String {
        self.url.replace("/ava?", &format!("/{database}?"))
    }

    pub fn sql(&self, database: &str, statement: &str) -> String {
        done(self.psql(database, statement)).trim().to_owned()
    }

    fn psql(&self, database: &str, statement: &str) -> Command {
        let mut command = program("psql");
        command.args([
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statement,
            &self.url_of(database),
        ]);
        command
    }

    /// The process ids of the server and its children.
    pub fn processes(&self) -> Vec<u32> {
        let children = children_of(self.child.id());
        std::iter::once(self.child.id()).chain(children).collect()
    }

    /// As a power cut ends it.
    pub fn cut(&mut self) {
        crate::running::signal("QUIT", self.child.id());
        self.child.wait().unwrap();
    }

    /// The same, and its disk is gone.
    pub fn lose(mut self) {
        self.cut();
        fs::remove_dir_all(&self.data).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            crate::running::signal("INT", self.child.id());
            let _ = self.child.wait();
        }
    }
}

/// Adds to a cluster's configuration.
pub fn configure(data: &Path, settings: &str) {
    let file = data.join("postgresql.conf");
    let configured = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{configured}\n{settings}")).unwrap();
}
