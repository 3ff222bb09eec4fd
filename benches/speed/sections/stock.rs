//! The stock event store: `cqrs-es` with `postgres-es`, used as their documentation says.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use cqrs_es::{
    Aggregate, CqrsFramework, EventEnvelope, View,
    persist::{GenericQuery, PersistedEventStore, QueryReplay},
};
use domain::{
    avatar::{Avatar, Command, Event, Profile},
    values::{AvatarId, UserId},
};
use postgres_es::{PostgresEventRepository, PostgresViewRepository};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use crate::story::profile;

/// postgres-es 0.5.0, `db/init.sql`.
const SCHEMA: &str = "
CREATE SCHEMA stock;
CREATE TABLE stock.events (
    aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint CHECK (sequence >= 0) NOT NULL,
    event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
    timestamp timestamp with time zone DEFAULT (CURRENT_TIMESTAMP),
    PRIMARY KEY (aggregate_type, aggregate_id, sequence));
CREATE TABLE stock.avatars (
    view_id text NOT NULL, version bigint CHECK (version >= 0) NOT NULL, payload json NOT NULL, PRIMARY KEY (view_id))";

type Framework = CqrsFramework<Avatar, PersistedEventStore<PostgresEventRepository, Avatar>>;

/// A stock store in a schema of its own.
#[derive(Clone)]
pub struct Stock {
    framework: Arc<Framework>,
    pool: PgPool,
}

impl Stock {
    /// Makes its tables.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn on(pool: &PgPool) -> anyhow::Result<Self> {
        sqlx::raw_sql(SCHEMA).execute(pool).await?;
        let store = PersistedEventStore::new_event_store(repository(pool));
        Ok(Self {
            framework: Arc::new(CqrsFramework::new(store, Vec::new(), ())),
            pool: pool.clone(),
        })
    }

    /// One command: a new aggregate with one event.
    ///
    /// # Errors
    /// When it fails.
    pub async fn command(self) -> anyhow::Result<()> {
        let owner = UserId(Uuid::now_v7());
        let command = Command::CreateAvatar {
            avatar_id: AvatarId(Uuid::now_v7()),
            owner,
            profile: profile()?,
        };
        self.framework.execute(&owner.to_string(), command).await?;
        Ok(())
    }

    /// Replays so many of our avatars' first events into a view; answers how many a second that is.
    ///
    /// # Errors
    /// When an event did not reach the view.
    pub async fn replay(&self, events: u64) -> anyhow::Result<f64> {
        sqlx::raw_sql("TRUNCATE stock.events, stock.avatars")
            .execute(&self.pool)
            .await?;
        sqlx::query(
            "INSERT INTO stock.events
             SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, recorded_at
               FROM events WHERE aggregate_type = $1 ORDER BY position LIMIT $2",
        )
        .bind(Avatar::TYPE)
        .bind(events.cast_signed())
        .execute(&self.pool)
        .await?;
        let views = PostgresViewRepository::new("stock.avatars", self.pool.clone());
        let failures = Arc::new(AtomicUsize::new(0));
        let mut query = GenericQuery::<_, AvatarView, Avatar>::new(Arc::new(views));
        let seen = failures.clone();
        query.use_error_handler(Box::new(move |_| {
            seen.fetch_add(1, Ordering::Relaxed);
        }));
        let replay = QueryReplay::new(repository(&self.pool), query);
        let begun = std::time::Instant::now();
        replay.replay_all().await?;
        let took = begun.elapsed();
        let written: i64 = sqlx::query_scalar("SELECT count(*) FROM stock.avatars")
            .fetch_one(&self.pool)
            .await?;
        let failed = failures.load(Ordering::Relaxed);
        anyhow::ensure!(
            failed == 0 && written.cast_unsigned() == events,
            "the stock replay lost events: {written} rows of {events}, {failed} errors"
        );
        Ok(events as f64 / took.as_secs_f64())
    }
}

fn repository(pool: &PgPool) -> PostgresEventRepository {
    PostgresEventRepository::new(pool.clone()).with_tables("stock.events", "stock.snapshots")
}

/// A companion as a stock view holds it: the newest profile.
#[derive(Debug, Default, Serialize, Deserialize)]
struct AvatarView {
    avatar_id: Option<AvatarId>,
    owner: Option<UserId>,
    profile: Option<Profile>,
    sequence: usize,
}

impl View<Avatar> for AvatarView {
    fn update(&mut self, event: &EventEnvelope<Avatar>) {
        self.sequence = event.sequence;
        match &event.payload {
            Event::AvatarCreated {
                avatar_id,
                owner,
                profile,
            } => {
                self.avatar_id = Some(*avatar_id);
                self.owner = Some(*owner);
                self.profile = Some(profile.clone());
            }
            Event::ProfileChanged { changes } => {
                if let (Some(profile), Some(name)) = (&mut self.profile, &changes.name) {
                    profile.name = name.clone();
                }
            }
            Event::ReferenceImageRequested { .. }
            | Event::ReferenceImageReady { .. }
            | Event::ReferenceImageFailed { .. }
            | Event::ReferenceImageApproved { .. } => {}
        }
    }
}
