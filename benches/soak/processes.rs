//! The processes of a deployment, each by itself, and what the kernel says of them.

use std::{
    fs::{self, File, Permissions},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

const PATIENCE: Duration = Duration::from_secs(60);

/// One of them.
pub struct Process {
    /// As `api`.
    pub name: &'static str,
    child: Child,
    log: String,
}

/// What the kernel says of one of them.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// Resident memory, in millions of bytes.
    pub memory: f64,
    /// Open files and connections.
    pub files: f64,
    pub threads: f64,
}

/// All of them. Dropping it kills them.
pub struct Deployment {
    processes: Vec<Process>,
    /// As `http://127.0.0.1:40123`.
    pub api: String,
    pub sandbox: String,
    /// Where the projector tells its figures.
    pub metrics: String,
    _data: tempfile::TempDir,
}

impl Deployment {
    /// Starts everything over that database.
    ///
    /// # Errors
    /// When a process cannot be started, or does not get ready within a minute.
    pub async fn start(database: &str) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        fs::set_permissions(data.path(), Permissions::from_mode(0o755))?;
        let (api, sandbox) = (free_address()?, free_address()?);
        let (redis, metrics) = (free_address()?, free_address()?);
        let path = data.path().display().to_string();
        let start = |name: &'static str, mut command: Command| {
            let log = data.path().join(format!("{name}.log"));
            let child = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(File::create(&log)?)
                .spawn()
                .with_context(|| format!("{name} does not start; `make tools` installs it"))?;
            let log = log.display().to_string();
            anyhow::Ok(Process { name, child, log })
        };
        let ava = |role: &'static str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_ava"));
            command
                .arg(role)
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("HTTP_ADDR", &api)
                .env("SANDBOX_ADDR", &sandbox)
                .env("DATABASE_URL", database)
                .env("REDIS_URL", format!("redis://{redis}"))
                .env("DATA_DIR", data.path())
                .env("LOG_FORMAT", "json");
            if role == "projector" {
                command.env("METRICS_ADDR", &metrics);
            }
            start(role, command)
        };
        let mut server = Command::new("redis-server");
        let port = redis.rsplit(':').next().unwrap_or_default();
        server.args([
            "--port",
            port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            &path,
        ]);
        let mut processes = vec![start("redis", server)?];
        processes[0].listens(&redis).await?;
        for role in ["sandbox", "projector", "worker", "api"] {
            processes.push(ava(role)?);
        }
        for (nth, address) in [(1, &sandbox), (2, &metrics), (4, &api)] {
            processes[nth].listens(address).await?;
        }
        Ok(Self {
            processes,
            api: format!("http://{api}"),
            sandbox: format!("http://{sandbox}"),
            metrics: format!("http://{metrics}/metrics"),
            _data: data,
        })
    }

    /// What each holds now.
    ///
    /// # Errors
    /// When one of them has ended.
    pub fn held(&self) -> anyhow::Result<Vec<(&'static str, Held)>> {
        self.processes
            .iter()
            .map(|process| Ok((process.name, process.held()?)))
            .collect()
    }

    /// Ends them as Ctrl-C does.
    ///
    /// # Errors
    /// When one does not end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        while let Some(mut process) = self.processes.pop() {
            let pid = i32::try_from(process.child.id())
                .ok()
                .and_then(Pid::from_raw);
            kill_process(pid.context("no process")?, Signal::TERM)?;
            let begun = Instant::now();
            while process.child.try_wait()?.is_none() {
                anyhow::ensure!(begun.elapsed() < PATIENCE, "{} does not stop", process.name);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }
}

impl Process {
    async fn listens(&mut self, address: &str) -> anyhow::Result<()> {
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            let told = || fs::read_to_string(&self.log).unwrap_or_default();
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("{} ended with {status}: {}", self.name, told());
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "{}: {}", self.name, told());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn held(&self) -> anyhow::Result<Held> {
        let of = format!("/proc/{}", self.child.id());
        let ended = || {
            let told = fs::read_to_string(&self.log).unwrap_or_default();
            format!("{} has ended: {told}", self.name)
        };
        let status = fs::read_to_string(format!("{of}/status")).with_context(ended)?;
        let number = |name: &str| -> anyhow::Result<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let line = line.with_context(ended)?.trim();
            Ok(line.trim_end_matches(" kB").parse()?)
        };
        Ok(Held {
            memory: number("VmRSS:")? * 1024.0 / 1e6,
            files: fs::read_dir(format!("{of}/fd"))?.count() as f64,
            threads: number("Threads:")?,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that was stopped is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
