//! Errors of chat completions: `{"error": {message, type, param, code}}`.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
};
use serde_json::json;

/// A request that is not answered, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
    param: Option<String>,
    code: Option<&'static str>,
    /// In seconds.
    retry_after: Option<u32>,
}

impl From<Refusal> for HttpResponse {
    fn from(refusal: Refusal) -> Self {
        let mut answer = Self::build(refusal.status);
        if let Some(seconds) = refusal.retry_after {
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        answer.json(json!({"error": {
            "message": refusal.message,
            "type": refusal.kind,
            "param": refusal.param,
            "code": refusal.code,
        }}))
    }
}

/// 400, naming the parameter and what is wrong with it.
pub(super) fn invalid(param: &str, message: impl Into<String>) -> Refusal {
    Refusal {
        status: StatusCode::BAD_REQUEST,
        kind: "invalid_request_error",
        message: message.into(),
        param: Some(param.to_owned()),
        code: None,
        retry_after: None,
    }
}

/// 401, when no key came along.
pub(super) fn unauthenticated() -> Refusal {
    Refusal {
        status: StatusCode::UNAUTHORIZED,
        kind: "invalid_request_error",
        message: "You didn't provide an API key.".to_owned(),
        param: None,
        code: Some("invalid_api_key"),
        retry_after: None,
    }
}

/// 429, with the second after which a retry is welcome.
pub(super) fn throttled() -> Refusal {
    Refusal {
        status: StatusCode::TOO_MANY_REQUESTS,
        kind: "requests",
        message: "Rate limit reached. Please try again in 1s.".to_owned(),
        param: None,
        code: Some("rate_limit_exceeded"),
        retry_after: Some(1),
    }
}

/// 500, as a service answers whose server stumbled.
pub(super) fn stumbled() -> Refusal {
    Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        kind: "server_error",
        message: "The server had an error while processing your request. Sorry about that!"
            .to_owned(),
        param: None,
        code: None,
        retry_after: None,
    }
}
