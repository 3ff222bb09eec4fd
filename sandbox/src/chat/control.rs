//! The switches of the chat service: the script of the next completions, the default, the ledger.

use actix_web::{
    HttpResponse, get, post,
    web::{Data, Json},
};
use serde::Deserialize;
use serde_json::json;

use super::{behaviour::Behaviour, state::State};
use crate::world::World;

/// Behaviours for the next completions; they are added to those that wait already.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    next: Vec<Behaviour>,
}

/// What completions without marker and script do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Defaults {
    behaviour: Option<Behaviour>,
    pause_ms: Option<u64>,
}

/// Queue behaviours for the next completions.
#[post("/control/chat/script")]
pub(crate) async fn script(world: Data<World>, Json(body): Json<Script>) -> HttpResponse {
    let waiting = world.change(|state| {
        state.chat.script.extend(body.next);
        state.chat.script.clone()
    });
    HttpResponse::Ok().json(json!({"next": waiting}))
}

/// Set the default behaviour, the pause between streamed pieces, or both.
#[post("/control/chat/default")]
pub(crate) async fn set_default(world: Data<World>, Json(body): Json<Defaults>) -> HttpResponse {
    let now = world.change(|state| {
        let state = &mut state.chat;
        state.default_behaviour = body.behaviour.unwrap_or(state.default_behaviour);
        state.pause_ms = body.pause_ms.or(state.pause_ms);
        json!({"behaviour": state.default_behaviour, "pause_ms": state.pause_ms})
    });
    HttpResponse::Ok().json(now)
}

/// Every completion that was asked for, oldest first.
#[get("/control/chat/ledger")]
pub(crate) async fn show_ledger(world: Data<World>) -> HttpResponse {
    let ledger =
        world.read(|state| json!({"completions": state.chat.ledger, "asked": state.chat.asked}));
    HttpResponse::Ok().json(ledger)
}

/// Forgets everything, the script and the defaults included.
pub(crate) fn reset(state: &mut State) {
    *state = State::default();
}
