//! The keys that people's personal data are sealed with in the log.

use async_trait::async_trait;
use domain::values::UserId;

use super::LogUnavailable;

/// The data keys of people. Whoever's key is destroyed is forgotten: all that was sealed for them reads as
/// `domain::personal::Personal::Erased` from then on, in every process, for ever.
///
/// **Erasing somebody needs no call of its own.** An append that holds an event which
/// `domain::personal::forgets_owner` names (`Person.PersonErased`) destroys the key of that event's owner in its own
/// transaction: both happen, or neither does. `destroy` is for whatever has no such event, and does no harm after one.
///
/// What was destroyed leaves a tombstone, also for somebody who never had a key, so that no key is made for them again.
/// An append that holds personal data of somebody whose key is destroyed is refused with `AppendError::OwnerErased`, and
/// nothing of it is written; events without personal data are still appended.
#[async_trait]
pub trait PersonKeys: Send + Sync {
    /// Destroys somebody's key for ever; again changes nothing. Returns once that is durable.
    ///
    /// Appends wait meanwhile, so that whatever was sealed with the key is in the log before, or never. This process
    /// opens nothing with it any more; others notice within a second.
    async fn destroy(&self, user: UserId) -> Result<(), LogUnavailable>;

    /// Whether somebody's key was destroyed; false for somebody who never had one. Asks the database.
    async fn is_destroyed(&self, user: UserId) -> Result<bool, LogUnavailable>;
}
