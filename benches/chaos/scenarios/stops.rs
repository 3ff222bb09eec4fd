//! SIGTERM to the API while it is used and followed: nobody's request fails, and who follows updates misses none.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use domain::values::UserId;
use futures::StreamExt as _;
use tokio::task::JoinSet;

use crate::{
    load::{Load, Mix},
    person::Person,
    run::Run,
};

/// How long a process may take to stop.
const STOPS_WITHIN: Duration = Duration::from_secs(10);
/// How long followers get to hear of the last change.
const HEARD_WITHIN: Duration = Duration::from_secs(30);
/// Before somebody asks for a stream again.
const AGAIN: Duration = Duration::from_millis(50);

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let start = head(run).await?;
    let over = Arc::<AtomicBool>::default();
    let mut followers = JoinSet::new();
    for person in &run.people {
        for api in 0..run.scale.streams {
            followers.spawn(follow(
                person.clone(),
                api as usize,
                start,
                Arc::clone(&over),
            ));
        }
    }
    let load = Load::start(run, Mix::Changes, 3);
    let (mut times, mut badly) = (Vec::new(), Vec::new());
    for _ in 0..run.scale.stops {
        for number in 0..run.system.apis.len() {
            run.pause(800..2000).await;
            let api = &mut run.system.apis[number];
            let begun = Instant::now();
            let status = api.terminate();
            times.push(begun.elapsed());
            if !status.success() || begun.elapsed() > STOPS_WITHIN {
                badly.push(format!(
                    "{} ended with {status} after {:?}",
                    api.name(),
                    begun.elapsed()
                ));
            }
            api.start_again();
            api.is_at_work();
        }
    }
    load.stop().await?;
    run.verdicts
        .count("stops of the API while it is used", times.len() as u64);
    let seen = crate::journal::told_times(&mut times);
    run.verdicts
        .no_exception("the API stops in time, and well", seen, &badly);
    look_at_streams(run, start, &over, followers).await
}

async fn head(run: &Run) -> anyhow::Result<u64> {
    let head: i64 = sqlx::query_scalar("SELECT position FROM log_head")
        .fetch_one(&run.system.pool)
        .await?;
    Ok(head.cast_unsigned())
}

/// What somebody heard, in order, over as many connections as it took.
struct Heard {
    user: UserId,
    positions: Vec<u64>,
    connections: usize,
}

/// Follows updates, and resumes wherever somebody listens, until it is over and nothing has come for a while.
async fn follow(person: Person, first: usize, start: u64, over: Arc<AtomicBool>) -> Heard {
    let mut heard = Heard {
        user: person.user,
        positions: Vec::new(),
        connections: 0,
    };
    let mut quiet_since = Instant::now();
    let is_over = |quiet_since: Instant| {
        over.load(Ordering::Relaxed) && quiet_since.elapsed() > Duration::from_secs(2)
    };
    while !is_over(quiet_since) {
        let after = heard.positions.last().copied().unwrap_or(start);
        let Ok(answer) = person.updates(first + heard.connections, after).await else {
            heard.connections += 1;
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        heard.connections += 1;
        let (mut stream, mut text) = (answer.bytes_stream(), String::new());
        while !is_over(quiet_since) {
            let part = tokio::time::timeout(Duration::from_millis(500), stream.next()).await;
            match part {
                Ok(Some(Ok(part))) => text += &String::from_utf8_lossy(&part),
                Ok(Some(Err(_)) | None) => break,
                Err(_) => continue,
            }
            while let Some((update, rest)) = text.split_once("\n\n") {
                if let Some(position) = position_of(update) {
                    heard.positions.push(position);
                    quiet_since = Instant::now();
                }
                text = rest.to_owned();
            }
        }
    }
    heard
}

/// The position of an update; what begins a stream, and what is told without one, has none.
fn position_of(update: &str) -> Option<u64> {
    let has_event = update.lines().any(|line| line.starts_with("event: "));
    let id = update.lines().find_map(|line| line.strip_prefix("id: "));
    id.filter(|_| has_event)?.parse().ok()
}

/// Compares what everybody heard with what there was to be heard.
async fn look_at_streams(
    run: &mut Run,
    start: u64,
    over: &AtomicBool,
    mut followers: JoinSet<Heard>,
) -> anyhow::Result<()> {
    // What was not done in time, everybody is told afterwards.
    drop(run.rest().await);
    over.store(true, Ordering::Relaxed);
    let deadline = tokio::time::Instant::now() + HEARD_WITHIN;
    let (mut exceptions, mut connections, mut updates, mut streams) = (Vec::new(), 0, 0, 0);
    while let Ok(Some(heard)) = tokio::time::timeout_at(deadline, followers.join_next()).await {
        let heard = heard?;
        let told: Vec<i64> = sqlx::query_scalar(
            "SELECT position FROM updates WHERE owner = $1 AND position > $2 ORDER BY position",
        )
        .bind(heard.user.0)
        .bind(start.cast_signed())
        .fetch_all(&run.system.pool)
        .await?;
        let told: Vec<u64> = told.into_iter().map(i64::cast_unsigned).collect();
        streams += 1;
        connections += heard.connections;
        updates += heard.positions.len();
        if heard.positions != told {
            let (missed, more) = (told.len(), heard.positions.len());
            let first = told
                .iter()
                .zip(&heard.positions)
                .find(|(told, heard)| told != heard);
            exceptions.push(format!(
                "{} had {missed} updates and heard {more}, first otherwise {first:?}",
                heard.user
            ));
        }
    }
    let unfinished = followers.len();
    if unfinished > 0 {
        exceptions.push(format!("{unfinished} streams do not fall silent"));
    }
    run.verdicts.count("followers of updates", streams);
    run.verdicts.count("updates heard", updates as u64);
    let seen =
        format!("{streams} followers over {connections} connections heard {updates} updates");
    run.verdicts.no_exception(
        "who follows updates misses none, and hears none twice",
        seen,
        &exceptions,
    );
    Ok(())
}
