//! All sessions of all processes at PostgreSQL are ended, again and again, as by an operator who means well: nothing
//! acknowledged is lost, and everything goes on by itself.

use crate::{
    load::{Load, Mix},
    run::Run,
    scenarios::well,
};

/// How many times in a row: a storm, and not a gust.
const GUSTS: u32 = 8;

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let load = Load::start(run, Mix::Everything, 2);
    let (mut ended, mut recoveries) = (0, Vec::new());
    for _ in 0..run.scale.storms {
        run.pause(300..1500).await;
        for _ in 0..GUSTS {
            ended += end_sessions(run).await?;
            run.pause(20..300).await;
        }
        recoveries.push(well::time_until_well(run).await?);
    }
    load.stop().await?;
    run.verdicts.count(
        "storms in which all sessions were ended",
        run.scale.storms.into(),
    );
    run.verdicts.count("sessions that were ended", ended);
    let seen = crate::journal::told_times(&mut recoveries);
    run.verdicts.kept("the API is well again by itself", seen);
    Ok(())
}

/// Ends every session of Ava's own; how many those were.
async fn end_sessions(run: &Run) -> anyhow::Result<u64> {
    let ended: Vec<bool> = sqlx::query_scalar(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'ava%'",
    )
    .fetch_all(&run.system.pool)
    .await?;
    Ok(ended.len() as u64)
}
