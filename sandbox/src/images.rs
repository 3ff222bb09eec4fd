//! An OpenAI-compatible images API, played: pictures at once, as base64 or as addresses, and misbehaviour on request.

mod behaviour;
mod control;
mod create;
mod error;
mod files;
mod form;
mod state;

use actix_web::web::ServiceConfig;

pub(crate) use control::{reset, script, show_ledger};
pub(crate) use state::State;

/// Registers the images API's routes and those of its files.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.service(create::generate)
        .service(create::edit)
        .service(files::file)
        .service(files::followed_file);
}
