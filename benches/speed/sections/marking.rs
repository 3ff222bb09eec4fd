//! The marking pipeline beside `sharp`: its own benchmark, `infrastructure/benches/marking.rs`, measures it.

use serde::Deserialize;

use crate::{
    Effort, cargo,
    report::{Goal, Measured, Row, Unit},
    target,
};

const WHAT: &str = "Marking pipeline, pictures per second on one core, to `sharp`";
const GOAL: Goal = Goal::AtLeast(1.0);

const HOW: &str = "Decode, mark, encode, thumbnail, XMP of pictures in each format that providers send; `sharp` (libvips) \
from npm does the same. Both are kept to one core as far as the machine allows, in turns, and the pictures are counted by \
the second of processor time, so that neither gains from what the other cores do. Measured by \
`cargo bench -p infrastructure --bench marking`.";

/// What that benchmark prints on its last line.
#[derive(Deserialize)]
struct Told {
    pinned: bool,
    rows: Vec<Picture>,
}

/// One picture, and how often a second it is marked.
#[derive(Deserialize)]
struct Picture {
    picture: String,
    ava: Rates,
    /// None when `sharp` is not installed.
    sharp: Option<Rates>,
}

#[derive(Deserialize)]
struct Rates {
    pictures_per_cpu_second: f64,
    pictures_per_second: f64,
}

impl Rates {
    fn told(&self) -> (String, f64) {
        let Self {
            pictures_per_cpu_second: cpu,
            pictures_per_second: wall,
        } = self;
        (format!("{cpu:.1}/s ({wall:.1}/s by the clock)"), *cpu)
    }
}

/// Measures.
pub async fn measure(_: Effort) -> anyhow::Result<Measured> {
    let mut measured = Measured::new("Marking", HOW);
    let sharp = target().join("bench/sharp");
    let mut arguments = vec!["--json".to_owned()];
    if sharp.join("node_modules/sharp").is_dir() {
        arguments.extend(["--with-sharp".to_owned(), sharp.display().to_string()]);
    }
    let selected = ["--package=infrastructure", "--bench=marking"];
    let told = match cargo::bench(&selected, &arguments).await? {
        Ok(told) => told,
        Err(said) if said.contains("no bench target named") => {
            let why = "its benchmark is not in this version";
            measured
                .rows
                .push(Row::not_measured(WHAT, Unit::Times, GOAL, why));
            return Ok(measured);
        }
        Err(said) => anyhow::bail!("the benchmark `marking`: {said}"),
    };
    let told: Told = serde_json::from_str(told.lines().last().unwrap_or_default())?;
    if !told.pinned {
        measured.how += " This time they were not kept to one core.";
    }
    measured.rows.extend(told.rows.into_iter().map(row));
    Ok(measured)
}

fn row(picture: Picture) -> Row {
    let what = format!("{WHAT}, {}", picture.picture);
    match picture.sharp {
        Some(sharp) => Row::ratio(what, picture.ava.told(), sharp.told(), GOAL),
        None => {
            let mut row = Row::not_measured(what, Unit::Times, GOAL, "sharp is not installed");
            row.measured = picture.ava.told().0;
            row
        }
    }
}
