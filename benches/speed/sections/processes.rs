//! Several processes that append to one log at the same time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::Args;
use infrastructure::database::{self, DatabaseOptions};
use serde::{Deserialize, Serialize};

use super::commands::Ava;
use crate::{
    Effort,
    children::Child,
    report::{Measured, Table},
    rounds::{interleaved, median, thousands},
    scratch::Scratch,
};

/// How many clients there are in all, and in each process.
const CLIENTS: usize = 64;
const PROCESSES: [usize; 3] = [1, 2, 4];
/// How long the processes get to connect before they begin, all at once.
const START: Duration = Duration::from_millis(700);

const HOW: &str = "As above, but in processes of their own, each with its own appender and connections. All appends wait \
at one row, `log_head`. The smallest share is that of the process which got the least done, of what would be its fair \
part; 1.00 is fair.";

/// What one such process is told.
#[derive(Args)]
pub struct Appending {
    url: String,
    clients: usize,
    /// How long it appends, in milliseconds.
    length_ms: u64,
    /// When it begins, in milliseconds since 1970.
    begins_ms: u64,
}

/// What it answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Appended {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Appending {
    /// Does it.
    ///
    /// # Errors
    /// When a command fails.
    pub async fn work(self) -> anyhow::Result<()> {
        let pool = database::connect(&self.url, &DatabaseOptions::named("appending")).await?;
        let ava = Ava::on(&pool);
        let begins = UNIX_EPOCH + Duration::from_millis(self.begins_ms);
        let wait = begins
            .duration_since(SystemTime::now())
            .context("it is too late to begin")?;
        tokio::time::sleep(wait).await;
        let round = ava
            .round(self.clients, Duration::from_millis(self.length_ms))
            .await?;
        let appended = Appended {
            per_second: round.per_second,
            p50_ms: round.percentile(50),
            p99_ms: round.percentile(99),
        };
        println!("{}", serde_json::to_string(&appended)?);
        Ok(())
    }
}

/// Measures.
pub async fn measure(effort: Effort) -> anyhow::Result<Measured> {
    let scratch = Scratch::create().await?;
    let mut measured = Measured::new("Several processes", HOW);
    for (caption, shared) in [
        (format!("{CLIENTS} clients in all"), true),
        (format!("{CLIENTS} clients in each process"), false),
    ] {
        let rounds = interleaved(effort.rounds(), PROCESSES.len(), async |subject| {
            let processes = PROCESSES[subject];
            let clients = if shared { CLIENTS / processes } else { CLIENTS };
            together(&scratch, processes, clients, effort.round(4)).await
        })
        .await?;
        let head = [
            "processes",
            "commands/s",
            "smallest share",
            "p50 ms",
            "worst p99 ms",
        ];
        let mut table = Table::new(caption, &head);
        for (processes, rounds) in PROCESSES.iter().zip(rounds) {
            table.lines.push(line(*processes, &rounds));
        }
        measured.tables.push(table);
    }
    Ok(measured)
}

fn line(processes: usize, rounds: &[Vec<Appended>]) -> Vec<String> {
    let total = |round: &Vec<Appended>| round.iter().map(|one| one.per_second).sum::<f64>();
    let share = |round: &Vec<Appended>| {
        let least = round
            .iter()
            .map(|one| one.per_second)
            .fold(f64::MAX, f64::min);
        least * processes as f64 / total(round)
    };
    let p50 = |round: &Vec<Appended>| median(round.iter().map(|one| one.p50_ms).collect());
    let p99 = |round: &Vec<Appended>| round.iter().map(|one| one.p99_ms).fold(0.0, f64::max);
    let middle = |of: &dyn Fn(&Vec<Appended>) -> f64| median(rounds.iter().map(of).collect());
    vec![
        processes.to_string(),
        thousands(middle(&total)),
        format!("{:.2}", middle(&share)),
        format!("{:.2}", middle(&p50)),
        format!("{:.2}", middle(&p99)),
    ]
}

/// Lets so many processes append at the same time.
async fn together(
    scratch: &Scratch,
    processes: usize,
    clients: usize,
    length: Duration,
) -> anyhow::Result<Vec<Appended>> {
    let begins = SystemTime::now().duration_since(UNIX_EPOCH)? + START;
    let arguments = [
        "child-appends".to_owned(),
        scratch.url().to_owned(),
        clients.to_string(),
        length.as_millis().to_string(),
        begins.as_millis().to_string(),
    ];
    let mut children = Vec::new();
    for _ in 0..processes {
        children.push(Child::start(&arguments)?.wait_with_output());
    }
    let outputs = futures::future::try_join_all(children).await?;
    outputs
        .iter()
        .map(|output| Ok(serde_json::from_slice(&output.stdout)?))
        .collect()
}
