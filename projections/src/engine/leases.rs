//! Who works for a follower: a lease of 3 s with a heartbeat each second, and a fence that counts its holders.

use std::{
    collections::HashMap,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::values::Position;
use sqlx::{PgConnection, PgPool, Row};
use tokio::{sync::watch, time::Instant};
use tracing::warn;

use super::{
    status::FollowerState,
    trouble::{Trouble, text_of},
};

/// How long a lease lasts after a heartbeat.
pub(super) const LEASE: Duration = Duration::from_secs(3);
/// Between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// The leases of this process, and the heartbeat that keeps them: one statement for all.
#[derive(Clone)]
pub(super) struct Leases {
    pool: PgPool,
    holder: Arc<str>,
    held: Arc<Mutex<HashMap<Arc<str>, Held>>>,
}

struct Held {
    fence: i64,
    beat: watch::Sender<Beat>,
}

/// What the last heartbeat found.
#[derive(Clone, Copy)]
struct Beat {
    /// Until then nobody else can have the lease.
    until: Instant,
    parked: bool,
}

/// The right to work for a follower. Its heartbeat ends when it is dropped.
pub(crate) struct Lease {
    leases: Leases,
    name: Arc<str>,
    fence: i64,
    /// The checkpoint when the lease was taken.
    pub position: Position,
    /// The version that filled the tables so far.
    pub version: i32,
    beat: watch::Receiver<Beat>,
}

impl Leases {
    pub fn new(pool: PgPool, holder: Arc<str>) -> Self {
        Self {
            pool,
            holder,
            held: Arc::default(),
        }
    }

    /// Makes the follower known, at the beginning of the log. Answers whether it was unknown.
    pub async fn register(&self, name: &str, version: i32) -> sqlx::Result<bool> {
        let registered = sqlx::query(
            "INSERT INTO followers (name, version) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(name)
        .bind(version)
        .execute(&self.pool)
        .await?;
        Ok(registered.rows_affected() == 1)
    }

    /// The version of what fills a follower's tables; 0 when it is unknown.
    pub async fn version_of(&self, name: &str) -> sqlx::Result<i32> {
        let version = sqlx::query_scalar("SELECT version FROM followers WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?;
        Ok(version.unwrap_or(0))
    }

    /// Takes the lease when it is free or ours, and the tables were filled by one of these versions. One that lasts longer than
    /// any is given for is free as well: the database's clock was put back. Should its holder live, the fence tells.
    pub async fn take(
        &self,
        name: &str,
        versions: RangeInclusive<i32>,
    ) -> sqlx::Result<Option<Lease>> {
        let asked = Instant::now();
        let row = sqlx::query(
            "UPDATE followers
                SET holder = $2, fence = fence + 1, lease_until = clock_timestamp() + $3
              WHERE name = $1 AND version BETWEEN $4 AND $5
                AND (holder IS NULL OR holder = $2
                     OR lease_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + 2 * $3)
              RETURNING fence, position, version, state",
        )
        .bind(name)
        .bind(&*self.holder)
        .bind(LEASE)
        .bind(versions.start())
        .bind(versions.end())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let fence = row.try_get("fence")?;
        let state: FollowerState = row.try_get("state")?;
        let parked = state == FollowerState::Failed;
        let (sender, beat) = watch::channel(Beat {
            until: asked + LEASE,
            parked,
        });
        let name: Arc<str> = name.into();
        self.held().insert(
            name.clone(),
            Held {
                fence,
                beat: sender,
            },
        );
        Ok(Some(Lease {
            leases: self.clone(),
            name,
            fence,
            position: Position(row.try_get::<i64, _>("position")?.cast_unsigned()),
            version: row.try_get("version")?,
            beat,
        }))
    }

    /// Renews the leases, for ever.
    pub async fn keep(self) {
        let mut beats = tokio::time::interval(HEARTBEAT);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            match tokio::time::timeout(LEASE, self.renew()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(error = ?error, "Could not renew the followers' leases"),
                Err(_) => warn!("Renewing the followers' leases takes too long"),
            }
        }
    }

    async fn renew(&self) -> sqlx::Result<()> {
        let asked = Instant::now();
        let fences: HashMap<Arc<str>, i64> = self
            .held()
            .iter()
            .map(|(name, held)| (name.clone(), held.fence))
            .collect();
        if fences.is_empty() {
            return Ok(());
        }
        let kept: Vec<(String, FollowerState)> = sqlx::query_as(
            "UPDATE followers f SET lease_until = clock_timestamp() + $4
               FROM unnest($1::text[], $2::bigint[]) AS held (name, fence)
              WHERE f.name = held.name AND f.fence = held.fence AND f.holder = $3
              RETURNING f.name, f.state",
        )
        .bind(fences.keys().map(|name| &**name).collect::<Vec<_>>())
        .bind(fences.values().copied().collect::<Vec<_>>())
        .bind(&*self.holder)
        .bind(LEASE)
        .fetch_all(&self.pool)
        .await?;
        let kept: HashMap<String, FollowerState> = kept.into_iter().collect();

        self.held().retain(|name, held| {
            // Taken or taken again while we asked.
            if fences.get(name) != Some(&held.fence) {
                return true;
            }
            // When somebody else has it, its holder sees that the sender is gone.
            kept.get(&**name).is_some_and(|state| {
                let parked = *state == FollowerState::Failed;
                held.beat.send_replace(Beat {
                    until: asked + LEASE,
                    parked,
                });
                true
            })
        });
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Arc<str>, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Whether nobody else can have it. Where an effect cannot be fenced, this is asked before it.
    pub fn is_held(&self) -> bool {
        self.beat.has_changed().is_ok() && Instant::now() < self.beat.borrow().until
    }

    /// Returns when the lease is lost: somebody else has it, or three heartbeats failed.
    pub async fn lost(&self) {
        let mut beat = self.beat.clone();
        loop {
            let until = beat.borrow_and_update().until;
            tokio::select! {
                changed = beat.changed() => if changed.is_err() { return },
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }

    /// Whether the follower was parked when the last heartbeat looked.
    pub fn is_parked(&self) -> bool {
        self.beat.borrow().parked
    }

    /// Returns once an operator has resumed the follower, or the lease is lost.
    pub async fn resumed(&self) {
        let mut beat = self.beat.clone();
        tokio::select! {
            () = self.lost() => {}
            _ = beat.wait_for(|beat| !beat.parked) => {}
        }
    }

    /// Where the checkpoint is.
    ///
    /// # Errors
    /// When another process holds the lease.
    pub async fn checkpoint(&self) -> Result<Position, Trouble> {
        let position: Option<i64> = sqlx::query_scalar(
            "SELECT position FROM followers WHERE name = $1 AND holder = $2 AND fence = $3",
        )
        .bind(&*self.name)
        .bind(&*self.leases.holder)
        .bind(self.fence)
        .fetch_optional(&self.leases.pool)
        .await?;
        position
            .map(|position| Position(position.cast_unsigned()))
            .ok_or(Trouble::LostLease)
    }

    /// Moves the checkpoint from where we left it, in the transaction that writes what followed from the events.
    ///
    /// # Errors
    /// When another process holds the lease, or the checkpoint is elsewhere (a commit whose answer
    /// was lost, a database that lost its last moment): nothing of the transaction may be committed then.
    pub async fn move_checkpoint(
        &self,
        db: &mut PgConnection,
        from: Position,
        to: Position,
    ) -> Result<(), Trouble> {
        let moved = sqlx::query(
            "UPDATE followers
                SET position = $5, lease_until = clock_timestamp() + $6, updated_at = clock_timestamp(),
                    state = 'running', attempts = 0, error = NULL, failed_position = NULL
              WHERE name = $1 AND holder = $2 AND fence = $3 AND position = $4",
        )
        .bind(&*self.name)
        .bind(&*self.leases.holder)
        .bind(self.fence)
        .bind(from.0.cast_signed())
        .bind(to.0.cast_signed())
        .bind(LEASE)
        .execute(db)
        .await?;
        if moved.rows_affected() == 1 {
            Ok(())
        } else {
            Err(Trouble::LostLease)
        }
    }

    /// Makes sure, until the transaction ends, that nobody else has the lease. Answers with the checkpoint.
    ///
    /// # Errors
    /// When another process holds it.
    pub async fn secure(&self, db: &mut PgConnection) -> Result<Position, Trouble> {
        let position: Option<i64> = sqlx::query_scalar(
            "SELECT position FROM followers WHERE name = $1 AND holder = $2 AND fence = $3 FOR UPDATE",
        )
        .bind(&*self.name)
        .bind(&*self.leases.holder)
        .bind(self.fence)
        .fetch_optional(db)
        .await?;
        position
            .map(|position| Position(position.cast_unsigned()))
            .ok_or(Trouble::LostLease)
    }

    /// Goes back to the beginning of the log under a new version, in the transaction that empties the tables.
    ///
    /// # Errors
    /// When another process holds the lease.
    pub async fn start_again(&self, db: &mut PgConnection, version: i32) -> Result<(), Trouble> {
        let moved = sqlx::query(
            "UPDATE followers
                SET position = 0, version = $4, updated_at = clock_timestamp(),
                    state = 'running', attempts = 0, error = NULL, failed_position = NULL
              WHERE name = $1 AND holder = $2 AND fence = $3",
        )
        .bind(&*self.name)
        .bind(&*self.leases.holder)
        .bind(self.fence)
        .bind(version)
        .execute(db)
        .await?;
        if moved.rows_affected() == 1 {
            Ok(())
        } else {
            Err(Trouble::LostLease)
        }
    }

    /// Notes for everybody to see that the follower does not go on, and why.
    pub async fn note_trouble(
        &self,
        state: FollowerState,
        attempts: u32,
        position: Option<Position>,
        error: &anyhow::Error,
    ) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE followers
                SET state = $4, attempts = $5, error = $6, failed_position = $7, updated_at = clock_timestamp()
              WHERE name = $1 AND holder = $2 AND fence = $3",
        )
        .bind(&*self.name)
        .bind(&*self.leases.holder)
        .bind(self.fence)
        .bind(state)
        .bind(attempts.cast_signed())
        .bind(text_of(error))
        .bind(position.map(|position| position.0.cast_signed()))
        .execute(&self.leases.pool)
        .await?;
        if state == FollowerState::Failed
            && let Some(held) = self.leases.held().get(&self.name)
            && held.fence == self.fence
        {
            held.beat.send_modify(|beat| beat.parked = true);
        }
        Ok(())
    }

    /// Notes that a trouble which no event caused is over.
    pub async fn note_recovery(&self) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE followers
                SET state = 'running', attempts = 0, error = NULL, failed_position = NULL, updated_at = clock_timestamp()
              WHERE name = $1 AND holder = $2 AND fence = $3 AND state = 'retrying'",
        )
        .bind(&*self.name)
        .bind(&*self.leases.holder)
        .bind(self.fence)
        .execute(&self.leases.pool)
        .await?;
        Ok(())
    }

    /// Gives the lease back, so that another process goes on at once.
    pub async fn release(self) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE followers SET holder = NULL, lease_until = NULL
              WHERE name = $1 AND holder = $2 AND fence = $3",
        )
        .bind(&*self.name)
        .bind(&*self.leases.holder)
        .bind(self.fence)
        .execute(&self.leases.pool)
        .await?;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut held = self.leases.held();
        if held
            .get(&self.name)
            .is_some_and(|held| held.fence == self.fence)
        {
            held.remove(&self.name);
        }
    }
}
