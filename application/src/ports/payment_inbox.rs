//! The payment provider's messages, kept before anybody thinks about them.

use std::time::Duration;

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

    /// Changes when this process kept a message; a hint only: consumers poll as well.
    fn hint(&self) -> watch::Receiver<u64>;
}
