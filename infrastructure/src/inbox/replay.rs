//! The inbox as an operator sees it: which messages there are, and handing some out again.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::WebhookInbox;

/// How a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxState {
    /// It waits for its work, or is being worked on.
    Waiting,
    /// It is dealt with.
    Done,
    /// It failed, and waits for an operator.
    Parked,
}

impl InboxState {
    /// The word that stands for it in SQL and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Parked => "parked",
        }
    }
}

impl fmt::Display for InboxState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is one of waiting, done, parked")]
pub struct InvalidState;

impl FromStr for InboxState {
    type Err = InvalidState;

    fn from_str(text: &str) -> Result<Self, InvalidState> {
        [Self::Waiting, Self::Done, Self::Parked]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(InvalidState)
    }
}

/// A message, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEntry {
    /// The provider's event id.
    pub id: String,
    /// The provider, as `stripe`.
    pub provider: String,
    /// The provider's event type.
    pub kind: String,
    /// How it stands.
    pub state: InboxState,
    /// How often it was handed out since it came, or since it was handed out again.
    pub attempts: u32,
    /// How often an operator has handed it out again.
    pub replays: u32,
    /// Why the latest attempt failed.
    pub error: Option<String>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// When it was done or parked.
    pub settled_at: Option<DateTime<Utc>>,
}

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
        let rows = sqlx::query(
            "SELECT event_id, provider, kind, state, attempts, replays, error, received_at, settled_at
             FROM webhook_inbox
             WHERE $1::text IS NULL OR state = $1
             ORDER BY arrival DESC
             LIMIT $2",
        )
        .bind(state.map(InboxState::as_str))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let state: String = row.try_get("state")?;
                Ok(InboxEntry {
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
            })
            .collect()
    }

    /// Hands a message out again, whatever became of it; false when there is none of that id. Workers find it when they
    /// look next.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn replay(&self, id: &str) -> sqlx::Result<bool> {
        let again = sqlx::query(AGAIN_ONE).bind(id).execute(&self.pool).await?;
        Ok(again.rows_affected() == 1)
    }

    /// Hands every parked message out again; returns how many that are.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn replay_parked(&self) -> sqlx::Result<u64> {
        let again = sqlx::query(AGAIN_PARKED).execute(&self.pool).await?;
        Ok(again.rows_affected())
    }
}

const AGAIN_ONE: &str = "
    UPDATE webhook_inbox
       SET state = 'waiting', attempts = 0, replays = replays + 1, error = NULL, settled_at = NULL,
           next_at = clock_timestamp()
     WHERE event_id = $1";

const AGAIN_PARKED: &str = "
    UPDATE webhook_inbox
       SET state = 'waiting', attempts = 0, replays = replays + 1, error = NULL, settled_at = NULL,
           next_at = clock_timestamp()
     WHERE state = 'parked'";
