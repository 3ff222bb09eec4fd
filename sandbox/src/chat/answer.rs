//! What a completion says, before it is written as one answer or as a stream.

use serde_json::{Value, json};

/// What a completion says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) text: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) calls: Vec<Call>,
    /// Why it ends there, where that does not follow from the rest.
    pub(super) ends_by: Option<&'static str>,
    /// In how many fragments a call's arguments are streamed.
    pub(super) fragments: usize,
}

/// A tool that is called.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: String,
}

impl Answer {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// With a called tool.
    pub(super) fn calling(mut self, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        self.calls.push(Call {
            name: name.into(),
            arguments: arguments.into(),
        });
        self.fragments = 3;
        self
    }

    pub(super) fn finish_reason(&self) -> &'static str {
        match self.ends_by {
            Some(reason) => reason,
            None if self.calls.is_empty() => "stop",
            None => "tool_calls",
        }
    }

    /// About as many tokens as a real model would count.
    pub(super) fn tokens(&self) -> usize {
        let text = self.text.as_deref().unwrap_or_default().len();
        let calls: usize = self.calls.iter().map(|call| call.arguments.len() + 8).sum();
        (text + calls).div_ceil(4).max(1)
    }

    /// As the message of an answer that is not streamed.
    pub(super) fn message(&self, id: &str) -> Value {
        let mut message = json!({
            "role": "assistant",
            "content": self.text,
            "refusal": self.refusal,
            "annotations": [],
        });
        if !self.calls.is_empty() {
            let calls = self.calls.iter().enumerate().map(|(index, call)| {
                json!({
                    "id": call_id(id, index),
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                })
            });
            message["tool_calls"] = calls.collect();
        }
        message
    }
}

/// The id of a call in the completion of that id.
pub(super) fn call_id(completion: &str, index: usize) -> String {
    let tail = completion.trim_start_matches("chatcmpl-");
    format!("call_{tail}{index}")
}
