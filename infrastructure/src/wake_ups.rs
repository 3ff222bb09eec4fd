//! What processes say to each other, so that nobody has to wait for a poll: through Redis, or PostgreSQL's `NOTIFY`.
//!
//! A wake-up may be a hint only: what is said while a connection is made anew is lost.

use std::{error::Error, time::Duration};

use sqlx::{PgPool, postgres::PgListener};
use tokio_util::sync::CancellationToken;

use crate::redis::Redis;

/// The pause before listening is tried again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// How long a payload may be through Redis, in bytes; many are heard by every process.
const LONGEST_THROUGH_REDIS: usize = 64 * 1024;

/// PostgreSQL takes payloads shorter than that: <https://www.postgresql.org/docs/current/sql-notify.html>.
const LONGEST_THROUGH_POSTGRES: usize = 8_000 - 1;

/// By which way.
#[derive(Clone)]
pub enum WakeUps {
    /// `NOTIFY`, whose listeners keep a session with the database itself: a pooler between must not share it out.
    Postgres(PgPool),
    /// Publish and subscribe.
    Redis(Redis),
}

impl WakeUps {
    /// How many bytes a payload may have.
    pub(crate) const fn longest_payload(&self) -> usize {
        match self {
            Self::Postgres(_) => LONGEST_THROUGH_POSTGRES,
            Self::Redis(_) => LONGEST_THROUGH_REDIS,
        }
    }

    /// Says something on a channel. While Redis is away, nothing is said.
    pub(crate) async fn say(
        &self,
        channel: &str,
        payload: &str,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        match self {
            Self::Postgres(pool) => {
                // A transaction of its own that waits for no disk.
                sqlx::query(
                    "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)",
                )
                .bind(channel)
                .bind(payload)
                .execute(pool)
                .await?;
            }
            Self::Redis(redis) if redis.answers() => redis.publish(channel, payload).await?,
            Self::Redis(_) => {}
        }
        Ok(())
    }

    /// Hands each payload of a channel to `hear`, until `stop`.
    pub(crate) async fn listen(&self, channel: &str, stop: CancellationToken, hear: impl Fn(&str)) {
        match self {
            Self::Postgres(pool) => listen_to_postgres(pool, channel, stop, hear).await,
            Self::Redis(redis) => {
                redis
                    .listening()
                    .listen(redis.name(channel), stop, hear)
                    .await;
            }
        }
    }
}

async fn listen_to_postgres(
    pool: &PgPool,
    channel: &str,
    stop: CancellationToken,
    hear: impl Fn(&str),
) {
    while let Some(Err(error)) = stop
        .run_until_cancelled(hear_all(pool, channel, &hear))
        .await
    {
        tracing::warn!(%error, "What other processes say on {channel} is not heard for a moment");
        let pause = tokio::time::sleep(LISTEN_AGAIN);
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

/// Only ever returns with an error.
async fn hear_all(pool: &PgPool, channel: &str, hear: &impl Fn(&str)) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(channel).await?;
    loop {
        hear(listener.recv().await?.payload());
    }
}
