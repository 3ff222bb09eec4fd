//! What processes share beside the database: wake-ups and counts, through Redis where there is one.

use std::{future::ready, sync::Arc};

use application::ports::RateLimits;
use infrastructure::{
    event_log::PostgresEventLog,
    hints::Hints,
    inbox::WebhookInbox,
    rate_limits::{InProcessRateLimits, SharedRateLimits},
    redis::Redis,
    settings::Settings,
    wake_ups::WakeUps,
};
use projections::engine::Checkpoints;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// The ways between processes.
pub(super) struct Processes {
    redis: Option<Redis>,
    /// Where it is counted who asked for how much.
    pub(super) rate_limits: Arc<dyn RateLimits>,
    /// How they wake each other.
    pub(super) wake_ups: WakeUps,
}

impl Processes {
    /// Begins to connect; without Redis, PostgreSQL carries what it can.
    pub(super) fn join(settings: &Settings, pool: PgPool) -> Result<Self, Failure> {
        let bounds = settings.rate_limits.bounds;
        let Some(configured) = &settings.redis else {
            return Ok(Self {
                redis: None,
                rate_limits: Arc::new(InProcessRateLimits::new(bounds)),
                wake_ups: WakeUps::Postgres(pool),
            });
        };
        let redis = Redis::start(&configured.url, &configured.prefix)
            .map_err(|error| Failure::usage(format!("REDIS_URL cannot be used: {error}")))?;
        Ok(Self {
            rate_limits: Arc::new(SharedRateLimits::new(bounds, redis.clone())),
            wake_ups: WakeUps::Redis(redis.clone()),
            redis: Some(redis),
        })
    }

    /// Whether Redis answers; none where there is none.
    pub(super) fn redis(&self) -> Option<watch::Receiver<bool>> {
        self.redis.as_ref().map(Redis::health)
    }

    /// Tells other processes what moved here, and looks when they tell, until `stop`. Without Redis, polls do.
    /// `engine` knows the followers of this process, `awaited` those of others.
    pub(super) fn exchange(
        &self,
        log: Arc<PostgresEventLog>,
        inbox: Arc<WebhookInbox>,
        engine: Checkpoints,
        awaited: Checkpoints,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let hints = self.redis.clone().map(Hints::through);
        async move {
            let Some(hints) = hints else {
                return stop.cancelled().await;
            };
            let appended = log.appended_here();
            let look_at_log = move || {
                let log = log.clone();
                async move {
                    if let Err(error) = log.look().await {
                        tracing::debug!(%error, "Could not see how far the log is");
                    }
                }
            };
            let kept = inbox.kept_here();
            let look_at_inbox = move || {
                inbox.look();
                ready(())
            };
            let moved = engine.moved_here();
            let look_at_followers = move || {
                let (engine, awaited) = (engine.clone(), awaited.clone());
                async move {
                    engine.look().await;
                    awaited.look().await;
                }
            };
            tokio::join!(
                hints.exchange("log", appended, look_at_log, stop.clone()),
                hints.exchange("inbox", kept, look_at_inbox, stop.clone()),
                hints.exchange("followers", moved, look_at_followers, stop),
            );
        }
    }
}
