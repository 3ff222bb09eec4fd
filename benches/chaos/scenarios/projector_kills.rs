//! SIGKILL to the projector while people use Ava, and to rebuilds.

use std::time::{Duration, Instant};

use rand::RngExt as _;
use tokio::task::block_in_place;

use crate::{
    load::{Load, Mix},
    run::Run,
    system::told,
};

/// What is rebuilt.
const READ_MODELS: [&str; 4] = ["photos", "messages", "updates", "avatars"];
/// How long a rebuild may take to begin.
const BEGINS_WITHIN: Duration = Duration::from_secs(30);

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let load = Load::start(run, Mix::Everything, 2);
    for _ in 0..run.scale.projector_kills {
        run.pause(100..1500).await;
        run.system.projector.kill();
        run.pause(0..800).await;
        run.system.projector.start_again();
    }
    let mut interrupted = 0;
    for number in 0..run.scale.rebuilds {
        let name = READ_MODELS[run.dice.random_range(0..READ_MODELS.len())];
        interrupted += u64::from(interrupt_rebuild(run, name, number).await?);
    }
    for name in READ_MODELS {
        let rebuild = ["projections", "rebuild", name];
        let output = block_in_place(|| run.system.command(&rebuild).output())?;
        anyhow::ensure!(
            output.status.success(),
            "the rebuild of {name}: {}",
            told(&output)
        );
    }
    load.stop().await?;
    run.verdicts.count(
        "kills of the projector",
        u64::from(run.scale.projector_kills),
    );
    run.verdicts.count("kills of a rebuild", interrupted);
    let seen = format!(
        "{} kills, {interrupted} rebuilds interrupted, and all four rebuilt then while people went on",
        run.scale.projector_kills
    );
    run.verdicts
        .kept("projector and rebuilds go on where they were", seen);
    Ok(())
}

/// Begins a rebuild and kills it; false when it was quicker than we.
async fn interrupt_rebuild(run: &mut Run, name: &str, number: u32) -> anyhow::Result<bool> {
    let arguments = ["projections", "rebuild", name];
    let mut rebuild = run.system.spawn(&format!("rebuild-{number}"), &arguments);
    let begun = Instant::now();
    loop {
        let has_begun: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM followers WHERE name = $1)")
                .bind(format!("{name}:rebuild"))
                .fetch_one(&run.system.pool)
                .await?;
        if rebuild.ended().is_some() {
            return Ok(false);
        }
        if has_begun {
            break;
        }
        anyhow::ensure!(
            begun.elapsed() < BEGINS_WITHIN,
            "the rebuild of {name} does not begin"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    run.pause(0..40).await;
    let was_quicker = rebuild.ended().is_some();
    if !was_quicker {
        block_in_place(|| rebuild.end("KILL"));
    }
    Ok(!was_quicker)
}
