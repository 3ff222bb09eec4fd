//! `pgbench`: one event, one transaction, nothing else.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::Context;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{rounds::Round, scratch::Scratch, story::Story};

/// The same columns and indexes; the positions come from a sequence, with gaps.
const SCHEMA: &str = "
CREATE SCHEMA plain;
CREATE TABLE plain.events (LIKE public.events INCLUDING ALL);
CREATE SEQUENCE plain.position AS bigint;
ALTER TABLE plain.events ALTER position SET DEFAULT nextval('plain.position')";

const SCRIPT: &str = "INSERT INTO plain.events (event_id, aggregate_type, aggregate_id, sequence, event_type, \
                      event_version, payload, metadata, recorded_at) VALUES (gen_random_uuid(), 'Avatar', \
                      gen_random_uuid()::text, 1, 'AvatarCreated', '1', :payload, :metadata, clock_timestamp());\n";

/// A `pgbench` that is ready to run.
pub struct Pgbench {
    program: PathBuf,
    url: String,
    payload: String,
    metadata: String,
    directory: TempDir,
}

impl Pgbench {
    /// Makes its table; none when the program is nowhere.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn on(scratch: &Scratch) -> anyhow::Result<Option<Self>> {
        let Some(program) = scratch.program("pgbench").await? else {
            return Ok(None);
        };
        sqlx::raw_sql(SCHEMA).execute(&scratch.pool).await?;
        let story = Story::of_a_creation()?;
        let step = story
            .steps
            .into_iter()
            .next()
            .context("a creation has an event")?;
        let directory = tempfile::tempdir()?;
        fs::write(directory.path().join("script.sql"), SCRIPT)?;
        Ok(Some(Self {
            program,
            url: scratch.url().to_owned(),
            payload: step.payload,
            metadata: step.metadata,
            directory,
        }))
    }

    /// A round; it begins once every client is connected.
    ///
    /// # Errors
    /// When `pgbench` does not do its work.
    pub async fn round(&self, clients: usize, length: Duration) -> anyhow::Result<Round> {
        let directory = self.directory.path();
        // It counts in whole seconds, and from before its clients connect, which takes them a while.
        let seconds = (length.as_secs_f64() + clients as f64 / 64.0).ceil();
        let output = Command::new(&self.program)
            .current_dir(directory)
            .args([
                "--no-vacuum",
                "--protocol=prepared",
                "--file=script.sql",
                "--log",
            ])
            .arg("--log-prefix=transactions")
            .arg(format!("--jobs={}", clients.min(2)))
            .arg(format!("--client={clients}"))
            .arg(format!("--time={seconds}"))
            .arg(format!("--define=payload={}", self.payload))
            .arg(format!("--define=metadata={}", self.metadata))
            .arg(&self.url)
            .output()
            .await?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "pgbench: {said}");
        let told = String::from_utf8_lossy(&output.stdout);
        let per_second = told
            .lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
        let per_second =
            per_second.with_context(|| format!("pgbench told no tps: {told}{said}"))?;
        let mut round = Round::of(self.latencies()?, Duration::from_secs_f64(seconds));
        // Its own count leaves out the time of connecting.
        round.per_second = per_second.parse()?;
        Ok(round)
    }

    /// The latencies in milliseconds from its logs (client, number, microseconds, …), which are removed.
    fn latencies(&self) -> anyhow::Result<Vec<f64>> {
        let mut latencies = Vec::new();
        for entry in fs::read_dir(self.directory.path())? {
            let entry = entry?;
            if !entry
                .file_name()
                .to_string_lossy()
                .starts_with("transactions")
            {
                continue;
            }
            for line in fs::read_to_string(entry.path())?.lines() {
                let micros = line
                    .split(' ')
                    .nth(2)
                    .context("no latency in pgbench's log")?;
                latencies.push(micros.parse::<f64>()? / 1000.0);
            }
            fs::remove_file(entry.path())?;
        }
        Ok(latencies)
    }
}
