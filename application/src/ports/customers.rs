//! Whose payment customer is whose.

use async_trait::async_trait;
use domain::values::UserId;

use super::LogUnavailable;

/// Lists what we hold to be running, to be compared with what the payment provider says.
#[async_trait]
pub trait RunningSubscriptions: Send + Sync {
    /// Whose subscriptions are not over here, with the provider's id of each: at most `limit`, in the order of their
    /// users, from the one after `after` on.
    async fn running(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<(UserId, String)>, LogUnavailable>;
}

/// Finds the user behind the payment provider's customer, for messages that name nobody else.
#[async_trait]
pub trait CustomerDirectory: Send + Sync {
    /// The user who was sent to pay as that customer; none when nobody was, or the read model has not seen it yet.
    async fn owner_of(&self, customer_id: &str) -> Result<Option<UserId>, LogUnavailable>;
}
