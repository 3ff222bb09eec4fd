//! Personal values in the real log: sealed in the table, open to its readers, gone with their person's key.

mod forgetting;
mod rotation;

use std::sync::Arc;

use application::{
    avatars::stream,
    context::Context,
    dispatcher::Dispatcher,
    ports::{
        Append, AppendError, EventLog, NewEvent, PersonKeys, ReadError, StreamId, StreamSlice,
    },
};
use cqrs_es::{
    AggregateError, EventStore,
    persist::{PersistedEventRepository, PersistedEventStore},
};
use domain::{
    avatar::{self, Avatar, Profile},
    personal::Personal,
    recorded::AnyEvent,
    values::{Age, AvatarId, Personality, Position, UserId},
};
use infrastructure::{
    event_log::PostgresEventLog,
    scratch_database::{ScratchDatabase, master_keys},
    sealing::MasterKeys,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

const CANARY: &str = "Canary in a coal mine";

fn someone() -> UserId {
    UserId(Uuid::now_v7())
}

fn process(database: &ScratchDatabase) -> PostgresEventLog {
    PostgresEventLog::start(database.pool(), master_keys())
}

fn id(name: &str) -> StreamId {
    StreamId {
        aggregate_type: "Avatar",
        aggregate_id: name.to_owned(),
    }
}

/// An event of that owner with something personal in it.
fn said(owner: UserId, text: &str) -> NewEvent {
    event(
        owner,
        "ProfileChanged",
        &json!({"type": "ProfileChanged", "name": {"personal": text}}),
    )
}

fn event(owner: UserId, event_type: &str, payload: &Value) -> NewEvent {
    NewEvent {
        event_id: Uuid::now_v7(),
        event_type: event_type.to_owned(),
        event_version: "2".to_owned(),
        payload: payload.to_string(),
        metadata: json!({
            "actor": "user:x", "owner": owner, "command": "x",
            "correlation_id": Uuid::nil(), "causation_id": Uuid::nil(),
        })
        .to_string()
        .into(),
    }
}

fn append(stream: StreamId, expected: u64, event: NewEvent) -> Append {
    Append {
        slices: vec![StreamSlice {
            stream,
            expected_sequence: expected,
            events: vec![event],
        }],
        idempotency: None,
    }
}

/// Everything that the tables of the log hold, as text.
async fn dump(pool: &PgPool) -> String {
    let mut text = String::new();
    for table in ["events", "person_keys", "idempotency_keys", "log_head"] {
        let rows: Vec<String> = sqlx::query_scalar(&format!("SELECT t::text FROM {table} t"))
            .fetch_all(pool)
            .await
            .unwrap();
        text.push_str(&rows.join("\n"));
    }
    text
}

async fn names(log: &PostgresEventLog, stream: &StreamId) -> Vec<Value> {
    let events = log.load(stream).await.unwrap();
    events
        .iter()
        .map(|event| serde_json::from_str::<Value>(&event.payload).unwrap()["name"].clone())
        .collect()
}

fn profile(word: &str) -> Profile {
    Profile {
        name: Personal::new(format!("name of {word}").parse().unwrap()),
        age: Age::try_from(25).unwrap(),
        gender: Personal::new(format!("gender of {word}").parse().unwrap()),
        nationality: Personal::new(format!("land of {word}").parse().unwrap()),
        appearance: Personal::new(format!("looks of {word}").parse().unwrap()),
        personality: Personality::Caring,
    }
}

#[tokio::test]
async fn the_table_holds_no_word_of_a_person_and_every_reader_sees_all_of_them() {
    let database = ScratchDatabase::create().await;
    let log = process(&database);
    let owner = someone();
    let dispatcher = Dispatcher::new(Arc::new(log.clone()), Arc::new(log.clone()));
    let context = Context::of_user(owner, Uuid::now_v7());
    let create = avatar::Command::CreateAvatar {
        avatar_id: AvatarId(Uuid::now_v7()),
        owner,
        profile: profile(CANARY),
    };
    let created = dispatcher.execute::<Avatar>(stream(owner), create, context);
    created.await.unwrap();

    let kept = dump(&database.pool()).await;
    assert!(kept.contains("AvatarCreated") && kept.contains("sealed"));
    assert!(
        !kept.contains(CANARY) && !kept.contains("personal\""),
        "{kept}"
    );

    // Another process, which has to ask for the key.
    let other = process(&database);
    let dispatcher = Dispatcher::new(Arc::new(other.clone()), Arc::new(other.clone()));
    let loaded = dispatcher.load::<Avatar>(stream(owner)).await.unwrap();
    assert_eq!(loaded.state.profile(), Some(&profile(CANARY)));
    let read = other.read(Position(0), 10).await.unwrap();
    match &read[0].event {
        AnyEvent::Avatar(avatar::Event::AvatarCreated { profile: read, .. }) => {
            assert_eq!(*read, profile(CANARY));
        }
        other => panic!("read {other:?}"),
    }
    let mut replay = other.stream_all_events::<Avatar>().await.unwrap();
    let replayed = replay.next::<Avatar>(&[]).await.unwrap().unwrap();
    assert_eq!(AnyEvent::Avatar(replayed.payload), read[0].event);
}

#[tokio::test]
async fn what_another_implementation_sealed_opens_here() {
    let golden: Value = serde_json::from_str(include_str!("../golden/sealed_event.json")).unwrap();
    let text = |name: &str| golden[name].as_str().unwrap().to_owned();
    let database = ScratchDatabase::create().await;
    let masters = MasterKeys::parse(&text("master_key")).unwrap();
    assert_eq!(masters.newest_id(), text("master_key_id"));
    sqlx::query(
        "INSERT INTO person_keys (user_id, key_id, wrapped_key, master_key_id, created_at)
         VALUES ($1::uuid, $2::uuid, decode($3, 'hex'), $4, now())",
    )
    .bind(text("person"))
    .bind(text("key_id"))
    .bind(text("wrapped_key"))
    .bind(text("master_key_id"))
    .execute(&database.pool())
    .await
    .unwrap();
    let owner: UserId = text("person").parse().unwrap();
    insert(
        &database.pool(),
        owner,
        1,
        &text("aggregate_id"),
        1,
        &text("stored"),
    )
    .await;

    let log = PostgresEventLog::start(database.pool(), masters);
    let loaded = log.load(&id(&text("aggregate_id"))).await.unwrap();
    assert_eq!(loaded[0].payload, text("opened"));
    assert_eq!(log.read(Position(0), 1).await.unwrap().len(), 1);
}

/// Puts an event into the table past the log.
async fn insert(
    pool: &PgPool,
    owner: UserId,
    position: i64,
    aggregate_id: &str,
    sequence: i64,
    payload: &str,
) {
    let metadata = event(owner, "x", &json!({})).metadata;
    let event_type = serde_json::from_str::<Value>(payload).unwrap()["type"].clone();
    sqlx::query(
        "INSERT INTO events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                             payload, metadata, recorded_at)
         VALUES ($1, gen_random_uuid(), 'Avatar', $2, $3, $4, '2', $5::json, $6::json, now())",
    )
    .bind(position)
    .bind(aggregate_id)
    .bind(sequence)
    .bind(event_type.as_str().unwrap())
    .bind(payload)
    .bind(&*metadata)
    .execute(pool)
    .await
    .unwrap();
    sqlx::query("UPDATE log_head SET position = $1")
        .bind(position)
        .execute(pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_moved_or_changed_is_refused_in_the_same_words_by_every_reader() {
    let database = ScratchDatabase::create().await;
    let log = process(&database);
    let owner = someone();
    log.append(append(id("a"), 0, said(owner, CANARY)))
        .await
        .unwrap();
    let stored: String = sqlx::query_scalar("SELECT payload::text FROM events")
        .fetch_one(&database.pool())
        .await
        .unwrap();
    // The same person's words, as if they had been said once more.
    insert(&database.pool(), owner, 2, "a", 2, &stored).await;

    let expected = "what is sealed at \"/name\" was not sealed for this place of this event with this person's key: it \
                    was changed or moved";
    let told = |error: &dyn std::error::Error| error.source().unwrap().to_string();
    match log.load(&id("a")).await {
        Err(ReadError::Unreadable { position, source }) => {
            assert_eq!(position, Position(2));
            assert_eq!(
                source.to_string(),
                "the personal values in Avatar.ProfileChanged cannot be opened"
            );
            assert_eq!(told(&source), expected);
        }
        other => panic!("loaded {other:?}"),
    }
    assert_eq!(log.read(Position(0), 10).await.unwrap().len(), 1);
    match log.read(Position(1), 10).await {
        Err(ReadError::Unreadable { position, source }) => {
            assert_eq!((position, told(&source).as_str()), (Position(2), expected));
        }
        other => panic!("read {other:?}"),
    }
    let store = PersistedEventStore::<_, Avatar>::new_event_store(log.clone());
    match store.load_aggregate("a").await {
        Err(AggregateError::DeserializationError(source)) => assert_eq!(told(&*source), expected),
        other => panic!("loaded {:?}", other.map(|context| context.aggregate_id)),
    }

    // Another person's key does not open it either, nor one bit less of it.
    log.append(append(id("b"), 0, said(someone(), CANARY)))
        .await
        .unwrap();
    let stranger = someone();
    log.append(append(id("c"), 0, said(stranger, CANARY)))
        .await
        .unwrap();
    insert(&database.pool(), stranger, 5, "d", 1, &stored).await;
    assert!(log.load(&id("d")).await.is_err());
    let mut cut: Value = serde_json::from_str(&stored).unwrap();
    let sealed = cut["name"]["sealed"].as_str().unwrap();
    cut["name"]["sealed"] = sealed[..sealed.len() - 1].into();
    insert(&database.pool(), owner, 6, "e", 1, &cut.to_string()).await;
    assert!(log.load(&id("e")).await.is_err());
}

#[tokio::test]
async fn several_peoples_events_in_one_append_are_sealed_with_their_own_keys() {
    let database = ScratchDatabase::create().await;
    let log = process(&database);
    let (one, other) = (someone(), someone());
    let mut both = append(id("one"), 0, said(one, "of one"));
    both.slices
        .extend(append(id("other"), 0, said(other, "of the other")).slices);
    log.append(both.clone()).await.unwrap();
    log.destroy(one).await.unwrap();
    assert_eq!(names(&log, &id("one")).await, [json!({"erased": true})]);
    let known = json!({"personal": "of the other"});
    assert_eq!(names(&log, &id("other")).await, [known]);
    // All of it or nothing.
    for slice in &mut both.slices {
        slice.expected_sequence = 1;
    }
    let refused = log.append(both).await;
    assert!(matches!(refused, Err(AppendError::OwnerErased)));
    assert_eq!(log.head().await.unwrap(), Position(2));
}

#[tokio::test]
async fn plain_values_of_former_versions_are_read_as_they_are() {
    let database = ScratchDatabase::create().await;
    let payload = r#"{"type":"ProfileChanged","name":{"personal":"from before"}}"#;
    insert(&database.pool(), someone(), 1, "a", 1, payload).await;
    let log = process(&database);
    assert_eq!(log.load(&id("a")).await.unwrap()[0].payload, payload);
    assert_eq!(log.read(Position(0), 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_personal_is_written_that_belongs_to_nobody() {
    let database = ScratchDatabase::create().await;
    let log = process(&database);
    let mut nobodys = said(someone(), CANARY);
    nobodys.metadata = r#"{"actor":"user:x"}"#.into();
    match log.append(append(id("a"), 0, nobodys)).await {
        Err(AppendError::Unavailable(error)) => {
            let reason = error.0.to_string();
            assert!(
                reason.contains("its metadata do not say whose it is"),
                "{reason}"
            );
        }
        other => panic!("appended {other:?}"),
    }
    assert_eq!(log.head().await.unwrap(), Position(0));
}
