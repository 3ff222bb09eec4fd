//! Pictures, and what is told of where one comes from.

use serde_json::{Value, json};

use super::{SCENE, SHA256, address};

pub(crate) fn new_photo() -> Value {
    json!({"scene": "reading a letter on a balcony in Lisbon, late light"})
}

pub(crate) fn requested_photo() -> Value {
    json!({
        "id": SCENE,
        "purpose": "scene",
        "scene": "reading a letter on a balcony in Lisbon, late light",
        "status": "requested",
        "attempts": 0,
        "requested_at": "2026-11-22T14:10:00Z",
    })
}

pub(crate) fn photo() -> Value {
    let mut photo = requested_photo();
    photo["status"] = json!("delivered");
    photo["attempts"] = json!(1);
    photo["image"] = json!({
        "url": address(SCENE, "full"),
        "thumbnail_url": address(SCENE, "thumbnail"),
        "width": 1024,
        "height": 1024,
        "media_type": "image/jpeg",
        "bytes": 184_320,
        "sha256": SHA256,
    });
    photo["delivered_at"] = json!("2026-11-22T14:10:07Z");
    photo
}

pub(crate) fn canceled_photo() -> Value {
    let mut photo = requested_photo();
    photo["status"] = json!("canceled");
    photo
}

pub(crate) fn photos() -> Value {
    json!({"items": [photo()], "next_cursor": "MSAxNzk1MzU2NjAwMDAwMDAwIDAxOTNlN2Y5"})
}

pub(crate) fn prediction_message() -> Value {
    json!({"id": "gm3qorzdhgbfurvjtvhg6dckhu", "status": "succeeded"})
}

pub(crate) fn provenance_of_ours() -> Value {
    json!({
        "made_by_ava": "yes",
        "evidence": {"known_hash": true, "manifest": "ours", "xmp": "trained_model", "visible_mark": true},
    })
}

pub(crate) fn provenance_of_a_screenshot() -> Value {
    json!({
        "made_by_ava": "likely",
        "evidence": {"known_hash": false, "manifest": "none", "xmp": "none", "visible_mark": true},
    })
}

pub(crate) fn provenance_of_a_stranger() -> Value {
    json!({
        "made_by_ava": "unknown",
        "evidence": {"known_hash": false, "manifest": "none", "xmp": "none", "visible_mark": false},
    })
}
