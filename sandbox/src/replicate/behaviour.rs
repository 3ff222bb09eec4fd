//! The ways in which a prediction can go, well or badly.

use serde::{Deserialize, Serialize};

use crate::behaviour::{Named, UnknownBehaviour};

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
    /// Fails with an error that repeats the prompt, as models do that do not like it.
    FailRepeating,
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

impl Named for Behaviour {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("ok_sync", Self::OkSync),
        ("slow_cold_start", Self::SlowColdStart),
        ("fail_nsfw", Self::FailNsfw),
        ("fail_infra", Self::FailInfra),
        ("fail_repeating", Self::FailRepeating),
        ("partial_list", Self::PartialList),
        ("string_output", Self::StringOutput),
        ("429_then_ok", Self::ThrottledThenOk),
        ("500_after_accept", Self::ErrorAfterAccept),
        ("drop_response", Self::DropResponse),
        ("webhook_only", Self::WebhookOnly),
        ("webhook_never", Self::WebhookNever),
        ("webhook_twice", Self::WebhookTwice),
        ("webhook_before_response", Self::WebhookBeforeResponse),
        ("bad_signature", Self::BadSignature),
        ("stale_timestamp", Self::StaleTimestamp),
        ("expired_output", Self::ExpiredOutput),
        ("aborted", Self::Aborted),
        ("unknown_status", Self::UnknownStatus),
        ("huge_file", Self::HugeFile),
        ("wrong_content_type", Self::WrongContentType),
        ("redirecting_file_host", Self::RedirectingFileHost),
    ];
    const NUMBERED: (&'static str, fn(u32) -> Self) = ("ok_after", Self::OkAfter);

    fn number(self) -> Option<u32> {
        if let Self::OkAfter(polls) = self {
            Some(polls)
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
