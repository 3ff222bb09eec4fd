//! What image providers tell of their own accord: that a job is over.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::values::PhotoId;
use tokio::sync::broadcast;

use super::{Kept, LogUnavailable, WebhookRejected};

/// A provider's message whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictionMessage {
    /// Unique; the same for every delivery of one message.
    pub id: String,
    /// The provider's id of the job.
    pub prediction_id: String,
    /// How the job stands, in the provider's word.
    pub status: String,
}

/// The headers of a webhook that is signed by the Standard Webhooks scheme.
#[derive(Debug, Clone, Copy)]
pub struct WebhookHeaders<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`, seconds since 1970.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or more, with spaces between.
    pub signature: &'a str,
}

/// Why a provider's message is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageRefused {
    /// It is not the provider's, or too old.
    #[error(transparent)]
    Signature(#[from] WebhookRejected),
    /// It is the provider's, and no job.
    #[error("the message is not about a job")]
    Unreadable,
}

/// Tells an image provider's messages from forged ones.
pub trait PredictionWebhook: Send + Sync {
    /// As it stands in events: `replicate`.
    fn provider(&self) -> &str;

    /// Checks the signature over the raw body, then reads it.
    ///
    /// # Errors
    /// When it is forged, more than five minutes from `now`, or no job.
    fn read(
        &self,
        headers: WebhookHeaders<'_>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<PredictionMessage, MessageRefused>;
}

/// The attempt whose provider said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttemptId {
    /// The picture.
    pub photo_id: PhotoId,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// Keeps providers' messages, and wakes whoever waits for them.
///
/// A message is a hint: whoever hears it asks the provider how the job stands. So one that is lost costs time only.
#[async_trait]
pub trait PredictionNotices: Send + Sync {
    /// Keeps a message about an attempt and wakes those who wait, in every process; durable on return.
    ///
    /// # Errors
    /// When the store is away: the provider must be told to deliver again.
    async fn keep(
        &self,
        provider: &str,
        about: AttemptId,
        message: &PredictionMessage,
    ) -> Result<Kept, LogUnavailable>;

    /// The provider's id of the job that the newest message about that attempt named.
    ///
    /// # Errors
    /// When the store is away.
    async fn named(&self, about: AttemptId) -> Result<Option<String>, LogUnavailable>;

    /// Forgets all messages about these pictures.
    ///
    /// # Errors
    /// When the store is away.
    async fn forget(&self, photos: &[PhotoId]) -> Result<(), LogUnavailable>;

    /// The attempts that messages arrive about from now on.
    fn arrivals(&self) -> broadcast::Receiver<AttemptId>;
}
