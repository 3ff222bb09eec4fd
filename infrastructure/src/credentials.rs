//! Whether a service outside accepts a key: one harmless question, for those who look after an installation.

use std::{error::Error, time::Duration};

use reqwest::{StatusCode, header::AUTHORIZATION};
use url::Url;

use crate::web_service::{api_base, bearer, client};

/// Nobody waits longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It knows the key.
    Accepted,
    /// It does not, or the key may not ask that: 401 or 403.
    Refused(u16),
    /// It knows the key, and not what was asked for: 404.
    Missing,
    /// It answers otherwise, as 429 or 503.
    Busy(u16),
    /// It does not answer, and why.
    Away(String),
    /// It cannot be asked with these settings, and why.
    Unusable(String),
}

/// Asks `GET base/v1/path` with the key as bearer. `allow_http` is for development.
pub async fn ask(base: &Url, path: &str, key: &str, allow_http: bool) -> Answer {
    let Ok(base) = api_base(base, allow_http) else {
        return Answer::Unusable("its address is not one that may be asked".to_owned());
    };
    let Some(authorization) = bearer(key) else {
        return Answer::Unusable("its key is none that can stand in a header".to_owned());
    };
    let client = match client(allow_http).timeout(PATIENCE).build() {
        Ok(client) => client,
        Err(error) => return Answer::Unusable(error.to_string()),
    };
    let question = client
        .get(format!("{base}/{path}"))
        .header(AUTHORIZATION, authorization);
    match question.send().await {
        Ok(answer) => match answer.status() {
            status if status.is_success() => Answer::Accepted,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Answer::Refused(answer.status().as_u16())
            }
            StatusCode::NOT_FOUND => Answer::Missing,
            status => Answer::Busy(status.as_u16()),
        },
        Err(error) => Answer::Away(reason(&error)),
    }
}

/// The innermost cause; the outer ones repeat the address.
fn reason(error: &dyn Error) -> String {
    let mut inner = error;
    while let Some(cause) = inner.source() {
        inner = cause;
    }
    inner.to_string()
}
