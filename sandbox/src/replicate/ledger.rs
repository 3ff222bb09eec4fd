//! The ledger of creates: what was asked for, and whether the caller could know of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::behaviour::Behaviour;

/// One create that was received, whether or not it led to a prediction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LedgerEntry {
    /// The prediction's id; absent when the create was refused.
    pub(super) id: Option<String>,
    /// RFC 3339, with milliseconds.
    pub(super) at: String,
    pub(super) model: String,
    pub(super) prompt: String,
    pub(super) input: Value,
    pub(super) webhook: Option<String>,
    pub(super) behaviour: Behaviour,
    /// The HTTP status of the answer, or `dropped`.
    pub(super) outcome: String,
    /// Whether the caller was given an answer that names the prediction.
    pub(super) response_delivered: bool,
    /// How often one of its files was fetched.
    pub(super) files_served: u32,
    /// How often a client followed the redirect of `redirecting_file_host`.
    pub(super) redirects_followed: u32,
    pub(super) webhooks: Vec<WebhookAttempt>,
}

/// One webhook that was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WebhookAttempt {
    pub(super) at: String,
    pub(super) event: String,
    pub(super) message_id: String,
    /// The receiver's HTTP status; absent when it could not be reached.
    pub(super) status: Option<u16>,
}
