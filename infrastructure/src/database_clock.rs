//! The database's time, without asking for it each time.
//!
//! What the log records bears the database's time, and deadlines are counted from there. A process whose machine has another
//! time would give everything up that has just been asked for, or keep it far too long.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use application::ports::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::task::JoinHandle;

/// How often the database is asked; between two questions clocks drift by less than a millisecond.
const EVERY: Duration = Duration::from_secs(10);

/// How long an answer may take to be of use.
const IN_TIME: Duration = Duration::from_secs(1);

/// Counts from what the database has said, by a clock that only goes forward, until it is dropped. Until it has said anything,
/// from this machine's time.
pub struct DatabaseClock {
    said: Arc<RwLock<Said>>,
    following: JoinHandle<()>,
}

/// A time, and when it was so.
#[derive(Debug, Clone, Copy)]
struct Said {
    time: DateTime<Utc>,
    at: Instant,
}

impl Said {
    fn now(self) -> DateTime<Utc> {
        let since = TimeDelta::from_std(self.at.elapsed()).unwrap_or_default();
        self.time + since
    }
}

impl DatabaseClock {
    /// The clock of that database. Must be called on a tokio runtime.
    #[must_use]
    pub fn follow(pool: PgPool) -> Self {
        let said = Arc::new(RwLock::new(Said {
            time: Utc::now(),
            at: Instant::now(),
        }));
        let following = tokio::spawn(follow(pool, Arc::clone(&said)));
        Self { said, following }
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> DateTime<Utc> {
        self.said
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .now()
    }
}

impl Drop for DatabaseClock {
    fn drop(&mut self) {
        self.following.abort();
    }
}

async fn follow(pool: PgPool, said: Arc<RwLock<Said>>) {
    loop {
        match ask(&pool).await {
            Ok(Some(now)) => *said.write().unwrap_or_else(PoisonError::into_inner) = now,
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "The database does not tell the time"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What the database says; none when it has taken so long that nobody knows when it was so.
async fn ask(pool: &PgPool) -> sqlx::Result<Option<Said>> {
    let mut connection = pool.acquire().await?;
    let asked = Instant::now();
    let time = sqlx::query_scalar("SELECT clock_timestamp()")
        .fetch_one(&mut *connection)
        .await?;
    let took = asked.elapsed();
    Ok((took < IN_TIME).then(|| Said {
        time,
        at: asked + took / 2,
    }))
}
