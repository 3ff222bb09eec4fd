//! The ways in which a completion can go, well or badly.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How one completion behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Behaviour {
    /// As the companion finds fit: words, or a picture when one is asked for.
    #[default]
    Ok,
    /// Words, also when a picture is asked for.
    Text,
    /// A call of the first tool.
    ToolCall,
    /// The same, its arguments in that many streamed fragments.
    ToolCallIn(u32),
    /// A call whose arguments are no JSON.
    BadJson,
    /// A call with arguments that the tool does not take.
    BadArguments,
    /// A call of a tool that nobody offered.
    UnknownTool,
    /// Two calls at once, although one was asked for.
    TwoCalls,
    /// The model refuses in words.
    Refusal,
    /// The service filters the answer.
    ContentFilter,
    /// The answer is cut at the greatest length.
    Length,
    /// Says that it is a human being: what a companion must never say.
    ClaimsHuman,
    /// The request is throttled, with `Retry-After`; the next one is not.
    Throttled,
    /// The service fails with a 500; the next request is answered.
    ServerError,
    /// The connection closes in the middle of the answer.
    CutStream,
    /// Nothing comes for a minute.
    Silence,
}

/// Every behaviour without a number, by its name.
const NAMES: [(&str, Behaviour); 15] = [
    ("ok", Behaviour::Ok),
    ("text", Behaviour::Text),
    ("tool_call", Behaviour::ToolCall),
    ("bad_json", Behaviour::BadJson),
    ("bad_arguments", Behaviour::BadArguments),
    ("unknown_tool", Behaviour::UnknownTool),
    ("two_calls", Behaviour::TwoCalls),
    ("refusal", Behaviour::Refusal),
    ("content_filter", Behaviour::ContentFilter),
    ("length", Behaviour::Length),
    ("claims_human", Behaviour::ClaimsHuman),
    ("429", Behaviour::Throttled),
    ("500", Behaviour::ServerError),
    ("cut_stream", Behaviour::CutStream),
    ("silence", Behaviour::Silence),
];

/// A name that is not one of the behaviours.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is no behaviour; known are {known}, tool_call_in(n)", known = NAMES.map(|(name, _)| name).join(", "))]
pub(crate) struct UnknownBehaviour(String);

const MARKER: (&str, &str) = ("[[sandbox:", "]]");

impl Behaviour {
    /// The behaviour that a marker such as `[[sandbox:refusal]]` in the last message asks for.
    ///
    /// A marker with an unknown name is an error, so that a typing mistake in a test shows.
    pub(super) fn marked(text: &str) -> Option<Result<Self, UnknownBehaviour>> {
        let (_, after) = text.split_once(MARKER.0)?;
        let (name, _) = after.split_once(MARKER.1)?;
        Some(name.trim().parse())
    }
}

/// The text without its markers, which are not part of the conversation.
pub(super) fn without_markers(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once(MARKER.0) {
        plain += before;
        rest = after.split_once(MARKER.1).map_or("", |(_, after)| after);
    }
    plain += rest;
    plain.trim().to_owned()
}

impl FromStr for Behaviour {
    type Err = UnknownBehaviour;

    fn from_str(text: &str) -> Result<Self, UnknownBehaviour> {
        let fragments = text
            .strip_prefix("tool_call_in(")
            .and_then(|rest| rest.strip_suffix(')'))
            .and_then(|number| number.trim().parse().ok());
        if let Some(fragments) = fragments {
            return Ok(Self::ToolCallIn(fragments));
        }
        let named = NAMES.iter().find(|(name, _)| *name == text);
        named
            .map(|(_, behaviour)| *behaviour)
            .ok_or_else(|| UnknownBehaviour(text.to_owned()))
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::ToolCallIn(fragments) = self {
            return write!(out, "tool_call_in({fragments})");
        }
        let named = NAMES.iter().find(|(_, behaviour)| behaviour == self);
        out.write_str(named.map_or("ok", |(name, _)| name))
    }
}

impl TryFrom<String> for Behaviour {
    type Error = UnknownBehaviour;

    fn try_from(text: String) -> Result<Self, UnknownBehaviour> {
        text.parse()
    }
}

impl From<Behaviour> for String {
    fn from(behaviour: Behaviour) -> Self {
        behaviour.to_string()
    }
}
