//! The switches of Replicate: the script of the next creates, the default, the ledger.

use std::num::NonZeroU32;

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use serde_json::json;

use super::behaviour::Behaviour;
use super::state::State;
use crate::world::World;

/// Behaviours for the next creates; they are added to those that wait already.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    next: Vec<Behaviour>,
}

/// What creates without marker and script do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Defaults {
    behaviour: Option<Behaviour>,
    drawing_time_ms: Option<u64>,
    shrink: Option<NonZeroU32>,
}

/// Queue behaviours for the next creates.
#[post("/control/replicate/script")]
pub(crate) async fn script(world: Data<World>, Json(body): Json<Script>) -> HttpResponse {
    let waiting = world.change(|state| {
        state.replicate.script.extend(body.next);
        state.replicate.script.clone()
    });
    HttpResponse::Ok().json(json!({"next": waiting}))
}

/// Set the default behaviour, the drawing time, and how many times smaller than ordered pictures are.
#[post("/control/replicate/default")]
pub(crate) async fn set_default(world: Data<World>, Json(body): Json<Defaults>) -> HttpResponse {
    let now = world.change(|state| {
        let state = &mut state.replicate;
        state.default_behaviour = body.behaviour.unwrap_or(state.default_behaviour);
        state.drawing_time_ms = body.drawing_time_ms.or(state.drawing_time_ms);
        state.shrink = body.shrink.map(NonZeroU32::get).or(state.shrink);
        json!({
            "behaviour": state.default_behaviour,
            "drawing_time_ms": state.drawing_time_ms,
            "shrink": state.shrink,
        })
    });
    HttpResponse::Ok().json(now)
}

/// Every create that was received, oldest first, with the number of predictions they bought.
#[get("/control/replicate/ledger")]
pub(crate) async fn show_ledger(world: Data<World>) -> HttpResponse {
    let told = world.read_kept(|state| {
        let bought = state
            .replicate
            .ledger
            .iter()
            .filter(|entry| entry.id.is_some());
        json!({"creates": state.replicate.ledger, "predictions_created": bought.count()})
    });
    HttpResponse::Ok().json(told.await)
}

/// Forgets everything, the script and the defaults included.
pub(crate) fn reset(state: &mut State) {
    *state = State {
        keeps_all: state.keeps_all,
        ..State::default()
    };
}
