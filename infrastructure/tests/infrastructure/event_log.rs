//! The log under concurrency, cut connections and hostile statements.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use application::ports::{AppendError, EventLog};
use cqrs_es::{CqrsFramework, EventStore, persist::PersistedEventStore};
use domain::{
    avatar::{Avatar, Command, Profile},
    personal::Personal,
    values::{Age, AvatarId, Personality, PhotoId, Position, UserId},
};
use infrastructure::{
    database::DatabaseRole,
    event_log::PostgresEventLog,
    scratch_database::{ScratchDatabase, master_keys},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::event_log_contract::{append, keyed, stream};

const WRITERS: usize = 16;
const STREAMS: u64 = 5;
/// So many commands get through between two cuts, however slow the machine is: who cuts by the clock lets a slow one do nothing.
const BETWEEN_CUTS: usize = 12;

/// What one writer was told: which event ids are in the log, and at which position the last one is.
type Acknowledged = Vec<(Vec<Uuid>, Position)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_or_doubled_while_writers_conflict_and_connections_are_cut() {
    let database = ScratchDatabase::create().await;
    let over = Arc::new(AtomicBool::new(false));
    // Two logs stand for two processes that append at the same time.
    let logs = [0, 1]
        .map(|_| PostgresEventLog::start(database.pool_as(DatabaseRole::Worker), master_keys()));
    let reader = tokio::spawn(follow(logs[0].clone(), over.clone()));
    let progress = Arc::new(AtomicUsize::new(0));
    let saboteur = tokio::spawn(cut_connections(
        database.pool(),
        progress.clone(),
        over.clone(),
    ));

    let writers: Vec<_> = (0..WRITERS)
        .map(|n| tokio::spawn(write(logs[n % 2].clone(), n, progress.clone())))
        .collect();
    let mut acknowledged = Acknowledged::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    assert!(
        acknowledged.len() >= WRITERS * 15,
        "only {} commands got through",
        acknowledged.len()
    );
    over.store(true, Ordering::SeqCst);
    let cuts = saboteur.await.unwrap();
    assert!(
        cuts >= 10,
        "only {cuts} connections were cut: the test did not test"
    );

    let rows: Vec<(i64, Uuid, String, i64)> = sqlx::query_as(
        "SELECT position, event_id, aggregate_id, sequence FROM events ORDER BY position",
    )
    .fetch_all(&database.pool())
    .await
    .unwrap();
    let positions: Vec<i64> = rows.iter().map(|row| row.0).collect();
    assert_eq!(
        positions,
        (1..=rows.len() as i64).collect::<Vec<_>>(),
        "no gap, no double"
    );

    let place: BTreeMap<Uuid, i64> = rows.iter().map(|row| (row.1, row.0)).collect();
    for (ids, last) in &acknowledged {
        let found: Vec<Option<&i64>> = ids.iter().map(|id| place.get(id)).collect();
        let first = last.0 as i64 - ids.len() as i64 + 1;
        let expected: Vec<i64> = (first..=last.0 as i64).collect();
        assert_eq!(
            found,
            expected.iter().map(Some).collect::<Vec<_>>(),
            "acknowledged and there"
        );
    }
    let mut sequences: BTreeMap<&str, i64> = BTreeMap::new();
    for (_, _, aggregate, sequence) in &rows {
        let last = sequences.entry(aggregate).or_default();
        assert_eq!(
            *sequence,
            *last + 1,
            "each stream counts on in the order of positions"
        );
        *last = *sequence;
    }
    let followed = reader.await.unwrap();
    assert_eq!(
        followed,
        rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "each once, in order"
    );
}

/// Appends to a few shared streams (conflicts) and to streams of its own, some commands with a key that is used twice.
async fn write(log: PostgresEventLog, writer: usize, progress: Arc<AtomicUsize>) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    let mut seed = writer as u64;
    for round in 0..80u64 {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let shared = seed >> 33 & 1 == 0;
        let id = if shared {
            format!("shared {}", (seed >> 40) % STREAMS)
        } else {
            format!("own {writer}")
        };
        let Ok(history) = log.load(&stream(&id)).await else {
            continue;
        };
        let mut wish = append(&id, history.len() as u64, 1 + (seed >> 50) as usize % 3);
        if round % 4 == 0 {
            wish = keyed(wish, "test", &format!("{writer}/{}", round / 8), 1);
        }
        let ids = wish.slices[0]
            .events
            .iter()
            .map(|event| event.event_id)
            .collect();
        match log.append(wish).await {
            Ok(appended) => {
                acknowledged.push((ids, appended.position));
                progress.fetch_add(1, Ordering::SeqCst);
            }
            Err(
                AppendError::Conflict(_) | AppendError::KeyUsed(_) | AppendError::Unavailable(_),
            ) => {}
            Err(AppendError::OwnerErased) => panic!("nobody is erased here"),
        }
    }
    acknowledged
}

/// Reads by `position > n` while the writers write, until it has seen everything.
async fn follow(log: PostgresEventLog, over: Arc<AtomicBool>) -> Vec<Uuid> {
    let mut seen: Vec<Uuid> = Vec::new();
    loop {
        let done = over.load(Ordering::SeqCst);
        match log.read(Position(seen.len() as u64), 37).await {
            Ok(page) if page.is_empty() && done => return seen,
            Ok(page) => {
                for event in page {
                    assert_eq!(
                        event.position.0,
                        seen.len() as u64 + 1,
                        "a reader skips nothing"
                    );
                    seen.push(event.event_id);
                }
            }
            Err(_) => {} // its connection was cut, too
        }
        tokio::task::yield_now().await;
    }
}

async fn cut_connections(pool: PgPool, progress: Arc<AtomicUsize>, over: Arc<AtomicBool>) -> usize {
    let mut cuts = 0;
    let mut done = 0;
    while !over.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(25)).await;
        let now = progress.load(Ordering::SeqCst);
        if now < done + BETWEEN_CUTS {
            continue;
        }
        done = now;
        let cut = sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND pid <> pg_backend_pid()
              ORDER BY random() LIMIT 4",
        )
        .fetch_all(&pool)
        .await;
        cuts += cut.map_or(0, |rows| rows.len());
    }
    cuts
}

#[tokio::test]
async fn history_is_never_rewritten() {
    let database = ScratchDatabase::create().await;
    let log = PostgresEventLog::start(database.pool_as(DatabaseRole::Worker), master_keys());
    log.append(append("a", 0, 2)).await.unwrap();
    for statement in [
        "UPDATE events SET event_type = 'x'",
        "DELETE FROM events",
        "TRUNCATE events",
    ] {
        let refused = sqlx::query(statement)
            .execute(&database.pool())
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("never changed or removed"),
            "{statement}: {refused}"
        );
    }
    assert_eq!(log.read(Position(0), 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn one_unacceptable_command_does_not_fail_its_neighbours() {
    let database = ScratchDatabase::create().await;
    let log = PostgresEventLog::start(database.pool_as(DatabaseRole::Worker), master_keys());
    log.append(append("warm", 0, 1)).await.unwrap();
    let mut broken = append("broken", 0, 1);
    broken.slices[0].events[0].payload = "{not json".to_owned();
    let (a, refused, b) = tokio::join!(
        log.append(append("a", 0, 1)),
        log.append(broken),
        log.append(append("b", 0, 1))
    );
    assert!(a.is_ok() && b.is_ok());
    assert!(matches!(refused, Err(AppendError::Unavailable(_))));
    assert_eq!(log.head().await.unwrap(), Position(3));
}

#[tokio::test]
async fn commands_on_one_stream_in_one_batch_are_ordered_and_the_second_conflicts() {
    let database = ScratchDatabase::create().await;
    let log = PostgresEventLog::start(database.pool_as(DatabaseRole::Worker), master_keys());
    let tries = (0..20).map(|_| log.append(append("a", 0, 1)));
    let outcomes = futures::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let conflicts = outcomes
        .iter()
        .filter(|o| matches!(o, Err(AppendError::Conflict(c)) if c.current_sequence == 1));
    assert_eq!(conflicts.count(), 19);
}

/// Holds the row that every append has to lock.
async fn hold_the_head(database: &ScratchDatabase) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut holding = database.pool().begin().await.unwrap();
    sqlx::query("SELECT * FROM log_head FOR UPDATE")
        .execute(&mut *holding)
        .await
        .unwrap();
    holding
}

#[tokio::test]
async fn an_append_whose_answer_is_late_is_settled_and_tried_again_once() {
    let database = ScratchDatabase::create().await;
    let log = PostgresEventLog::start(database.pool_as(DatabaseRole::Worker), master_keys());
    let holding = hold_the_head(&database).await;
    let letting_go = async {
        tokio::time::sleep(Duration::from_millis(1300)).await;
        holding.rollback().await.unwrap();
    };
    let (appended, ()) = tokio::join!(log.append(append("a", 0, 2)), letting_go);
    assert_eq!(appended.unwrap().position, Position(2));
    assert_eq!(log.read(Position(0), 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_refused_for_lack_of_an_answer_is_not_written_later() {
    let database = ScratchDatabase::create().await;
    let log = PostgresEventLog::start(database.pool_as(DatabaseRole::Worker), master_keys());
    let holding = hold_the_head(&database).await;
    let refused = log.append(append("a", 0, 2)).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))));
    holding.rollback().await.unwrap();
    assert_eq!(
        log.append(append("b", 0, 1)).await.unwrap().position,
        Position(1)
    );
    assert_eq!(log.read(Position(0), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn while_the_log_is_away_commands_are_told_so_within_two_seconds() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let pool = PgPool::connect_lazy(&format!("postgres://nobody@{address}/none")).unwrap();
    let log = PostgresEventLog::start(pool, master_keys());
    let begun = Instant::now();
    let wanted = stream("a");
    let (appended, loaded) = tokio::join!(log.append(append("a", 0, 1)), log.load(&wanted));
    assert!(matches!(appended, Err(AppendError::Unavailable(_))));
    assert!(loaded.is_err());
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "it took {:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn the_stores_of_cqrs_es_and_postgres_es_load_the_same_states() {
    let database = ScratchDatabase::create().await;
    let log = PostgresEventLog::start(database.pool_as(DatabaseRole::Worker), master_keys());
    // cqrs-es's own framework writes through our log …
    let framework = CqrsFramework::<Avatar, _>::new(
        PersistedEventStore::<_, Avatar>::new_event_store(log.clone()),
        Vec::new(),
        (),
    );
    let owner = UserId(Uuid::now_v7());
    let id = owner.to_string();
    let photo_id = PhotoId(Uuid::now_v7());
    let metadata = || {
        [
            ("actor", "user:x"),
            ("owner", id.as_str()),
            ("command", "x"),
            ("correlation_id", id.as_str()),
            ("causation_id", id.as_str()),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
    };
    for command in [
        Command::CreateAvatar {
            avatar_id: AvatarId(Uuid::now_v7()),
            owner,
            profile: profile(),
        },
        Command::RequestReferenceImage { photo_id },
        Command::RecordReferenceImage { photo_id },
        Command::ApproveReferenceImage { photo_id },
    ] {
        framework
            .execute_with_metadata(&id, command, metadata())
            .await
            .unwrap();
    }
    // … ours reads it, and so does stock postgres-es.
    let events = log
        .load(&application::avatars::stream(owner))
        .await
        .unwrap();
    let mut ours = Avatar::default();
    for event in &events {
        cqrs_es::Aggregate::apply(&mut ours, serde_json::from_str(&event.payload).unwrap());
    }
    // It sees what is sealed as it lies in the table, and needs the person's key to understand it.
    let stock = || {
        PersistedEventStore::<_, Avatar>::new_event_store(
            postgres_es::PostgresEventRepository::new(database.pool()),
        )
    };
    assert!(stock().load_aggregate(&id).await.is_err());
    let opener = log.person_keys().opener([owner]).await.unwrap();
    let opening = stock().with_upcasters(vec![Box::new(opener)]);
    let mut theirs = opening.load_aggregate(&id).await.unwrap();
    assert_eq!(cqrs_es::AggregateContext::aggregate(&mut theirs), &ours);
    assert_eq!(ours.approved_reference(), Some(photo_id));
    let ids: HashSet<u64> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(ids, HashSet::from([1, 2, 3, 4]));
    let read = log.read(Position(0), 10).await.unwrap();
    assert_eq!(
        read.len(),
        4,
        "their metadata is readable to our projectors"
    );
}

fn profile() -> Profile {
    Profile {
        name: Personal::new("Ava".parse().unwrap()),
        age: Age::try_from(25).unwrap(),
        gender: Personal::new("woman".parse().unwrap()),
        nationality: Personal::new("French".parse().unwrap()),
        appearance: Personal::new("auburn hair".parse().unwrap()),
        personality: Personality::Caring,
    }
}
