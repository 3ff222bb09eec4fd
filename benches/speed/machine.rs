//! What the figures were measured on: they say nothing without it.

use std::{
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use sqlx::PgPool;

use crate::rounds::percentile;

/// The settings of PostgreSQL that matter for these figures.
const SETTINGS: [&str; 12] = [
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "wal_level",
    "shared_buffers",
    "wal_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "work_mem",
    "commit_delay",
    "max_connections",
];

/// What must be on, or a commit does not survive a power cut.
const DURABILITY: [&str; 3] = ["fsync", "synchronous_commit", "full_page_writes"];

/// Names and values, in the order in which they are told.
pub async fn described(pool: &PgPool) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut settings = Vec::new();
    for name in SETTINGS {
        let value: String = sqlx::query_scalar(&format!("SHOW {name}"))
            .fetch_one(pool)
            .await?;
        settings.push(format!("{name} = {value}"));
    }
    let version: String = sqlx::query_scalar("SHOW server_version")
        .fetch_one(pool)
        .await?;
    let data: String = sqlx::query_scalar("SHOW data_directory")
        .fetch_one(pool)
        .await?;
    Ok(vec![
        ("Processor", format!("{}, {} cores", processor(), cores())),
        ("Memory", memory()),
        ("Kernel", said(Command::new("uname").arg("-sr"))),
        ("Disk", disk(Path::new(&data))?),
        ("PostgreSQL", version),
        ("Its settings", settings.join(", ")),
        ("Rust", said(Command::new("rustc").arg("--version"))),
        ("Node.js", said(Command::new("node").arg("--version"))),
        ("Ava", revision()),
    ])
}

/// # Errors
/// When the server keeps commits in memory: then nothing that is measured on it means anything.
pub async fn must_be_durable(pool: &PgPool) -> anyhow::Result<()> {
    for name in DURABILITY {
        let value: String = sqlx::query_scalar(&format!("SHOW {name}"))
            .fetch_one(pool)
            .await?;
        anyhow::ensure!(value == "on", "PostgreSQL runs with {name} = {value}");
    }
    Ok(())
}

/// How many processors this process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn processor() -> String {
    let known = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = known.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "model name").then(|| value.trim().to_owned())
    });
    model.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn memory() -> String {
    let known = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = known.lines().find_map(|line| {
        let kibibytes = line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?;
        kibibytes.trim().parse::<f64>().ok()
    });
    total.map_or_else(
        || "unknown".to_owned(),
        |kibibytes| format!("{:.1} GiB", kibibytes / 1_048_576.0),
    )
}

/// The commit that was measured, and whether anything was changed since.
fn revision() -> String {
    let commit = said(Command::new("git").args(["rev-parse", "--short", "HEAD"]));
    let changed = said(Command::new("git").args(["status", "--porcelain", "--untracked-files=no"]));
    match changed.as_str() {
        "unknown" => commit,
        "" => format!("commit {commit}"),
        _ => format!("commit {commit}, with changes"),
    }
}

fn said(command: &mut Command) -> String {
    match command.output() {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        Ok(_) | Err(_) => "unknown".to_owned(),
    }
}

/// How long the file system that PostgreSQL writes to takes to make 8 KiB durable, as `pg_test_fsync` asks it with
/// `fdatasync`: the floor under every commit.
fn disk(data: &Path) -> anyhow::Result<String> {
    let file = data.with_file_name("fsync-probe");
    let mut opened = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .open(&file)?;
    opened.write_all(&vec![0; 1 << 20])?;
    opened.sync_all()?;
    let mut waits = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        opened.seek(SeekFrom::Start(0))?;
        opened.write_all(&[1; 8192])?;
        let asked = Instant::now();
        opened.sync_data()?;
        waits.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
    drop(opened);
    fs::remove_file(&file)?;
    let per_second = waits.len() as f64 / begun.elapsed().as_secs_f64();
    waits.sort_by(f64::total_cmp);
    Ok(format!(
        "8 KiB written and synced {per_second:.0} times a second, one after another (p50 {:.3} ms, p99 {:.3} ms)",
        percentile(&waits, 50),
        percentile(&waits, 99)
    ))
}
