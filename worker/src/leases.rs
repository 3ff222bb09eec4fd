//! Leases: claim, heartbeat, fence.
//!
//! A lease says who works on something, until when by the database's clock. Its holder renews it; when the
//! holder dies, the lease runs out and somebody else claims the work with a greater fence. A lease only
//! saves work from being done twice: what must not happen twice is fenced by the log (attempt numbers).

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use domain::values::PhotoId;
use sqlx::PgPool;
use tokio::time::Instant;
use uuid::Uuid;

use crate::parts::LeaseTimes;

/// Where one process claims its leases.
#[derive(Debug, Clone)]
pub struct Leases {
    pool: PgPool,
    holder: String,
    times: LeaseTimes,
}

/// Claims by a single statement: of two claimers one gets the row's lock, the other looks further. Who comes
/// a moment later with an older view of `leases` is stopped by the condition of the update.
macro_rules! claim_due {
    ($kind:literal, $piece:literal, $due:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (SELECT work.",
            $piece,
            " AS piece FROM ",
            $due,
            " LIMIT $2 FOR UPDATE OF work SKIP LOCKED)
            INSERT INTO leases AS held (name, holder, fence, until)
            SELECT '",
            $kind,
            ":' || piece, $1, nextval('lease_fence'), now() + make_interval(secs => $3) FROM due
                ON CONFLICT (name) DO UPDATE
               SET holder = excluded.holder, fence = excluded.fence, until = excluded.until
             WHERE held.until <= now()
            RETURNING substr(name, 1 + length('",
            $kind,
            ":')), name, fence"
        )
    };
}

/// Those that wait longest first.
const CLAIM_PHOTOS: &str = claim_due!(
    "photo",
    "photo_id",
    "photo_work work
       LEFT JOIN leases ON leases.name = 'photo:' || work.photo_id
      WHERE work.available_at <= now() AND (leases.until IS NULL OR leases.until <= now())
      ORDER BY work.available_at, work.photo_id"
);

/// A conversation is as old as its oldest message that waits; the messages after it wait for that one.
const CLAIM_CONVERSATIONS: &str = claim_due!(
    "chat",
    "conversation",
    "chat_work work
       LEFT JOIN leases ON leases.name = 'chat:' || work.conversation
      WHERE (leases.until IS NULL OR leases.until <= now())
        AND NOT EXISTS (SELECT FROM chat_work earlier
                         WHERE earlier.conversation = work.conversation AND earlier.position < work.position)
      ORDER BY work.position"
);

const CLAIM: &str = "
    INSERT INTO leases AS held (name, holder, fence, until)
    VALUES ($2, $1, nextval('lease_fence'), now() + make_interval(secs => $3))
        ON CONFLICT (name) DO UPDATE
       SET holder = excluded.holder, fence = excluded.fence, until = excluded.until
     WHERE held.until <= now()
    RETURNING fence";

impl Leases {
    /// The leases that the process named `holder` takes.
    pub const fn new(pool: PgPool, holder: String, times: LeaseTimes) -> Self {
        Self {
            pool,
            holder,
            times,
        }
    }

    /// Claims up to `most` photos that wait for work and that nobody else works on, those that wait longest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn claim_photos(&self, most: usize) -> sqlx::Result<Vec<(PhotoId, Lease)>> {
        let claimed = self.claim_due(CLAIM_PHOTOS, most).await?;
        let photo = |(piece, lease): (String, Lease)| {
            let photo_id = Uuid::try_parse(&piece);
            photo_id
                .map(|photo_id| (PhotoId(photo_id), lease))
                .map_err(|error| sqlx::Error::Decode(error.into()))
        };
        claimed.into_iter().map(photo).collect()
    }

    /// Claims up to `most` conversations in which a message waits for its answer and that nobody else works on, those
    /// that wait longest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn claim_conversations(&self, most: usize) -> sqlx::Result<Vec<(String, Lease)>> {
        self.claim_due(CLAIM_CONVERSATIONS, most).await
    }

    async fn claim_due(
        &self,
        statement: &'static str,
        most: usize,
    ) -> sqlx::Result<Vec<(String, Lease)>> {
        let asked = Instant::now();
        let claimed: Vec<(String, String, i64)> = sqlx::query_as(statement)
            .bind(&self.holder)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .bind(self.times.lasts.as_secs_f64())
            .fetch_all(&self.pool)
            .await?;
        let leased = |(piece, name, fence)| (piece, Lease::new(self.clone(), name, fence, asked));
        Ok(claimed.into_iter().map(leased).collect())
    }

    /// Claims the lease of that name; none while somebody else holds it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn claim(&self, name: String) -> sqlx::Result<Option<Lease>> {
        let asked = Instant::now();
        let fence: Option<i64> = sqlx::query_scalar(CLAIM)
            .bind(&self.holder)
            .bind(&name)
            .bind(self.times.lasts.as_secs_f64())
            .fetch_optional(&self.pool)
            .await?;
        Ok(fence.map(|fence| Lease::new(self.clone(), name, fence, asked)))
    }

    /// Takes back what an earlier process of the same name held of a kind of work (`photo`, `chat`) when it died, so that
    /// nobody waits for that to run out; returns how many leases that were. To be called before the first claim of that
    /// kind: no other living process has this name.
    ///
    /// # Errors
    /// When the database is away; then they run out by themselves.
    pub async fn take_back(&self, kind: &str) -> sqlx::Result<u64> {
        let freed = sqlx::query("DELETE FROM leases WHERE holder = $1 AND name LIKE $2 || ':%'")
            .bind(&self.holder)
            .bind(kind)
            .execute(&self.pool)
            .await?;
        Ok(freed.rows_affected())
    }

    /// Forgets leases that ran out more than a minute ago; returns how many.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn forget_expired(&self) -> sqlx::Result<u64> {
        let forgotten = sqlx::query("DELETE FROM leases WHERE until < now() - interval '1 minute'")
            .execute(&self.pool)
            .await?;
        Ok(forgotten.rows_affected())
    }
}

/// A claimed piece of work. Dropping it gives nothing back: that is what a crash does.
#[derive(Debug)]
pub struct Lease {
    leases: Leases,
    name: String,
    fence: i64,
    claimed: Instant,
    /// Until when it is surely held, in milliseconds after `claimed`, by this process's clock: counted from
    /// before the database was asked, so never longer than the database thinks.
    held_for_ms: AtomicU64,
}

impl Lease {
    const fn new(leases: Leases, name: String, fence: i64, claimed: Instant) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a lease does not last 500 million years"
        )]
        let held_for_ms = AtomicU64::new(leases.times.lasts.as_millis() as u64);
        Self {
            leases,
            name,
            fence,
            claimed,
            held_for_ms,
        }
    }

    /// The number by which a later holder is told from an earlier one.
    pub const fn fence(&self) -> i64 {
        self.fence
    }

    /// Whether it is surely still held. A process that was paused learns so without asking.
    pub fn is_held(&self) -> bool {
        self.claimed.elapsed() < Duration::from_millis(self.held_for_ms.load(Ordering::Relaxed))
    }

    /// Renews the lease again and again; returns once it is lost.
    pub async fn keep(&self) {
        loop {
            tokio::time::sleep(self.leases.times.heartbeat).await;
            match self.renew().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) if self.is_held() => {
                    tracing::warn!(lease = %self.name, %error, "Could not renew the lease {} yet", self.name);
                }
                Err(_) => return,
            }
        }
    }

    /// Renews the lease once; false when somebody else has it, or it was given back.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn renew(&self) -> sqlx::Result<bool> {
        let asked = self.claimed.elapsed();
        let held = self.set_until(self.leases.times.lasts).await?;
        let until = if held {
            asked + self.leases.times.lasts
        } else {
            Duration::ZERO
        };
        self.held_for_ms.store(
            u64::try_from(until.as_millis()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
        Ok(held)
    }

    /// Gives the work back at once.
    ///
    /// # Errors
    /// When the database is away; then the lease runs out by itself.
    pub async fn release(self) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM leases WHERE name = $1 AND fence = $2")
            .bind(&self.name)
            .bind(self.fence)
            .execute(&self.leases.pool)
            .await?;
        Ok(())
    }

    /// Gives the work back, but not before that time has passed.
    ///
    /// # Errors
    /// When the database is away; then the lease runs out by itself.
    pub async fn release_after(self, rest: Duration) -> sqlx::Result<()> {
        self.set_until(rest).await.map(drop)
    }

    async fn set_until(&self, from_now: Duration) -> sqlx::Result<bool> {
        let set = "UPDATE leases SET until = now() + make_interval(secs => $3) WHERE name = $1 AND fence = $2";
        let updated = sqlx::query(set)
            .bind(&self.name)
            .bind(self.fence)
            .bind(from_now.as_secs_f64())
            .execute(&self.leases.pool)
            .await?;
        Ok(updated.rows_affected() == 1)
    }
}
