//! SIGKILL to workers while they draw: every picture comes to one end.

use std::time::Duration;

use rand::RngExt as _;

use crate::{
    load::{Load, Mix},
    run::Run,
};

/// At how many screens each person is: most of them wait for what a killed worker left.
const SCREENS: u32 = 8;
/// How long the pictures may take altogether, for each one.
const EACH: Duration = Duration::from_secs(15);

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let load = Load::start(run, Mix::Pictures, SCREENS);
    let (mut kills, begun) = (0, tokio::time::Instant::now());
    while kills < run.scale.worker_kills || load.pictures() < u64::from(run.scale.pictures) {
        run.pause(200..2500).await;
        if kills < run.scale.worker_kills {
            let chosen = run.dice.random_range(0..run.system.workers.len());
            let worker = &mut run.system.workers[chosen];
            worker.kill();
            worker.start_again();
            kills += 1;
        }
        let patience = EACH * (run.scale.pictures + run.scale.worker_kills);
        anyhow::ensure!(
            begun.elapsed() < patience,
            "only {} pictures were made",
            load.pictures()
        );
    }
    let pictures = load.stop().await?;
    run.verdicts.count("kills of a worker", u64::from(kills));
    run.verdicts.kept(
        "people get their pictures",
        format!("{pictures}, while workers were killed {kills} times"),
    );
    Ok(())
}
