//! Somebody holds a lock that every read needs, so that all connections are in use soon: who finds none is told so in time,
//! and everything goes on once the lock is gone.

use std::time::{Duration, Instant};

use futures::future::join_all;

use crate::{
    journal::{Entry, Told, told_times},
    load::{Load, Mix},
    run::Run,
    scenarios::{Scenario, well},
};

/// How many ask at a time, for each person: more than both processes have connections for.
const SCREENS: usize = 30;
/// The wait for a connection, the wait for a lock, and what the machine makes of them.
const ANSWERED_WITHIN: Duration = Duration::from_secs(12);

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let load = Load::start(run, Mix::Changes, 2);
    let mut recoveries = Vec::new();
    for _ in 0..run.scale.locks {
        run.pause(300..1000).await;
        let mut blocker = run.system.pool.begin().await?;
        sqlx::query("LOCK TABLE avatars IN ACCESS EXCLUSIVE MODE")
            .execute(&mut *blocker)
            .await?;
        let begun = Instant::now();
        let crowd = run
            .people
            .iter()
            .flat_map(|person| (0..SCREENS).map(move |_| person.read("/avatars/me")));
        let crowd = join_all(crowd);
        let held = async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            blocker.rollback().await
        };
        let (_, released) = tokio::join!(crowd, held);
        released?;
        look_at_answers(run, begun);
        recoveries.push(well::time_until_well(run).await?);
    }
    load.stop().await?;
    run.verdicts.count(
        "times that all connections were in use",
        run.scale.locks.into(),
    );
    let seen = told_times(&mut recoveries);
    run.verdicts.kept("the API is well again by itself", seen);
    Ok(())
}

/// What people were told who asked since then.
fn look_at_answers(run: &mut Run, since: Instant) {
    let journal = run.journal.of(Scenario::FullPools);
    let asked: Vec<&Entry> = journal
        .iter()
        .filter(|entry| entry.asked >= since)
        .collect();
    let is_late = |entry: &&&Entry| entry.took > ANSWERED_WITHIN;
    let late: Vec<String> = asked
        .iter()
        .filter(is_late)
        .map(|entry| format!("{}: {:?} after {:?}", entry.what, entry.told, entry.took))
        .collect();
    let put_off = asked.iter().filter(|entry| {
        matches!(
            entry.told,
            Told::Later {
                status: 503,
                after: Some(_)
            }
        )
    });
    let mut put_off: Vec<Duration> = put_off.map(|entry| entry.took).collect();
    if put_off.is_empty() {
        return run
            .verdicts
            .broken("all connections were in use", "nobody was put off");
    }
    let seen = format!(
        "{} were told 503: {}",
        put_off.len(),
        told_times(&mut put_off)
    );
    run.verdicts
        .no_exception("who finds no connection is told so in time", seen, &late);
}
