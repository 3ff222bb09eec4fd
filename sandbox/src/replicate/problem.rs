//! Replicate's errors, as `application/problem+json`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::world::World;

fn problem(status: StatusCode, body: &Value) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("application/problem+json")
        .body(body.to_string())
}

/// 401, when the token is not the configured one.
pub(super) fn unauthenticated() -> HttpResponse {
    problem(
        StatusCode::UNAUTHORIZED,
        &json!({
            "title": "Unauthenticated",
            "detail": "You did not pass a valid authentication token",
            "status": 401,
        }),
    )
}

/// 404, for an unknown model or prediction.
pub(super) fn not_found() -> HttpResponse {
    problem(
        StatusCode::NOT_FOUND,
        &json!({"detail": "The requested resource could not be found.", "status": 404}),
    )
}

/// 422, naming the field and what is wrong with it.
pub(super) fn invalid(field: &str, description: &str) -> HttpResponse {
    problem(
        StatusCode::UNPROCESSABLE_ENTITY,
        &json!({
            "title": "Input validation failed",
            "detail": format!("- {field}: {description}\n"),
            "status": 422,
            "invalid_fields": [{"type": "invalid", "field": field, "description": description}],
        }),
    )
}

/// 429, with the second after which a retry is welcome.
pub(super) fn throttled() -> HttpResponse {
    let mut answer = problem(
        StatusCode::TOO_MANY_REQUESTS,
        &json!({
            "title": "Too many requests",
            "detail": "Request was throttled. Expected available in 1 second.",
            "status": 429,
        }),
    );
    let one = actix_web::http::header::HeaderValue::from_static("1");
    answer
        .headers_mut()
        .insert(actix_web::http::header::RETRY_AFTER, one);
    answer
}

/// 500, which says nothing.
pub(super) fn server_error() -> HttpResponse {
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        &json!({"title": "Internal server error", "detail": "Internal server error", "status": 500}),
    )
}

/// Refuses a request whose token is not the configured one.
pub(super) fn authenticate(request: &HttpRequest, world: &World) -> Result<(), HttpResponse> {
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
