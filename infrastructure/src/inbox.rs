//! The payment provider's messages in PostgreSQL, table `webhook_inbox`.

use std::time::Duration;

use application::{
    crash_points::CrashPoint,
    ports::{InboxCounts, InboxItem, Kept, LogUnavailable, PaymentInbox},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{PgPool, postgres::types::PgInterval};
use tokio::sync::watch;

mod forgetting;
mod replay;

pub use application::ports::{InboxEntry, InboxState, InvalidState};

/// The longest error text that is kept, in characters.
const LONGEST_ERROR_CHARS: usize = 2_000;

/// The inbox. Cheap to clone; clones share the hint.
#[derive(Clone)]
pub struct WebhookInbox {
    pool: PgPool,
    hint: watch::Sender<u64>,
    kept_here: watch::Sender<u64>,
}

impl WebhookInbox {
    /// In that database, which must be migrated.
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            hint: watch::Sender::new(0),
            kept_here: watch::Sender::new(0),
        }
    }

    /// Changes when this process kept a message, for other processes to be told.
    pub fn kept_here(&self) -> watch::Receiver<u64> {
        self.kept_here.subscribe()
    }

    /// Another process kept a message: whoever waits here looks.
    pub fn look(&self) {
        self.hint.send_modify(|kept| *kept += 1);
    }

    fn announce(&self) {
        self.look();
        self.kept_here.send_modify(|kept| *kept += 1);
    }

    /// The same inbox, whose statements go through another pool: for operators, who have other rights.
    pub fn working_through(&self, pool: PgPool) -> Self {
        Self {
            pool,
            hint: self.hint.clone(),
            kept_here: self.kept_here.clone(),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    event_id: String,
    kind: String,
    body: Vec<u8>,
    attempts: i32,
    replays: i32,
    received_at: DateTime<Utc>,
}

#[async_trait]
impl PaymentInbox for WebhookInbox {
    async fn keep(
        &self,
        provider: &str,
        event_id: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<Kept, LogUnavailable> {
        let inserted = sqlx::query(
            "INSERT INTO webhook_inbox (event_id, provider, kind, body) VALUES ($1, $2, $3, $4)
             ON CONFLICT (event_id) DO NOTHING",
        )
        .bind(event_id)
        .bind(provider)
        .bind(kind)
        .bind(body)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        if inserted.rows_affected() == 0 {
            return Ok(Kept::AlreadyKnown);
        }
        CrashPoint::NoticeKept.pass();
        self.announce();
        Ok(Kept::New)
    }

    async fn next(&self, lease: Duration) -> Result<Option<InboxItem>, LogUnavailable> {
        // The CTE is materialised: as a plain subquery it could be planned as a loop that locks and takes several rows.
        let row: Option<Row> = sqlx::query_as(
            "WITH due AS MATERIALIZED (
                 SELECT event_id FROM webhook_inbox
                 WHERE state = 'waiting' AND next_at <= clock_timestamp()
                 ORDER BY arrival
                 LIMIT 1
                 FOR UPDATE SKIP LOCKED
             )
             UPDATE webhook_inbox AS inbox
             SET attempts = attempts + 1, next_at = clock_timestamp() + $1
             FROM due WHERE inbox.event_id = due.event_id
             RETURNING inbox.event_id, kind, body, attempts, replays, received_at",
        )
        .bind(interval(lease))
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(row.map(|row| InboxItem {
            id: row.event_id,
            kind: row.kind,
            body: row.body,
            attempts: row.attempts.unsigned_abs(),
            replays: row.replays.unsigned_abs(),
            received_at: row.received_at,
        }))
    }

    async fn done(&self, id: &str) -> Result<(), LogUnavailable> {
        // Also when it was parked meanwhile by somebody whose lease was over: done is done.
        sqlx::query(
            "UPDATE webhook_inbox
             SET state = 'done', error = NULL, settled_at = clock_timestamp()
             WHERE event_id = $1 AND state <> 'done'",
        )
        .bind(id)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(())
    }

    async fn failed(
        &self,
        id: &str,
        error: &str,
        retry_at: Option<DateTime<Utc>>,
    ) -> Result<(), LogUnavailable> {
        // Text in PostgreSQL holds no NUL.
        let error: String = error
            .chars()
            .filter(|c| *c != '\0')
            .take(LONGEST_ERROR_CHARS)
            .collect();
        // Only what still waits: the failure of somebody whose lease was over undoes nothing.
        sqlx::query(
            "UPDATE webhook_inbox
             SET error = $2,
                 state = CASE WHEN $3::timestamptz IS NULL THEN 'parked' ELSE state END,
                 next_at = COALESCE($3, next_at),
                 settled_at = CASE WHEN $3::timestamptz IS NULL THEN clock_timestamp() END
             WHERE event_id = $1 AND state = 'waiting'",
        )
        .bind(id)
        .bind(error)
        .bind(retry_at)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(())
    }

    async fn page(
        &self,
        state: Option<InboxState>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<InboxEntry>, LogUnavailable> {
        let page = self.list_before(state, before, limit).await;
        page.map_err(unavailable)
    }

    async fn entry(&self, id: &str) -> Result<Option<InboxEntry>, LogUnavailable> {
        self.find(id).await.map_err(unavailable)
    }

    async fn counts(&self, since: DateTime<Utc>) -> Result<InboxCounts, LogUnavailable> {
        self.count(since).await.map_err(unavailable)
    }

    async fn hand_out_again(&self, id: &str) -> Result<bool, LogUnavailable> {
        let again = self.replay(id).await.map_err(unavailable)?;
        self.announce();
        Ok(again)
    }

    async fn forget_mentioning(&self, words: &[String]) -> Result<(), LogUnavailable> {
        self.empty_mentioning(words).await.map_err(unavailable)
    }

    async fn forget(&self, id: &str) -> Result<(), LogUnavailable> {
        sqlx::query("UPDATE webhook_inbox SET body = '' WHERE event_id = $1")
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    fn hint(&self) -> watch::Receiver<u64> {
        self.hint.subscribe()
    }
}

fn interval(duration: Duration) -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX),
    }
}

fn unavailable(error: sqlx::Error) -> LogUnavailable {
    LogUnavailable(Box::new(error))
}
