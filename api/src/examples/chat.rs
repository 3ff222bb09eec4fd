//! The chat, and what is heard while it goes on.

use serde_json::{Value, json};

use super::{MESSAGE, REPLY, photos::photo};

pub(crate) fn new_message() -> Value {
    json!({"text": "Send me a photo of you at the beach"})
}

pub(crate) fn message() -> Value {
    json!({
        "id": MESSAGE,
        "role": "user",
        "text": "Send me a photo of you at the beach",
        "mode": "intimate",
        "created_at": "2026-11-22T14:09:58Z",
    })
}

pub(super) fn reply() -> Value {
    let mut photo = photo();
    photo["scene"] = json!("at the beach");
    json!({
        "id": REPLY,
        "role": "avatar",
        "text": "Of course. One moment, I'll find a nice spot.",
        "photo": photo,
        "mode": "intimate",
        "in_reply_to": MESSAGE,
        "created_at": "2026-11-22T14:10:00Z",
    })
}

fn disclosure() -> Value {
    json!({
        "id": "0193e7f9-2b0f-7a31-9d52-1c2b3a4f5e60",
        "role": "system",
        "text": "Hello, I'm Ava. I'm an AI companion, not a human being: I'm made up, and so are my pictures. What would you like to talk about?",
        "mode": "intimate",
        "kind": "disclosure",
        "created_at": "2026-11-22T14:09:58Z",
    })
}

pub(crate) fn messages() -> Value {
    json!({"items": [reply(), message(), disclosure()], "next_cursor": null})
}

pub(crate) fn chat() -> Value {
    json!({
        "mode": "friendly",
        "disclosure": {
            "badge": "AI companion: not a human being",
            "text": disclosure()["text"],
        },
        "unanswered": [],
    })
}

pub(crate) fn chat_changes() -> Value {
    json!({"mode": "intimate"})
}

pub(crate) fn intimate_chat() -> Value {
    let mut chat = chat();
    chat["mode"] = json!("intimate");
    chat
}

pub(crate) fn updates() -> Value {
    let (photo, reply) = (photo(), reply());
    let delta =
        json!({"id": REPLY, "in_reply_to": MESSAGE, "mode": "intimate", "text": "Of course. One"});
    json!(format!(
        "retry: 2000\nid: 41\n\nid: 42\nevent: photo\ndata: {photo}\n\nevent: message-delta\ndata: {delta}\n\n\
         id: 43\nevent: message\ndata: {reply}\n\n: still here\n\n"
    ))
}
