//! What operators see.

use serde_json::{Value, json};

use super::{MARA, SCENE};

fn admin_photo() -> Value {
    json!({
        "id": SCENE,
        "owner": MARA,
        "purpose": "scene",
        "status": "failed",
        "attempts": 5,
        "failure": {"code": "transient", "detail": "503 of the provider's", "retryable": true},
        "rules": [],
        "requested_at": "2026-11-22T14:10:00Z",
    })
}

pub(crate) fn admin_photos() -> Value {
    json!({"items": [admin_photo()], "next_cursor": null})
}

pub(crate) fn retried_photo() -> Value {
    admin_photo_without_failure("requested")
}

pub(crate) fn photo_canceled_by_operator() -> Value {
    admin_photo_without_failure("canceled")
}

fn admin_photo_without_failure(status: &str) -> Value {
    let mut photo = admin_photo();
    photo["status"] = json!(status);
    if let Value::Object(fields) = &mut photo {
        fields.remove("failure");
    }
    photo
}

pub(crate) fn user_account() -> Value {
    json!({
        "id": MARA,
        "avatar_created_at": "2026-11-22T14:00:00Z",
        "subscription": {
            "status": "active",
            "plan": "monthly",
            "customer_id": "cus_a1b2c3",
            "current_period_end": "2026-12-22T14:05:00Z",
            "photos_used": 1,
            "photos_limit": 60,
        },
        "photos": [{"status": "delivered", "count": 2}, {"status": "failed", "count": 1}],
        "reports": 1,
        "conduct": {"flagged": false, "refusals": 1, "hard_refusals": 0, "cooling_down_until": null},
    })
}

pub(crate) fn figures() -> Value {
    json!({
        "measured_at": "2026-11-22T15:00:00Z",
        "log_position": 42,
        "photos": [{"status": "delivered", "count": 2}, {"status": "failed", "count": 1}],
        "deliveries": [{"hour": "2026-11-22T14:00:00Z", "count": 2}],
        "subscriptions": [{"status": "active", "count": 1}],
        "queue": {"depth": 3, "due": 1},
        "lag": [{"name": "photos", "events": 0, "seconds": 0.0, "state": "running"}],
        "reports": {"open": 1, "overdue": 0},
        "webhooks": {"waiting": 0, "parked": 1, "done": 7},
    })
}

pub(crate) fn webhook() -> Value {
    json!({
        "id": "evt_a1b2c3",
        "provider": "stripe",
        "type": "invoice.paid",
        "state": "parked",
        "attempts": 12,
        "replays": 0,
        "error": "the payment provider knows no such subscription",
        "received_at": "2026-11-22T14:05:00Z",
        "settled_at": "2026-11-22T14:25:00Z",
    })
}

pub(crate) fn webhooks() -> Value {
    json!({"items": [webhook()], "next_cursor": null})
}
