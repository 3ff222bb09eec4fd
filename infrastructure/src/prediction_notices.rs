//! Image providers' messages in PostgreSQL, table `prediction_notices`, and the wake-up across processes.

use application::ports::{AttemptId, Kept, LogUnavailable, PredictionMessage, PredictionNotices};
use async_trait::async_trait;
use domain::values::PhotoId;
use sqlx::PgPool;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::wake_ups::WakeUps;

/// The channel of the wake-up; its payload is `<photo id>/<attempt>`.
const CHANNEL: &str = "prediction_notices";

/// How many arrivals a slow listener may be behind before it misses some, which costs it a poll.
const BACKLOG: usize = 256;

/// How long a message's id is remembered, in hours: far longer than any is believed.
const KEPT_HOURS: i32 = 24;

/// The messages. Cheap to clone; clones share the arrivals.
#[derive(Clone)]
pub struct PostgresPredictionNotices {
    pool: PgPool,
    wake_ups: WakeUps,
    arrivals: broadcast::Sender<AttemptId>,
}

impl PostgresPredictionNotices {
    /// In that database, which must be migrated; other processes are woken by its `NOTIFY`.
    pub fn new(pool: PgPool) -> Self {
        Self::waking_by(WakeUps::Postgres(pool.clone()), pool)
    }

    /// The same; other processes are woken in that way.
    pub fn waking_by(wake_ups: WakeUps, pool: PgPool) -> Self {
        Self {
            pool,
            wake_ups,
            arrivals: broadcast::Sender::new(BACKLOG),
        }
    }

    /// Hears of messages that any process kept, until `stop`. A lost connection is made anew; meanwhile polls do.
    pub async fn listen(&self, stop: CancellationToken) {
        let hear = |payload: &str| {
            if let Some(about) = read(payload) {
                // Nobody waits: then nobody needs to know.
                let _ = self.arrivals.send(about);
            }
        };
        self.wake_ups.listen(CHANNEL, stop, hear).await;
    }

    /// Forgets messages that are too old to be told again; returns how many.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn expire(&self) -> Result<u64, LogUnavailable> {
        let expired = sqlx::query(
            "DELETE FROM prediction_notices WHERE received_at < now() - make_interval(hours => $1)",
        )
        .bind(KEPT_HOURS)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(expired.rows_affected())
    }
}

#[async_trait]
impl PredictionNotices for PostgresPredictionNotices {
    async fn keep(
        &self,
        provider: &str,
        about: AttemptId,
        message: &PredictionMessage,
    ) -> Result<Kept, LogUnavailable> {
        // PostgreSQL's wake-up leaves with the commit, for new messages only.
        let notify = matches!(self.wake_ups, WakeUps::Postgres(_));
        let woken = sqlx::query(
            "WITH kept AS (
                 INSERT INTO prediction_notices (message_id, provider, photo_id, attempt, prediction_id, status)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (message_id) DO NOTHING
                 RETURNING photo_id, attempt)
             SELECT CASE WHEN $8 THEN pg_notify($7, photo_id || '/' || attempt) END FROM kept",
        )
        .bind(&message.id)
        .bind(provider)
        .bind(about.photo_id.0)
        .bind(i32::try_from(about.attempt).unwrap_or(i32::MAX))
        .bind(&message.prediction_id)
        .bind(&message.status)
        .bind(CHANNEL)
        .bind(notify)
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        if woken.is_none() {
            return Ok(Kept::AlreadyKnown);
        }
        let _ = self.arrivals.send(about);
        if !notify {
            let payload = format!("{}/{}", about.photo_id, about.attempt);
            if let Err(error) = self.wake_ups.say(CHANNEL, &payload).await {
                tracing::debug!(%error, "No worker was woken for an image provider's message");
            }
        }
        Ok(Kept::New)
    }

    async fn named(&self, about: AttemptId) -> Result<Option<String>, LogUnavailable> {
        sqlx::query_scalar(
            "SELECT prediction_id FROM prediction_notices
             WHERE photo_id = $1 AND attempt = $2 ORDER BY arrival DESC LIMIT 1",
        )
        .bind(about.photo_id.0)
        .bind(i32::try_from(about.attempt).unwrap_or(i32::MAX))
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)
    }

    async fn forget(&self, photos: &[PhotoId]) -> Result<(), LogUnavailable> {
        let photos: Vec<Uuid> = photos.iter().map(|photo| photo.0).collect();
        sqlx::query("DELETE FROM prediction_notices WHERE photo_id = ANY($1)")
            .bind(photos)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    fn arrivals(&self) -> broadcast::Receiver<AttemptId> {
        self.arrivals.subscribe()
    }
}

fn read(payload: &str) -> Option<AttemptId> {
    let (photo, attempt) = payload.split_once('/')?;
    Some(AttemptId {
        photo_id: PhotoId(Uuid::try_parse(photo).ok()?),
        attempt: attempt.parse().ok()?,
    })
}

fn unavailable(error: sqlx::Error) -> LogUnavailable {
    LogUnavailable(Box::new(error))
}
