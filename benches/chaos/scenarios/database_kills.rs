//! SIGKILL to PostgreSQL while people use Ava: nothing acknowledged is lost, and who asks meanwhile is told when to ask
//! again.

use std::time::{Duration, Instant};

use rand::RngExt as _;
use tokio::task::block_in_place;

use crate::{
    journal::{Entry, Told, told_99th, told_times},
    load::{Load, Mix},
    run::Run,
    scenarios::{Scenario, well},
};

/// From the signal until the server takes connections again.
struct Outage {
    begun: Instant,
    over: Instant,
}

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let load = Load::start(run, Mix::Everything, 2);
    let (mut outages, mut recoveries) = (Vec::new(), Vec::new());
    for _ in 0..run.scale.database_kills {
        run.pause(300..1500).await;
        let all_at_once = run.dice.random();
        let begun = Instant::now();
        block_in_place(|| run.system.postgres.kill(all_at_once));
        run.pause(200..2500).await;
        block_in_place(|| run.system.postgres.start_again())?;
        let over = Instant::now();
        outages.push(Outage { begun, over });
        recoveries.push(well::time_until_well(run).await?);
    }
    load.stop().await?;
    run.verdicts
        .count("kills of PostgreSQL", u64::from(run.scale.database_kills));
    let seen = format!(
        "{}, {}",
        told_times(&mut recoveries),
        told_99th(&recoveries)
    );
    let bounds = run.scale.bounds;
    let late = recoveries.iter().filter(|took| **took > bounds.well);
    let late: Vec<String> = late.map(|took| format!("{took:?}")).collect();
    run.verdicts.no_exception(
        &format!(
            "the API is well again by itself, within {} s",
            bounds.well.as_secs()
        ),
        seen,
        &late,
    );
    look_at_answers(run, &outages);
    look_at_patience(run, bounds.told);
    Ok(())
}

/// How long those waited who were told to ask again, also when PostgreSQL went or came back meanwhile.
fn look_at_patience(run: &mut Run, told: Duration) {
    let journal = run.journal.of(Scenario::DatabaseKills);
    let put_off: Vec<&Entry> = journal
        .iter()
        .filter(|entry| matches!(entry.told, Told::Later { status: 503, .. }))
        .collect();
    let late = put_off.iter().filter(|entry| entry.took > told);
    let late: Vec<String> = late
        .map(|entry| format!("{}: after {:?}", entry.what, entry.took))
        .collect();
    let mut times: Vec<Duration> = put_off.iter().map(|entry| entry.took).collect();
    let seen = format!("{}, {}", told_times(&mut times), told_99th(&times));
    let promise = format!(
        "who is told to ask again hears so within {} s",
        told.as_secs()
    );
    run.verdicts.no_exception(&promise, seen, &late);
}

/// What people were told who asked while PostgreSQL was away.
fn look_at_answers(run: &mut Run, outages: &[Outage]) {
    let is_meanwhile = |entry: &&Entry| {
        let answered = entry.asked + entry.took;
        let mut outages = outages.iter();
        outages.any(|outage| outage.begun < entry.asked && answered < outage.over)
    };
    let journal = run.journal.of(Scenario::DatabaseKills);
    let meanwhile: Vec<&Entry> = journal.iter().filter(is_meanwhile).collect();
    let is_told_when = |entry: &&&Entry| {
        matches!(entry.told, Told::Later { status: 503, after: Some(_) })
            // A process may know the answer without asking, as of a command that it has just carried out.
            || matches!(entry.told, Told::Shown | Told::Done { .. })
    };
    let others = meanwhile.iter().filter(|entry| !is_told_when(entry));
    let others: Vec<String> = others
        .map(|entry| format!("{}: {:?} after {:?}", entry.what, entry.told, entry.took))
        .collect();
    let mut times: Vec<Duration> = meanwhile.iter().map(|entry| entry.took).collect();
    let seen = format!(
        "{} answers, {}, {}",
        meanwhile.len(),
        told_times(&mut times),
        told_99th(&times)
    );
    run.verdicts.no_exception(
        "who asks meanwhile is told 503 and when to ask again",
        seen,
        &others,
    );
}
