//! Rows of older and of newer versions, read in every way in which the log is read.

use std::sync::Arc;

use application::{
    avatars::stream,
    context::CommandError,
    dispatcher::Dispatcher,
    ports::{Append, EventLog, NewEvent, ReadError, StreamSlice},
};
use cqrs_es::{
    AggregateContext, AggregateError, EventStore,
    persist::{EventUpcaster, PersistedEventRepository, PersistedEventStore},
};
use domain::{
    avatar::{self, Avatar},
    recorded::AnyEvent,
    upcasting::{Upcaster, Upcasters},
    values::{Age, Position, UserId},
};
use infrastructure::{
    database::DatabaseRole,
    event_log::PostgresEventLog,
    scratch_database::{ScratchDatabase, master_keys},
    sealing::Opener,
};
use postgres_es::PostgresEventRepository;
use serde_json::{Value, json};
use uuid::Uuid;

/// Versions that were never written: once `AvatarCreated` was called `AvatarBorn`, and at first it counted months.
const UPCASTERS: Upcasters = Upcasters::new(&[
    Upcaster {
        aggregate_type: "Avatar",
        from: ("AvatarBorn", "0"),
        to: ("AvatarBorn", "1"),
        change: |fields| {
            if let Some(months) = fields.remove("months").as_ref().and_then(Value::as_u64) {
                fields.insert("age".to_owned(), (months / 12).into());
            }
        },
    },
    Upcaster {
        aggregate_type: "Avatar",
        from: ("AvatarBorn", "1"),
        to: ("AvatarCreated", "2"),
        change: |_| {},
    },
]);

#[tokio::test]
async fn a_row_of_an_old_version_is_the_same_event_to_every_reader() {
    let database = ScratchDatabase::create().await;
    let log = PostgresEventLog::start(database.pool_as(DatabaseRole::Worker), master_keys())
        .upcasting_with(UPCASTERS);
    let owner = UserId(Uuid::now_v7());
    let id = owner.to_string();
    write(&log, owner, "AvatarBorn", "0", &born(owner)).await;

    let dispatcher = Dispatcher::new(Arc::new(log.clone()), Arc::new(log.clone()));
    let folded = dispatcher.load::<Avatar>(stream(owner)).await.unwrap();
    let known = folded.state.profile().unwrap();
    assert_eq!(known.age, Age::try_from(25).unwrap());

    let read = log.read(Position(0), 10).await.unwrap();
    match &read[0].event {
        AnyEvent::Avatar(avatar::Event::AvatarCreated { profile, .. }) => {
            assert_eq!(profile, known);
        }
        other => panic!("expected the avatar's creation, got {other:?}"),
    }

    let opener = log.person_keys().opener([owner]).await.unwrap();
    let ours = || PersistedEventStore::<_, Avatar>::new_event_store(log.clone());
    let stock = PersistedEventStore::<_, Avatar>::new_event_store(PostgresEventRepository::new(
        database.pool(),
    ));
    for loaded in [
        ours().load_aggregate(&id).await,
        ours()
            .with_upcasters(UPCASTERS.for_stock_store())
            .load_aggregate(&id)
            .await,
        stock
            .with_upcasters(opening_first(opener))
            .load_aggregate(&id)
            .await,
    ] {
        let mut loaded = loaded.unwrap();
        assert_eq!(loaded.aggregate(), &folded.state);
    }

    let mut replay = log.stream_all_events::<Avatar>().await.unwrap();
    let replayed = replay.next::<Avatar>(&[]).await.unwrap().unwrap();
    assert_eq!(AnyEvent::Avatar(replayed.payload), read[0].event);
}

/// For a store that reads the table as it is: what is sealed in it is opened first.
fn opening_first(opener: Opener) -> Vec<Box<dyn EventUpcaster>> {
    let mut upcasters: Vec<Box<dyn EventUpcaster>> = vec![Box::new(opener)];
    upcasters.extend(UPCASTERS.for_stock_store());
    upcasters
}

/// With our own list: whoever went past it would accept this row, whose JSON is that of today.
#[tokio::test]
async fn a_row_of_a_newer_version_is_refused_in_the_same_words_by_every_reader() {
    let database = ScratchDatabase::create().await;
    let log = PostgresEventLog::start(database.pool_as(DatabaseRole::Worker), master_keys());
    let owner = UserId(Uuid::now_v7());
    let id = owner.to_string();
    write(&log, owner, "AvatarCreated", "3", &created(owner)).await;

    let dispatcher = Dispatcher::new(Arc::new(log.clone()), Arc::new(log.clone()));
    let folded = match dispatcher.load::<Avatar>(stream(owner)).await {
        Err(CommandError::Unreadable(source)) => source.to_string(),
        other => panic!("folded {other:?}"),
    };
    let read = match log.read(Position(0), 10).await {
        Err(ReadError::Unreadable { source, .. }) => source.to_string(),
        other => panic!("read {other:?}"),
    };
    let store = PersistedEventStore::<_, Avatar>::new_event_store(log.clone());
    let loaded = match store.load_aggregate(&id).await {
        Err(AggregateError::DeserializationError(source)) => source.to_string(),
        other => panic!("loaded {:?}", other.map(|context| context.aggregate_id)),
    };
    let mut replay = log.stream_all_events::<Avatar>().await.unwrap();
    let replayed = replay.next::<Avatar>(&[]).await.unwrap();
    let replayed = replayed.unwrap_err().to_string();

    for told in [folded, read, loaded, replayed] {
        assert_eq!(
            told,
            "Avatar.AvatarCreated has version 3, but only versions up to 2 are known here; \
             a newer version of Ava wrote this log"
        );
    }
}

async fn write(log: &PostgresEventLog, owner: UserId, name: &str, version: &str, payload: &Value) {
    let metadata = json!({
        "actor": "user:x", "owner": owner, "command": "x",
        "correlation_id": Uuid::nil(), "causation_id": Uuid::nil(),
    });
    let event = NewEvent {
        event_id: Uuid::now_v7(),
        event_type: name.to_owned(),
        event_version: version.to_owned(),
        payload: payload.to_string(),
        metadata: metadata.to_string().into(),
    };
    let slice = StreamSlice {
        stream: stream(owner),
        expected_sequence: 0,
        events: vec![event],
    };
    log.append(Append {
        slices: vec![slice],
        idempotency: None,
    })
    .await
    .unwrap();
}

fn born(owner: UserId) -> Value {
    let mut event = created(owner);
    event["type"] = json!("AvatarBorn");
    let fields = event.as_object_mut().unwrap();
    fields.remove("age");
    fields.insert("months".to_owned(), json!(301));
    event
}

fn created(owner: UserId) -> Value {
    json!({
        "type": "AvatarCreated", "avatar_id": Uuid::nil(), "owner": owner, "age": 25,
        "name": {"personal": "Ava"}, "gender": {"personal": "woman"}, "nationality": {"personal": "French"},
        "appearance": {"personal": "auburn hair"}, "personality": "caring",
    })
}
