//! Personal values in the real log: sealed in the table, open to its readers, gone with their person's key.

use std::{sync::Arc, time::Duration};

use application::{
    avatars::stream,
    context::{CommandError, Context},
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
use futures::future::join_all;
use infrastructure::{
    event_log::PostgresEventLog,
    scratch_database::{ScratchDatabase, master_keys},
    sealing::{KeyRotation, MasterKeys, RotationError},
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

/// What a use case of people's erasure appends.
fn erasure(owner: UserId, expected: u64) -> Append {
    let stream = StreamId {
        aggregate_type: "Person",
        aggregate_id: owner.to_string(),
    };
    let payload = json!({"type": "PersonErased"});
    append(stream, expected, event(owner, "PersonErased", &payload))
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
async fn whoever_is_erased_is_forgotten_in_every_process_and_never_written_again() {
    let database = ScratchDatabase::create().await;
    let (here, there) = (process(&database), process(&database));
    let (owner, bystander) = (someone(), someone());
    here.append(append(id("a"), 0, said(owner, CANARY)))
        .await
        .unwrap();
    here.append(append(id("b"), 0, said(bystander, "still here")))
        .await
        .unwrap();
    let known = [json!({ "personal": CANARY })];
    assert_eq!(names(&here, &id("a")).await, known);
    assert_eq!(names(&there, &id("a")).await, known);
    assert!(!here.is_destroyed(owner).await.unwrap());

    // An erasure that conflicts erases nobody.
    let conflict = here.append(erasure(owner, 7)).await;
    assert!(matches!(conflict, Err(AppendError::Conflict(_))));
    assert!(!there.is_destroyed(owner).await.unwrap());

    let before = dump(&database.pool()).await;
    let appended = here.append(erasure(owner, 0)).await.unwrap();
    assert!(there.is_destroyed(owner).await.unwrap());
    let erased = [json!({"erased": true})];
    assert_eq!(
        names(&here, &id("a")).await,
        erased,
        "at once where it was done"
    );
    // The other process holds the key, and may not know for a second; writing is out of the question all the same.
    let again = there.append(append(id("a"), 1, said(owner, CANARY))).await;
    assert!(matches!(again, Err(AppendError::OwnerErased)));
    let again = here.append(append(id("new"), 0, said(owner, CANARY))).await;
    assert!(matches!(again, Err(AppendError::OwnerErased)));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(names(&there, &id("a")).await, erased);
    assert_eq!(here.head().await.unwrap(), appended.position);

    // What says nothing of them is still recorded, and nobody else is touched.
    let plain = event(
        owner,
        "ProfileChanged",
        &json!({"type": "ProfileChanged", "age": 30}),
    );
    there.append(append(id("a"), 1, plain)).await.unwrap();
    assert_eq!(
        names(&there, &id("b")).await,
        [json!({"personal": "still here"})]
    );
    // The events are what they were; twice changes nothing.
    here.destroy(owner).await.unwrap();
    let after = dump(&database.pool()).await;
    let sealed = before.lines().next().unwrap();
    assert!(after.contains(sealed), "history stays byte for byte");
    let read = here.read(Position(0), 1).await.unwrap();
    match &read[0].event {
        AnyEvent::Avatar(avatar::Event::ProfileChanged { changes }) => {
            assert_eq!(changes.name, Some(Personal::erased()));
        }
        other => panic!("read {other:?}"),
    }
}

#[tokio::test]
async fn nobody_gets_a_key_who_was_erased_before_they_said_anything() {
    let database = ScratchDatabase::create().await;
    let log = process(&database);
    let owner = someone();
    log.destroy(owner).await.unwrap();
    let refused = log.append(append(id("a"), 0, said(owner, CANARY))).await;
    assert!(matches!(refused, Err(AppendError::OwnerErased)));

    let dispatcher = Dispatcher::new(Arc::new(log.clone()), Arc::new(log.clone()));
    let create = avatar::Command::CreateAvatar {
        avatar_id: AvatarId(Uuid::now_v7()),
        owner,
        profile: profile(CANARY),
    };
    let context = Context::of_user(owner, Uuid::now_v7());
    let refused = dispatcher.execute::<Avatar>(stream(owner), create, context);
    assert!(matches!(refused.await, Err(CommandError::OwnerErased)));
    assert_eq!(log.head().await.unwrap(), Position(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_race_for_somebodys_first_key_end_with_one() {
    let database = ScratchDatabase::create().await;
    let processes: Vec<_> = (0..4).map(|_| process(&database)).collect();
    for _ in 0..10 {
        let owner = someone();
        let appends = (0..16).map(|n| {
            let log = processes[n % 4].clone();
            let name = format!("{owner} {n}");
            async move { log.append(append(id(&name), 0, said(owner, CANARY))).await }
        });
        for appended in join_all(appends).await {
            appended.unwrap();
        }
        for n in 0..16 {
            let names = names(&processes[(n + 1) % 4], &id(&format!("{owner} {n}"))).await;
            assert_eq!(names, [json!({ "personal": CANARY })]);
        }
    }
    let keys: i64 = sqlx::query_scalar("SELECT count(*) FROM person_keys")
        .fetch_one(&database.pool())
        .await
        .unwrap();
    assert_eq!(keys, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_of_a_person_is_ever_behind_their_erasure() {
    let database = ScratchDatabase::create().await;
    let processes: Vec<_> = (0..2).map(|_| process(&database)).collect();
    let mut refused = 0;
    for _ in 0..12 {
        let owner = someone();
        let talk = (0..24).map(|n| {
            let log = processes[n % 2].clone();
            async move {
                tokio::time::sleep(Duration::from_micros(n as u64 * 150)).await;
                let stream = id(&format!("{owner} {n}"));
                log.append(append(stream, 0, said(owner, CANARY))).await
            }
        });
        let forget = async {
            tokio::time::sleep(Duration::from_millis(2)).await;
            processes[0].append(erasure(owner, 0)).await.unwrap()
        };
        let (talked, erased) = tokio::join!(join_all(talk), forget);
        for appended in talked {
            match appended {
                Ok(appended) => assert!(appended.position < erased.position),
                Err(AppendError::OwnerErased) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        let behind: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM events
              WHERE position > $1 AND metadata ->> 'owner' = $2 AND payload::text LIKE '%sealed%'",
        )
        .bind(erased.position.0.cast_signed())
        .bind(owner.to_string())
        .fetch_one(&database.pool())
        .await
        .unwrap();
        assert_eq!(behind, 0);
        let key: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT wrapped_key FROM person_keys WHERE user_id = $1")
                .bind(owner.0)
                .fetch_one(&database.pool())
                .await
                .unwrap();
        assert_eq!(key, None);
    }
    assert!(refused > 0, "nobody was late: the test did not test");
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
async fn a_batch_whose_one_command_is_refused_for_a_lost_key_writes_the_others() {
    let database = ScratchDatabase::create().await;
    let (here, there) = (process(&database), process(&database));
    let (erased, alive) = (someone(), someone());
    for owner in [erased, alive] {
        there
            .append(append(
                id(&format!("first {owner}")),
                0,
                said(owner, "hello"),
            ))
            .await
            .unwrap();
    }
    here.destroy(erased).await.unwrap();
    // `there` still holds the key, and carries all of these at once.
    let appends = (0..20).map(|n| {
        let owner = if n % 2 == 0 { erased } else { alive };
        there.append(append(id(&format!("then {n}")), 0, said(owner, CANARY)))
    });
    for (n, outcome) in join_all(appends).await.into_iter().enumerate() {
        match outcome {
            Ok(_) => assert_eq!(n % 2, 1),
            Err(AppendError::OwnerErased) => assert_eq!(n % 2, 0),
            Err(other) => panic!("{other}"),
        }
    }
    let positions: Vec<i64> = sqlx::query_scalar("SELECT position FROM events ORDER BY position")
        .fetch_all(&database.pool())
        .await
        .unwrap();
    assert_eq!(positions, (1..=12).collect::<Vec<_>>(), "without a gap");
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

#[tokio::test]
async fn a_rotation_wraps_every_key_again_and_touches_no_event() {
    let database = ScratchDatabase::create().await;
    let (old, new) = ("11".repeat(32), "22".repeat(32));
    let masters = |text: &str| MasterKeys::parse(text).unwrap();
    let both = masters(&format!("{new}, {old}"));
    let people: Vec<UserId> = (0..1203).map(|_| someone()).collect();
    let log = PostgresEventLog::start(database.pool(), masters(&old));
    let appends = people
        .iter()
        .map(|owner| log.append(append(id(&owner.to_string()), 0, said(*owner, CANARY))));
    for appended in join_all(appends).await {
        appended.unwrap();
    }
    log.destroy(people[7]).await.unwrap();
    let events = "SELECT md5(string_agg(t::text, '' ORDER BY position)) FROM events t";
    let before: String = sqlx::query_scalar(events)
        .fetch_one(&database.pool())
        .await
        .unwrap();

    let mut without_old = KeyRotation::new(database.pool(), masters(&new));
    match without_old.step().await {
        Err(RotationError::Key(error)) => {
            assert!(
                error
                    .to_string()
                    .contains("which AVA_MASTER_KEY does not hold")
            );
        }
        other => panic!("rotated {other:?}"),
    }
    // Broken off after a portion, and begun again.
    let mut rotation = KeyRotation::new(database.pool(), both.clone());
    assert_eq!(rotation.left().await.unwrap(), 1202);
    assert_eq!(rotation.step().await.unwrap(), Some(500));
    let mut rotation = KeyRotation::new(database.pool(), both.clone());
    assert_eq!(rotation.left().await.unwrap(), 702);
    assert_eq!(rotation.step().await.unwrap(), Some(500));
    assert_eq!(rotation.step().await.unwrap(), Some(202));
    assert_eq!(rotation.step().await.unwrap(), None);
    assert_eq!(rotation.left().await.unwrap(), 0);
    let mut again = KeyRotation::new(database.pool(), both);
    assert_eq!(again.step().await.unwrap(), None);

    let after: String = sqlx::query_scalar(events)
        .fetch_one(&database.pool())
        .await
        .unwrap();
    assert_eq!(before, after);
    let log = PostgresEventLog::start(database.pool(), masters(&new));
    for (n, owner) in people
        .iter()
        .enumerate()
        .step_by(100)
        .chain([(7, &people[7])])
    {
        let known = if n == 7 {
            json!({"erased": true})
        } else {
            json!({ "personal": CANARY })
        };
        assert_eq!(names(&log, &id(&owner.to_string())).await, [known]);
    }
    // The old master key alone is good for nothing any more, and says so.
    let log = PostgresEventLog::start(database.pool(), masters(&old));
    match log.load(&id(&people[0].to_string())).await {
        Err(ReadError::Unreadable { source, .. }) => {
            let reason = std::error::Error::source(&source).unwrap().to_string();
            assert!(
                reason.contains("which AVA_MASTER_KEY does not hold"),
                "{reason}"
            );
        }
        other => panic!("loaded {other:?}"),
    }
}

#[test]
fn master_keys_are_some_hexadecimal_digits_and_never_shown() {
    let key = "ab".repeat(32);
    let other = "cd".repeat(32);
    for bad in [
        "",
        "hunter2",
        &key[1..],
        &format!("{key},"),
        &format!("{key},{key}"),
        &format!("{key} {other}"),
    ] {
        assert!(MasterKeys::parse(bad).is_err(), "{bad:?}");
    }
    let keys = MasterKeys::parse(&format!(" {other} , {key}")).unwrap();
    let shown = format!("{keys:?}");
    assert!(shown.contains(keys.newest_id()) && !shown.contains(&other[..8]));
    let swapped = MasterKeys::parse(&format!("{key},{other}")).unwrap();
    assert_ne!(keys.newest_id(), swapped.newest_id());
}
