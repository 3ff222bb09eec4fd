//! OpenID Connect, played: a provider with discovery, signing keys that change on request, a page to sign in, and tokens
//! for an authorization code with PKCE.
//!
//! It believes everybody: whoever signs in says who they are and which roles they have.

mod authorize;
mod control;
mod keys;
mod metadata;
mod state;
mod token;

use actix_web::{HttpResponse, HttpResponseBuilder, web::ServiceConfig};

pub(crate) use control::{reset, rotate, set_default, show_ledger};
pub(crate) use state::State;

/// Registers the routes of the provider.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.service(metadata::show)
        .service(metadata::show_keys)
        .service(authorize::show)
        .service(authorize::submit)
        .service(token::redeem);
}

/// The issuer that the sandbox at this address plays.
#[must_use]
pub fn oidc_issuer(sandbox: &str) -> String {
    format!("{}/oidc", sandbox.trim_end_matches('/'))
}

/// An answer that pages of any origin may read, as those of real providers, and that nobody keeps.
fn open(mut answer: HttpResponseBuilder) -> HttpResponseBuilder {
    answer
        .insert_header(("access-control-allow-origin", "*"))
        .insert_header(("cache-control", "no-store"));
    answer
}

/// The provider does not answer well, since it was told not to.
fn away() -> HttpResponse {
    open(HttpResponse::ServiceUnavailable()).body("The sandbox was told to be away.")
}
