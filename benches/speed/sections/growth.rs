//! What changes as the log grows: three logs of three sizes on one server, measured in turns.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use application::context::Context;
use domain::{
    avatar::ProfileChanges,
    values::{Age, UserId},
};
use projections::photos::PhotoFilter;
use rand::seq::SliceRandom;
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use super::{
    catch_up::catch_up,
    commands::Ava,
    costs::{self, Costs, Totals},
};
use crate::{
    Effort,
    filling::{fill, owner_ids},
    report::{Goal, Measured, Row, Table},
    rounds::{Round, hammer, interleaved, median_round, thousands},
    scratch::Scratch,
    story::Story,
};

/// How many pictures of scenes each person has.
const SCENES: u32 = 3;
/// How many people are picked at random to be read and to give commands, at most.
const PICKED: u64 = 10_000;

const HOW: &str = "Three databases on one server, with logs of the three sizes, filled with the story of a subscriber \
(companion, reference picture, subscription, three pictures) told for as many people as needed; the ids of users are \
random, so that neither streams nor rows of one user lie together. `VACUUM ANALYZE` after filling. Commands: one client \
designs companions for new users, one client changes companions of users picked at random from the whole log, each once, and \
64 clients design companions. Reads: `projections::avatars::of_owner` and `projections::photos::list` of users picked at \
random. Rebuilding: the engine with the projector `avatars` over the whole log. The databases take turns (10 k, 1 M, \
10 M, 10 k, …); the middle round counts.";

/// What one log is asked, in this order.
const QUESTIONS: [&str; 5] = [
    "one client, new user",
    "one client, existing user",
    "64 clients, new users",
    "avatar by owner",
    "list of photos",
];

/// What is told of its size, in this order.
const SIZES: [&str; 3] = [
    "`events` on disk, rows",
    "`events` on disk, indexes",
    "`photos` on disk, with indexes",
];

/// One log of one size.
struct Log {
    scratch: Scratch,
    ava: Ava,
    events: u64,
    people: Arc<Vec<Uuid>>,
    /// How many of them have given a command already.
    asked: AtomicUsize,
    /// Events a second of a rebuild.
    rebuild: f64,
    sizes: Vec<String>,
}

/// Measures.
pub async fn measure(effort: Effort) -> anyhow::Result<Measured> {
    let sizes = [effort.scale() / 1000, effort.scale() / 10, effort.scale()];
    let mut logs = Vec::new();
    for events in sizes {
        eprintln!("  … filling a log of {} events", thousands(events as f64));
        logs.push(Log::filled(events).await?);
    }
    eprintln!("  … asking them in turns");
    let rounds = interleaved(effort.rounds(), logs.len(), async |subject| {
        let log = &logs[subject];
        let mut rounds = Vec::new();
        for question in 0..QUESTIONS.len() {
            rounds.push(log.measured(question, effort).await?);
        }
        Ok(rounds)
    })
    .await?;
    let mut middle = Vec::new();
    for rounds in rounds {
        let mut of_log = Vec::new();
        for question in 0..QUESTIONS.len() {
            let rounds = rounds
                .iter()
                .filter_map(|round: &Vec<Asked>| round.get(question).cloned());
            of_log.push(middle_of(rounds.collect())?);
        }
        middle.push(of_log);
    }
    Ok(told(&logs, &middle))
}

/// One round of a question, and what each command or read of it cost the server.
#[derive(Clone)]
struct Asked {
    round: Round,
    costs: Costs,
}

/// The round whose rate is the middle one, with its costs.
fn middle_of(rounds: Vec<Asked>) -> anyhow::Result<Asked> {
    let round = median_round(rounds.iter().map(|asked| asked.round.clone()).collect())?;
    let same = |asked: &Asked| asked.round.per_second.total_cmp(&round.per_second).is_eq();
    let found = rounds.into_iter().find(same);
    found.ok_or_else(|| anyhow::anyhow!("the middle round is none of the rounds"))
}

fn told(logs: &[Log], middle: &[Vec<Asked>]) -> Measured {
    let mut measured = Measured::new("Growth", HOW);
    if let ([small, .., large], [few, .., many]) = (logs, middle) {
        let sizes = format!(
            "at {} events in the log, to the same at {}",
            thousands(large.events as f64),
            thousands(small.events as f64)
        );
        for (question, goal) in [
            (0, Goal::AtMost(1.2)),
            (1, Goal::AtMost(1.2)),
            (3, Goal::None),
            (4, Goal::None),
        ] {
            let what = format!("p50 of {}, {sizes}", QUESTIONS[question]);
            let [few, many] = [few, many].map(|rounds| {
                let round = &rounds[question].round;
                (round.told(), round.percentile(50))
            });
            measured.rows.push(Row::ratio(what, many, few, goal));
        }
    }
    measured.tables.push(table(logs, middle));
    measured
}

fn table(logs: &[Log], middle: &[Vec<Asked>]) -> Table {
    let sizes = logs
        .iter()
        .map(|log| format!("{} events", thousands(log.events as f64)));
    let mut table = Table::new("By the number of events in the log", &[""]);
    table.head.extend(sizes);
    let mut line = |name: &str, cells: Vec<String>| {
        table
            .lines
            .push(std::iter::once(name.to_owned()).chain(cells).collect());
    };
    for (question, name) in QUESTIONS.iter().enumerate() {
        let told = |round: &Round| match question {
            2 => round.told(),
            _ => format!(
                "p50 {:.3} ms, p99 {:.3} ms",
                round.percentile(50),
                round.percentile(99)
            ),
        };
        line(
            name,
            middle
                .iter()
                .map(|rounds| told(&rounds[question].round))
                .collect(),
        );
        let costs = |rounds: &Vec<Asked>| rounds[question].costs.told();
        line("… each costs", middle.iter().map(costs).collect());
    }
    let rebuild = |log: &Log| format!("{} events/s", thousands(log.rebuild));
    line("rebuild of `avatars`", logs.iter().map(rebuild).collect());
    for (nth, name) in SIZES.iter().enumerate() {
        line(
            name,
            logs.iter().map(|log| log.sizes[nth].clone()).collect(),
        );
    }
    table
}

impl Log {
    async fn filled(events: u64) -> anyhow::Result<Self> {
        let scratch = Scratch::create().await?;
        let story = Story::of_a_subscriber(SCENES)?;
        let people = fill(scratch.url(), &story, 0, events).await?;
        scratch.settle().await?;
        costs::take_times(&scratch.pool).await?;
        let (events, took) = catch_up(scratch.url(), &["avatars"]).await?;
        fill_photos(&scratch.pool).await?;
        scratch.settle().await?;
        // Each of them once, from all over the log.
        let stride = people.div_ceil(PICKED);
        let mut picked: Vec<u64> = (0..people / stride)
            .map(|nth| nth * stride + rand::random_range(0..stride))
            .collect();
        picked.shuffle(&mut rand::rng());
        let people = Arc::new(owner_ids(&scratch.pool, &picked).await?);
        Ok(Self {
            ava: Ava::on(&scratch.pool),
            sizes: sizes(&scratch.pool).await?,
            rebuild: events as f64 / took.as_secs_f64(),
            scratch,
            events,
            people,
            asked: AtomicUsize::new(0),
        })
    }

    async fn measured(&self, question: usize, effort: Effort) -> anyhow::Result<Asked> {
        let before = Totals::now(&self.scratch.pool).await?;
        let round = self.asked(question, effort).await?;
        let after = Totals::now(&self.scratch.pool).await?;
        let costs = before.until(after, round.answered());
        Ok(Asked { round, costs })
    }

    async fn asked(&self, question: usize, effort: Effort) -> anyhow::Result<Round> {
        let (ava, pool, people) = (
            self.ava.clone(),
            self.scratch.pool.clone(),
            self.people.clone(),
        );
        let somebody = move || UserId(people[rand::random_range(0..people.len())]);
        match question {
            0 => newcomers(&ava, 1, effort.round(3)).await,
            1 => self.changed(effort).await,
            2 => newcomers(&ava, 64, effort.round(3)).await,
            3 => {
                let read = move || avatar(pool.clone(), somebody());
                hammer(1, effort.round(2), read).await
            }
            _ => {
                let read = move || photos(pool.clone(), somebody());
                hammer(1, effort.round(2), read).await
            }
        }
    }

    /// A round of changes, each of a companion that had none before: neither a cache of ours nor a longer history shall
    /// make a difference between the logs. The smallest log has few people, so a round ends with its share of them.
    async fn changed(&self, effort: Effort) -> anyhow::Result<Round> {
        let share = (self.people.len() / effort.rounds()).max(1);
        let first = self.asked.fetch_add(share, Ordering::Relaxed);
        let (begun, length) = (Instant::now(), effort.round(3));
        let mut latencies = Vec::new();
        for owner in self.people.iter().skip(first).take(share) {
            let asked = Instant::now();
            change(&self.ava, UserId(*owner)).await?;
            latencies.push(asked.elapsed().as_secs_f64() * 1000.0);
            if begun.elapsed() > length {
                break;
            }
        }
        Ok(Round::of(latencies, begun.elapsed()))
    }
}

/// New users whose ids are as random as those of the others.
async fn newcomers(ava: &Ava, clients: usize, length: Duration) -> anyhow::Result<Round> {
    let ava = ava.clone();
    hammer(clients, length, move || {
        ava.clone().create(UserId(Uuid::from_u128(rand::random())))
    })
    .await
}

/// Ages somebody's companion, to an age that it rarely has already.
async fn change(ava: &Ava, owner: UserId) -> anyhow::Result<()> {
    let changes = ProfileChanges {
        age: Some(Age::try_from(rand::random_range(20..100))?),
        ..ProfileChanges::default()
    };
    ava.avatars()
        .change(Context::of_user(owner, Uuid::now_v7()), changes)
        .await?;
    Ok(())
}

async fn avatar(pool: PgPool, owner: UserId) -> anyhow::Result<()> {
    let found = projections::avatars::of_owner(&pool, owner).await?;
    anyhow::ensure!(found.is_some(), "{owner} has no avatar");
    Ok(())
}

async fn photos(pool: PgPool, owner: UserId) -> anyhow::Result<()> {
    let page = projections::photos::list(&pool, owner, &PhotoFilter::default(), None, 21).await?;
    anyhow::ensure!(
        page.len() as u32 == SCENES + 1,
        "{owner} has {} photos",
        page.len()
    );
    Ok(())
}

/// The rows that the projector `photos` would make of the story, in one statement: they are there to be read.
const PHOTOS: &str = "
INSERT INTO photos (photo_id, owner, purpose, scene, status, attempts, image, failure, rules, sequence, position,
                    requested_at, delivered_at)
SELECT (r.payload ->> 'photo_id')::uuid, (r.payload ->> 'owner')::uuid, r.payload ->> 'purpose',
       r.payload -> 'scene' ->> 'personal', 'delivered', 1, d.payload -> 'image', NULL, '{}', d.sequence, d.position,
       r.recorded_at, d.recorded_at
  FROM events r
  JOIN events d ON d.aggregate_type = r.aggregate_type AND d.aggregate_id = r.aggregate_id
                   AND d.event_type = 'PhotoDelivered'
 WHERE r.event_type = 'PhotoRequested'";

async fn fill_photos(pool: &PgPool) -> anyhow::Result<()> {
    let mut filling = pool.begin().await?;
    let settings = "SET LOCAL work_mem = '256MB'; SET LOCAL synchronous_commit = off";
    sqlx::raw_sql(settings).execute(&mut *filling).await?;
    sqlx::query(PHOTOS).execute(&mut *filling).await?;
    Ok(filling.commit().await?)
}

async fn sizes(pool: &PgPool) -> anyhow::Result<Vec<String>> {
    let row = sqlx::query(
        "SELECT pg_size_pretty(pg_table_size('events')), pg_size_pretty(pg_indexes_size('events')),
                pg_size_pretty(pg_total_relation_size('photos'))",
    )
    .fetch_one(pool)
    .await?;
    (0..SIZES.len()).map(|nth| Ok(row.try_get(nth)?)).collect()
}
