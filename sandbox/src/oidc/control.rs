//! The switches of the identity provider: its keys, how it behaves, and how often it was asked.

use actix_web::{
    HttpResponse, get, post,
    web::{Data, Json},
};
use serde::Deserialize;
use serde_json::json;

use super::{keys::Algorithm, state::State};
use crate::world::World;

/// A new key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    #[serde(default)]
    algorithm: Algorithm,
    /// Whether the older keys are published no longer, as after one was stolen.
    #[serde(default)]
    withdraw: bool,
}

/// How it behaves from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Defaults {
    lifetime_s: Option<u64>,
    roles_claim: Option<String>,
    away: Option<bool>,
}

/// Sign with a new key.
#[post("/control/oidc/rotate")]
pub(crate) async fn rotate(world: Data<World>, Json(body): Json<Rotation>) -> HttpResponse {
    let rotated = world.change(|state| state.oidc.rotate(body.algorithm, body.withdraw));
    world.kept().await;
    match rotated {
        Ok(()) => HttpResponse::Ok().json(json!({"algorithm": body.algorithm})),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

/// Set how long tokens are good, where the roles stand, or whether metadata and keys are to be had.
#[post("/control/oidc/default")]
pub(crate) async fn set_default(world: Data<World>, Json(body): Json<Defaults>) -> HttpResponse {
    let now = world.change(|state| {
        let state = &mut state.oidc;
        state.lifetime_s = body.lifetime_s.or(state.lifetime_s);
        state.roles_claim = body.roles_claim.or(state.roles_claim.take());
        state.away = body.away.unwrap_or(state.away);
        json!({"lifetime_s": state.lifetime_s(), "roles_claim": state.roles_claim, "away": state.away})
    });
    HttpResponse::Ok().json(now)
}

/// How often it was asked for metadata, keys and tokens.
#[get("/control/oidc/ledger")]
pub(crate) async fn show_ledger(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(world.read(|state| state.oidc.ledger.clone()))
}

/// Forgets everything, the keys included.
pub(crate) fn reset(state: &mut State) {
    *state = State::default();
}
