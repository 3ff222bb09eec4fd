//! The inbox as an operator sees it: which messages there are, and handing some out again.

use application::ports::{InboxCounts, InboxEntry, InboxState, InvalidState};
use chrono::{DateTime, Utc};
use sqlx::{Row, postgres::PgRow};

use super::WebhookInbox;

impl WebhookInbox {
    /// The newest messages, newest first; of one state, or of all.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list(
        &self,
        state: Option<InboxState>,
        limit: u32,
    ) -> sqlx::Result<Vec<InboxEntry>> {
        self.list_before(state, None, limit).await
    }

    pub(super) async fn list_before(
        &self,
        state: Option<InboxState>,
        before: Option<u64>,
        limit: u32,
    ) -> sqlx::Result<Vec<InboxEntry>> {
        let rows = sqlx::query(
            "SELECT arrival, event_id, provider, kind, state, attempts, replays, error, received_at, settled_at
               FROM webhook_inbox
             WHERE ($1::text IS NULL OR state = $1) AND ($2::bigint IS NULL OR arrival < $2)
             ORDER BY arrival DESC
             LIMIT $3",
        )
        .bind(state.map(InboxState::as_str))
        .bind(before.map(u64::cast_signed))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(entry).collect()
    }

    pub(super) async fn find(&self, id: &str) -> sqlx::Result<Option<InboxEntry>> {
        let row = sqlx::query(
            "SELECT arrival, event_id, provider, kind, state, attempts, replays, error, received_at, settled_at
               FROM webhook_inbox WHERE event_id = $1",
        )
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(entry).transpose()
    }

    pub(super) async fn count(&self, since: DateTime<Utc>) -> sqlx::Result<InboxCounts> {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM webhook_inbox WHERE state = 'waiting') AS waiting,
                    (SELECT count(*) FROM webhook_inbox WHERE state = 'parked') AS parked,
                    (SELECT count(*) FROM webhook_inbox WHERE received_at >= $1 AND state = 'done') AS done",
        )
        .bind(since)
        .fetch_one(&self.pool)
        .await?;
        let count = |column| row.try_get(column).map(i64::cast_unsigned);
        Ok(InboxCounts {
            waiting: count("waiting")?,
            parked: count("parked")?,
            done: count("done")?,
        })
    }

    /// Hands a message out again, whatever became of it; false when there is none of that id. Workers find it when they
    /// look next.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn replay(&self, id: &str) -> sqlx::Result<bool> {
        let again = sqlx::query(AGAIN).bind(id).execute(&self.pool).await?;
        Ok(again.rows_affected() == 1)
    }
}

fn entry(row: &PgRow) -> sqlx::Result<InboxEntry> {
    let state: String = row.try_get("state")?;
    Ok(InboxEntry {
        arrival: row.try_get::<i64, _>("arrival")?.cast_unsigned(),
        id: row.try_get("event_id")?,
        provider: row.try_get("provider")?,
        kind: row.try_get("kind")?,
        state: state
            .parse()
            .map_err(|error: InvalidState| sqlx::Error::Decode(error.into()))?,
        attempts: row.try_get::<i32, _>("attempts")?.unsigned_abs(),
        replays: row.try_get::<i32, _>("replays")?.unsigned_abs(),
        error: row.try_get("error")?,
        received_at: row.try_get("received_at")?,
        settled_at: row.try_get("settled_at")?,
    })
}

const AGAIN: &str = "
    UPDATE webhook_inbox
       SET state = 'waiting', attempts = 0, replays = replays + 1, error = NULL, settled_at = NULL,
           next_at = clock_timestamp()
     WHERE event_id = $1";
