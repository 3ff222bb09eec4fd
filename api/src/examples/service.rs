//! How the service is.

use serde_json::{Value, json};

pub(crate) fn health() -> Value {
    json!({"status": "ok"})
}

pub(crate) fn ready() -> Value {
    json!({"status": "ok", "checks": {"postgres": "ok", "redis": "disabled", "projections": "ok", "storage": "ok", "replica": "disabled"}})
}

pub(crate) fn not_ready() -> Value {
    json!({"status": "unavailable", "checks": {"postgres": "down", "redis": "disabled", "projections": "down", "storage": "ok", "replica": "disabled"}})
}

pub(crate) fn degraded() -> Value {
    json!({
        "status": "degraded",
        "checks": {"postgres": "ok", "redis": "disabled", "projections": "degraded", "storage": "ok", "replica": "disabled"},
        "reasons": ["photos is being rebuilt for a new version: 43 %"],
    })
}
