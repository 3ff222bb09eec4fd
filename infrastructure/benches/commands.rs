//! Durable commands per second: Ava's dispatcher and log beside stock `cqrs-es` + `postgres-es`, on one PostgreSQL
//! with durability on. Each command makes a new aggregate with one event. Rounds alternate (A B A B …), medians
//! are printed.
//!
//! `cargo bench -p infrastructure --bench commands -- [SECONDS PER ROUND] [ROUNDS]`
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on has nothing to say"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use application::{avatars::Avatars, context::Context, dispatcher::Dispatcher};
use cqrs_es::{CqrsFramework, persist::PersistedEventStore};
use domain::{
    avatar::{Avatar, Command, Profile},
    personal::Personal,
    values::{Age, AvatarId, Personality, UserId},
};
use infrastructure::{event_log::PostgresEventLog, scratch_database::ScratchDatabase};
use postgres_es::PostgresEventRepository;
use sqlx::{PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

const CLIENTS: [usize; 3] = [1, 64, 256];
const POOL: u32 = 32;

/// postgres-es 0.5.0, `db/init.sql`.
const STOCK_SCHEMA: &str = "CREATE SCHEMA stock; CREATE TABLE stock.events (
    aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint CHECK (sequence >= 0) NOT NULL,
    event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
    timestamp timestamp with time zone DEFAULT (CURRENT_TIMESTAMP),
    PRIMARY KEY (aggregate_type, aggregate_id, sequence))";

type Stock = CqrsFramework<Avatar, PersistedEventStore<PostgresEventRepository, Avatar>>;

#[derive(Clone)]
enum Subject {
    Ava(Avatars),
    Stock(Arc<Stock>),
}

impl Subject {
    async fn command(&self) {
        let owner = UserId(Uuid::now_v7());
        let avatar_id = AvatarId(Uuid::now_v7());
        match self {
            Self::Ava(avatars) => {
                let context = Context::of_user(owner, Uuid::now_v7());
                avatars.create(context, avatar_id, profile()).await.unwrap();
            }
            Self::Stock(framework) => {
                let command = Command::CreateAvatar {
                    avatar_id,
                    owner,
                    profile: profile(),
                };
                framework
                    .execute(&owner.to_string(), command)
                    .await
                    .unwrap();
            }
        }
    }
}

/// What one round measured.
struct Round {
    per_second: f64,
    /// Latencies in milliseconds, sorted.
    latencies: Vec<f64>,
}

impl Round {
    fn percentile(&self, percent: usize) -> f64 {
        self.latencies
            .get(self.latencies.len() * percent / 100)
            .copied()
            .unwrap_or_default()
    }
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument.parse::<u64>().is_ok());
    let seconds = arguments.next().map_or(5, |text| text.parse().unwrap());
    let rounds = arguments.next().map_or(3, |text| text.parse().unwrap());
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(run(Duration::from_secs(seconds), rounds));
}

async fn run(length: Duration, rounds: usize) {
    let database = ScratchDatabase::durable().await;
    let pool = PgPoolOptions::new()
        .max_connections(POOL)
        .connect(database.url())
        .await
        .unwrap();
    let subjects = [("ava", ava(&pool)), ("postgres-es", stock(&pool).await)];
    println!(
        "{:>7}  {:<12} {:>10}  {:>8} {:>8}",
        "clients", "store", "commands/s", "p50 ms", "p99 ms"
    );
    for clients in CLIENTS {
        let mut measured = [const { Vec::new() }; 2];
        for _ in 0..rounds {
            for (nth, (_, subject)) in subjects.iter().enumerate() {
                measured[nth].push(round(subject, clients, length).await);
            }
        }
        let medians = measured.map(median);
        for ((name, _), round) in subjects.iter().zip(&medians) {
            let (p50, p99) = (round.percentile(50), round.percentile(99));
            println!(
                "{clients:>7}  {name:<12} {:>10.0}  {p50:>8.2} {p99:>8.2}",
                round.per_second
            );
        }
        println!(
            "{clients:>7}  ratio        {:>9.2}x",
            medians[0].per_second / medians[1].per_second
        );
    }
}

fn ava(pool: &PgPool) -> Subject {
    let log = Arc::new(PostgresEventLog::start(pool.clone()));
    Subject::Ava(Avatars::new(Dispatcher::new(log.clone(), log)))
}

async fn stock(pool: &PgPool) -> Subject {
    sqlx::raw_sql(STOCK_SCHEMA).execute(pool).await.unwrap();
    let repository =
        PostgresEventRepository::new(pool.clone()).with_tables("stock.events", "stock.snapshots");
    let store = PersistedEventStore::new_event_store(repository);
    Subject::Stock(Arc::new(CqrsFramework::new(store, Vec::new(), ())))
}

async fn round(subject: &Subject, clients: usize, length: Duration) -> Round {
    let begun = Instant::now();
    let clients: Vec<_> = (0..clients)
        .map(|_| tokio::spawn(client(subject.clone(), begun + length)))
        .collect();
    let mut latencies = Vec::new();
    for client in clients {
        latencies.extend(client.await.unwrap());
    }
    let per_second = latencies.len() as f64 / begun.elapsed().as_secs_f64();
    latencies.sort_by(f64::total_cmp);
    Round {
        per_second,
        latencies,
    }
}

async fn client(subject: Subject, until: Instant) -> Vec<f64> {
    let mut latencies = Vec::new();
    while Instant::now() < until {
        let begun = Instant::now();
        subject.command().await;
        latencies.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    latencies
}

fn median(mut rounds: Vec<Round>) -> Round {
    rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    rounds.swap_remove(rounds.len() / 2)
}

fn profile() -> Profile {
    Profile {
        name: Personal::new("Ava".parse().unwrap()),
        age: Age::try_from(25).unwrap(),
        gender: "woman".parse().unwrap(),
        nationality: "French".parse().unwrap(),
        appearance: Personal::new("long auburn hair, green eyes, freckles".parse().unwrap()),
        personality: Personality::Caring,
    }
}
