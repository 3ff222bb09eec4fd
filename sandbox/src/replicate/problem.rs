//! Replicate's errors, as `application/problem+json`.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::world::World;

/// A request that is not done, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    body: Value,
    /// In seconds.
    retry_after: Option<u32>,
}

impl From<Refusal> for HttpResponse {
    fn from(refusal: Refusal) -> Self {
        let mut answer = Self::build(refusal.status);
        if let Some(seconds) = refusal.retry_after {
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        answer
            .content_type("application/problem+json")
            .body(refusal.body.to_string())
    }
}

fn problem(status: StatusCode, body: Value) -> Refusal {
    Refusal {
        status,
        body,
        retry_after: None,
    }
}

/// 401, when the token is not the configured one.
pub(super) fn unauthenticated() -> Refusal {
    problem(
        StatusCode::UNAUTHORIZED,
        json!({
            "title": "Unauthenticated",
            "detail": "You did not pass a valid authentication token",
            "status": 401,
        }),
    )
}

/// 404, for an unknown model or prediction.
pub(super) fn not_found() -> Refusal {
    problem(
        StatusCode::NOT_FOUND,
        json!({"detail": "The requested resource could not be found.", "status": 404}),
    )
}

/// 422, naming the field and what is wrong with it.
pub(super) fn invalid(field: &str, description: &str) -> Refusal {
    problem(
        StatusCode::UNPROCESSABLE_ENTITY,
        json!({
            "title": "Input validation failed",
            "detail": format!("- {field}: {description}\n"),
            "status": 422,
            "invalid_fields": [{"type": "invalid", "field": field, "description": description}],
        }),
    )
}

/// 429, with the second after which a retry is welcome.
pub(super) fn throttled() -> Refusal {
    let body = json!({
        "title": "Too many requests",
        "detail": "Request was throttled. Expected available in 1 second.",
        "status": 429,
    });
    Refusal {
        retry_after: Some(1),
        ..problem(StatusCode::TOO_MANY_REQUESTS, body)
    }
}

/// 500, which says nothing.
pub(super) fn server_error() -> Refusal {
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        json!({"title": "Internal server error", "detail": "Internal server error", "status": 500}),
    )
}

/// Refuses a request whose token is not the configured one.
pub(super) fn authenticate(request: &HttpRequest, world: &World) -> Result<(), Refusal> {
    let Some(token) = &world.config.replicate_token else {
        return Ok(());
    };
    let header = request.headers().get("authorization");
    let given = header.and_then(|value| value.to_str().ok()).unwrap_or("");
    let given = given
        .strip_prefix("Bearer ")
        .or_else(|| given.strip_prefix("Token "));
    match given {
        Some(given) if given == token => Ok(()),
        _ => Err(unauthenticated()),
    }
}
