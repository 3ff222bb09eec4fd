//! Puts an answer together from its streamed pieces.

use std::collections::BTreeMap;

use application::ports::{CalledTool, ChatAnswer, ChatErrorKind};
use domain::conversation::Usage;
use serde::Deserialize;

use super::failure::{ErrorBody, Failure};
use crate::limits::CHAT_ANSWER;

/// An answer as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    text: String,
    refusal: String,
    /// By the index that the service gives each call; only the index says which call a fragment belongs to.
    calls: BTreeMap<u32, Fragments>,
    finish_reason: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
}

#[derive(Debug, Default)]
struct Fragments {
    id: Option<String>,
    name: String,
    arguments: String,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    #[serde(default)]
    delta: Delta,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Deserialize)]
struct CallDelta {
    index: u32,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: FunctionDelta,
}

#[derive(Default, Deserialize)]
struct FunctionDelta {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<String>,
}

impl Gathering {
    /// Takes the data of one event, and gives the words in it.
    pub(super) fn take(&mut self, data: &str) -> Result<Option<String>, Failure> {
        if let Ok(said) = serde_json::from_str::<ErrorBody>(data) {
            return Err(Failure::within(&said));
        }
        let chunk: Chunk = serde_json::from_str(data)
            // serde's words can quote the answer; its category does not.
            .map_err(|error| Failure::not_understood(&format!("{:?} error", error.classify())))?;
        self.model = chunk.model.or(self.model.take());
        self.usage = chunk.usage.or(self.usage.take());
        let mut words = None;
        // Other choices were never asked for.
        for choice in chunk.choices.into_iter().filter(|choice| choice.index == 0) {
            self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
            self.refusal += &choice.delta.refusal.unwrap_or_default();
            for call in choice.delta.tool_calls.unwrap_or_default() {
                self.calls.entry(call.index).or_default().take(call);
            }
            if let Some(content) = choice.delta.content.filter(|content| !content.is_empty()) {
                self.text += &content;
                words = Some(content);
            }
        }
        if self.size() > CHAT_ANSWER {
            return Err(Failure::not_understood("the answer never ends"));
        }
        Ok(words)
    }

    /// Whether the service said why the answer ends.
    pub(super) const fn is_whole(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// The answer, or why there is none. `asked` is the model that was asked.
    pub(super) fn finish(self, asked: &str) -> Result<ChatAnswer, Failure> {
        let reason = self.finish_reason.as_deref();
        if reason == Some("content_filter") {
            return Err(Failure::new(
                ChatErrorKind::Filtered,
                "the chat service filtered the answer",
            ));
        }
        if !self.refusal.trim().is_empty() {
            return Err(Failure::new(
                ChatErrorKind::Refused,
                "the model would not answer",
            ));
        }
        let text = Some(self.text.trim().to_owned()).filter(|text| !text.is_empty());
        let cut_off = reason == Some("length");
        // A call that was cut off is not one that anybody made.
        let mut calls = self.calls.into_iter().filter(|_| !cut_off);
        let call = calls.next().map(|(index, call)| call.finish(index));
        if text.is_none() && call.is_none() {
            return Err(if cut_off {
                Failure::new(ChatErrorKind::TooLong, "the answer was cut before it began")
            } else {
                Failure::not_understood("the answer is empty")
            });
        }
        Ok(ChatAnswer {
            text,
            call,
            calls_too_many: calls.count(),
            cut_off,
            model: self.model.unwrap_or_else(|| asked.to_owned()),
            usage: self.usage,
        })
    }

    fn size(&self) -> usize {
        let calls = self.calls.values();
        let calls: usize = calls
            .map(|call| call.name.len() + call.arguments.len() + 64)
            .sum();
        self.text.len() + self.refusal.len() + calls
    }
}

impl Fragments {
    fn take(&mut self, delta: CallDelta) {
        self.id = self.id.take().or(delta.id.filter(|id| !id.is_empty()));
        self.name += &delta.function.name.unwrap_or_default();
        self.arguments += &delta.function.arguments.unwrap_or_default();
    }

    fn finish(self, index: u32) -> CalledTool {
        CalledTool {
            // Some services give none; the pair of call and result needs one.
            call_id: self.id.unwrap_or_else(|| format!("call_{index}")),
            name: self.name,
            arguments: self.arguments,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_that_never_ends_is_given_up() {
        let said = |words: &str| {
            json!({"choices": [{"index": 0, "delta": {"content": words}}]}).to_string()
        };
        let mut gathering = Gathering::default();
        assert!(gathering.take(&said(&"a".repeat(CHAT_ANSWER))).is_ok());
        assert!(gathering.take(&said("a")).is_err());
    }
}
