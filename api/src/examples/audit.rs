//! What auditors see.

use serde_json::{Value, json};

use super::{MARA, REFERENCE, SHA256};

pub(crate) fn projections() -> Value {
    json!({"items": [{
        "name": "photos",
        "version": 1,
        "position": 42,
        "lag_events": 0,
        "lag_seconds": 0.0,
        "state": "running",
        "error": null,
        "failed_position": null,
        "rebuild": {"version": 2, "position": 18, "lag_events": 24, "percent": 42, "state": "running", "error": null},
        "check": {
            "position": 40,
            "checked_at": "2026-11-22T14:00:00Z",
            "rows": 2,
            "rows_different": 0,
            "took_ms": 12,
        },
    }]})
}

pub(crate) fn projection() -> Value {
    projections()["items"][0].clone()
}

fn logged_event() -> Value {
    json!({
        "position": 41,
        "event_id": "0193e7f9-44e1-7a10-b2c3-d4e5f6a7b8c9",
        "aggregate_type": "Avatar",
        "aggregate_id": MARA,
        "sequence": 4,
        "event_type": "ReferenceImageApproved",
        "event_version": "1",
        "recorded_at": "2026-11-22T14:01:30Z",
        "payload": {"type": "ReferenceImageApproved", "photo_id": REFERENCE},
        "metadata": {
            "actor": format!("user:{MARA}"),
            "owner": MARA,
            "correlation_id": "0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b",
            "causation_id": "0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b",
            "command": "ApproveReferenceImage",
        },
    })
}

pub(crate) fn logged_events() -> Value {
    json!({"items": [logged_event()], "next_cursor": "41"})
}

pub(crate) fn exported_events() -> Value {
    json!(format!("{}\n", logged_event()))
}

pub(crate) fn event_detail() -> Value {
    let mut event = logged_event();
    event["leaf_hash"] = json!(SHA256);
    event["state_before"] = json!({"reference": {"status": "ready", "photo_id": REFERENCE}});
    event["state_after"] = json!({"reference": {"status": "approved", "photo_id": REFERENCE}});
    event["changes"] =
        json!([{"path": "/reference/status", "before": "ready", "after": "approved"}]);
    event
}

pub(crate) fn past_state() -> Value {
    json!({
        "aggregate_type": "Avatar",
        "aggregate_id": MARA,
        "as_of_position": 57,
        "position": 41,
        "sequence": 4,
        "recorded_at": "2026-11-22T14:01:30Z",
        "state": {"reference": {"status": "approved", "photo_id": REFERENCE}},
    })
}
