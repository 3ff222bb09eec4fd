//! The real program, as it is delivered: started, asked, watched and ended.

use std::{
    fs::{self, File, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

use crate::person::Person;

/// How long a process may take to get ready, or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that PostgreSQL's account can get to, removed at the end.
///
/// # Errors
/// When the disk is full.
pub fn data_dir() -> anyhow::Result<tempfile::TempDir> {
    let directory = tempfile::tempdir()?;
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755))?;
    Ok(directory)
}

/// How a process is started.
pub struct Ava<'a> {
    /// The command, as `up`.
    pub role: &'a str,
    /// What it keeps.
    pub data_dir: &'a Path,
    /// Its database; a private one when there is none.
    pub database: Option<&'a str>,
    /// What access tokens are signed with; `/dev/token` issues them when there is none.
    pub secret: Option<&'a str>,
}

impl Ava<'_> {
    /// Starts it on free ports.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self) -> anyhow::Result<RunningAva> {
        let (api, sandbox) = (free_address()?, free_address()?);
        let log = self.data_dir.join(format!("{}.log", self.role));
        let mut command = Command::new(env!("CARGO_BIN_EXE_ava"));
        command
            .arg(self.role)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // One person does here what nobody does.
            .env("RATE_LIMITS", "off")
            .env("HTTP_ADDR", &api)
            .env("SANDBOX_ADDR", &sandbox)
            .env("DATA_DIR", self.data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let given = [
            ("PG_BIN", std::env::var("PG_BIN").ok()),
            ("DATABASE_URL", self.database.map(str::to_owned)),
            ("AUTH_JWT_SECRET", self.secret.map(str::to_owned)),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let started = Instant::now();
        Ok(RunningAva {
            child: command.spawn()?,
            started,
            api: format!("http://{api}"),
            sandbox: format!("http://{sandbox}"),
            log: log.display().to_string(),
        })
    }

    /// Starts it, and waits until it says that all is well.
    ///
    /// # Errors
    /// When it does not within a minute.
    pub async fn start_and_wait(&self) -> anyhow::Result<RunningAva> {
        let mut running = self.start()?;
        running.ready().await?;
        Ok(running)
    }
}

/// A running one. Dropping it kills it.
pub struct RunningAva {
    child: Child,
    started: Instant,
    log: String,
    /// As `http://127.0.0.1:40123`.
    pub api: String,
    /// As `http://127.0.0.1:40124`.
    pub sandbox: String,
}

impl RunningAva {
    /// Asks `/ready` until it says `ok`; answers how long after the process's start that was.
    ///
    /// # Errors
    /// When it does not within a minute, or the process ends.
    pub async fn ready(&mut self) -> anyhow::Result<Duration> {
        let client = client()?;
        let ready = format!("{}/ready", self.api);
        while self.started.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("ava ended with {status}: {}", self.told());
            }
            if let Ok(answer) = client.get(&ready).send().await
                && answer.status() == 200
            {
                let seen = self.started.elapsed();
                let told: serde_json::Value = answer.json().await?;
                if told["status"] == "ok" {
                    return Ok(seen);
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        anyhow::bail!("ava did not get ready: {}", self.told())
    }

    /// Somebody who is signed in to it.
    ///
    /// # Errors
    /// When that is refused.
    pub async fn person(&self) -> anyhow::Result<Person> {
        Person::sign_in(&client()?, &self.api, "ada@example.com", PATIENCE).await
    }

    /// How much memory it holds, in millions of bytes.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn memory(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        let kibibytes: f64 = kibibytes.context("no VmRSS")?.trim().parse()?;
        Ok(kibibytes * 1024.0 / 1e6)
    }

    /// Ends it as Ctrl-C does.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("no process")?, Signal::TERM)?;
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            anyhow::ensure!(
                begun.elapsed() < PATIENCE,
                "ava does not stop: {}",
                self.told()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn told(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for RunningAva {
    fn drop(&mut self) {
        // One that was stopped is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP client for this machine.
///
/// # Errors
/// When there is none.
pub fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
