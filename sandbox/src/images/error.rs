//! The images API's errors: `{"error": {"message", "type", "param", "code"}}`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::world::World;

/// An order that is not done, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<&'static str>,
    message: String,
    /// In seconds.
    retry_after: Option<u32>,
}

impl From<Refusal> for HttpResponse {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status);
        let mut answer = Self::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        if let Some(seconds) = refusal.retry_after {
            answer.insert_header(("retry-after", seconds.to_string()));
        }
        answer.json(json!({"error": {
            "message": refusal.message,
            "type": refusal.kind,
            "param": refusal.param,
            "code": refusal.code,
        }}))
    }
}

fn refusal(status: u16, kind: &'static str, code: Option<&'static str>, message: &str) -> Refusal {
    Refusal {
        status,
        kind,
        code,
        param: None,
        message: message.to_owned(),
        retry_after: None,
    }
}

/// 400, naming the parameter.
pub(super) fn invalid(param: &'static str, message: &str) -> Refusal {
    Refusal {
        param: Some(param),
        ..refusal(400, "invalid_request_error", Some("invalid_value"), message)
    }
}

/// 400, since the prompt was found unsafe.
pub(super) fn moderation_blocked() -> Refusal {
    refusal(
        400,
        "image_generation_user_error",
        Some("moderation_blocked"),
        "Your request was rejected by the safety system. If you believe this is an error, contact us.",
    )
}

/// 404.
pub(super) fn unknown_model(model: &str) -> Refusal {
    let message = format!("The model '{model}' does not exist or you do not have access to it.");
    refusal(
        404,
        "invalid_request_error",
        Some("model_not_found"),
        &message,
    )
}

/// 429, with the second after which a retry is welcome.
pub(super) fn throttled() -> Refusal {
    Refusal {
        retry_after: Some(1),
        ..refusal(
            429,
            "requests",
            Some("rate_limit_exceeded"),
            "Rate limit reached for images per minute. Please try again in 1s.",
        )
    }
}

/// 429, and no retry will help.
pub(super) fn insufficient_quota() -> Refusal {
    refusal(
        429,
        "insufficient_quota",
        Some("insufficient_quota"),
        "You exceeded your current quota, please check your plan and billing details.",
    )
}

/// 500, which says nothing.
pub(super) fn server_error() -> Refusal {
    refusal(
        500,
        "server_error",
        None,
        "The server had an error while processing your request. Sorry about that!",
    )
}

/// Refuses a request whose key is not the configured one.
pub(super) fn authenticate(request: &HttpRequest, world: &World) -> Result<(), Refusal> {
    let Some(key) = &world.config.images_api_key else {
        return Ok(());
    };
    let header = request.headers().get("authorization");
    let given = header.and_then(|value| value.to_str().ok()).unwrap_or("");
    match given.strip_prefix("Bearer ") {
        Some(given) if given == key => Ok(()),
        _ => Err(refusal(
            401,
            "invalid_request_error",
            Some("invalid_api_key"),
            "Incorrect API key provided.",
        )),
    }
}
