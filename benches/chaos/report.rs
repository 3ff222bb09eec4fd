//! docs/RELIABILITY.md: what was broken, and which promises held.

use std::{fs, path::Path, time::Duration};

use chrono::Utc;

use crate::{run::Run, scale::Scale};

const TITLE: &str = "# How reliable Ava is

<!-- Written by `make chaos`: change the program in benches/chaos, not this file. -->

`make chaos` starts a PostgreSQL, a Redis, the sandbox, two of the API, two workers (six while they are killed) and a projector as processes, lets
people use them over HTTP, kills what can be killed, and then compares what people were told with the log, the read models and the
sandbox's ledgers. `make chaos CHAOS='--seed 7 --only worker-kills'` repeats one scenario with the same faults, and
`make chaos-quick`, part of `make test`, is the small run of some minutes. A broken promise ends it with exit code 1.
";

/// How the programs were built, by the directory that they lie in: `target/PROFILE/deps`.
fn build() -> &'static str {
    let program = std::env::current_exe().unwrap_or_default();
    match program.ancestors().nth(2).and_then(Path::file_name) {
        Some(profile) if profile == "chaos" => "built as a release is, with the places to crash at",
        Some(_) | None => "development build",
    }
}

/// Writes it.
///
/// # Errors
/// When the disk is full.
pub fn write(run: &Run, seed: u64, took: Duration) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism()?;
    let mut text = TITLE.to_owned();
    text += &format!(
        "\nThe run of {}: seed {seed}, {} s on {cores} cores, {}: {}. The whole one: {}.\n",
        Utc::now().format("%Y-%m-%d %H:%M UTC"),
        took.as_secs(),
        build(),
        run.scale,
        Scale::LONG
    );
    text += "\n## What was done\n\n| | times |\n|---|---:|\n";
    for (what, times) in run.verdicts.counts() {
        text += &format!("| {what} | {times} |\n");
    }
    text += "\n## What must hold\n";
    let mut scenario = "";
    for verdict in run.verdicts.all() {
        if verdict.scenario != scenario {
            scenario = &verdict.scenario;
            text += &format!("\n### {scenario}\n\n| promise | held | seen |\n|---|---|---|\n");
        }
        let held = if verdict.is_kept { "yes" } else { "**no**" };
        let seen = verdict.seen.replace('\n', " ").replace('|', "\\|");
        text += &format!("| {} | {held} | {seen} |\n", verdict.promise);
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/RELIABILITY.md");
    fs::write(&file, text)?;
    println!("Written to {}", file.display());
    Ok(())
}
