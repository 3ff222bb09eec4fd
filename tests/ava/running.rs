//! An `ava` of a test's own: a process on free ports, with a data directory that nobody else has.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

pub use infrastructure::scratch_process::signal;

/// How long a test waits for a process before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that PostgreSQL's account can get to, removed at the end.
pub fn data_dir() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

/// The program with nothing configured but free ports and that data directory.
pub fn ava(data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ava"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HTTP_ADDR", "127.0.0.1:0")
        .env("SANDBOX_ADDR", "127.0.0.1:0")
        .env("DATA_DIR", data_dir)
        .stdin(Stdio::null());
    if let Some(pg_bin) = std::env::var_os("PG_BIN") {
        command.env("PG_BIN", pg_bin);
    }
    command
}

/// How a command ended that is expected to end by itself.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Runs a command to its end.
    pub fn of(mut command: Command) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().unwrap();
        Self {
            code: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// The message of a refusal: it has that exit code and these words, and is written for people.
    pub fn refuses(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert_eq!(self.stdout, "");
        for word in words {
            assert!(
                self.stderr.contains(word),
                "{word:?} is not in: {}",
                self.stderr
            );
        }
        for machine_talk in ["panicked", "Error {", "Err(", "Some(", "backtrace"] {
            assert!(!self.stderr.contains(machine_talk), "{}", self.stderr);
        }
        let messages = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("ava: "))
            .count();
        assert_eq!(messages, 1, "one message: {}", self.stderr);
    }
}

/// An `ava up` that is ready. Dropping it kills it.
pub struct RunningAva {
    child: Child,
    /// As `http://127.0.0.1:40123`.
    pub api: String,
    /// As `http://127.0.0.1:40124`; empty when nobody has to be played.
    pub sandbox: String,
    pub data_dir: PathBuf,
}

impl RunningAva {
    /// Starts one and waits until it says that it is ready.
    pub fn start(data_dir: &Path) -> Self {
        Self::start_from(ava(data_dir, &["up", "--json"]), data_dir)
    }

    /// The same from a command that was prepared; it must be `ava up --json` on that data directory.
    pub fn start_from(mut command: Command, data_dir: &Path) -> Self {
        let log = File::options()
            .create(true)
            .append(true)
            .open(data_dir.join("stderr.log"))
            .unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(told) = serde_json::from_str::<serde_json::Value>(&line) else {
            let log = fs::read_to_string(data_dir.join("stderr.log")).unwrap();
            panic!("ava up did not get ready: {line}\n{log}");
        };
        assert_eq!(told["status"], "ready");
        Self {
            child,
            api: told["api"].as_str().unwrap().to_owned(),
            sandbox: told["sandbox"].as_str().unwrap_or_default().to_owned(),
            data_dir: data_dir.to_owned(),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data_dir.join("stderr.log")).unwrap()
    }

    /// The process id of its PostgreSQL.
    pub fn postgres(&self) -> u32 {
        let file = fs::read_to_string(self.data_dir.join("postgres/data/postmaster.pid")).unwrap();
        file.lines().next().unwrap().parse().unwrap()
    }

    /// Sends a signal, as `TERM`.
    pub fn signal(&self, name: &str) {
        signal(name, self.pid());
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "ava does not stop: {}",
                self.log()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What SIGTERM does.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// What SIGKILL does.
    pub fn kill(mut self) {
        self.signal("KILL");
        self.wait();
    }
}

impl Drop for RunningAva {
    fn drop(&mut self) {
        // A test that went well has ended it already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command lines of all processes whose command line contains a text.
pub fn processes_with(text: &str) -> Vec<String> {
    let output = Command::new("ps")
        .args(["-eo", "pid=,args=", "-ww"])
        .output()
        .unwrap();
    let all = String::from_utf8_lossy(&output.stdout).into_owned();
    all.lines()
        .filter(|line| line.contains(text))
        .map(str::to_owned)
        .collect()
}

/// Waits until something is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(
            Instant::now() < deadline,
            "{what}: not so after {PATIENCE:?}"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until an API has what it needs.
pub async fn until_ready(api: &str) {
    // Whoever comes second finds one installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let begun = Instant::now();
    loop {
        let asked = client.get(format!("{api}/ready")).send().await;
        let told: Value = asked.unwrap().json().await.unwrap();
        if told["status"] == "ok" {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
