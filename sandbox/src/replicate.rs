//! Replicate, played: predictions that take their time, signed webhooks, files, and misbehaviour on request.

mod behaviour;
mod control;
mod create;
mod delivery;
mod files;
mod input;
mod ledger;
mod prediction;
mod problem;
mod read;
mod state;

use actix_web::web::ServiceConfig;

pub(crate) use control::{reset, script, set_default, show_ledger};
pub(crate) use delivery::deliver_webhooks;
pub(crate) use state::State;

/// Registers Replicate's routes and those of its files.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.service(create::on_model)
        .service(create::on_version)
        .service(read::list)
        .service(read::get)
        .service(read::cancel)
        .service(read::webhook_secret)
        .service(read::account)
        .service(read::model)
        .service(files::file)
        .service(files::followed_file);
}
