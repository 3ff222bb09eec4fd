//! Whose payment customer is whose.

use async_trait::async_trait;
use domain::values::UserId;

use super::LogUnavailable;

/// Finds the user behind the payment provider's customer, for messages that name nobody else.
#[async_trait]
pub trait CustomerDirectory: Send + Sync {
    /// The user who was sent to pay as that customer; none when nobody was, or the read model has not seen it yet.
    async fn owner_of(&self, customer_id: &str) -> Result<Option<UserId>, LogUnavailable>;
}
