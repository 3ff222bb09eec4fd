//! Why chat completions are refused.

use actix_web::http::StatusCode;

use crate::openai_error::Refusal;

/// 400, naming the parameter and what is wrong with it.
pub(super) fn invalid(param: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "invalid_request_error",
        None,
        message,
    )
    .about(param)
}

/// 401, when no key came along.
pub(super) fn unauthenticated() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "invalid_request_error",
        Some("invalid_api_key"),
        "You didn't provide an API key.",
    )
}

/// 429, with the second after which a retry is welcome.
pub(super) fn throttled() -> Refusal {
    Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        "requests",
        Some("rate_limit_exceeded"),
        "Rate limit reached. Please try again in 1s.",
    )
    .retry_after(1)
}
