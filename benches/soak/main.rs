//! `make soak`: the product under a steady load for a long time, and whether anything drifts.
//!
//! `cargo bench --bench soak -- [--minutes 30] [--people 24] [--seed 1] [--every 10] [--write]`
//!
//! Every process of a deployment runs by itself, over a durable PostgreSQL and Redis; only nginx is left out. At the end
//! stands what grew, by how much an hour; the exit code is 1 when a bound was broken. `--write` puts it into
//! docs/ENDURANCE.md.

#[path = "../shared/companion.rs"]
mod companion;
mod drift;
mod people;
#[path = "../shared/person.rs"]
mod person;
mod processes;
mod report;
mod samples;

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use infrastructure::scratch_database::ScratchDatabase;
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;

use people::Load;
use processes::Deployment;
use report::Run;
use samples::{Sample, Watch};

/// How long the read models may take to catch up with the log once nobody asks for anything.
const CATCH_UP: Duration = Duration::from_secs(60);

/// Watches Ava at steady work.
#[derive(Debug, Clone, Parser)]
struct Arguments {
    /// How long the load lasts.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// How many people come back all the time. One more comes each minute, does everything once, and is erased.
    #[arg(long, default_value_t = 24)]
    people: u32,
    /// What everybody does derives from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds between two looks.
    #[arg(long, default_value_t = 10)]
    every: u64,
    /// Write docs/ENDURANCE.md.
    #[arg(long)]
    write: bool,
    /// What `cargo bench` says, and `cargo test` does not.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    if !arguments.bench {
        println!("Nothing is watched without `cargo bench`");
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let run = runtime.block_on(soak(&arguments))?;
    run.print();
    if arguments.write {
        run.write()?;
    }
    Ok(if run.broken().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn soak(arguments: &Arguments) -> anyhow::Result<Run> {
    let database = ScratchDatabase::durable().await;
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .connect(database.url())
        .await?;
    let deployment = Deployment::start(database.url())?;
    let load = Arc::new(Load::new(&deployment, arguments.seed)?);
    eprintln!("{} people come …", arguments.people);
    let stop = CancellationToken::new();
    let crowd = load.gather(arguments.people, &stop).await?;
    let watch = Watch::new(&deployment, pool, &load);
    let begun = Instant::now();
    let length = Duration::from_secs(arguments.minutes * 60);
    eprintln!("Watching for {} minutes …", arguments.minutes);
    let mut samples: Vec<Sample> = Vec::new();
    let mut pulse = tokio::time::interval(Duration::from_secs(arguments.every.max(1)));
    while begun.elapsed() < length {
        pulse.tick().await;
        samples.push(watch.look(begun.elapsed()).await?);
    }
    stop.cancel();
    crowd.join().await;
    let caught_up = watch.catch_up(CATCH_UP).await?;
    let tables = watch.tables().await?;
    let failures = load.failures();
    deployment.stop().await?;
    Ok(Run {
        minutes: arguments.minutes,
        people: arguments.people,
        seed: arguments.seed,
        samples,
        caught_up,
        tables,
        failures,
    })
}
