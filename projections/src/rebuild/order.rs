//! A rebuild or a check that somebody asks for, done in this process or in the one that is at it already.

use std::{sync::Arc, time::Duration};

use application::ports::EventLog;
use domain::values::Position;
use sqlx::{PgPool, Row};
use tokio_util::sync::CancellationToken;

use super::{Comparison, Ended, Pace, Purpose, Shadow};
use crate::engine::{Checkpoints, Engine, Follower, FollowerState, Projector};

/// Between two looks at whether it has failed.
const GLANCE: Duration = Duration::from_millis(250);

/// Why something that was asked for is not done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// Nobody has ever filled the live tables, so there is nothing to do again.
    #[error("nobody has ever filled its tables")]
    NeverFilled,
    /// The live tables were filled by another version than this program's.
    #[error("its tables were filled by version {live}, and this program has version {ours}")]
    AnotherVersion {
        /// Theirs.
        live: i32,
        /// This program's.
        ours: i32,
    },
    /// Another process is at it.
    #[error("{holder} is at it")]
    Held {
        /// The process.
        holder: String,
    },
    /// It cannot go on; what is done so far is kept.
    #[error("{}{error}", place(*.position))]
    Failed {
        /// The event that cannot be projected, when one is to blame.
        position: Option<Position>,
        /// Why.
        error: String,
    },
    /// It was told to stop; what is done so far is kept.
    #[error("it was interrupted")]
    Stopped,
    /// The database is away or refuses a statement.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

fn place(position: Option<Position>) -> String {
    position.map_or_else(String::new, |position| format!("event {position}: "))
}

/// Does what somebody asks for.
#[derive(Clone)]
pub struct Order {
    pool: PgPool,
    log: Arc<dyn EventLog>,
    node: String,
}

impl Order {
    /// `node` names who works; nobody else who lives may have that name, nor an [`Engine`] of this process.
    pub fn new(pool: PgPool, log: Arc<dyn EventLog>, node: String) -> Self {
        Self { pool, log, node }
    }

    /// Rebuilds a projector's tables beside the live ones and swaps; goes on with what was interrupted. Answers with
    /// none when another process has done it meanwhile.
    ///
    /// # Errors
    /// Says why it is not done.
    pub async fn rebuild(
        &self,
        projector: Arc<dyn Projector>,
        stop: &CancellationToken,
    ) -> Result<Option<Ended>, NotDone> {
        let ours = projector.version();
        let shadow = Shadow::rebuild(projector);
        match shadow.live(&self.pool).await? {
            None => return Err(NotDone::NeverFilled),
            Some(live) if live.version > ours => {
                return Err(NotDone::AnotherVersion {
                    live: live.version,
                    ours,
                });
            }
            Some(_) => {}
        }
        self.run(shadow, stop).await
    }

    /// Compares a projector's live tables with a copy that is made from the log, and drops the copy.
    ///
    /// # Errors
    /// Says why it is not done.
    pub async fn check(
        &self,
        projector: &Arc<dyn Projector>,
        pace: Pace,
        stop: &CancellationToken,
    ) -> Result<Comparison, NotDone> {
        loop {
            // Another process has done it, or the tables are others now: once more, to see for ourselves.
            if let Some(comparison) = self.check_once(projector, pace, stop).await? {
                return Ok(comparison);
            }
        }
    }

    /// The same, unless another process is at it or the tables become others: none then, once that is over.
    pub(super) async fn check_once(
        &self,
        projector: &Arc<dyn Projector>,
        pace: Pace,
        stop: &CancellationToken,
    ) -> Result<Option<Comparison>, NotDone> {
        let ours = projector.version();
        let shadow = Shadow::check(projector.clone(), pace);
        let live = shadow.live(&self.pool).await?.ok_or(NotDone::NeverFilled)?;
        if live.version != ours {
            return Err(NotDone::AnotherVersion {
                live: live.version,
                ours,
            });
        }
        match self.run(shadow, stop).await {
            Ok(Some(Ended::Compared(comparison))) => Ok(Some(comparison)),
            Ok(_) => Ok(None),
            Err(failed @ NotDone::Failed { .. }) => {
                self.discard(projector, Purpose::Check).await?;
                Err(failed)
            }
            Err(other) => Err(other),
        }
    }

    /// Throws away what an interrupted rebuild or check has left. Answers whether there was anything.
    ///
    /// # Errors
    /// When another process is at it.
    pub async fn discard(
        &self,
        projector: &Arc<dyn Projector>,
        purpose: Purpose,
    ) -> Result<bool, NotDone> {
        let shadow = match purpose {
            Purpose::Rebuild => Shadow::rebuild(projector.clone()),
            Purpose::Check => Shadow::check(projector.clone(), Pace::Full),
        };
        let mut transaction = self.pool.begin().await?;
        let left = sqlx::query(
            "SELECT CASE WHEN lease_until >= clock_timestamp() AND holder <> $2 THEN holder END AS holder
               FROM followers WHERE name = $1 FOR UPDATE",
        )
        .bind(shadow.name())
        .bind(&self.node)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(left) = left else { return Ok(false) };
        if let Some(holder) = left.try_get("holder")? {
            return Err(NotDone::Held { holder });
        }
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", shadow.schema());
        sqlx::query(&drop).execute(&mut *transaction).await?;
        sqlx::query("DELETE FROM followers WHERE name = $1")
            .bind(shadow.name())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Works until the shadow has ended, here or elsewhere, or cannot go on.
    async fn run(
        &self,
        shadow: Shadow,
        stop: &CancellationToken,
    ) -> Result<Option<Ended>, NotDone> {
        // Asking again is how somebody says that the cause is mended.
        Checkpoints::new(self.pool.clone())
            .resume(shadow.name())
            .await?;
        let shadow = Arc::new(shadow);
        let engine = Engine::new(self.pool.clone(), self.log.clone(), self.node.clone());
        let stopped = stop.child_token();
        let work = engine.run(vec![Follower::Shadow(shadow.clone())], stopped.clone());
        let mut work = std::pin::pin!(work);
        let failed = tokio::select! {
            () = &mut work => None,
            failed = self.failure(shadow.name()) => {
                stopped.cancel();
                work.await;
                Some(failed)
            }
        };
        match (shadow.ended(), failed) {
            (Some(ended), _) => Ok(Some(ended)),
            (None, Some(failed)) => Err(failed),
            (None, None) if stop.is_cancelled() => Err(NotDone::Stopped),
            (None, None) => Ok(None),
        }
    }

    /// Returns once the shadow is parked.
    async fn failure(&self, name: &str) -> NotDone {
        loop {
            tokio::time::sleep(GLANCE).await;
            let parked: sqlx::Result<Option<(String, Option<i64>)>> = sqlx::query_as(
                "SELECT coalesce(error, ''), failed_position FROM followers WHERE name = $1 AND state = $2",
            )
            .bind(name)
            .bind(FollowerState::Failed)
            .fetch_optional(&self.pool)
            .await;
            // While the database is away, the work itself waits.
            if let Ok(Some((error, position))) = parked {
                let position = position.map(|position| Position(position.cast_unsigned()));
                return NotDone::Failed { position, error };
            }
        }
    }
}
