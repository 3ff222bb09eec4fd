//! Why orders of pictures are refused.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

use crate::openai_error::Refusal;
use crate::world::World;

/// 400, naming the parameter.
pub(super) fn invalid(param: &str, message: &str) -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "invalid_request_error",
        Some("invalid_value"),
        message,
    )
    .about(param)
}

/// 400, since the prompt was found unsafe.
pub(super) fn moderation_blocked() -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "image_generation_user_error",
        Some("moderation_blocked"),
        "Your request was rejected by the safety system. If you believe this is an error, contact us.",
    )
}

/// 404.
pub(super) fn unknown_model(model: &str) -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "invalid_request_error",
        Some("model_not_found"),
        format!("The model '{model}' does not exist or you do not have access to it."),
    )
}

/// 429, with the second after which a retry is welcome.
pub(super) fn throttled() -> Refusal {
    Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        "requests",
        Some("rate_limit_exceeded"),
        "Rate limit reached for images per minute. Please try again in 1s.",
    )
    .retry_after(1)
}

/// 429, and no retry will help.
pub(super) fn insufficient_quota() -> Refusal {
    Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        "insufficient_quota",
        Some("insufficient_quota"),
        "You exceeded your current quota, please check your plan and billing details.",
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
        _ => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "invalid_request_error",
            Some("invalid_api_key"),
            "Incorrect API key provided.",
        )),
    }
}
