//! The companion that everybody designs who measures or breaks Ava.

use serde_json::{Value, json};

/// What `POST /avatars` takes.
pub fn companion() -> Value {
    json!({
        "name": "Ava", "age": 25, "gender": "woman", "nationality": "French",
        "appearance": "long auburn hair, green eyes, freckles, a warm smile", "personality": "caring",
    })
}
