//! What all workers may ask of an image provider together: a budget of orders, its wish to be left alone, a circuit breaker.
//!
//! One row a provider, by the database's clock, so that the account is one however many processes use it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::provider_books::{Permission, PlannedOrder};

/// How many orders in a row must fail before no other one is placed for a while.
const FAILURES: i32 = 5;

/// How long the breaker stays open at first; twice as long after each trial that fails.
const FIRST_REST: Duration = Duration::from_secs(5);

/// The longest such rest.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// How long nobody else tries while one order is the trial.
const TRIAL: Duration = Duration::from_secs(60);

/// The part of a minute's orders that may come all at once, as one in so many. The rest flows in over the minute, so
/// that no minute ever sees more than the whole.
const BURST: u32 = 6;

/// Takes one order out of the budget and writes it down, or does neither. When the breaker has rested, this is its trial.
const PERMIT: &str = "
    WITH permitted AS (
        UPDATE provider_accounts
           SET tokens = LEAST($2, tokens + $3 * GREATEST(0, extract(epoch FROM clock_timestamp() - refilled_at))::float8) - 1,
               refilled_at = clock_timestamp(),
               shut_until = CASE WHEN failures >= $4 THEN clock_timestamp() + make_interval(secs => $5) ELSE shut_until END
         WHERE provider = $1 AND paused_until <= clock_timestamp() AND shut_until <= clock_timestamp()
           AND LEAST($2, tokens + $3 * GREATEST(0, extract(epoch FROM clock_timestamp() - refilled_at))::float8) >= 1
        RETURNING provider)
    INSERT INTO provider_calls (call_id, provider, kind, photo_id, attempt, model, node)
    SELECT $6, provider, 'order', $7, $8, $9, $10 FROM permitted";

/// When an order may be placed again, in seconds from now.
const NOT_BEFORE: &str = "
    SELECT extract(epoch FROM GREATEST(
               paused_until, shut_until,
               refilled_at + make_interval(secs => GREATEST(0, 1 - tokens) / $2))
           - clock_timestamp())::float8
      FROM provider_accounts WHERE provider = $1";

/// The accounts at the image providers. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ProviderAccounts {
    pool: PgPool,
}

impl ProviderAccounts {
    pub(crate) const fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Asks whether an order may be placed; when it may, it is in the ledger.
    pub(crate) async fn permit(&self, order: &PlannedOrder<'_>) -> sqlx::Result<Permission> {
        let (burst, a_second) = budget(order.per_minute);
        for _ in 0..2 {
            let granted = sqlx::query(PERMIT)
                .bind(order.provider)
                .bind(burst)
                .bind(a_second)
                .bind(FAILURES)
                .bind(TRIAL.as_secs_f64())
                .bind(order.call_id)
                .bind(order.photo_id.0)
                .bind(i32::try_from(order.attempt).unwrap_or(i32::MAX))
                .bind(order.model)
                .bind(order.node)
                .execute(&self.pool)
                .await?;
            if granted.rows_affected() == 1 {
                return Ok(Permission::Granted);
            }
            let left: Option<f64> = sqlx::query_scalar(NOT_BEFORE)
                .bind(order.provider)
                .bind(a_second)
                .fetch_optional(&self.pool)
                .await?;
            match left {
                Some(left) => return Ok(Permission::NotBefore(seconds(left))),
                None => self.open(order.provider, burst).await?,
            }
        }
        Ok(Permission::NotBefore(Duration::from_millis(100)))
    }

    /// The provider wants to be left alone for that long. A shorter wish never cuts a longer one. After it, one order may be
    /// placed at once, and the others flow: what the provider takes is less than was thought.
    pub(crate) async fn pause(&self, provider: &str, wish: Duration) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO provider_accounts AS account (provider, tokens, paused_until)
             VALUES ($1, 1, clock_timestamp() + make_interval(secs => $2))
             ON CONFLICT (provider) DO UPDATE
                SET paused_until = GREATEST(account.paused_until, excluded.paused_until),
                    tokens = LEAST(account.tokens, 1),
                    refilled_at = GREATEST(account.refilled_at, excluded.paused_until)",
        )
        .bind(provider)
        .bind(wish.as_secs_f64())
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// An order failed for reasons of the provider's; after some in a row it gets a rest.
    pub(crate) async fn failed(&self, provider: &str) -> sqlx::Result<()> {
        let failures: Option<i32> = sqlx::query_scalar(
            "UPDATE provider_accounts
                SET failures = failures + 1,
                    shut_until = CASE WHEN failures + 1 >= $2
                        THEN clock_timestamp() + make_interval(secs => LEAST($4, $3 * 2.0 ^ LEAST(failures + 1 - $2, 20)))
                        ELSE shut_until END
              WHERE provider = $1 RETURNING failures",
        )
        .bind(provider)
        .bind(FAILURES)
        .bind(FIRST_REST.as_secs_f64())
        .bind(LONGEST_REST.as_secs_f64())
        .fetch_optional(&self.pool)
        .await?;
        if failures == Some(FAILURES) {
            tracing::error!(
                provider,
                "{FAILURES} orders in a row failed at {provider}; it is asked for nothing new for a while"
            );
        }
        Ok(())
    }

    /// The provider takes orders: whatever failed before counts no more.
    pub(crate) async fn succeeded(&self, provider: &str) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE provider_accounts SET failures = 0, shut_until = '-infinity'
              WHERE provider = $1 AND failures > 0",
        )
        .bind(provider)
        .execute(&self.pool)
        .await
        .map(drop)
    }

    async fn open(&self, provider: &str, burst: f64) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO provider_accounts (provider, tokens) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(provider)
        .bind(burst)
        .execute(&self.pool)
        .await
        .map(drop)
    }
}

/// The same account by itself, for simulations: what the statements above do to a row.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    tokens: f64,
    refilled_at: DateTime<Utc>,
    paused_until: DateTime<Utc>,
    shut_until: DateTime<Utc>,
    failures: i32,
}

impl Account {
    pub(crate) fn open(per_minute: u32, now: DateTime<Utc>) -> Self {
        Self {
            tokens: budget(per_minute).0,
            refilled_at: now,
            paused_until: now,
            shut_until: now,
            failures: 0,
        }
    }

    pub(crate) fn permit(&mut self, per_minute: u32, now: DateTime<Utc>) -> Permission {
        let (burst, a_second) = budget(per_minute);
        let passed = (now - self.refilled_at).as_seconds_f64().max(0.0);
        let tokens = burst.min(self.tokens + a_second * passed);
        if self.paused_until <= now && self.shut_until <= now && tokens >= 1.0 {
            self.tokens = tokens - 1.0;
            self.refilled_at = now;
            if self.failures >= FAILURES {
                self.shut_until = now + TRIAL;
            }
            return Permission::Granted;
        }
        let full = (1.0 - self.tokens).max(0.0) / a_second;
        let refilled = self.refilled_at + Duration::from_secs_f64(full);
        let open = self.paused_until.max(self.shut_until).max(refilled);
        Permission::NotBefore(seconds((open - now).as_seconds_f64()))
    }

    pub(crate) fn pause(&mut self, wish: Duration, now: DateTime<Utc>) {
        let until = now + wish;
        self.paused_until = self.paused_until.max(until);
        self.tokens = self.tokens.min(1.0);
        self.refilled_at = self.refilled_at.max(until);
    }

    pub(crate) fn failed(&mut self, now: DateTime<Utc>) {
        self.failures += 1;
        if self.failures >= FAILURES {
            let doublings = (self.failures - FAILURES).clamp(0, 20).cast_unsigned();
            let rest = FIRST_REST.saturating_mul(1 << doublings).min(LONGEST_REST);
            self.shut_until = now + rest;
        }
    }

    pub(crate) fn succeeded(&mut self) {
        if self.failures > 0 {
            self.failures = 0;
            self.shut_until = DateTime::UNIX_EPOCH;
        }
    }
}

/// How many orders may come at once, and how many flow in a second, so that both together are `per_minute` in a minute.
fn budget(per_minute: u32) -> (f64, f64) {
    let burst = per_minute.div_ceil(BURST).max(1);
    // A budget of one a minute is one order and then another one a minute later.
    let rest = per_minute.saturating_sub(burst).max(1);
    (f64::from(burst), f64::from(rest) / 60.0)
}

fn seconds(left: f64) -> Duration {
    // Never nothing: whoever asks again at once would only ask.
    Duration::try_from_secs_f64(left)
        .unwrap_or_default()
        .max(Duration::from_millis(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_sees_more_orders_than_it_may() {
        for per_minute in [2, 5, 6, 60, 600] {
            let (burst, a_second) = budget(per_minute);
            assert!(burst >= 1.0);
            assert!(
                burst + a_second * 60.0 <= f64::from(per_minute) + 1e-9,
                "{per_minute}"
            );
        }
    }
}
