//! The ledger: every request to Stripe and every delivery of an event, for tests to count.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::state::State;

/// One request that carried a valid key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RequestEntry {
    pub(super) id: String,
    /// By the movable clock, in seconds.
    pub(super) at: i64,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) params: Value,
    pub(super) idempotency_key: Option<String>,
    pub(super) status: u16,
    /// Whether the answer was that of an earlier request with the same key.
    pub(super) replayed: bool,
    /// The id of the object in the answer.
    pub(super) object: Option<String>,
}

/// The whole ledger.
pub(super) fn show(state: &State) -> Value {
    let pending = state
        .deliveries
        .iter()
        .filter(|one| !one.is_settled())
        .count();
    json!({
        "requests": state.requests,
        "deliveries": state.deliveries,
        "deliveries_pending": pending,
        "counts": {
            "customers": state.customers.len(),
            "checkout_sessions": state.sessions.len(),
            "subscriptions": state.subscriptions.len(),
            "invoices": state.invoices.len(),
            "events": state.events.len(),
        },
    })
}
