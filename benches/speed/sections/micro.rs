//! The small things by themselves: `benches/micro.rs` measures them.

use std::{fs, path::Path};

use anyhow::Context;
use serde_json::Value;

use crate::{
    Effort, cargo,
    report::{Measured, Table},
    target,
};

const HOW: &str = "One thread, no database, by `criterion` (`cargo bench --bench micro`); the median, with the 95 % \
confidence interval.";

/// Measures.
pub async fn measure(effort: Effort) -> anyhow::Result<Measured> {
    let directory = target().join("criterion");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    let arguments = effort.quick.then(|| "--quick".to_owned());
    let ended = cargo::bench(&["--bench=micro"], arguments.as_slice()).await?;
    ended.map_err(|said| anyhow::anyhow!("the benchmark `micro`: {said}"))?;

    let mut measured = Measured::new("Small things", HOW);
    let mut table = Table::new("Medians", &["what", "median", "from", "to"]);
    for group in sorted(&directory)? {
        for one in sorted(&directory.join(&group))? {
            let estimates = directory.join(&group).join(&one).join("new/estimates.json");
            if estimates.is_file() {
                table.lines.push(line(&group, &one, &estimates)?);
            }
        }
    }
    anyhow::ensure!(
        !table.lines.is_empty(),
        "criterion kept nothing in {}",
        directory.display()
    );
    measured.tables.push(table);
    Ok(measured)
}

fn sorted(directory: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn line(group: &str, one: &str, estimates: &Path) -> anyhow::Result<Vec<String>> {
    let estimates: Value = serde_json::from_slice(&fs::read(estimates)?)?;
    let median = &estimates["median"];
    let told = |figure: &Value| anyhow::Ok(time(figure.as_f64().context("no estimate")?));
    let interval = &median["confidence_interval"];
    Ok(vec![
        format!("{group}: {}", one.replace('_', " ")),
        told(&median["point_estimate"])?,
        told(&interval["lower_bound"])?,
        told(&interval["upper_bound"])?,
    ])
}

/// Nanoseconds in a unit that can be read.
fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        short if short < 1e3 => format!("{short:.0} ns"),
        short if short < 1e6 => format!("{:.2} µs", short / 1e3),
        long => format!("{:.2} ms", long / 1e6),
    }
}
