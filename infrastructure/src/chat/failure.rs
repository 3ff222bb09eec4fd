//! What went wrong with a chat service, and what to do about it.

use std::time::Duration;

use application::ports::{ChatError, ChatErrorKind};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use crate::web_service::{known_words, read_up_to, retry_after};

/// Nobody waits longer than this, whatever `Retry-After` says.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// An error's body is short; a longer one is not read to its end.
const LARGEST_ERROR: usize = 64 * 1024;

/// What went wrong.
#[derive(Debug)]
pub(super) struct Failure(ChatError);

/// `{"error": {message, type, param, code}}`
#[derive(Deserialize)]
pub(super) struct ErrorBody {
    error: ErrorObject,
}

#[derive(Deserialize)]
struct ErrorObject {
    #[serde(default)]
    message: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    code: Option<serde_json::Value>,
}

impl Failure {
    pub(super) fn new(kind: ChatErrorKind, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self(ChatError { kind, detail })
    }

    /// The way there, or the stream, broke.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        let words = match () {
            () if error.is_builder() => {
                return Self::new(ChatErrorKind::Operator, "the request cannot be built");
            }
            () if error.is_timeout() => "the chat service did not answer in time",
            () if error.is_connect() => "the chat service cannot be reached",
            () => "the connection to the chat service broke",
        };
        Self::retryable(words)
    }

    /// The service answered with an error.
    pub(super) async fn answered(response: Response) -> Self {
        let status = response.status();
        let after = retry_after(response.headers()).map(|pause| pause.min(LONGEST_PAUSE));
        let body = read_up_to(response, LARGEST_ERROR).await;
        let said = body
            .ok()
            .and_then(|body| serde_json::from_slice::<ErrorBody>(&body).ok());
        let detail = match &said {
            Some(said) => format!("{status}: {}", said.words()),
            None => format!("{status}"),
        };
        let filtered = said.as_ref().is_some_and(ErrorBody::is_about_content);
        let kind = match status {
            StatusCode::TOO_MANY_REQUESTS
                if said.as_ref().is_some_and(ErrorBody::is_about_money) =>
            {
                ChatErrorKind::Operator
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => {
                ChatErrorKind::Retryable { after }
            }
            status if status.is_server_error() => ChatErrorKind::Retryable { after },
            StatusCode::BAD_REQUEST if filtered => ChatErrorKind::Filtered,
            _ => ChatErrorKind::Operator,
        };
        Self::new(kind, detail)
    }

    /// An error in the middle of a stream.
    pub(super) fn within(said: &ErrorBody) -> Self {
        if said.is_about_content() {
            return Self::new(ChatErrorKind::Filtered, said.words());
        }
        Self::retryable(said.words())
    }

    /// The stream ended before the answer did.
    pub(super) fn cut_off() -> Self {
        Self::retryable("the answer broke off in the middle")
    }

    /// What came is not what chat services send.
    pub(super) fn not_understood(what: &str) -> Self {
        Self::retryable(format!("the chat service is not understood: {what}"))
    }

    fn retryable(detail: impl Into<String>) -> Self {
        Self::new(ChatErrorKind::Retryable { after: None }, detail)
    }
}

impl From<Failure> for ChatError {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl ErrorBody {
    fn words(&self) -> String {
        let kind = self.error.kind.as_deref().unwrap_or("error");
        let message = self.error.message.as_deref().unwrap_or("no message");
        known_words(&format!("{kind}: {message}"))
    }

    fn is_about_content(&self) -> bool {
        let code = self.error.code.as_ref().and_then(serde_json::Value::as_str);
        code.is_some_and(|code| ["content_filter", "content_policy_violation"].contains(&code))
    }

    fn is_about_money(&self) -> bool {
        let code = self.error.code.as_ref().and_then(serde_json::Value::as_str);
        code == Some("insufficient_quota")
    }
}
