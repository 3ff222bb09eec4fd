//! The marking pipeline beside `sharp`: its own benchmark, `infrastructure/benches/marking.rs`, measures it.

use serde::Deserialize;
use tokio::process::Command;

use crate::{
    Effort,
    report::{Goal, Measured, Row, Unit},
    target,
};

const WHAT: &str = "Marking pipeline, pictures per second on one core, to `sharp`";
const GOAL: Goal = Goal::AtLeast(1.0);

const HOW: &str = "Decode, mark, encode, thumbnail, XMP of a picture of 1024 by 1024 pixels in each format that providers \
send, on one core; `sharp` (libvips) from npm does the same. Measured by `cargo bench -p infrastructure --bench marking`.";

/// One format's rates, as that benchmark prints them on its last line.
#[derive(Deserialize)]
struct Rates {
    input: String,
    ava_per_second: f64,
    sharp_per_second: Option<f64>,
}

/// Measures.
pub async fn measure(_: Effort) -> anyhow::Result<Measured> {
    let mut measured = Measured::new("Marking", HOW);
    let sharp = target().join("bench/sharp");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "bench",
        "--quiet",
        "--package=infrastructure",
        "--bench=marking",
        "--",
        "--json",
    ]);
    if sharp.join("node_modules/sharp").is_dir() {
        command.arg("--with-sharp").arg(&sharp);
    }
    let output = command.output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("no bench target named") {
        let why = "its benchmark is not in this version";
        measured
            .rows
            .push(Row::not_measured(WHAT, Unit::Times, GOAL, why));
        return Ok(measured);
    }
    anyhow::ensure!(output.status.success(), "the benchmark `marking`: {said}");
    let told = String::from_utf8_lossy(&output.stdout);
    let rates: Vec<Rates> = serde_json::from_str(told.lines().last().unwrap_or_default())?;
    measured.rows.extend(rates.into_iter().map(row));
    Ok(measured)
}

fn row(rates: Rates) -> Row {
    let what = format!("{WHAT}, from {}", rates.input);
    let rate = |rate: f64| (format!("{rate:.1}/s"), rate);
    match rates.sharp_per_second {
        Some(sharp) => Row::ratio(what, rate(rates.ava_per_second), rate(sharp), GOAL),
        None => {
            let mut row = Row::not_measured(what, Unit::Times, GOAL, "sharp is not installed");
            row.measured = rate(rates.ava_per_second).0;
            row
        }
    }
}
