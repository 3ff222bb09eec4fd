//! A request for a completion, as far as the stand-in looks at it, with the checks that real services make.

use serde_json::Value;

use super::error::invalid;
use crate::openai_error::Refusal;

/// A request that was understood.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) model: String,
    pub(super) messages: Vec<Message>,
    /// The names of the tools that may be called.
    pub(super) tools: Vec<String>,
    /// Whether tools may be called at all.
    pub(super) may_call: bool,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
}

/// What somebody said before.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) role: Role,
    pub(super) text: String,
    /// The ids of the tools that it calls.
    calls: Vec<String>,
    /// The call that it is the result of.
    answers: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    System,
    User,
    Assistant,
    Tool,
}

impl Request {
    /// Reads a body.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let body: Value = serde_json::from_slice(body).map_err(|error| {
            invalid(
                "body",
                format!("We could not parse the JSON body of your request. ({error})"),
            )
        })?;
        let model = body["model"].as_str().filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| invalid("model", "you must provide a model parameter"))?;
        let messages = body["messages"].as_array().filter(|all| !all.is_empty());
        let messages = messages.ok_or_else(|| {
            invalid(
                "messages",
                "Invalid 'messages': empty array. Expected an array with minimum length 1.",
            )
        })?;
        let messages: Vec<_> = messages
            .iter()
            .enumerate()
            .map(|(at, message)| Message::read(at, message))
            .collect::<Result<_, _>>()?;
        check_pairs(&messages)?;
        let tools = body["tools"].as_array().map_or(&[][..], Vec::as_slice);
        let tools = tools.iter().enumerate();
        Ok(Self {
            model: model.to_owned(),
            messages,
            tools: tools
                .map(|(at, tool)| tool_name(at, tool))
                .collect::<Result<_, _>>()?,
            may_call: body["tool_choice"] != "none",
            stream: body["stream"] == true,
            include_usage: body["stream_options"]["include_usage"] == true,
        })
    }

    /// What the person said last.
    pub(super) fn last_words(&self) -> &str {
        let mut said = self.said_by(Role::User);
        said.next_back().unwrap_or_default()
    }

    /// What somebody said, oldest first.
    pub(super) fn said_by(&self, role: Role) -> impl DoubleEndedIterator<Item = &str> {
        self.messages
            .iter()
            .filter(move |message| message.role == role)
            .map(|message| message.text.as_str())
    }

    /// Whether the newest message is the result of a tool.
    pub(super) fn ends_with_a_result(&self) -> bool {
        self.messages
            .last()
            .is_some_and(|message| message.role == Role::Tool)
    }

    /// Whether that tool may be called.
    pub(super) fn offers(&self, tool: &str) -> bool {
        self.may_call && self.tools.iter().any(|known| known == tool)
    }
}

impl Message {
    fn read(at: usize, message: &Value) -> Result<Self, Refusal> {
        let param = format!("messages.[{at}].role");
        let role = match message["role"].as_str() {
            Some("system" | "developer") => Role::System,
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            Some("tool") => Role::Tool,
            Some(other) => {
                return Err(invalid(&param, format!("Invalid value: '{other}'.")));
            }
            None => return Err(invalid(&param, "Missing required parameter.")),
        };
        let calls = message["tool_calls"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let calls: Vec<_> = calls
            .iter()
            .filter_map(|call| call["id"].as_str().map(str::to_owned))
            .collect();
        let text = text_of(&message["content"]);
        if text.is_none() && (role != Role::Assistant || calls.is_empty()) {
            let param = format!("messages.[{at}].content");
            return Err(invalid(
                &param,
                "Invalid value for 'content': expected a string, got null.",
            ));
        }
        Ok(Self {
            role,
            text: text.unwrap_or_default(),
            calls,
            answers: message["tool_call_id"].as_str().map(str::to_owned),
        })
    }
}

/// A text, or the text parts of a list of parts.
fn text_of(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(
            parts
                .iter()
                .filter_map(|part| part["text"].as_str())
                .collect::<Vec<_>>()
                .join("\n"),
        ),
        _ => None,
    }
}

/// Each call must be followed by its result, and each result must follow its call.
fn check_pairs(messages: &[Message]) -> Result<(), Refusal> {
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        match (&message.role, &message.answers) {
            (Role::Tool, Some(id)) if open.contains(&id.as_str()) => {
                open.retain(|call| call != id);
            }
            (Role::Tool, _) => {
                return Err(invalid(
                    "messages",
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
                ));
            }
            (Role::System | Role::User | Role::Assistant, _) if !open.is_empty() => break,
            (Role::System | Role::User | Role::Assistant, _) => {
                open = message.calls.iter().map(String::as_str).collect();
            }
        }
    }
    match open.first() {
        None => Ok(()),
        Some(id) => Err(invalid(
            "messages",
            format!(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {id}"
            ),
        )),
    }
}

fn tool_name(at: usize, tool: &Value) -> Result<String, Refusal> {
    let name = tool["function"]["name"].as_str().unwrap_or_default();
    let fits = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if tool["type"] == "function" && fits {
        Ok(name.to_owned())
    } else {
        Err(invalid(
            &format!("tools[{at}].function.name"),
            format!("Invalid tool: '{name}'."),
        ))
    }
}
