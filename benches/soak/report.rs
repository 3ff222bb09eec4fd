//! What a run showed, for people.

use std::{fmt::Write, fs, path::Path};

use chrono::Utc;

use crate::{
    drift::{Drift, bloat, drifts, warm},
    samples::{Sample, TableSize},
};

/// How many tables are told of, and how many failures.
const TABLES: usize = 12;
const FAILURES: usize = 10;

const ABOUT: &str = "# Endurance

Written by `make soak SOAK='--minutes N --write'`; not by hand. Every process of a deployment (API, worker, projector,
sandbox, Redis) runs by itself over a PostgreSQL that makes every commit durable. People read, write, order pictures, have
their data exported and keep pages open, all of it derived from a seed; each minute somebody comes, does everything once
and is erased. The first quarter does not count: caches fill, pools open. The slope is that of the straight line closest
to what was seen. A bound that is broken ends `make soak` with 1.

What this does not show: days, many machines, or a provider that is slow.
";

/// A run, and what was seen in it.
#[derive(Debug)]
pub struct Run {
    pub minutes: u64,
    pub people: u32,
    pub seed: u64,
    pub samples: Vec<Sample>,
    /// Seconds until the read models had everything; none when they never had.
    pub caught_up: Option<f64>,
    pub tables: Vec<TableSize>,
    pub failures: Vec<String>,
}

impl Run {
    /// The bounds that were broken.
    pub fn broken(&self) -> Vec<String> {
        let mut broken: Vec<String> = drifts(self)
            .iter()
            .filter(|drift| !drift.holds)
            .map(|drift| {
                format!(
                    "{}: {}",
                    drift.what,
                    drift.bound.clone().unwrap_or_default()
                )
            })
            .collect();
        broken.extend(self.tables.iter().filter_map(bloat));
        if !self.failures.is_empty() {
            broken.push(format!("{} answers were no good ones", self.failures.len()));
        }
        broken
    }

    pub fn print(&self) {
        println!("{}", self.told());
    }

    /// # Errors
    /// When the document cannot be written.
    pub fn write(&self) -> anyhow::Result<()> {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ENDURANCE.md");
        fs::write(place, format!("{ABOUT}\n{}", self.told()))?;
        Ok(())
    }

    fn told(&self) -> String {
        let mut text = String::new();
        let answers: f64 = self.samples.iter().map(|sample| sample.answers).sum();
        let _ = writeln!(
            text,
            "{} minutes, {} people, seed {}: {answers:.0} answers, {:.1} a second. {} looks, of which {} count. Measured {}.\n",
            self.minutes,
            self.people,
            self.seed,
            answers / (self.minutes * 60) as f64,
            self.samples.len(),
            warm(&self.samples).len(),
            Utc::now().format("%Y-%m-%d %H:%M UTC"),
        );
        text += "| what | first | last | highest | slope an hour | bound | holds |\n|---|--:|--:|--:|--:|---|---|\n";
        for drift in drifts(self) {
            let _ = writeln!(text, "{}", line(&drift));
        }
        let caught_up = match self.caught_up {
            Some(seconds) => format!("after {seconds:.1} s"),
            None => "never".to_owned(),
        };
        let _ = writeln!(
            text,
            "\nOnce nobody asked any more, the read models had everything {caught_up}.\n"
        );
        text += "| table at the end | rows | dead rows | MB | of which indexes | |\n|---|--:|--:|--:|--:|---|\n";
        for table in self.tables.iter().take(TABLES) {
            let all = table.table_bytes + table.index_bytes;
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {:.1} | {:.1} | {} |",
                table.name,
                table.live,
                table.dead,
                all as f64 / 1e6,
                table.index_bytes as f64 / 1e6,
                bloat(table).unwrap_or_default(),
            );
        }
        for failure in self.failures.iter().take(FAILURES) {
            let _ = writeln!(text, "\nNo good answer: {failure}");
        }
        match self.broken().as_slice() {
            [] => text += "\nEvery bound holds.\n",
            broken => {
                let _ = writeln!(text, "\nBROKEN: {}", broken.join("; "));
            }
        }
        text
    }
}

fn line(drift: &Drift) -> String {
    let unit = drift.unit;
    let place = usize::from(drift.highest.abs() < 1000.0);
    let show = |figure: f64| format!("{figure:.place$} {unit}");
    format!(
        "| {} | {} | {} | {} | {:+.1} | {} | {} |",
        drift.what,
        show(drift.first).trim(),
        show(drift.last).trim(),
        show(drift.highest).trim(),
        drift.per_hour,
        drift.bound.as_deref().unwrap_or(""),
        match (&drift.bound, drift.holds) {
            (None, _) => "",
            (Some(_), true) => "yes",
            (Some(_), false) => "**no**",
        }
    )
}
