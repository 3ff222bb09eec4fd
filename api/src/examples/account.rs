//! Signing in, and what is kept of a person.

use serde_json::{Value, json};

use super::{
    AVATAR, MARA,
    avatars::avatar,
    billing::{invoices, subscription},
    chat::{message, reply},
    photos::photo,
    reports::report,
};

pub(crate) fn sign_in() -> Value {
    json!({"email": "mara@example.com"})
}

pub(crate) fn token() -> Value {
    json!({
        "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMTkzIn0.c2lnbmF0dXJl",
        "token_type": "Bearer",
        "expires_in": 86_400,
        "user": {"id": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d", "email": "mara@example.com", "roles": []},
    })
}

pub(crate) fn personal_data() -> Value {
    json!({
        "exported_at": "2026-11-22T15:00:00Z",
        "log_position": 42,
        "person": {"id": MARA, "email": "mara@example.com"},
        "avatar": avatar(),
        "subscription": subscription(),
        "invoices": invoices()["items"],
        "chat": {"mode": "friendly"},
        "reports": [report()],
        "refusals": {"all": 0, "hard": 0},
        "photos": [photo()],
        "messages": [message(), reply()],
        "events": [{
            "position": 1,
            "aggregate_type": "Avatar",
            "aggregate_id": MARA,
            "sequence": 1,
            "event_type": "AvatarCreated",
            "event_version": "1",
            "recorded_at": "2026-11-22T14:00:00Z",
            "payload": {"type": "AvatarCreated", "avatar_id": AVATAR, "owner": MARA, "name": {"personal": "Ava"}, "age": 25},
            "metadata": {"actor": format!("user:{MARA}"), "owner": MARA, "command": "CreateAvatar"},
        }],
    })
}
