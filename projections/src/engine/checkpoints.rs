//! How far each follower is: to wait for, to look at, to resume.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
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
    pub(super) pool: PgPool,
    known: Arc<Mutex<HashMap<String, Known>>>,
    /// When the database was started that told it last, and how often it had been started anew.
    told_by: Arc<Mutex<(Option<DateTime<Utc>>, u64)>>,
    /// However many wait, one asks the database.
    asking: Arc<tokio::sync::Mutex<()>>,
    /// How often followers of this process have moved.
    moves: watch::Sender<u64>,
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
    name: &'a str,
}

impl FollowedHere<'_> {
    /// The follower's checkpoint is there now.
    pub fn moved(&self, position: Position) {
        known(&mut self.checkpoints.known(), self.name)
            .position
            .send_replace(position);
        self.checkpoints.moves.send_modify(|moves| *moves += 1);
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

impl Checkpoints {
    /// For a process that runs no followers: it asks the database.
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            known: Arc::default(),
            told_by: Arc::default(),
            asking: Arc::default(),
            moves: watch::Sender::new(0),
        }
    }

    /// Changes when a follower that runs here has moved, for other processes to be told.
    pub fn moved_here(&self) -> watch::Receiver<u64> {
        self.moves.subscribe()
    }

    /// Followers have moved in another process: sees how far they are, when somebody here waits for any of them.
    pub async fn look(&self) {
        let awaited = self
            .known()
            .values()
            .any(|known| !known.followed_here && known.position.receiver_count() > 0);
        if !awaited {
            return;
        }
        let _alone = self.asking.lock().await;
        if let Err(error) = self.ask().await {
            debug!(error = ?error, "Could not ask how far the followers are");
        }
    }

    /// For whoever answers from what was seen at `position` perhaps long ago: asks the database anew how far the followers of
    /// other processes are. Read models do not wait for the disk (docs/decisions/0005), so a database that was killed may have
    /// forgotten what they had seen last; their followers see it again in a moment.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn doubt(&self, position: Position) -> sqlx::Result<()> {
        let is_old = self
            .known()
            .values()
            .any(|known| !known.followed_here && *known.position.borrow() >= position);
        if !is_old {
            return Ok(());
        }
        let _alone = self.asking.lock().await;
        self.ask().await
    }

    /// How often the database that tells was found to have been started anew. Whoever read something after waiting for it, and
    /// sees another number afterwards, may have read what that database had forgotten: see [`Self::doubt`].
    pub fn restarts(&self) -> u64 {
        self.told_by().1
    }

    /// Returns once all of these projectors have seen the event at `position`, and none has forgotten it while another one
    /// was waited for.
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
        while self.furthest_behind(projectors, position).is_err() {
            for projector in projectors {
                if tokio::time::timeout_at(deadline, self.reaches(projector, position))
                    .await
                    .is_err()
                {
                    return self.furthest_behind(projectors, position);
                }
            }
        }
        Ok(())
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
    pub(super) fn follow_here<'a>(
        &'a self,
        name: &'a str,
        version: i32,
        position: Position,
    ) -> FollowedHere<'a> {
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
        let rows = sqlx::query(
            "SELECT name, version, position, pg_postmaster_start_time() AS started FROM followers",
        )
        .fetch_all(&self.pool)
        .await?;
        let Some(first) = rows.first() else {
            return Ok(());
        };
        let Some(is_restarted) = self.is_restarted(first.try_get("started")?) else {
            return Ok(());
        };
        let mut all = self.known();
        for row in &rows {
            let follower = known(&mut all, row.try_get("name")?);
            let (version, position) = (
                row.try_get("version")?,
                Position(number::<i64, _>(row, "position")?),
            );
            // Within one version a follower only moves forward, as long as the database lives; an answer may have been
            // overtaken.
            if !follower.followed_here
                && (is_restarted
                    || (version, position) > (follower.version, *follower.position.borrow()))
            {
                follower.version = version;
                follower.position.send_replace(position);
            }
        }
        Ok(())
    }

    /// Whether a database that was started then is another one than that which told before; nothing when it is the one before.
    fn is_restarted(&self, started: DateTime<Utc>) -> Option<bool> {
        let mut told_by = self.told_by();
        let (before, restarts) = *told_by;
        if before.is_some_and(|before| before > started) {
            return None;
        }
        let is_restarted = before.is_some_and(|before| before < started);
        *told_by = (Some(started), restarts + u64::from(is_restarted));
        Some(is_restarted)
    }

    fn told_by(&self) -> MutexGuard<'_, (Option<DateTime<Utc>>, u64)> {
        self.told_by.lock().unwrap_or_else(PoisonError::into_inner)
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
