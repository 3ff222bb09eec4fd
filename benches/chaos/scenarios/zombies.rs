//! A worker that stands still for longer than its leases last, and then goes on as if nothing had happened.

use std::time::{Duration, Instant};

use crate::{
    load::{Load, Mix},
    run::Run,
    scenarios::held::{Held, TAKEN_OVER_WITHIN, held, taken_over},
};

/// What a worker says that comes too late.
const TOO_LATE: [&str; 2] = ["Too late for photo", "Somebody else works on photo"];

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let (mut left_lying, mut fenced) = (0, 0);
    for _ in 0..run.scale.zombies {
        let load = Load::start(run, Mix::Pictures, 3);
        // Only one works, so that it is the one that holds them.
        run.system.workers[1].terminate();
        let held = until_pictures_are_held(run).await?;
        run.pause(0..300).await;
        run.system.workers[0].signal("STOP");
        run.system.workers[1].start_again();
        left_lying += held.len();
        taken_over(&run.system.pool, held).await?;
        let before = too_late(run);
        run.system.workers[0].signal("CONT");
        load.stop().await?;
        fenced += too_late(run) - before;
    }
    run.verdicts.count(
        "workers that stood still beyond their leases",
        u64::from(run.scale.zombies),
    );
    run.verdicts
        .count("late results that were fenced", fenced as u64);
    let seen = format!(
        "{left_lying} pictures were left lying, {fenced} results came too late and changed nothing"
    );
    run.verdicts
        .kept("who comes too late changes nothing", seen);
    Ok(())
}

async fn until_pictures_are_held(run: &Run) -> anyhow::Result<Held> {
    let begun = Instant::now();
    loop {
        let held = held(&run.system.pool, None).await?;
        if held.len() >= 2 {
            return Ok(held);
        }
        anyhow::ensure!(
            begun.elapsed() < TAKEN_OVER_WITHIN,
            "nobody works on pictures"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn too_late(run: &Run) -> usize {
    let log = run.system.workers[0].log();
    let lines = log.lines();
    lines
        .filter(|line| TOO_LATE.iter().any(|words| line.contains(words)))
        .count()
}
