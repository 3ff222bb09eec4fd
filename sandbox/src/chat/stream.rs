//! A completion in pieces, as server-sent events.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::Bytes,
};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::{
    answer::{Answer, call_id},
    create::Head,
};

/// The connection is closed without a word.
#[derive(Debug, thiserror::Error)]
#[error("cut off")]
struct CutOff;

/// Streams an answer with a pause before each piece; when it is to be cut, the connection closes halfway.
pub(super) fn respond(
    head: &Head,
    answer: &Answer,
    usage: Option<Value>,
    pause: Duration,
    cut: bool,
) -> HttpResponse {
    let mut pieces: Vec<Result<Bytes, CutOff>> = chunks(head, answer, usage)
        .iter()
        .map(|chunk| Ok(Bytes::from(format!("data: {chunk}\n\n"))))
        .collect();
    if cut {
        pieces.truncate(pieces.len() / 2);
        pieces.push(Err(CutOff));
    } else {
        pieces.push(Ok(Bytes::from_static(b"data: [DONE]\n\n")));
    }
    let paced = stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        piece
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .streaming(paced)
}

/// An answer whose connection closes before it is whole.
pub(super) fn broken() -> HttpResponse {
    let pieces = [Ok(Bytes::from_static(b"{\"id\": \"chatcmpl-")), Err(CutOff)];
    HttpResponse::Ok()
        .content_type("application/json")
        .streaming(stream::iter(pieces))
}

fn chunks(head: &Head, answer: &Answer, usage: Option<Value>) -> Vec<Value> {
    let wants_usage = usage.is_some();
    let choice = |delta: Value, finish_reason: Option<&str>| {
        let mut chunk = head.object(
            "chat.completion.chunk",
            &json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason}]),
        );
        if wants_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    let mut chunks = vec![choice(
        json!({"role": "assistant", "content": if answer.calls.is_empty() && answer.refusal.is_none() { json!("") } else { Value::Null }, "refusal": null}),
        None,
    )];
    let words = answer.text.as_deref().unwrap_or_default();
    chunks.extend(pieces(words).map(|word| choice(json!({"content": word}), None)));
    let refusal = answer.refusal.as_deref().unwrap_or_default();
    chunks.extend(pieces(refusal).map(|word| choice(json!({"refusal": word}), None)));
    for (index, call) in answer.calls.iter().enumerate() {
        let begin = json!({
            "index": index,
            "id": call_id(&head.id, index),
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        });
        chunks.push(choice(json!({"tool_calls": [begin]}), None));
        for fragment in fragments(&call.arguments, answer.fragments) {
            // As real services do: after the first one, only the index says which call it belongs to.
            let more = json!({"index": index, "function": {"arguments": fragment}});
            chunks.push(choice(json!({"tool_calls": [more]}), None));
        }
    }
    chunks.push(choice(json!({}), Some(answer.finish_reason())));
    if let Some(usage) = usage {
        let mut last = head.object("chat.completion.chunk", &json!([]));
        last["usage"] = usage;
        chunks.push(last);
    }
    chunks
}

/// Word by word, each with the space before it.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| *c == ' ')
            .map_or(rest.len(), |(at, _)| at);
        let (piece, more) = rest.split_at(end);
        rest = more;
        (!piece.is_empty()).then_some(piece)
    })
}

/// A text in that many parts of about the same length, never more than it has characters.
fn fragments(text: &str, count: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let size = characters.len().div_ceil(count.max(1)).max(1);
    characters
        .chunks(size)
        .map(|part| part.iter().collect())
        .collect()
}
