//! One running PostgreSQL server: start, wait until it is ready, stop; and what an earlier one left behind.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Account, Binaries, EmbeddedPostgresError, pid_file::PidFile};

/// Recovery after a crash may take its time; a server that shows no sign of life for so long is given up.
const PATIENCE_STARTING: Duration = Duration::from_secs(120);
/// How long a fast shutdown may take before the server is told to drop everything.
const PATIENCE_STOPPING: Duration = Duration::from_secs(15);
/// How often the pid file is looked at.
const GLANCE: Duration = Duration::from_millis(10);
/// How often a start is tried again for a reason that passes.
const ATTEMPTS: u32 = 20;

/// Waits until its input ends, which is when we are gone however we went, then stops the server.
const WATCHDOG: &str = r#"while read -r _; do :; done; kill -INT "$1" 2>/dev/null"#;

/// What distinguishes one server from another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuning {
    /// Whether a commit survives a power cut.
    pub(crate) durable: bool,
    /// Whether it stops when this process is gone, even by SIGKILL.
    pub(crate) ours: bool,
    pub(crate) max_connections: u32,
    /// A free one when there is none.
    pub(crate) port: Option<u16>,
}

/// Where a server lives and who it is.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) binaries: &'a Binaries,
    pub(crate) account: &'a Account,
    /// The cluster's own directory (`PGDATA`).
    pub(crate) data: &'a Path,
    /// Where the server writes what it has to say.
    pub(crate) log: &'a Path,
}

impl Place<'_> {
    /// Makes a new cluster, whole or not at all, with one superuser `ava`.
    ///
    /// A throw-away cluster is not synced to the disk, and saves its many short-lived clients, and itself, the 4096
    /// rounds of SCRAM at each connection: nothing leaves the loopback interface.
    pub(crate) fn initialise(
        &self,
        password_file: &Path,
        throw_away: bool,
    ) -> Result<(), EmbeddedPostgresError> {
        let unfinished = Self::unfinished(self.data);
        let home = self.data.parent().unwrap_or(Path::new("/"));
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(in_directory(&unfinished))?;
        }
        let mut command = self.account.command(&self.binaries.program("initdb"), home);
        command
            .arg("-D")
            .arg(&unfinished)
            .args(["--username=ava", "--encoding=UTF8", "--locale=C"])
            .arg(format!("--pwfile={}", password_file.display()));
        if throw_away {
            command.args(["--auth=md5", "--no-sync"]);
        } else {
            command.arg("--auth=scram-sha-256");
        }
        let output = command.output().map_err(in_directory(home))?;
        if !output.status.success() {
            return Err(EmbeddedPostgresError::InitFailed(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            ));
        }
        fs::rename(&unfinished, self.data).map_err(in_directory(self.data))
    }

    /// Where a cluster is made before it is whole.
    pub(crate) fn unfinished(data: &Path) -> PathBuf {
        data.with_extension("unfinished")
    }

    /// Starts the server and returns it once it takes connections.
    pub(crate) fn launch(&self, tuning: Tuning) -> Result<Server, EmbeddedPostgresError> {
        let mut reason = String::new();
        for _ in 0..ATTEMPTS {
            let port = match tuning.port {
                Some(port) => port,
                None => free_port().map_err(EmbeddedPostgresError::NoPort)?,
            };
            let log_start = self.log.metadata().map_or(0, |metadata| metadata.len());
            let mut server = self.spawn(port, tuning)?;
            if self.wait_until_ready(&mut server)? {
                return Ok(server);
            }
            reason = tail(self.log, log_start);
            if !passes(&reason) {
                break;
            }
            thread::sleep(Duration::from_millis(200));
        }
        Err(EmbeddedPostgresError::StartFailed {
            log: self.log.to_owned(),
            reason,
        })
    }

    fn spawn(&self, port: u16, tuning: Tuning) -> Result<Server, EmbeddedPostgresError> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log)
            .map_err(in_directory(self.log))?;
        let mut command = self
            .account
            .command(&self.binaries.program("postgres"), self.data);
        command.arg("-D").arg(self.data);
        for (name, value) in configuration(port, tuning) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let child = command
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|source| EmbeddedPostgresError::NotRunnable {
                program: self.binaries.program("postgres"),
                source,
            })?;
        let mut server = Server {
            child,
            port,
            watchdog: None,
        };
        if tuning.ours {
            server
                .stop_when_we_are_gone(self.account)
                .map_err(|source| EmbeddedPostgresError::NotRunnable {
                    program: "/bin/sh".into(),
                    source,
                })?;
        }
        Ok(server)
    }

    /// False when the server ended instead.
    fn wait_until_ready(&self, server: &mut Server) -> Result<bool, EmbeddedPostgresError> {
        let deadline = Instant::now() + PATIENCE_STARTING;
        while Instant::now() < deadline {
            if server.has_ended() {
                return Ok(false);
            }
            if PidFile::read(self.data)
                .is_some_and(|file| file.pid == server.child.id() && file.ready)
            {
                return Ok(true);
            }
            thread::sleep(GLANCE);
        }
        server.stop();
        Ok(false)
    }
}

/// A server that we started.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    watchdog: Option<Child>,
    pub(crate) port: u16,
}

impl Server {
    /// The process id of the postmaster.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What SIGKILL does, to the postmaster and, if wanted, to everything that it has started; returns when all are gone that
    /// were killed.
    pub(crate) fn kill(&mut self, children_too: bool) {
        let mut killed = vec![self.child.id()];
        if children_too {
            // Whom it starts while its children are counted would outlive them, wait for a lock that one of them held, and keep
            // the next server from starting.
            send(self.child.id(), Signal::STOP);
            killed.extend(children_of(self.child.id()));
        }
        for pid in &killed {
            send(*pid, Signal::KILL);
        }
        // It was killed: there is nothing else to wait for.
        let _ = self.child.wait();
        while killed.iter().any(|pid| !command_line(*pid).is_empty()) {
            thread::sleep(GLANCE);
        }
        if let Some(mut watchdog) = self.watchdog.take() {
            let _ = watchdog.kill();
            let _ = watchdog.wait();
        }
    }

    fn stop_when_we_are_gone(&mut self, account: &Account) -> io::Result<()> {
        let watchdog = account
            .command(Path::new("/bin/sh"), Path::new("/"))
            .args(["-c", WATCHDOG, "ava-postgres-watchdog"])
            .arg(self.child.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        self.watchdog = Some(watchdog);
        Ok(())
    }

    /// Whether the server ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Stops the server cleanly, and what watches it; returns when both are gone.
    pub(crate) fn stop(&mut self) {
        for signal in [Signal::INT, Signal::QUIT, Signal::KILL] {
            if self.has_ended() {
                break;
            }
            send(self.child.id(), signal);
            let deadline = Instant::now() + PATIENCE_STOPPING;
            while !self.has_ended() && Instant::now() < deadline {
                thread::sleep(GLANCE);
            }
        }
        if let Some(mut watchdog) = self.watchdog.take() {
            // Its only work was to stop the server; an error means that it is gone already.
            let _ = watchdog.kill();
            let _ = watchdog.wait();
        }
    }
}

/// Makes sure that no earlier server runs on `data` any more: stops one that outlived its owner cleanly, and
/// removes the pid file of one that is gone.
pub(crate) fn clear_away_predecessor(data: &Path) -> Result<(), EmbeddedPostgresError> {
    for (signal, patience) in [
        (Signal::INT, PATIENCE_STOPPING),
        (Signal::QUIT, Duration::from_secs(5)),
    ] {
        let Some(file) = PidFile::read(data) else {
            return Ok(());
        };
        if !is_server_of(data, file.pid) {
            fs::remove_file(PidFile::path(data)).map_err(in_directory(data))?;
            return Ok(());
        }
        send(file.pid, signal);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if PidFile::read(data).is_none() || !is_server_of(data, file.pid) {
                break;
            }
            thread::sleep(GLANCE);
        }
    }
    match PidFile::read(data) {
        Some(file) if is_server_of(data, file.pid) => {
            Err(EmbeddedPostgresError::PredecessorStays { pid: file.pid })
        }
        _ => Ok(()),
    }
}

/// Whether a process lives and is the PostgreSQL of that data directory: process ids are used again, and a signal must
/// not hit a stranger.
pub(crate) fn is_server_of(data: &Path, pid: u32) -> bool {
    let command_line = command_line(pid);
    let program = command_line.split(['\0', ' ']).next().unwrap_or_default();
    let data = data.canonicalize().unwrap_or_else(|_| data.to_owned());
    Path::new(program)
        .file_name()
        .is_some_and(|name| name == "postgres")
        && command_line.contains(&*data.to_string_lossy())
}

/// Those that a process has started, and that live.
pub fn children_of(parent: u32) -> Vec<u32> {
    let told = Command::new("ps")
        .args(["-o", "pid=", "--ppid", &parent.to_string()])
        .stderr(Stdio::null())
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    told.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// Empty when there is no such process, or only what is left of one.
fn command_line(pid: u32) -> String {
    let bytes = if Path::new("/proc/self/cmdline").exists() {
        fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
    } else {
        Command::new("ps")
            .args(["-o", "command=", "-p", &pid.to_string()])
            .stderr(Stdio::null())
            .output()
            .map(|output| output.stdout)
            .unwrap_or_default()
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

fn configuration(port: u16, tuning: Tuning) -> Vec<(&'static str, String)> {
    let on_or_off = |on: bool| if on { "on" } else { "off" }.to_owned();
    vec![
        ("listen_addresses", "127.0.0.1".to_owned()),
        ("port", port.to_string()),
        ("unix_socket_directories", String::new()),
        ("max_connections", tuning.max_connections.to_string()),
        ("fsync", on_or_off(tuning.durable)),
        ("synchronous_commit", on_or_off(tuning.durable)),
        ("full_page_writes", on_or_off(tuning.durable)),
        ("timezone", "UTC".to_owned()),
        ("log_timezone", "UTC".to_owned()),
        ("lc_messages", "C".to_owned()),
    ]
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Whether a start that failed for this reason may work the next time: the port was taken in between, or children of
/// a server that was killed are still going.
pub(crate) fn passes(reason: &str) -> bool {
    [
        "Address already in use",
        "could not bind",
        "pre-existing shared memory block",
    ]
    .iter()
    .any(|sign| reason.contains(sign))
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // A process that is gone needs no signal.
        let _ = kill_process(pid, signal);
    }
}

fn tail(log: &Path, start: u64) -> String {
    let mut text = Vec::new();
    if let Ok(mut file) = fs::File::open(log)
        && file.seek(SeekFrom::Start(start)).is_ok()
    {
        // What could be read says more than nothing.
        let _ = file.read_to_end(&mut text);
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// Says which directory an error was about.
pub(crate) fn in_directory(
    directory: &Path,
) -> impl FnOnce(io::Error) -> EmbeddedPostgresError + use<> {
    let directory: PathBuf = directory.to_owned();
    move |source| EmbeddedPostgresError::Directory { directory, source }
}
