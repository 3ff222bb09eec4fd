//! How far each follower is: to wait for, to look at, to resume.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::values::Position;
use sqlx::{PgPool, Row};
use tokio::{sync::watch, time::Instant};
use tracing::debug;

use crate::columns::number;

/// Between two questions to the database about followers that other processes run, at first.
const EAGER: Duration = Duration::from_millis(10);
/// The same, when it takes longer.
const CALM: Duration = Duration::from_millis(100);

/// How far the followers are.
#[derive(Clone)]
pub struct Checkpoints {
    pool: PgPool,
    known: Arc<Mutex<HashMap<String, Known>>>,
    /// However many wait, one asks the database.
    asking: Arc<tokio::sync::Mutex<()>>,
}

/// What this process knows of a follower.
struct Known {
    version: i32,
    position: watch::Sender<Position>,
    /// Whether this process holds its lease, so that `position` needs no question.
    followed_here: bool,
}

/// Says that this process runs the follower, and how far it is.
pub(super) struct FollowedHere<'a> {
    checkpoints: &'a Checkpoints,
    name: &'static str,
}

impl FollowedHere<'_> {
    /// The follower's checkpoint is there now.
    pub fn moved(&self, position: Position) {
        known(&mut self.checkpoints.known(), self.name)
            .position
            .send_replace(position);
    }
}

impl Drop for FollowedHere<'_> {
    fn drop(&mut self) {
        known(&mut self.checkpoints.known(), self.name).followed_here = false;
    }
}

/// A projector has not seen the awaited event in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the projector {projector} has reached position {reached}, not yet {awaited}")]
pub struct Behind {
    /// The one that is furthest behind.
    pub projector: &'static str,
    /// How far it is.
    pub reached: Position,
    /// How far it should be.
    pub awaited: Position,
}

/// Whether a follower goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type, serde::Serialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum FollowerState {
    /// It follows.
    Running,
    /// Something went wrong a moment ago; it is tried again.
    Retrying,
    /// An event cannot be followed. It waits for an operator, who mends the cause and resumes it.
    Failed,
}

impl FollowerState {
    /// The word that stands for it in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
        }
    }
}

/// How a follower (a projector or a reaction) stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectorStatus {
    /// Its name.
    pub name: String,
    /// The version of what it writes.
    pub version: i32,
    /// The last event that it followed.
    pub position: Position,
    /// How many events it has not followed yet.
    pub lag_events: u64,
    /// The age of the oldest event that it has not followed yet; 0 when there is none.
    pub lag_seconds: f64,
    /// Whether it goes on.
    pub state: FollowerState,
    /// What went wrong, while it is retrying or failed.
    pub error: Option<String>,
    /// The event that went wrong.
    pub failed_position: Option<Position>,
    /// The process that works for it.
    pub holder: Option<String>,
}

impl Checkpoints {
    /// For a process that runs no followers: it asks the database.
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            known: Arc::default(),
            asking: Arc::default(),
        }
    }

    /// Returns once all of these projectors have seen the event at `position`.
    ///
    /// # Errors
    /// When one has not after `timeout`, whatever the reason.
    pub async fn await_position(
        &self,
        projectors: &[&'static str],
        position: Position,
        timeout: Duration,
    ) -> Result<(), Behind> {
        let deadline = Instant::now() + timeout;
        for projector in projectors {
            if tokio::time::timeout_at(deadline, self.reaches(projector, position))
                .await
                .is_err()
            {
                return self.furthest_behind(projectors, position);
            }
        }
        Ok(())
    }

    /// How each follower stands, by name. `head` is the log's last position.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list(&self, head: Position) -> sqlx::Result<Vec<ProjectorStatus>> {
        let rows = sqlx::query(
            "SELECT f.name, f.version, f.position, f.state, f.error, f.failed_position,
                    CASE WHEN f.lease_until >= clock_timestamp() THEN f.holder END AS holder,
                    coalesce(greatest(extract(epoch FROM clock_timestamp() - next.recorded_at), 0), 0)::float8
                        AS lag_seconds
               FROM followers f LEFT JOIN events next ON next.position = f.position + 1
              ORDER BY f.name",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let position = Position(number::<i64, _>(row, "position")?);
                let failed: Option<i64> = row.try_get("failed_position")?;
                Ok(ProjectorStatus {
                    name: row.try_get("name")?,
                    version: row.try_get("version")?,
                    position,
                    lag_events: head.0.saturating_sub(position.0),
                    lag_seconds: row.try_get("lag_seconds")?,
                    state: row.try_get("state")?,
                    error: row.try_get("error")?,
                    failed_position: failed.map(|position| Position(position.cast_unsigned())),
                    holder: row.try_get("holder")?,
                })
            })
            .collect()
    }

    /// Sets a failed follower running again, at the event that failed; whoever holds its lease sees it within a
    /// second. Answers whether there was one to resume.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn resume(&self, name: &str) -> sqlx::Result<bool> {
        let resumed = sqlx::query(
            "UPDATE followers
                SET state = 'running', attempts = 0, error = NULL, failed_position = NULL, updated_at = clock_timestamp()
              WHERE name = $1 AND state = 'failed'",
        )
        .bind(name)
        .execute(&self.pool)
        .await?;
        Ok(resumed.rows_affected() == 1)
    }

    /// Changes when this process learns that the follower moved on: at once for a follower that runs here,
    /// otherwise only while somebody here waits in [`Self::await_position`]. A hint: poll as well.
    pub fn subscribe(&self, name: &str) -> watch::Receiver<Position> {
        known(&mut self.known(), name).position.subscribe()
    }

    /// This process holds the follower's lease, and its checkpoint is there, until the answer is dropped.
    pub(super) fn follow_here(
        &self,
        name: &'static str,
        version: i32,
        position: Position,
    ) -> FollowedHere<'_> {
        let mut all = self.known();
        let follower = known(&mut all, name);
        follower.version = version;
        follower.followed_here = true;
        follower.position.send_replace(position);
        FollowedHere {
            checkpoints: self,
            name,
        }
    }

    async fn reaches(&self, name: &str, awaited: Position) {
        let mut position = self.subscribe(name);
        let mut pause = EAGER;
        loop {
            if *position.borrow_and_update() >= awaited {
                return;
            }
            // A moved position is noticed at once; that its follower moved to another process, after the pause.
            if tokio::time::timeout(pause, position.changed())
                .await
                .is_ok()
            {
                continue;
            }
            pause = (pause * 2).min(CALM);
            if !known(&mut self.known(), name).followed_here
                && let Ok(_alone) = self.asking.try_lock()
                && let Err(error) = self.ask().await
            {
                debug!(error = ?error, "Could not ask how far the followers are");
            }
        }
    }

    /// Asks the database about every follower that other processes run.
    async fn ask(&self) -> sqlx::Result<()> {
        let rows = sqlx::query("SELECT name, version, position FROM followers")
            .fetch_all(&self.pool)
            .await?;
        let mut all = self.known();
        for row in &rows {
            let follower = known(&mut all, row.try_get("name")?);
            let (version, position) = (
                row.try_get("version")?,
                Position(number::<i64, _>(row, "position")?),
            );
            // Within one version a follower only moves forward; an answer may have been overtaken.
            if !follower.followed_here
                && (version, position) > (follower.version, *follower.position.borrow())
            {
                follower.version = version;
                follower.position.send_replace(position);
            }
        }
        Ok(())
    }

    fn furthest_behind(
        &self,
        projectors: &[&'static str],
        awaited: Position,
    ) -> Result<(), Behind> {
        let mut all = self.known();
        let furthest = projectors
            .iter()
            .map(|name| (*known(&mut all, name).position.borrow(), *name))
            .min();
        match furthest {
            Some((reached, projector)) if reached < awaited => Err(Behind {
                projector,
                reached,
                awaited,
            }),
            // The last one arrived in the same moment.
            Some(_) | None => Ok(()),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn known<'a>(all: &'a mut HashMap<String, Known>, name: &str) -> &'a mut Known {
    all.entry(name.to_owned()).or_insert_with(|| Known {
        version: 0,
        position: watch::Sender::new(Position::default()),
        followed_here: false,
    })
}
