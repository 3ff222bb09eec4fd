//! The errors of OpenAI's API, be it asked for pictures or for words: `{"error": {message, type, param, code}}`.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
};
use serde_json::json;

/// A request that is not done, and why.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    message: String,
    param: Option<String>,
    /// In seconds.
    retry_after: Option<u32>,
}

impl Refusal {
    /// One that names no parameter and no time.
    pub(crate) fn new(
        status: StatusCode,
        kind: &'static str,
        code: Option<&'static str>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            code,
            message: message.into(),
            param: None,
            retry_after: None,
        }
    }

    /// Names the parameter that is wrong.
    pub(crate) fn about(self, param: impl Into<String>) -> Self {
        Self {
            param: Some(param.into()),
            ..self
        }
    }

    /// Names the second after which a retry is welcome.
    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }
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

/// 500, which says nothing.
pub(crate) fn server_error() -> Refusal {
    Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        None,
        "The server had an error while processing your request. Sorry about that!",
    )
}
