//! Chat models: what they are asked, what they answer, and how they fail.

use std::time::Duration;

use async_trait::async_trait;
use domain::conversation::Usage;

/// What a model is asked: a conversation, and the tools that it may call.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatOrder {
    /// What was said so far, oldest first, with the instructions at its head.
    pub messages: Vec<ChatMessage>,
    /// The tools that it may call, at most one at a time.
    pub tools: Vec<ChatTool>,
    /// The longest answer, in tokens.
    pub max_tokens: u32,
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatMessage {
    /// What the model is told about itself.
    Instructions(String),
    /// What the person said.
    Person(String),
    /// What the companion said or did.
    Companion {
        /// Its words; none when it only called a tool.
        text: Option<String>,
        /// The tool that it called. Its result must be the next message.
        call: Option<CalledTool>,
    },
    /// What came of a called tool, as JSON.
    Result {
        /// The call's id.
        call_id: String,
        /// As `{"status":"queued","photo_id":"…"}`.
        content: String,
    },
}

/// A tool that a model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatTool {
    /// 1 to 64 letters, digits, `_` and `-`.
    pub name: &'static str,
    /// When to call it, for the model.
    pub description: &'static str,
    /// Its arguments, as a JSON schema.
    pub parameters: serde_json::Value,
}

/// A tool that a model called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledTool {
    /// The model's id of the call.
    pub call_id: String,
    /// The tool's name, which may be none of those offered.
    pub name: String,
    /// The arguments as the model wrote them, which may be no JSON.
    pub arguments: String,
}

/// What a model answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatAnswer {
    /// Its words; none when it only called a tool.
    pub text: Option<String>,
    /// The first tool that it called.
    pub call: Option<CalledTool>,
    /// How many more it called, although it was told to call one at a time.
    pub calls_too_many: usize,
    /// Whether it was cut off at the greatest length.
    pub cut_off: bool,
    /// The model that answered, as the service calls it.
    pub model: String,
    /// What it cost, when the service tells.
    pub usage: Option<Usage>,
}

/// Why a model did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ChatError {
    /// What to do about it.
    pub kind: ChatErrorKind,
    /// What the service said, without secrets and without the conversation.
    pub detail: String,
}

/// What to do about a model's failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatErrorKind {
    /// The service or the way there stumbled: ask again, not before `after` when it says so.
    Retryable {
        /// `Retry-After`.
        after: Option<Duration>,
    },
    /// The model would not answer this: final for this turn.
    Refused,
    /// The service filtered the answer: final for this turn.
    Filtered,
    /// The answer was cut at its greatest length before it said anything: final for this turn.
    TooLong,
    /// Our account, request or configuration is wrong: final until an operator acts.
    Operator,
}

/// Hears an answer's words as they come. What was heard is not final: the whole answer is judged once it is there.
pub trait Listener: Send {
    /// The model is asked, perhaps once more: what was heard before counts for nothing.
    fn begin(&mut self) {}

    /// The next words.
    fn hear(&mut self, words: &str);
}

/// Hears nothing.
impl Listener for () {
    fn hear(&mut self, _words: &str) {}
}

impl Listener for Vec<String> {
    fn hear(&mut self, words: &str) {
        self.push(words.to_owned());
    }
}

/// A service that answers conversations.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// The model that is asked, as it is configured.
    fn model(&self) -> &str;

    /// Answers, and tells the words as they come.
    ///
    /// # Errors
    /// As `ChatErrorKind` says. What was heard before an error counts for nothing.
    async fn answer(
        &self,
        order: &ChatOrder,
        listener: &mut dyn Listener,
    ) -> Result<ChatAnswer, ChatError>;
}
