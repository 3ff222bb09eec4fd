//! The payment provider's messages, kept before anybody thinks about them.

use std::{fmt, str::FromStr, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::LogUnavailable;

/// Whether a message was news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is kept now.
    New,
    /// A message of that id was kept before; that one stands, this one was dropped.
    AlreadyKnown,
}

/// A message that waits for its work, as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxItem {
    /// The provider's event id.
    pub id: String,
    /// The provider's event type.
    pub kind: String,
    /// The body's bytes, whose signature was checked.
    pub body: Vec<u8>,
    /// How often it was handed out, this time included: 1, 2, 3 …
    pub attempts: u32,
    /// How often an operator has handed it out again.
    pub replays: u32,
    /// When it was kept, by the database's clock.
    pub received_at: DateTime<Utc>,
}

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
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Done, Self::Parked];

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
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(InvalidState)
    }
}

/// A message, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEntry {
    /// Its place in the order of arrival.
    pub arrival: u64,
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

/// How many messages stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InboxCounts {
    /// They wait for their work, or are being worked on.
    pub waiting: u64,
    /// They failed, and wait for an operator.
    pub parked: u64,
    /// They came since the given time, and are dealt with.
    pub done: u64,
}

/// A durable queue of the payment provider's messages.
///
/// The webhook's handler keeps the raw body and answers; the worker does the work later, and as
/// often as it takes. Delivery is at least once: a consumer that outlives its lease works beside its successor.
#[async_trait]
pub trait PaymentInbox: Send + Sync {
    /// Keeps a message; durable on return. `provider` is as in `stripe`, `event_id` its unique id.
    ///
    /// # Errors
    /// When the store is away: the provider must be told to deliver again.
    async fn keep(
        &self,
        provider: &str,
        event_id: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<Kept, LogUnavailable>;

    /// Hands out the oldest message that is due, to nobody else for the time of `lease`; none when nothing is due.
    async fn next(&self, lease: Duration) -> Result<Option<InboxItem>, LogUnavailable>;

    /// The message is dealt with. It stays as evidence, and its id stays known.
    async fn done(&self, id: &str) -> Result<(), LogUnavailable>;

    /// The work failed with `error`: hand it out again at `retry_at`, or, with none, park it for an operator.
    async fn failed(
        &self,
        id: &str,
        error: &str,
        retry_at: Option<DateTime<Utc>>,
    ) -> Result<(), LogUnavailable>;

    /// The newest messages, newest first, at most `limit` of them: those of one state, or of all; those that came before
    /// the arrival `before`, or all.
    async fn page(
        &self,
        state: Option<InboxState>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<InboxEntry>, LogUnavailable>;

    /// One message.
    async fn entry(&self, id: &str) -> Result<Option<InboxEntry>, LogUnavailable>;

    /// How many messages stand how; of those that are done, only those that came since then.
    async fn counts(&self, since: DateTime<Utc>) -> Result<InboxCounts, LogUnavailable>;

    /// Hands a message out again, whatever became of it; false when there is none of that id.
    async fn hand_out_again(&self, id: &str) -> Result<bool, LogUnavailable>;

    /// Empties the bodies of all messages that mention one of these words, as a customer's id; those that still wait are
    /// done with. Again changes nothing.
    async fn forget_mentioning(&self, words: &[String]) -> Result<(), LogUnavailable>;

    /// Empties one message's body.
    async fn forget(&self, id: &str) -> Result<(), LogUnavailable>;

    /// Changes when this process kept a message; a hint only: consumers poll as well.
    fn hint(&self) -> watch::Receiver<u64>;
}
