//! `make chaos`: everything that can die is killed while people use it, and a checker says whether anything was lost.
//!
//! `cargo bench --workspace --profile chaos --bench chaos -- [--quick] [--seed N] [--only SCENARIO]… [--write]`
//!
//! The program starts a PostgreSQL, a Redis, the sandbox, two of the API, two workers and a projector as processes of its
//! own, lets people sign in, design, pay, chat and wish for pictures over HTTP, and keeps a journal of every answer. Each
//! scenario injects one kind of fault; afterwards the journal, the log, the read models and the sandbox's ledgers must tell
//! the same story. One line for each promise; exit code 1 when one was broken. The seed gives the same faults again.

mod checks;
#[path = "../shared/companion.rs"]
mod companion;
mod journal;
mod ledgers;
mod load;
mod person;
mod report;
mod run;
mod scale;
mod scenarios;
mod system;
mod tampering;
mod verdicts;

use std::{process::ExitCode, time::Instant};

use clap::Parser;

use run::Run;
use scale::Scale;
use scenarios::Scenario;

/// Breaks Ava, and looks what became of it.
#[derive(Parser)]
struct Arguments {
    /// Few faults, in some minutes: what `make chaos-quick` runs.
    #[arg(long)]
    quick: bool,
    /// What the faults are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only these scenarios.
    #[arg(long, value_enum, value_name = "SCENARIO")]
    only: Vec<Scenario>,
    /// Scale the faults of the long run to so many hundredths.
    #[arg(
        long,
        value_name = "PERCENT",
        default_value_t = 100,
        conflicts_with = "quick"
    )]
    percent: u32,
    /// Let people wish for at least so many pictures while workers are killed.
    #[arg(long, value_name = "COUNT")]
    pictures: Option<u32>,
    /// What `cargo bench` says, and `cargo test` does not.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    // Two TLS clients ask rustls for its provider; whoever comes second finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    if !arguments.bench {
        println!("Nothing is broken without `cargo bench`");
        return Ok(ExitCode::SUCCESS);
    }
    tokio::runtime::Runtime::new()?.block_on(break_things(&arguments))
}

async fn break_things(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let scale = if arguments.quick {
        Scale::QUICK
    } else {
        Scale::LONG.scaled(arguments.percent)
    };
    let scale = Scale {
        pictures: arguments.pictures.unwrap_or(scale.pictures),
        ..scale
    };
    println!("Chaos with seed {}: {scale}", arguments.seed);
    let mut run = Run::start(arguments.seed, scale).await?;
    for scenario in Scenario::ALL {
        if !arguments.only.is_empty() && !arguments.only.contains(&scenario) {
            continue;
        }
        run.begin(scenario);
        // A scenario that breaks off has broken a promise; what was lost until then is still looked for.
        if let Err(error) = scenario.run(&mut run).await {
            run.verdicts
                .broken("the scenario could be ended", format!("{error:#}"));
        }
        run.settle().await;
    }
    run.verdicts.heading("afterwards");
    checks::all(&mut run).await?;
    let broken = run.verdicts.broken_promises();
    println!(
        "\n{} promises kept, {broken} broken, in {} s",
        run.verdicts.kept_promises(),
        begun.elapsed().as_secs()
    );
    if !arguments.quick {
        report::write(&run, arguments.seed, begun.elapsed())?;
    }
    if broken == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let only = arguments
        .only
        .iter()
        .map(|one| format!(" --only {}", one.name()));
    let again = format!(
        "{}--seed {}{}",
        if arguments.quick { "--quick " } else { "" },
        arguments.seed,
        only.collect::<String>()
    );
    println!("Once more: make chaos CHAOS='{again}'");
    println!(
        "What everybody wrote is in {}",
        run.keep_directory()?.display()
    );
    Ok(ExitCode::FAILURE)
}
