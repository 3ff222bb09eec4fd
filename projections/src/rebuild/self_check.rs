//! Checks every read model from time to time, so gently that nobody notices.

use std::{collections::HashMap, sync::Arc, time::Duration};

use application::ports::EventLog;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{NotDone, Order, Pace};
use crate::engine::Projector;

/// Between two looks at whether a check is due.
const BETWEEN_LOOKS: Duration = Duration::from_secs(60);

/// Checks projectors' tables, one after the other; of several processes one is at it.
pub struct SelfCheck {
    pool: PgPool,
    order: Order,
    projectors: Vec<Arc<dyn Projector>>,
    every: Duration,
    between_looks: Duration,
}

impl SelfCheck {
    /// `every` is how old a check may become. `node` names who works, as for an [`Order`].
    pub fn new(
        pool: PgPool,
        log: Arc<dyn EventLog>,
        node: String,
        projectors: Vec<Arc<dyn Projector>>,
        every: Duration,
    ) -> Self {
        Self {
            order: Order::new(pool.clone(), log, node),
            pool,
            projectors,
            every,
            between_looks: BETWEEN_LOOKS,
        }
    }

    /// Looks more or less often than once a minute whether a check is due. The first look comes after that time.
    #[must_use]
    pub const fn looking_every(mut self, between_looks: Duration) -> Self {
        self.between_looks = between_looks;
        self
    }

    /// Checks until `stop`. A check that the stop interrupts goes on at the next start.
    pub async fn run(&self, stop: CancellationToken) {
        // What cannot be checked is left alone for as long as what was.
        let mut not_before = HashMap::<&'static str, Instant>::new();
        let pause = || stop.run_until_cancelled(tokio::time::sleep(self.between_looks));
        while pause().await.is_some() {
            let due = match self.due().await {
                Ok(due) => due,
                Err(error) => {
                    warn!(error = ?error, "Could not look whether a check of the read models is due");
                    continue;
                }
            };
            let now = Instant::now();
            let next = due.into_iter().find(|projector| {
                not_before
                    .get(projector.name())
                    .is_none_or(|time| *time <= now)
            });
            let Some(projector) = next else { continue };
            let name = projector.name();
            match self.order.check_once(projector, Pace::Gentle, &stop).await {
                Ok(Some(found)) if found.rows_different > 0 => error!(
                    projector = name,
                    rows = found.rows,
                    rows_different = found.rows_different,
                    first = ?found.differences.first(),
                    "{name} is not what the log says; `ava projections rebuild {name}` mends it"
                ),
                Ok(_) | Err(NotDone::Stopped) => {}
                Err(failure @ NotDone::Failed { .. }) => {
                    error!(
                        projector = name,
                        error = &failure as &dyn std::error::Error,
                        "{name} cannot be compared with the log: {failure}"
                    );
                    not_before.insert(name, now + self.every);
                }
                Err(failure) => {
                    warn!(
                        projector = name,
                        error = &failure as &dyn std::error::Error,
                        "{name} was not compared with the log: {failure}"
                    );
                }
            }
        }
    }

    /// The projectors whose check is too old, the oldest first; none while another process is at any.
    async fn due(&self) -> sqlx::Result<Vec<&Arc<dyn Projector>>> {
        let ours = self.projectors.iter();
        let (names, versions): (Vec<_>, Vec<_>) = ours
            .map(|projector| (projector.name(), projector.version()))
            .unzip();
        let due: Vec<String> = sqlx::query_scalar(
            "SELECT f.name
               FROM unnest($1::text[], $2::integer[]) AS ours (name, version)
               JOIN followers f ON f.name = ours.name AND f.version = ours.version
               LEFT JOIN projection_checks c ON c.name = f.name
              WHERE coalesce(c.checked_at < clock_timestamp() - $3, true)
                AND NOT EXISTS (SELECT FROM followers s WHERE s.name = f.name || ':rebuild')
                AND NOT EXISTS (SELECT FROM followers s WHERE s.name LIKE '%:check' AND s.lease_until >= clock_timestamp())
              ORDER BY c.checked_at NULLS FIRST, f.name",
        )
        .bind(names)
        .bind(versions)
        .bind(self.every)
        .fetch_all(&self.pool)
        .await?;
        let projector = |name: &String| self.projectors.iter().find(|one| one.name() == name);
        Ok(due.iter().filter_map(projector).collect())
    }
}
