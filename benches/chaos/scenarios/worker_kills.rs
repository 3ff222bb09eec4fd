//! SIGKILL to workers while they draw: every picture comes to one end.

use std::time::Duration;

use rand::RngExt as _;
use tokio::task::JoinSet;

use crate::{
    journal::{told_99th, told_times},
    load::{Load, Mix},
    run::Run,
    scale::Scale,
    scenarios::held::{held, taken_over},
};

/// At how many screens each person is.
const SCREENS: u32 = 4;
/// How long the pictures may take altogether, for each one.
const EACH: Duration = Duration::from_secs(15);

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    for _ in 0..run.scale.more_workers {
        run.system.add_worker();
    }
    let outcome = kill_workers(run).await;
    for _ in 0..run.scale.more_workers {
        run.system.remove_worker();
    }
    outcome
}

async fn kill_workers(run: &mut Run) -> anyhow::Result<()> {
    let load = Load::start(run, Mix::Pictures, SCREENS);
    let mut taking_over = JoinSet::new();
    let (mut kills, begun) = (0, tokio::time::Instant::now());
    while kills < run.scale.worker_kills || load.pictures() < u64::from(run.scale.pictures) {
        run.pause(200..2500).await;
        if kills < kills_due(&run.scale, load.pictures()) {
            let chosen = run.dice.random_range(0..run.system.workers.len());
            let worker = &mut run.system.workers[chosen];
            let node = worker.node();
            worker.kill();
            worker.start_again();
            kills += 1;
            if let Some(node) = node {
                let pool = run.system.pool.clone();
                let left = held(&pool, Some(&node)).await?;
                taking_over.spawn(async move { taken_over(&pool, left).await });
            }
        }
        let patience = EACH * (run.scale.pictures + run.scale.worker_kills);
        anyhow::ensure!(
            begun.elapsed() < patience,
            "only {} pictures were made",
            load.pictures()
        );
    }
    let pictures = load.stop().await?;
    let (mut times, mut never) = (Vec::new(), Vec::new());
    while let Some(ended) = taking_over.join_next().await {
        match ended? {
            Ok(taken_over) => times.extend(taken_over),
            Err(error) => never.push(error.to_string()),
        }
    }
    run.verdicts.count("kills of a worker", u64::from(kills));
    let seen = format!("{}, {}", told_times(&mut times), told_99th(&times));
    let bound = run.scale.bounds.taken_up;
    let late = times.iter().filter(|took| **took > bound).count();
    if late * 100 > times.len() {
        never.push(format!("{late} took longer than {bound:?}"));
    }
    run.verdicts.no_exception(
        &format!(
            "what a killed worker had in its hands is taken up by another one, 99 % within {} s",
            bound.as_secs()
        ),
        seen,
        &never,
    );
    run.verdicts.kept(
        "people get their pictures",
        format!("{pictures}, while workers were killed {kills} times"),
    );
    Ok(())
}

/// How many are due by so many pictures: they are spread over all of them.
fn kills_due(scale: &Scale, pictures: u64) -> u32 {
    let due = (pictures + 1) * u64::from(scale.worker_kills) / u64::from(scale.pictures.max(1));
    u32::try_from(due).map_or(scale.worker_kills, |due| due.min(scale.worker_kills))
}
