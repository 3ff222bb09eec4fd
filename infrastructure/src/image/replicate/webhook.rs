//! Replicate's webhooks: signed by the Standard Webhooks scheme; the body is the prediction object.

use application::ports::{MessageRefused, PredictionMessage, PredictionWebhook, WebhookHeaders};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::standard_webhooks::{WebhookSecret, verify};

/// Checks and reads Replicate's messages. Without a secret it believes none.
#[derive(Debug, Clone)]
pub struct ReplicateWebhook {
    secrets: Vec<WebhookSecret>,
}

impl ReplicateWebhook {
    /// With the account's secrets: one, or two while it is rotated.
    pub const fn new(secrets: Vec<WebhookSecret>) -> Self {
        Self { secrets }
    }
}

/// As much of the prediction as is kept: neither inputs nor outputs.
#[derive(Deserialize)]
struct Told {
    id: String,
    status: String,
}

impl PredictionWebhook for ReplicateWebhook {
    fn provider(&self) -> &str {
        super::NAME
    }

    fn read(
        &self,
        headers: WebhookHeaders<'_>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<PredictionMessage, MessageRefused> {
        verify(headers, body, &self.secrets, now)?;
        let told: Told = serde_json::from_slice(body).map_err(|_| MessageRefused::Unreadable)?;
        // Text in PostgreSQL holds no NUL.
        let is_plain = |text: &str| !text.is_empty() && !text.contains('\0');
        if ![headers.id, &told.id, &told.status]
            .into_iter()
            .all(is_plain)
        {
            return Err(MessageRefused::Unreadable);
        }
        Ok(PredictionMessage {
            id: headers.id.to_owned(),
            prediction_id: told.id,
            status: told.status,
        })
    }
}
