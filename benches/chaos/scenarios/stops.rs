//! SIGTERM to one process after another while they are used and followed, over connections that are kept: nobody's request
//! fails, and who follows updates misses none.

use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use domain::values::UserId;
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    journal::{Entry, told_times},
    load::{Load, Mix},
    person::Person,
    run::Run,
    scenarios::Scenario,
};

/// How long a process may take to stop.
const STOPS_WITHIN: Duration = Duration::from_secs(10);
/// How long followers get to hear of the last change.
const HEARD_WITHIN: Duration = Duration::from_secs(30);
/// How often somebody who hears nothing looks whether there is anything left to hear.
const LOOK_UP: Duration = Duration::from_millis(500);
/// Between two changes of those who follow.
const BETWEEN_CHANGES: Duration = Duration::from_millis(50);
/// A request that takes longer is told of.
const NOTABLE: Duration = Duration::from_secs(5);
/// Before somebody asks for a stream again.
const AGAIN: Duration = Duration::from_millis(50);

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let start = head(run).await?;
    let goal = Arc::<Goal>::default();
    let mut followers = JoinSet::new();
    let onlookers = onlookers(run).await?;
    for person in run.people.iter().chain(&onlookers) {
        // Each of them begins at another process than the one before.
        for number in 0..run.scale.streams as usize * run.system.apis.len() {
            followers.spawn(follow(person.clone(), number, start, Arc::clone(&goal)));
        }
    }
    let load = Load::start(run, Mix::Changes, 3);
    let is_over = Arc::<AtomicBool>::default();
    let changing = tokio::spawn(change_now_and_then(onlookers, Arc::clone(&is_over)));
    let (mut times, mut badly) = (Vec::new(), Vec::new());
    for _ in 0..run.scale.stops {
        for number in 0..run.system.roles().count() {
            run.pause(800..2000).await;
            let Some(role) = run.system.roles().nth(number) else {
                continue;
            };
            let begun = Instant::now();
            let status = role.terminate();
            times.push(begun.elapsed());
            if !status.success() || begun.elapsed() > STOPS_WITHIN {
                badly.push(format!(
                    "{} ended with {status} after {:?}",
                    role.name(),
                    begun.elapsed()
                ));
            }
            role.start_again();
            role.is_at_work();
        }
    }
    load.stop().await?;
    is_over.store(true, Ordering::Relaxed);
    changing.await??;
    let apis = u64::from(run.scale.stops) * run.system.apis.len() as u64;
    run.verdicts
        .count("stops of the API while it is used", apis);
    run.verdicts.count(
        "stops of workers and the projector while they are used",
        times.len() as u64 - apis,
    );
    let seen = told_times(&mut times);
    run.verdicts.no_exception(
        "who is told to stop does so in time, and well",
        seen,
        &badly,
    );
    let journal = run.journal.of(Scenario::Stops);
    let mut asked: Vec<Duration> = journal.iter().map(|entry| entry.took).collect();
    run.verdicts
        .note(&format!("requests meanwhile: {}", told_times(&mut asked)));
    for entry in journal.iter().filter(|entry| entry.took > NOTABLE) {
        let Entry {
            what, told, took, ..
        } = entry;
        run.verdicts
            .note(&format!("{what}: {told:?} after {took:.2?}"));
    }
    look_at_streams(run, start, &goal, followers).await
}

/// People who have a companion, and follow.
async fn onlookers(run: &Run) -> anyhow::Result<Vec<Person>> {
    let mut onlookers = Vec::new();
    for number in 0..run.scale.onlookers {
        let email = format!("onlooker-{number}@example.com");
        let person = Person::sign_in(run.system.api_urls(), &email, run.journal.clone()).await?;
        person.design_companion().await?;
        onlookers.push(person);
    }
    Ok(onlookers)
}

/// So that each of them has something to hear of.
async fn change_now_and_then(people: Vec<Person>, is_over: Arc<AtomicBool>) -> anyhow::Result<()> {
    for (number, person) in people.iter().cycle().enumerate() {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let change = json!({ "name": format!("Ava {number}") });
        // Whatever comes of it is in the journal.
        person
            .command(Method::PATCH, "/avatars/me", &change)
            .await?;
        tokio::time::sleep(BETWEEN_CHANGES).await;
    }
    Ok(())
}

async fn head(run: &Run) -> anyhow::Result<u64> {
    let head: i64 = sqlx::query_scalar("SELECT position FROM log_head")
        .fetch_one(&run.system.pool)
        .await?;
    Ok(head.cast_unsigned())
}

/// The last update that there is for each person, and when that was known.
type Goal = OnceLock<(HashMap<UserId, u64>, Instant)>;

/// What somebody heard, in order, over as many connections as it took.
struct Heard {
    user: UserId,
    positions: Vec<u64>,
    connections: usize,
}

impl Heard {
    /// Whether they have heard everything, or had the time to.
    fn is_over(&self, goal: &Goal) -> bool {
        goal.get().is_some_and(|(last, known_since)| {
            let last = last.get(&self.user).copied().unwrap_or_default();
            self.positions.last().copied().unwrap_or_default() >= last
                || known_since.elapsed() > HEARD_WITHIN
        })
    }
}

/// Follows updates, and resumes wherever somebody listens, until everything is heard.
async fn follow(person: Person, first: usize, start: u64, goal: Arc<Goal>) -> Heard {
    let mut heard = Heard {
        user: person.user,
        positions: Vec::new(),
        connections: 0,
    };
    while !heard.is_over(&goal) {
        let after = heard.positions.last().copied().unwrap_or(start);
        let asked = person.updates(first + heard.connections, after).await;
        heard.connections += 1;
        let Ok(answer) = asked else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        let (mut stream, mut text) = (answer.bytes_stream(), String::new());
        while !heard.is_over(&goal) {
            match tokio::time::timeout(LOOK_UP, stream.next()).await {
                Ok(Some(Ok(part))) => text += &String::from_utf8_lossy(&part),
                Ok(Some(Err(_)) | None) => break,
                Err(_) => continue,
            }
            while let Some((update, rest)) = text.split_once("\n\n") {
                heard.positions.extend(position_of(update));
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
    goal: &Goal,
    mut followers: JoinSet<Heard>,
) -> anyhow::Result<()> {
    // What was not done in time, everybody is told afterwards.
    drop(run.rest().await);
    let mut told: HashMap<UserId, Vec<u64>> = HashMap::new();
    let rows: Vec<(Uuid, i64)> =
        sqlx::query_as("SELECT owner, position FROM updates WHERE position > $1 ORDER BY position")
            .bind(start.cast_signed())
            .fetch_all(&run.system.pool)
            .await?;
    for (owner, position) in rows {
        let told = told.entry(UserId(owner)).or_default();
        told.push(position.cast_unsigned());
    }
    let last = told
        .iter()
        .map(|(user, told)| (*user, *told.last().unwrap_or(&0)));
    goal.get_or_init(|| (last.collect(), Instant::now()));

    let (mut exceptions, mut connections, mut updates, mut streams) = (Vec::new(), 0, 0, 0);
    while let Some(heard) = followers.join_next().await {
        let heard = heard?;
        streams += 1;
        connections += heard.connections;
        updates += heard.positions.len();
        let told = told.get(&heard.user).map_or(&[][..], Vec::as_slice);
        if heard.positions != told {
            let missed: Vec<_> = told
                .iter()
                .filter(|position| !heard.positions.contains(position))
                .collect();
            let (there, heard) = (told.len(), heard.positions.len());
            exceptions.push(format!(
                "of {there} updates {heard} were heard, and {missed:?} not"
            ));
        }
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
