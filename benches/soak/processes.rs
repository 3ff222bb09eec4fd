//! The processes of a deployment, each by itself, and what the kernel says of them.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Context;
use infrastructure::scratch_process::{ScratchProcess, free_address};
use tokio::task::block_in_place;

const PATIENCE: Duration = Duration::from_secs(60);

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
    processes: Vec<(&'static str, ScratchProcess)>,
    /// As `http://127.0.0.1:40123`.
    pub api: String,
    /// Where the projector tells its figures.
    pub metrics: String,
    _data: tempfile::TempDir,
}

impl Deployment {
    /// Starts everything over that database.
    ///
    /// # Errors
    /// When there is no room for its files.
    ///
    /// # Panics
    /// When a process cannot be started, or does not get ready within a minute.
    pub fn start(database: &str) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        fs::set_permissions(data.path(), Permissions::from_mode(0o755))?;
        let (api, sandbox) = (free_address(), free_address());
        let (redis, metrics) = (free_address(), free_address());
        let path = data.path().display().to_string();
        let start = |name, command| (name, ScratchProcess::start(name, command, data.path()));
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
        let listens = |(_, process): &mut (&str, ScratchProcess), address: &str| {
            block_in_place(|| process.listens(address));
        };
        let mut processes = vec![start("redis", server)];
        listens(&mut processes[0], &redis);
        processes.extend(["sandbox", "projector", "worker", "api"].map(ava));
        for (nth, address) in [(1, &sandbox), (2, &metrics), (4, &api)] {
            listens(&mut processes[nth], address);
        }
        Ok(Self {
            processes,
            api: format!("http://{api}"),
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
            .map(|(name, process)| Ok((*name, held(process)?)))
            .collect()
    }

    /// Ends them as Ctrl-C does.
    ///
    /// # Errors
    /// When one does not end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        while let Some((name, mut process)) = self.processes.pop() {
            process.signal("TERM");
            let begun = Instant::now();
            while process.ended().is_none() {
                anyhow::ensure!(begun.elapsed() < PATIENCE, "{name} does not stop");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }
}

fn held(process: &ScratchProcess) -> anyhow::Result<Held> {
    let of = format!("/proc/{}", process.id());
    let ended = || format!("{} has ended: {}", process.name(), process.log());
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
