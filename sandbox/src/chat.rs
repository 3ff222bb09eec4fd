//! Chat completions, played: a companion that is pleasant to talk to, tools, streaming, and misbehaviour on request.
//!
//! The wire format is that of OpenAI's chat completions, which many services and local servers speak. What is answered
//! depends on the request alone, so that the same conversation always goes the same way.

mod answer;
mod behaviour;
mod companion;
mod control;
mod create;
mod error;
mod models;
mod names;
mod request;
mod state;
mod stream;
mod wishes;

use actix_web::web::ServiceConfig;

pub(crate) use control::{reset, script, set_default, show_ledger};
pub(crate) use state::State;

/// Registers the routes of chat completions.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.service(create::create_completion)
        .service(models::list_models);
}
