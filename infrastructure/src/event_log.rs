//! The event log in PostgreSQL: loads and appends in groups, reads in order.

mod appender;
mod idempotency;
mod loader;
mod opening;
mod reader;
mod repository;

use std::sync::Arc;

use application::ports::{
    Append, AppendError, Appended, EventLog, LogUnavailable, PersonKeys, ReadError, StoredEvent,
    StreamId,
};
use async_trait::async_trait;
use domain::{
    recorded::{AnyEvent, Recorded},
    upcasting::Upcasters,
    values::{Position, UserId},
};
use sqlx::PgPool;
use tokio::sync::watch;

use crate::sealing::{MasterKeys, PostgresPersonKeys, concerns_people};
use appender::{Appender, Refused};
use loader::Loader;

/// How often an append is sealed anew because its people got other keys meanwhile.
const ATTEMPTS: u32 = 4;

/// The log over a pool of connections to the primary. Cheap to clone.
///
/// Appending goes through one task with a connection of its own, which carries whatever waits in one
/// statement and so in one durable commit; loading is grouped in the same way. The tasks end when the last
/// clone is dropped.
///
/// What is personal is sealed before it is appended, and opened before anybody sees it ([`crate::sealing`]).
#[derive(Clone)]
pub struct PostgresEventLog {
    pool: PgPool,
    appender: Arc<Appender>,
    loader: Arc<Loader>,
    heads: Heads,
    upcasters: Upcasters,
    keys: PostgresPersonKeys,
}

/// The log's end, as far as this process knows it.
#[derive(Clone)]
struct Heads {
    /// By its own appends.
    appended: watch::Sender<Position>,
    /// By those and what it heard.
    hint: watch::Sender<Position>,
}

impl Heads {
    /// This process appended up to that position.
    fn appended(&self, position: Position) {
        rise(&self.appended, position);
        rise(&self.hint, position);
    }
}

fn rise(head: &watch::Sender<Position>, position: Position) {
    head.send_if_modified(|known| {
        let rises = position > *known;
        if rises {
            *known = position;
        }
        rises
    });
}

impl PostgresEventLog {
    /// Starts the log's tasks; people's keys are wrapped with these master keys. Connects when the first command arrives.
    pub fn start(pool: PgPool, masters: MasterKeys) -> Self {
        let heads = Heads {
            appended: watch::Sender::new(Position(0)),
            hint: watch::Sender::new(Position(0)),
        };
        Self {
            appender: Arc::new(Appender::start(pool.clone(), heads.clone())),
            loader: Arc::new(Loader::start(pool.clone())),
            keys: PostgresPersonKeys::start(pool.clone(), masters),
            pool,
            heads,
            upcasters: Upcasters::OURS,
        }
    }

    /// The keys of the people whose data are in it.
    pub const fn person_keys(&self) -> &PostgresPersonKeys {
        &self.keys
    }
}

impl PostgresEventLog {
    /// The same log, with the same tasks, whose other statements go through another pool: for callers whose load
    /// must not keep the followers from reading.
    pub fn reading_through(&self, pool: PgPool) -> Self {
        Self {
            pool,
            ..self.clone()
        }
    }

    /// Changes when this process appended events, for other processes to be told.
    pub fn appended_here(&self) -> watch::Receiver<Position> {
        self.heads.appended.subscribe()
    }

    /// Another process appended events: sees how far the log is, and tells it to whoever waits for the hint.
    ///
    /// # Errors
    /// When the log is away.
    pub async fn look(&self) -> Result<(), LogUnavailable> {
        if self.heads.hint.receiver_count() == 0 {
            return Ok(());
        }
        let head = reader::head(&self.pool).await?;
        rise(&self.heads.hint, head);
        Ok(())
    }

    /// The same log, whose old events are read with another list than ours: for tests of versions that were never
    /// written.
    pub fn upcasting_with(&self, upcasters: Upcasters) -> Self {
        Self {
            upcasters,
            ..self.clone()
        }
    }
}

#[async_trait]
impl EventLog for PostgresEventLog {
    async fn load_from(
        &self,
        stream: &StreamId,
        sequence: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let mut events = self.loader.load(stream.clone(), sequence).await?;
        opening::open_stream(&self.keys, stream, &mut events).await?;
        Ok(events)
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        if !concerns_people(&append) {
            return self
                .appender
                .append(append.into())
                .await
                .map_err(AppendError::from);
        }
        for _ in 0..ATTEMPTS {
            let sealed = self.keys.seal(&append).await?;
            let (sealed_with, erased) = (sealed.sealed_with.clone(), sealed.erased.clone());
            match self.appender.append(sealed).await {
                Ok(appended) => {
                    self.keys.appended(&sealed_with, &erased);
                    return Ok(appended);
                }
                // Another process made or destroyed one of the keys: whichever it was, it is known now.
                Err(Refused::KeyLost) => self.keys.lost(&sealed_with),
                Err(refused) => return Err(refused.into()),
            }
        }
        Err(AppendError::from(Refused::KeyLost))
    }

    async fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Recorded<AnyEvent>>, ReadError> {
        reader::read(&self.pool, &self.keys, self.upcasters, after, limit).await
    }

    async fn event_of(
        &self,
        owner: UserId,
        position: Position,
    ) -> Result<Option<Recorded<AnyEvent>>, ReadError> {
        reader::event_of(&self.pool, &self.keys, self.upcasters, owner, position).await
    }

    fn upcasters(&self) -> Upcasters {
        self.upcasters
    }

    async fn head(&self) -> Result<Position, LogUnavailable> {
        reader::head(&self.pool).await
    }

    fn hint(&self) -> watch::Receiver<Position> {
        self.heads.hint.subscribe()
    }
}

#[async_trait]
impl PersonKeys for PostgresEventLog {
    async fn destroy(&self, user: UserId) -> Result<(), LogUnavailable> {
        self.keys.destroy(user).await
    }

    async fn is_destroyed(&self, user: UserId) -> Result<bool, LogUnavailable> {
        self.keys.is_destroyed(user).await
    }
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> LogUnavailable {
    LogUnavailable(error.into())
}
