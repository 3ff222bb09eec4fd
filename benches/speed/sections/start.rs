//! How long it takes to be there, and how much memory it takes to be there.

use std::time::Duration;

use crate::{
    Effort,
    report::{Goal, Measured, Row, Table, Unit},
    rounds::median,
    running::{Ava, data_dir},
    scratch::Scratch,
};

const HOW: &str = "`ava up` with its own PostgreSQL, from the start of the process to the first `/ready` that says `ok` \
(asked every 5 ms): in an empty directory, which includes `initdb` and the migrations, and again in the same directory after \
it was stopped. Memory is `VmRSS` of the process (not of PostgreSQL) after ten idle seconds; `ava api` runs beside an \
`ava projector` on a database of its own.";

/// Measures.
pub async fn measure(effort: Effort) -> anyhow::Result<Measured> {
    let idle = Duration::from_secs(effort.or_quick(10, 1));
    let (mut first, mut later, mut up_memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds() {
        let directory = data_dir()?;
        let ava = Ava {
            role: "up",
            data_dir: directory.path(),
            database: None,
            secret: None,
        };
        let mut running = ava.start()?;
        first.push(running.ready().await?.as_secs_f64());
        running.stop().await?;
        for nth in 0..2 {
            let mut running = ava.start()?;
            later.push(running.ready().await?.as_secs_f64());
            if nth == 0 && up_memory.is_empty() {
                tokio::time::sleep(idle).await;
                up_memory.push(running.memory()?);
            }
            running.stop().await?;
        }
    }
    let api_memory = api_memory(idle).await?;
    Ok(told(first, later, api_memory, &up_memory))
}

async fn api_memory(idle: Duration) -> anyhow::Result<f64> {
    let scratch = Scratch::create().await?;
    let directories = [data_dir()?, data_dir()?];
    let role = |role, nth: usize| Ava {
        role,
        data_dir: directories[nth].path(),
        database: Some(scratch.url()),
        secret: None,
    };
    let projector = role("projector", 0).start()?;
    let api = role("api", 1).start_and_wait().await?;
    tokio::time::sleep(idle).await;
    let memory = api.memory()?;
    api.stop().await?;
    projector.stop().await?;
    Ok(memory)
}

fn told(first: Vec<f64>, later: Vec<f64>, api_memory: f64, up_memory: &[f64]) -> Measured {
    let mut measured = Measured::new("Starting, and being idle", HOW);
    let seconds = |times: &[f64]| {
        let times: Vec<String> = times.iter().map(|time| format!("{time:.2}")).collect();
        format!("{} s", times.join(", "))
    };
    let (first_told, later_told) = (seconds(&first), seconds(&later));
    measured.rows = vec![
        Row::amount(
            "Idle memory of `ava api`",
            format!("{api_memory:.1} MB"),
            (api_memory, Unit::Megabytes),
            Goal::AtMost(40.0),
        ),
        Row::amount(
            "`ava up` on an existing data directory: process start → `/ready`",
            later_told,
            (median(later), Unit::Seconds),
            Goal::AtMost(1.5),
        ),
        Row::amount(
            "`ava up`, first ever: process start → `/ready`",
            first_told,
            (median(first), Unit::Seconds),
            Goal::AtMost(5.0),
        ),
    ];
    let mut table = Table::new("For information", &["", "MB"]);
    for memory in up_memory {
        table.lines.push(vec![
            "idle memory of `ava up`, sandbox included".to_owned(),
            format!("{memory:.1}"),
        ]);
    }
    measured.tables.push(table);
    measured
}
