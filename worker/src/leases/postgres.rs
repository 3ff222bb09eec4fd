//! Leases in the database, by its clock: table `leases`.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgPool;

use super::{Claim, Claimed, LeaseStore, ToDo};

/// Leases in the table `leases`.
#[derive(Debug, Clone)]
pub struct PostgresLeases {
    pool: PgPool,
}

impl PostgresLeases {
    /// In that database.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

/// Nobody holds a lease that is over, or one that was given so far in the future that the clock must have been put back since.
/// By less than that, clocks are set all the time, and statements that waited for a lock see an older one.
macro_rules! free {
    ($lease:literal) => {
        concat!(
            "(",
            $lease,
            ".until <= now() OR ",
            $lease,
            ".since > now() + interval '1 minute')"
        )
    };
}

/// Claims by a single statement: of two claimers one gets the row's lock, the other looks further. Who comes
/// a moment later with an older view of `leases` is stopped by the condition of the update.
macro_rules! claim_due {
    ($kind:literal, $piece:literal, $work:literal, $due:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (
                SELECT work.",
            $piece,
            " AS piece FROM ",
            $work,
            " work LEFT JOIN leases ON leases.name = '",
            $kind,
            ":' || work.",
            $piece,
            " WHERE (leases.name IS NULL OR ",
            free!("leases"),
            ") AND ",
            $due,
            " LIMIT $2 FOR UPDATE OF work SKIP LOCKED)
            INSERT INTO leases AS held (name, holder, fence, since, until)
            SELECT '",
            $kind,
            ":' || piece, $1, nextval('lease_fence'), now(), now() + make_interval(secs => $3) FROM due
                ON CONFLICT (name) DO UPDATE
               SET holder = excluded.holder, fence = excluded.fence, since = excluded.since, until = excluded.until
             WHERE ",
            free!("held"),
            " RETURNING substr(name, 1 + length('",
            $kind,
            ":')), name, fence"
        )
    };
}

/// Those that wait longest first.
const CLAIM_PHOTOS: &str = claim_due!(
    "photo",
    "photo_id",
    "photo_work",
    "work.available_at <= now() ORDER BY work.available_at, work.photo_id"
);

/// Those whose oldest message waits longest first.
const CLAIM_CONVERSATIONS: &str = claim_due!(
    "chat",
    "conversation",
    "chat_work",
    "NOT EXISTS (SELECT FROM chat_work earlier
                  WHERE earlier.conversation = work.conversation AND earlier.position < work.position)
      ORDER BY work.position"
);

/// Claims a lease that nobody holds.
const CLAIM: &str = concat!(
    "INSERT INTO leases AS held (name, holder, fence, since, until)
     VALUES ($2, $1, nextval('lease_fence'), now(), now() + make_interval(secs => $3))
         ON CONFLICT (name) DO UPDATE
        SET holder = excluded.holder, fence = excluded.fence, since = excluded.since, until = excluded.until
      WHERE ",
    free!("held"),
    " RETURNING fence"
);

#[async_trait]
impl LeaseStore for PostgresLeases {
    async fn claim_due(
        &self,
        list: ToDo,
        claim: Claim<'_>,
        most: usize,
    ) -> sqlx::Result<Vec<Claimed>> {
        let statement = match list {
            ToDo::Photos => CLAIM_PHOTOS,
            ToDo::Conversations => CLAIM_CONVERSATIONS,
        };
        let claimed: Vec<(String, String, i64)> = sqlx::query_as(statement)
            .bind(claim.holder)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .bind(claim.lasts.as_secs_f64())
            .fetch_all(&self.pool)
            .await?;
        let claimed = claimed.into_iter();
        Ok(claimed
            .map(|(piece, name, fence)| Claimed { piece, name, fence })
            .collect())
    }

    async fn claim(&self, name: &str, claim: Claim<'_>) -> sqlx::Result<Option<i64>> {
        sqlx::query_scalar(CLAIM)
            .bind(claim.holder)
            .bind(name)
            .bind(claim.lasts.as_secs_f64())
            .fetch_optional(&self.pool)
            .await
    }

    async fn set_until(&self, name: &str, fence: i64, from_now: Duration) -> sqlx::Result<bool> {
        let set = "UPDATE leases SET since = now(), until = now() + make_interval(secs => $3)
                    WHERE name = $1 AND fence = $2";
        let updated = sqlx::query(set)
            .bind(name)
            .bind(fence)
            .bind(from_now.as_secs_f64())
            .execute(&self.pool)
            .await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn release(&self, name: &str, fence: i64) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM leases WHERE name = $1 AND fence = $2")
            .bind(name)
            .bind(fence)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    async fn take_back(&self, kind: &str, holder: &str) -> sqlx::Result<u64> {
        let freed = sqlx::query("DELETE FROM leases WHERE holder = $1 AND name LIKE $2 || ':%'")
            .bind(holder)
            .bind(kind)
            .execute(&self.pool)
            .await?;
        Ok(freed.rows_affected())
    }

    async fn forget_expired(&self) -> sqlx::Result<u64> {
        let forgotten = sqlx::query("DELETE FROM leases WHERE until < now() - interval '1 minute'")
            .execute(&self.pool)
            .await?;
        Ok(forgotten.rows_affected())
    }
}
