//! The request for a completion, as JSON.

use application::ports::{CalledTool, ChatMessage, ChatOrder, ChatTool};
use serde_json::{Value, json};

/// The last line of a stream.
pub(super) const DONE: &str = "[DONE]";

/// A streamed completion with its usage at the end, one tool call at a time.
pub(super) fn body(model: &str, order: &ChatOrder) -> Value {
    let mut body = json!({
        "model": model,
        "messages": order.messages.iter().map(message).collect::<Vec<_>>(),
        "max_tokens": order.max_tokens,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    // Some services refuse these fields when there is no tool.
    if !order.tools.is_empty() {
        body["tools"] = order.tools.iter().map(tool).collect();
        body["parallel_tool_calls"] = json!(false);
    }
    body
}

fn message(message: &ChatMessage) -> Value {
    match message {
        ChatMessage::Instructions(text) => json!({"role": "system", "content": text}),
        ChatMessage::Person(text) => json!({"role": "user", "content": text}),
        ChatMessage::Companion { text, call: None } => {
            json!({"role": "assistant", "content": text.as_deref().unwrap_or_default()})
        }
        ChatMessage::Companion {
            text,
            call: Some(call),
        } => json!({"role": "assistant", "content": text, "tool_calls": [called(call)]}),
        ChatMessage::Result { call_id, content } => {
            json!({"role": "tool", "tool_call_id": call_id, "content": content})
        }
    }
}

fn called(call: &CalledTool) -> Value {
    json!({
        "id": call.call_id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    })
}

fn tool(tool: &ChatTool) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        },
    })
}
