//! The ways in which a prediction can go, well or badly.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How one prediction behaves, from its creation to its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Behaviour {
    /// Ends well after the drawing time; `Prefer: wait` gets the finished prediction.
    #[default]
    OkSync,
    /// Ends well at the given number of polls, however long they take.
    OkAfter(u32),
    /// Stays `starting` for eight drawing times.
    SlowColdStart,
    /// Fails as FLUX does when every picture was flagged.
    FailNsfw,
    /// Fails with an error code that says nothing about the prompt.
    FailInfra,
    /// The output list lacks one picture, as when one of several was flagged.
    PartialList,
    /// The output is a string, even where the model gives a list.
    StringOutput,
    /// The first create with this prompt is throttled; the next one is not.
    ThrottledThenOk,
    /// The prediction is accepted and goes on, but the answer is a 500.
    ErrorAfterAccept,
    /// The prediction is accepted and goes on, but the connection closes without an answer.
    DropResponse,
    /// Polls say `processing` until the webhook with the result is on its way.
    WebhookOnly,
    /// No webhook is sent.
    WebhookNever,
    /// The webhook with the result comes twice, with one id.
    WebhookTwice,
    /// The prediction ends at once, and its webhook arrives before the create is answered.
    WebhookBeforeResponse,
    /// Webhooks are signed with another secret.
    BadSignature,
    /// Webhooks are signed well, with a time of one hour ago.
    StaleTimestamp,
    /// Ends well, but the output has been removed already.
    ExpiredOutput,
    /// Ends as `aborted`, without having started.
    Aborted,
    /// Shows a status that no client knows for three drawing times, then ends well.
    UnknownStatus,
    /// The file has 64 MiB.
    HugeFile,
    /// The file is a web page.
    WrongContentType,
    /// The file's address redirects to another one.
    RedirectingFileHost,
}

/// Every behaviour without a number, by its name.
const NAMES: [(&str, Behaviour); 21] = [
    ("ok_sync", Behaviour::OkSync),
    ("slow_cold_start", Behaviour::SlowColdStart),
    ("fail_nsfw", Behaviour::FailNsfw),
    ("fail_infra", Behaviour::FailInfra),
    ("partial_list", Behaviour::PartialList),
    ("string_output", Behaviour::StringOutput),
    ("429_then_ok", Behaviour::ThrottledThenOk),
    ("500_after_accept", Behaviour::ErrorAfterAccept),
    ("drop_response", Behaviour::DropResponse),
    ("webhook_only", Behaviour::WebhookOnly),
    ("webhook_never", Behaviour::WebhookNever),
    ("webhook_twice", Behaviour::WebhookTwice),
    ("webhook_before_response", Behaviour::WebhookBeforeResponse),
    ("bad_signature", Behaviour::BadSignature),
    ("stale_timestamp", Behaviour::StaleTimestamp),
    ("expired_output", Behaviour::ExpiredOutput),
    ("aborted", Behaviour::Aborted),
    ("unknown_status", Behaviour::UnknownStatus),
    ("huge_file", Behaviour::HugeFile),
    ("wrong_content_type", Behaviour::WrongContentType),
    ("redirecting_file_host", Behaviour::RedirectingFileHost),
];

/// A name that is not one of the behaviours.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is no behaviour; known are {known}, ok_after(n)", known = NAMES.map(|(name, _)| name).join(", "))]
pub(crate) struct UnknownBehaviour(String);

impl Behaviour {
    /// The behaviour that a marker such as `[[sandbox:fail_nsfw]]` in the prompt asks for.
    ///
    /// A marker with an unknown name is an error, so that a typing mistake in a test shows.
    pub(crate) fn marked(prompt: &str) -> Option<Result<Self, UnknownBehaviour>> {
        let (_, after) = prompt.split_once("[[sandbox:")?;
        let (name, _) = after.split_once("]]")?;
        Some(name.trim().parse())
    }
}

impl FromStr for Behaviour {
    type Err = UnknownBehaviour;

    fn from_str(text: &str) -> Result<Self, UnknownBehaviour> {
        let polls = text
            .strip_prefix("ok_after(")
            .and_then(|rest| rest.strip_suffix(')'))
            .and_then(|number| number.trim().parse().ok());
        if let Some(polls) = polls {
            return Ok(Self::OkAfter(polls));
        }
        let named = NAMES.iter().find(|(name, _)| *name == text);
        named
            .map(|(_, behaviour)| *behaviour)
            .ok_or_else(|| UnknownBehaviour(text.to_owned()))
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::OkAfter(polls) = self {
            return write!(out, "ok_after({polls})");
        }
        let named = NAMES.iter().find(|(_, behaviour)| behaviour == self);
        out.write_str(named.map_or("ok_sync", |(name, _)| name))
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
