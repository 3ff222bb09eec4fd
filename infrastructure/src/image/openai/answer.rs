//! What an answer of the images API means.

use std::time::Duration;

use application::ports::{PredictionState, ProviderError, ProviderErrorKind};
use reqwest::StatusCode;
use serde::Deserialize;

use super::{INLINE, api::Answer};
use crate::web_service::known_words;

/// How long to wait after a 429 that does not say.
const USUAL_PAUSE: Duration = Duration::from_secs(5);

/// The codes by which it says that it finds the wish unsafe.
const CONTENT_CODES: [&str; 2] = ["moderation_blocked", "content_policy_violation"];

/// The codes by which it says, with a 429, that waiting will not help.
const MONEY_CODES: [&str; 2] = ["insufficient_quota", "billing_hard_limit_reached"];

#[derive(Deserialize)]
struct Pictures {
    #[serde(default)]
    data: Vec<Picture>,
}

/// One or the other, by model.
#[derive(Deserialize)]
struct Picture {
    #[serde(default)]
    b64_json: Option<String>,
    #[serde(default)]
    url: Option<String>,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: Words,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Words {
    message: Option<String>,
    code: Option<String>,
}

/// The pictures in an answer, or why there are none.
pub(super) fn state(answer: &Answer) -> Result<PredictionState, ProviderError> {
    if !answer.status.is_success() {
        return Err(refusal(answer));
    }
    // Drawn, and so paid for: whatever is wrong with the answer, the order was accepted.
    let read: Result<Pictures, _> = serde_json::from_slice(&answer.body);
    let addresses: Vec<String> = read
        .map(|pictures| pictures.data)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|picture| match (picture.b64_json, picture.url) {
            (Some(base64), _) => Some(format!("{INLINE}{base64}")),
            (None, url) => url,
        })
        .collect();
    if addresses.is_empty() {
        return Ok(PredictionState::Failed(ProviderError {
            kind: ProviderErrorKind::Retryable { after: None },
            detail: "the images API succeeded without a picture".to_owned(),
        }));
    }
    Ok(PredictionState::Succeeded { urls: addresses })
}

fn refusal(answer: &Answer) -> ProviderError {
    let Refusal { error } = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = error.code.unwrap_or_default();
    let status = answer.status;
    let kind = match status {
        _ if CONTENT_CODES.contains(&code.as_str()) => ProviderErrorKind::Content,
        _ if MONEY_CODES.contains(&code.as_str()) => ProviderErrorKind::Operator,
        StatusCode::TOO_MANY_REQUESTS => ProviderErrorKind::Retryable {
            after: Some(answer.retry_after.unwrap_or(USUAL_PAUSE)),
        },
        StatusCode::REQUEST_TIMEOUT => ProviderErrorKind::MaybeAccepted,
        _ if status.is_server_error() => ProviderErrorKind::MaybeAccepted,
        _ => ProviderErrorKind::Operator,
    };
    let words = known_words(&error.message.unwrap_or_default());
    let code = known_words(&code);
    let detail = match (code.as_str(), words.as_str()) {
        ("", "") => format!("the images API answered {}", status.as_u16()),
        ("", words) => format!("the images API answered {}: {words}", status.as_u16()),
        (code, words) => format!(
            "the images API answered {} ({code}): {words}",
            status.as_u16()
        ),
    };
    ProviderError { kind, detail }
}
