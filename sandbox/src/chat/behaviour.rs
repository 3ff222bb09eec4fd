//! The ways in which a completion can go, well or badly.

use serde::{Deserialize, Serialize};

use crate::behaviour::{Named, UnknownBehaviour};

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
    /// The request is refused with a 400 that repeats what was said.
    Repeating,
    /// The connection closes in the middle of the answer.
    CutStream,
    /// Nothing comes for a minute.
    Silence,
}

impl Named for Behaviour {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("ok", Self::Ok),
        ("text", Self::Text),
        ("tool_call", Self::ToolCall),
        ("bad_json", Self::BadJson),
        ("bad_arguments", Self::BadArguments),
        ("unknown_tool", Self::UnknownTool),
        ("two_calls", Self::TwoCalls),
        ("refusal", Self::Refusal),
        ("content_filter", Self::ContentFilter),
        ("length", Self::Length),
        ("claims_human", Self::ClaimsHuman),
        ("429", Self::Throttled),
        ("500", Self::ServerError),
        ("400_repeating", Self::Repeating),
        ("cut_stream", Self::CutStream),
        ("silence", Self::Silence),
    ];
    const NUMBERED: (&'static str, fn(u32) -> Self) = ("tool_call_in", Self::ToolCallIn);

    fn number(self) -> Option<u32> {
        if let Self::ToolCallIn(fragments) = self {
            Some(fragments)
        } else {
            None
        }
    }
}

impl TryFrom<String> for Behaviour {
    type Error = UnknownBehaviour;

    fn try_from(name: String) -> Result<Self, UnknownBehaviour> {
        Self::named(&name)
    }
}

impl From<Behaviour> for String {
    fn from(behaviour: Behaviour) -> Self {
        behaviour.name()
    }
}
