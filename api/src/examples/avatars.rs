//! An avatar and its reference picture.

use serde_json::{Value, json};

use super::{AVATAR, REFERENCE, address};

pub(crate) fn new_avatar() -> Value {
    json!({
        "name": "Ava",
        "age": 25,
        "gender": "woman",
        "nationality": "Portuguese",
        "appearance": "shoulder-length auburn hair, freckles, green eyes, a linen shirt",
        "personality": "caring",
    })
}

pub(crate) fn avatar() -> Value {
    let mut avatar = new_avatar();
    let more = json!({
        "id": AVATAR,
        "reference_image": {
            "status": "approved",
            "photo_id": REFERENCE,
            "image_url": address(REFERENCE, "full"),
            "thumbnail_url": address(REFERENCE, "thumbnail"),
        },
        "reference_history": [{
            "photo_id": REFERENCE,
            "image_url": address(REFERENCE, "full"),
            "thumbnail_url": address(REFERENCE, "thumbnail"),
            "approved": true,
        }],
        "created_at": "2026-11-22T14:00:00Z",
        "updated_at": "2026-11-22T14:01:30Z",
    });
    if let (Value::Object(avatar), Value::Object(more)) = (&mut avatar, more) {
        avatar.extend(more);
    }
    avatar
}

pub(crate) fn fresh_avatar() -> Value {
    let mut avatar = avatar();
    avatar["reference_image"] = json!({"status": "none"});
    avatar["reference_history"] = json!([]);
    avatar["updated_at"] = avatar["created_at"].clone();
    avatar
}

pub(crate) fn avatar_changes() -> Value {
    json!({"appearance": "short auburn hair, freckles, green eyes, a raincoat", "personality": "adventurous"})
}

pub(crate) fn approval() -> Value {
    json!({"photo_id": REFERENCE})
}

pub(crate) fn requested_reference() -> Value {
    json!({
        "id": REFERENCE,
        "purpose": "reference",
        "scene": null,
        "status": "requested",
        "attempts": 0,
        "requested_at": "2026-11-22T14:01:00Z",
    })
}
