//! What a used idempotency key stands for: where its events ended, and the answer that was given.

use async_trait::async_trait;
use domain::values::Position;

use super::LogUnavailable;

/// A key that a command has used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// SHA-256 of the request that used it.
    pub request_hash: [u8; 32],
    /// The position that the command's events reached.
    pub position: Position,
    /// The answer, once it was given; none when the process died (or still works) between append and answer.
    pub answer: Option<Answer>,
}

/// An HTTP answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that belong to the answer itself: `Location`, `ETag`, `Log-Position`, `Content-Type`.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// Where used keys are kept, for 7 days. Claims are written by `EventLog::append`, in the same transaction as the events.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// What the key stands for; none when it is new.
    async fn find(&self, scope: &str, key: &str) -> Result<Option<KnownKey>, LogUnavailable>;

    /// Keeps the answer that was given under a key. For a key that `append` claimed, `position` is ignored;
    /// for a command that succeeded without events the row is made here. It need not be durable when this returns: an
    /// answer that is lost in a crash is built again.
    async fn remember(
        &self,
        scope: &str,
        key: &str,
        request_hash: [u8; 32],
        position: Position,
        answer: &Answer,
    ) -> Result<(), LogUnavailable>;

    /// Forgets all keys of a scope, with the answers that were given under them. Of an erased person (`user:<id>`) no
    /// answer is kept afterwards either.
    async fn forget(&self, scope: &str) -> Result<(), LogUnavailable>;

    /// Forgets keys older than 7 days; returns how many.
    async fn expire(&self) -> Result<u64, LogUnavailable>;
}
