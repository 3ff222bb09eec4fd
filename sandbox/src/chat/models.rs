//! The list of models, with which a client can check its key: <https://platform.openai.com/docs/api-reference/models/list>.

use actix_web::{HttpRequest, HttpResponse, get, http::header::AUTHORIZATION};
use serde_json::json;

use super::error;

/// When the first and only one was made: 2026-01-01T00:00:00Z.
const CREATED: i64 = 1_767_225_600;

/// List the models. There is one by name, although a completion may be asked of any.
#[get("/v1/models")]
pub(super) async fn list_models(request: HttpRequest) -> HttpResponse {
    let key = request.headers().get(AUTHORIZATION);
    let key = key.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if key.is_none_or(str::is_empty) {
        return error::unauthenticated().into();
    }
    HttpResponse::Ok().json(json!({
        "object": "list",
        "data": [{
            "id": "sandbox-companion",
            "object": "model",
            "created": CREATED,
            "owned_by": "sandbox",
        }],
    }))
}
