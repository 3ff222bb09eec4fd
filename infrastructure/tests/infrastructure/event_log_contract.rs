//! What every event log promises, whatever keeps it: run on the real one and on the one in memory.

use application::{
    memory_log::MemoryLog,
    ports::{
        Answer, Append, AppendError, EventLog, IdempotencyClaim, IdempotencyStore, NewEvent,
        PersonKeys, ReadError, StoredEvent, StreamId, StreamSlice,
    },
};
use domain::{
    avatar,
    personal::Personal,
    recorded::AnyEvent,
    values::{Position, UserId},
};
use infrastructure::{
    database::DatabaseRole,
    event_log::PostgresEventLog,
    scratch_database::{ScratchDatabase, master_keys},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// What the suite needs of a log.
trait Log: EventLog + IdempotencyStore + PersonKeys {}
impl<T: EventLog + IdempotencyStore + PersonKeys> Log for T {}

macro_rules! on_both_logs {
    ($($promise:ident)*) => {
        mod in_memory {
            use super::*;
            $(#[tokio::test] async fn $promise() { super::$promise(&MemoryLog::default()).await; })*
        }
        mod in_postgres {
            use super::*;
            $(#[tokio::test] async fn $promise() {
                let database = ScratchDatabase::create().await;
                super::$promise(&PostgresEventLog::start(database.pool_as(DatabaseRole::Worker), master_keys())).await;
            })*
        }
    };
}

on_both_logs! {
    positions_count_from_one_without_gaps
    an_append_at_a_sequence_that_has_passed_is_a_conflict_that_names_where_the_stream_is
    an_append_to_two_streams_writes_both_or_neither
    a_used_key_writes_nothing_and_tells_what_it_stands_for
    a_key_of_another_scope_is_another_key
    the_first_answer_under_a_key_stays
    an_answer_without_events_is_remembered_too
    a_stream_loads_in_order_and_byte_for_byte
    a_stream_loads_from_any_of_its_events_on
    reading_goes_on_after_a_position_and_ends_at_the_head
    an_unreadable_event_is_met_after_everything_before_it
    the_hint_moves_with_every_append
    what_is_personal_is_forgotten_with_its_owner
}

async fn positions_count_from_one_without_gaps(log: &dyn Log) {
    assert_eq!(log.head().await.unwrap(), Position(0));
    for n in 1..=5 {
        let appended = log
            .append(append(&format!("stream {n}"), 0, 2))
            .await
            .unwrap();
        assert_eq!(appended.position, Position(2 * n));
    }
    assert_eq!(log.head().await.unwrap(), Position(10));
    let read = log.read(Position(0), 100).await.unwrap();
    let positions: Vec<u64> = read.iter().map(|event| event.position.0).collect();
    assert_eq!(positions, (1..=10).collect::<Vec<_>>());
}

async fn an_append_at_a_sequence_that_has_passed_is_a_conflict_that_names_where_the_stream_is(
    log: &dyn Log,
) {
    log.append(append("a", 0, 3)).await.unwrap();
    for expected in [0, 2, 4, 99] {
        match log.append(append("a", expected, 1)).await {
            Err(AppendError::Conflict(conflict)) => {
                assert_eq!(conflict.stream, stream("a"));
                assert_eq!(conflict.current_sequence, 3);
            }
            other => panic!("expected a conflict, got {other:?}"),
        }
    }
    assert_eq!(
        log.head().await.unwrap(),
        Position(3),
        "a refused append takes no position"
    );
}

async fn an_append_to_two_streams_writes_both_or_neither(log: &dyn Log) {
    let both = |a, b| Append {
        slices: [append("a", a, 1), append("b", b, 2)]
            .map(|append| append.slices[0].clone())
            .into(),
        idempotency: None,
    };
    assert_eq!(log.append(both(0, 0)).await.unwrap().position, Position(3));
    assert!(matches!(
        log.append(both(1, 0)).await,
        Err(AppendError::Conflict(_))
    ));
    assert!(matches!(
        log.append(both(0, 2)).await,
        Err(AppendError::Conflict(_))
    ));
    assert_eq!(log.load(&stream("a")).await.unwrap().len(), 1);
    assert_eq!(log.load(&stream("b")).await.unwrap().len(), 2);
    assert_eq!(log.append(both(1, 2)).await.unwrap().position, Position(6));
}

async fn a_used_key_writes_nothing_and_tells_what_it_stands_for(log: &dyn Log) {
    assert_eq!(log.find("u", "k").await.unwrap(), None);
    log.append(keyed(append("a", 0, 2), "u", "k", 1))
        .await
        .unwrap();
    match log.append(keyed(append("b", 0, 1), "u", "k", 2)).await {
        Err(AppendError::KeyUsed(known)) => {
            assert_eq!(known.request_hash, [1; 32]);
            assert_eq!(known.position, Position(2));
            assert_eq!(known.answer, None);
            assert_eq!(log.find("u", "k").await.unwrap(), Some(known));
        }
        other => panic!("expected a used key, got {other:?}"),
    }
    assert_eq!(log.head().await.unwrap(), Position(2));
    let stale = log.append(keyed(append("a", 0, 1), "u", "k", 1)).await;
    assert!(
        matches!(stale, Err(AppendError::KeyUsed(_))),
        "a used key comes before a conflict"
    );
}

async fn a_key_of_another_scope_is_another_key(log: &dyn Log) {
    log.append(keyed(append("a", 0, 1), "u", "k", 1))
        .await
        .unwrap();
    log.append(keyed(append("b", 0, 1), "v", "k", 1))
        .await
        .unwrap();
    let conflict = log.append(keyed(append("b", 0, 1), "w", "k", 1)).await;
    assert!(matches!(conflict, Err(AppendError::Conflict(_))));
    assert_eq!(
        log.find("w", "k").await.unwrap(),
        None,
        "a refused append uses no key up"
    );
}

async fn the_first_answer_under_a_key_stays(log: &dyn Log) {
    log.append(keyed(append("a", 0, 1), "u", "k", 1))
        .await
        .unwrap();
    log.remember("u", "k", [1; 32], Position(9), &answer("first"))
        .await
        .unwrap();
    log.remember("u", "k", [1; 32], Position(9), &answer("second"))
        .await
        .unwrap();
    let known = log.find("u", "k").await.unwrap().unwrap();
    assert_eq!(known.position, Position(1));
    assert_eq!(known.answer, Some(answer("first")));
}

async fn an_answer_without_events_is_remembered_too(log: &dyn Log) {
    log.remember("u", "k", [1; 32], Position(7), &answer("nothing to do"))
        .await
        .unwrap();
    let known = log.find("u", "k").await.unwrap().unwrap();
    assert_eq!((known.request_hash, known.position), ([1; 32], Position(7)));
    assert_eq!(known.answer, Some(answer("nothing to do")));
    assert_eq!(
        log.expire().await.unwrap(),
        0,
        "it is younger than seven days"
    );
}

async fn a_stream_loads_in_order_and_byte_for_byte(log: &dyn Log) {
    assert!(log.load(&stream("a")).await.unwrap().is_empty());
    let mut first = append("a", 0, 1);
    let odd = r#"{"type" : "ReferenceImageReady",  "photo_id":"01890000-0000-7000-8000-000000000001", "z":1.50}"#;
    first.slices[0].events[0].payload = odd.to_owned();
    log.append(first).await.unwrap();
    log.append(append("b", 0, 1)).await.unwrap();
    log.append(append("a", 1, 2)).await.unwrap();
    let loaded = log.load(&stream("a")).await.unwrap();
    let places: Vec<_> = loaded
        .iter()
        .map(|event| (event.position.0, event.sequence))
        .collect();
    assert_eq!(places, [(1, 1), (3, 2), (4, 3)]);
    assert_eq!(loaded[0].payload, odd);
    assert_eq!(
        (
            loaded[1].event_type.as_str(),
            loaded[1].event_version.as_str()
        ),
        ("ReferenceImageReady", "1")
    );
}

async fn a_stream_loads_from_any_of_its_events_on(log: &dyn Log) {
    log.append(append("a", 0, 2)).await.unwrap();
    log.append(append("b", 0, 3)).await.unwrap();
    log.append(append("a", 2, 1)).await.unwrap();
    let places = async |id: &str, from: u64| -> Vec<_> {
        let events = log.load_from(&stream(id), from).await.unwrap();
        events
            .iter()
            .map(|event| (event.position.0, event.sequence))
            .collect()
    };
    for from in [0, 1] {
        assert_eq!(places("a", from).await, [(1, 1), (2, 2), (6, 3)]);
    }
    assert_eq!(places("a", 2).await, [(2, 2), (6, 3)]);
    assert_eq!(places("a", 3).await, [(6, 3)]);
    assert_eq!(places("a", 4).await, []);
    assert_eq!(places("nobody", 1).await, []);
    // Read together, each as it was asked for.
    let (of_a, whole, of_b) = tokio::join!(places("a", 3), places("a", 0), places("b", 3));
    assert_eq!((of_a.len(), whole.len()), (1, 3));
    assert_eq!(of_b, [(5, 3)]);
}

async fn reading_goes_on_after_a_position_and_ends_at_the_head(log: &dyn Log) {
    for n in 0..7 {
        log.append(append(&n.to_string(), 0, 1)).await.unwrap();
    }
    let mut seen = Vec::new();
    loop {
        let after = seen.last().copied().unwrap_or_default();
        let page = log.read(Position(after), 3).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 3);
        seen.extend(page.iter().map(|event| event.position.0));
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
    let times = log.read(Position(0), 10).await.unwrap();
    assert!(times.is_sorted_by_key(|event| event.recorded_at));
}

async fn an_unreadable_event_is_met_after_everything_before_it(log: &dyn Log) {
    log.append(append("a", 0, 2)).await.unwrap();
    let mut from_the_future = append("b", 0, 1);
    from_the_future.slices[0].events[0].payload = r#"{"type":"AvatarTaughtToFly"}"#.to_owned();
    log.append(from_the_future).await.unwrap();
    assert_eq!(log.read(Position(0), 10).await.unwrap().len(), 2);
    match log.read(Position(2), 10).await {
        Err(ReadError::Unreadable { position, .. }) => assert_eq!(position, Position(3)),
        other => panic!("expected an unreadable event, got {other:?}"),
    }
}

async fn the_hint_moves_with_every_append(log: &dyn Log) {
    let mut hint = log.hint();
    log.append(append("a", 0, 2)).await.unwrap();
    hint.changed().await.unwrap();
    assert_eq!(*hint.borrow_and_update(), Position(2));
    log.append(append("a", 2, 1)).await.unwrap();
    hint.changed().await.unwrap();
    assert_eq!(*hint.borrow_and_update(), Position(3));
}

async fn what_is_personal_is_forgotten_with_its_owner(log: &dyn Log) {
    let said = r#"{"type":"ProfileChanged","name":{"personal":"Ava"}}"#;
    let forgotten = r#"{"type":"ProfileChanged","name":{"erased":true}}"#;
    let says = |id: &str, expected: u64, owner: UserId| {
        let mut says = append(id, expected, 1);
        let event = &mut says.slices[0].events[0];
        event.payload = said.to_owned();
        event.event_type = "ProfileChanged".to_owned();
        event.event_version = "2".to_owned();
        event.metadata = metadata(owner).into();
        says
    };
    let payload = |events: Vec<StoredEvent>| serde_json::from_str::<Value>(&events[0].payload);
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let (erased, destroyed, other) = (someone(), someone(), someone());
    for (id, owner) in [("a", erased), ("b", destroyed), ("c", other)] {
        log.append(says(id, 0, owner)).await.unwrap();
        let loaded = log.load(&stream(id)).await.unwrap();
        assert_eq!(loaded[0].payload, said);
        assert!(!log.is_destroyed(owner).await.unwrap());
    }

    let mut erasure = append("a", 1, 1);
    erasure.slices[0].stream.aggregate_type = "Person";
    erasure.slices[0].expected_sequence = 0;
    erasure.slices[0].events[0].event_type = "PersonErased".to_owned();
    erasure.slices[0].events[0].metadata = metadata(erased).into();
    log.append(erasure).await.unwrap();
    log.destroy(destroyed).await.unwrap();
    log.destroy(destroyed).await.unwrap();
    for (id, owner) in [("a", erased), ("b", destroyed)] {
        assert!(log.is_destroyed(owner).await.unwrap());
        let loaded = log.load(&stream(id)).await.unwrap();
        assert_eq!(payload(loaded).unwrap(), json(forgotten));
        let again = log.append(says(id, 1, owner)).await;
        assert!(matches!(again, Err(AppendError::OwnerErased)));
        log.append(append(id, 1, 1)).await.unwrap();
    }
    assert!(!log.is_destroyed(other).await.unwrap());
    let loaded = log.load(&stream("c")).await.unwrap();
    assert_eq!(payload(loaded).unwrap(), json(said));
    let read = log.read(Position(0), 3).await.unwrap();
    let names: Vec<_> = read
        .iter()
        .map(|recorded| match &recorded.event {
            AnyEvent::Avatar(avatar::Event::ProfileChanged { changes }) => changes.name.clone(),
            other => panic!("read {other:?}"),
        })
        .collect();
    let known = Some(Personal::new("Ava".parse().unwrap()));
    let gone = Some(Personal::erased());
    assert_eq!(names, [gone.clone(), gone, known]);
}

fn someone() -> UserId {
    UserId(Uuid::now_v7())
}

pub(crate) fn stream(id: &str) -> StreamId {
    StreamId {
        aggregate_type: "Avatar",
        aggregate_id: id.to_owned(),
    }
}

/// `count` events for a stream that is believed to be at `expected`.
pub(crate) fn append(id: &str, expected: u64, count: usize) -> Append {
    let events = (0..count).map(|_| event()).collect();
    let slice = StreamSlice {
        stream: stream(id),
        expected_sequence: expected,
        events,
    };
    Append {
        slices: vec![slice],
        idempotency: None,
    }
}

pub(crate) fn keyed(mut append: Append, scope: &str, key: &str, hash: u8) -> Append {
    append.idempotency = Some(IdempotencyClaim {
        scope: scope.to_owned(),
        key: key.to_owned(),
        request_hash: [hash; 32],
    });
    append
}

fn event() -> NewEvent {
    NewEvent {
        event_id: Uuid::now_v7(),
        event_type: "ReferenceImageReady".to_owned(),
        event_version: "1".to_owned(),
        payload: json!({"type": "ReferenceImageReady", "photo_id": Uuid::now_v7()}).to_string(),
        metadata: metadata(someone()).into(),
    }
}

fn metadata(owner: UserId) -> String {
    json!({
        "actor": "user:x", "owner": owner, "command": "RecordReferenceImage",
        "correlation_id": Uuid::now_v7(), "causation_id": Uuid::now_v7(),
    })
    .to_string()
}

pub fn answer(body: &str) -> Answer {
    Answer {
        status: 201,
        headers: vec![("Location".to_owned(), "/avatars/me".to_owned())],
        body: body.as_bytes().to_vec(),
    }
}
