//! The switches of the sandbox itself, under `/control/…`, and its first page.

use actix_web::error::JsonPayloadError;
use actix_web::web::{Data, JsonConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde_json::json;

use crate::world::World;
use crate::{chat, images, oidc, replicate, stripe};

/// Registers the first page and all switches.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.app_data(JsonConfig::default().error_handler(unreadable))
        .service(first_page)
        .service(reset)
        .service(replicate::script)
        .service(replicate::set_default)
        .service(replicate::show_ledger)
        .service(images::script)
        .service(images::show_ledger)
        .service(chat::script)
        .service(chat::set_default)
        .service(chat::show_ledger)
        .service(oidc::rotate)
        .service(oidc::set_default)
        .service(oidc::show_ledger)
        .configure(stripe::control_routes);
}

fn unreadable(error: JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    let answer = HttpResponse::BadRequest().json(json!({
        "title": "Unreadable body",
        "detail": error.to_string(),
        "status": 400,
    }));
    actix_web::error::InternalError::from_response(error, answer).into()
}

/// What is played here, for people who open the address in a browser.
#[get("/")]
async fn first_page(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "name": "sandbox",
        "plays": ["Replicate", "OpenAI-compatible images and chat completions", "Stripe", "OpenID Connect"],
        "api": format!("{}/v1", world.url),
        "switches": [
            "POST /control/reset",
            "POST /control/replicate/script {\"next\": [behaviour, …]}",
            "POST /control/replicate/default {\"behaviour\": …, \"drawing_time_ms\": …, \"shrink\": …}",
            "GET /control/replicate/ledger",
            "POST /control/images/script {\"next\": [behaviour, …]}",
            "GET /control/images/ledger",
            "POST /control/chat/script {\"next\": [behaviour, …]}",
            "POST /control/chat/default {\"behaviour\": …, \"pause_ms\": …}",
            "GET /control/chat/ledger",
            "POST /control/oidc/rotate {\"algorithm\": \"ES256|EdDSA\", \"withdraw\": …}",
            "POST /control/oidc/default {\"lifetime_s\": …, \"roles_claim\": …, \"away\": …}",
            "GET /control/oidc/ledger",
            "GET|POST /control/stripe/prices {\"strict\": …, \"prices\": [{\"id\", \"unit_amount\", \"currency\", \"interval\"}]}",
            "GET|POST /control/stripe/webhooks {\"shuffle\", \"duplicate\", \"delay_ms\", \"drop_first\", \"shape\", \"url\", \"secret\"}",
            "GET|POST /control/stripe/clock {\"advance_s\": …}",
            "POST /control/stripe/account {\"after_last_retry\": \"cancel|leave_unpaid\", \"one_subscription\": …}",
            "POST /control/stripe/customers/{id}/card {\"card\": \"good|declined|missing\"}",
            "POST /control/stripe/subscriptions/{id}/renew|fail|recover|cancel|expire_trial|lapse|succeed_async|fail_async|resume|refund|dispute",
            "POST /control/stripe/sessions/{id}/complete {\"outcome\": \"paid|declined|abandoned|incomplete\"}",
            "POST /control/stripe/fail_next {\"status\": 500, \"times\": 1}",
            "GET /control/stripe/ledger",
        ],
    }))
}

/// Forget everything that was said since the first start.
#[post("/control/reset")]
async fn reset(world: Data<World>) -> HttpResponse {
    world.change(|state| {
        replicate::reset(&mut state.replicate);
        images::reset(&mut state.images);
        stripe::reset(&mut state.stripe);
        stripe::add_prices(&mut state.stripe, &world.config.stripe_prices);
        chat::reset(&mut state.chat);
        oidc::reset(&mut state.oidc);
    });
    world.kept().await;
    HttpResponse::NoContent().finish()
}
