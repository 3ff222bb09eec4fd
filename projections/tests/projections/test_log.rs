//! The real event log on a database of its own, and short ways to write to it and to read it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use application::ports::{Append, EventLog, NewEvent, StreamId, StreamSlice};
use cqrs_es::{Aggregate, DomainEvent};
use domain::{
    avatar::{self, Avatar},
    conversation::{self, Conversation, Segment},
    person::{self, Person},
    photo_request::{self, PhotoRequest},
    recorded::{AnyEvent, Metadata, Recorded},
    report::{self, Report},
    subscription::{self, Subscription},
    values::{PhotoId, Position, UserId},
};
use infrastructure::{
    database::DatabaseRole,
    event_log::PostgresEventLog,
    scratch_database::{ScratchDatabase, master_keys},
};
use projections::engine::Projector;
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

pub struct TestLog {
    pub database: ScratchDatabase,
    pub log: Arc<PostgresEventLog>,
    sequences: HashMap<StreamId, u64>,
}

impl TestLog {
    pub async fn start() -> Self {
        let database = ScratchDatabase::create().await;
        let log = Arc::new(PostgresEventLog::start(
            database.pool_as(DatabaseRole::Worker),
            master_keys(),
        ));
        Self {
            database,
            log,
            sequences: HashMap::new(),
        }
    }

    /// For the test's own looks.
    pub fn pool(&self) -> PgPool {
        self.database.pool()
    }

    /// As a process of that role connects.
    pub fn pool_as(&self, role: DatabaseRole) -> PgPool {
        self.database.pool_as(role)
    }

    /// Makes a table of a test's own projector, as a migration makes those of ours.
    pub async fn make_read_model(&self, create: &str, table: &str) {
        let hand_over = format!("{create}; ALTER TABLE {table} OWNER TO ava_projector");
        sqlx::raw_sql(&hand_over)
            .execute(&self.pool())
            .await
            .unwrap();
    }

    /// Something happened to a user's avatar.
    pub async fn avatar(&mut self, owner: UserId, events: Vec<avatar::Event>) -> Position {
        self.append::<Avatar>(owner, owner.to_string(), events)
            .await
    }

    /// Something became of a user's own data.
    pub async fn person(&mut self, owner: UserId, events: Vec<person::Event>) -> Position {
        self.append::<Person>(owner, owner.to_string(), events)
            .await
    }

    /// Something happened to a photo request.
    pub async fn photo(
        &mut self,
        owner: UserId,
        photo_id: PhotoId,
        events: Vec<photo_request::Event>,
    ) -> Position {
        self.append::<PhotoRequest>(owner, photo_id.to_string(), events)
            .await
    }

    /// Something happened to the report about a photo.
    pub async fn report(
        &mut self,
        owner: UserId,
        photo_id: PhotoId,
        events: Vec<report::Event>,
    ) -> Position {
        self.append::<Report>(owner, photo_id.to_string(), events)
            .await
    }

    /// Something happened to a user's subscription.
    pub async fn subscription(
        &mut self,
        owner: UserId,
        events: Vec<subscription::Event>,
    ) -> Position {
        self.append::<Subscription>(owner, owner.to_string(), events)
            .await
    }

    /// Something happened on a day of a conversation.
    pub async fn conversation(
        &mut self,
        segment: Segment,
        events: Vec<conversation::Event>,
    ) -> Position {
        self.append::<Conversation>(segment.owner, segment.to_string(), events)
            .await
    }

    /// So many events of one user, which nobody cares about.
    pub async fn small_talk(&mut self, events: usize) -> Position {
        let talk = |n| subscription::Event::PaymentFailed {
            invoice_id: format!("in_{n}"),
        };
        self.subscription(UserId(Uuid::nil()), (0..events).map(talk).collect())
            .await
    }

    /// An event of a kind that this version does not know.
    pub async fn riddle(&mut self) -> Position {
        let stream = StreamId {
            aggregate_type: "Riddle",
            aggregate_id: "sphinx".to_owned(),
        };
        let event = NewEvent {
            event_id: Uuid::now_v7(),
            event_type: "Asked".to_owned(),
            event_version: "1".to_owned(),
            payload: r#"{"type":"Asked"}"#.to_owned(),
            metadata: serde_json::to_string(&metadata(UserId(Uuid::nil())))
                .unwrap()
                .into(),
        };
        self.write(stream, vec![event]).await
    }

    async fn append<A: Aggregate>(
        &mut self,
        owner: UserId,
        aggregate_id: String,
        events: Vec<A::Event>,
    ) -> Position
    where
        A::Event: Serialize,
    {
        let metadata: Arc<str> = serde_json::to_string(&metadata(owner)).unwrap().into();
        let events = events
            .into_iter()
            .map(|event| NewEvent {
                event_id: Uuid::now_v7(),
                event_type: event.event_type(),
                event_version: event.event_version(),
                payload: serde_json::to_string(&event).unwrap(),
                metadata: metadata.clone(),
            })
            .collect();
        self.write(
            StreamId {
                aggregate_type: A::TYPE,
                aggregate_id,
            },
            events,
        )
        .await
    }

    async fn write(&mut self, stream: StreamId, events: Vec<NewEvent>) -> Position {
        let sequence = self.sequences.entry(stream.clone()).or_default();
        let expected_sequence = *sequence;
        *sequence += events.len() as u64;
        let slices = vec![StreamSlice {
            stream,
            expected_sequence,
            events,
        }];
        self.log
            .append(Append {
                slices,
                idempotency: None,
            })
            .await
            .unwrap()
            .position
    }

    /// What a projector makes of the whole log, without an engine.
    pub async fn project(&self, projector: &dyn Projector) {
        let events = self.log.read(Position(0), 10_000).await.unwrap();
        let pool = self.pool_as(DatabaseRole::Projector);
        let mut db = pool.acquire().await.unwrap();
        projector.project(&mut db, &events).await.unwrap();
    }

    /// When the event at a position was recorded.
    pub async fn recorded_at(&self, position: Position) -> chrono::DateTime<chrono::Utc> {
        self.recorded(position).await.recorded_at
    }

    async fn recorded(&self, position: Position) -> Recorded<AnyEvent> {
        self.log
            .read(Position(position.0 - 1), 1)
            .await
            .unwrap()
            .remove(0)
    }
}

fn metadata(owner: UserId) -> Metadata {
    Metadata {
        actor: format!("user:{owner}"),
        owner,
        correlation_id: Uuid::nil(),
        causation_id: Uuid::nil(),
        command: "Test".to_owned(),
        idempotency_key: None,
        idempotency_key_sha256: None,
        trace_id: None,
        policy_pack: None,
        more: Default::default(),
    }
}

/// Waits until something is true; a test that waits longer than the patience has failed.
pub async fn eventually<F: Future<Output = bool>>(
    what: &str,
    patience: Duration,
    mut is_true: impl FnMut() -> F,
) {
    let deadline = tokio::time::Instant::now() + patience;
    while !is_true().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "waited {patience:?} in vain: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
