//! The switches of the images API: the script of the next orders, the ledger.

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use serde_json::json;

use super::behaviour::Behaviour;
use super::state::State;
use crate::world::World;

/// Behaviours for the next orders; they are added to those that wait already.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    next: Vec<Behaviour>,
}

/// Queue behaviours for the next orders.
#[post("/control/images/script")]
pub(crate) async fn script(world: Data<World>, Json(body): Json<Script>) -> HttpResponse {
    let waiting = world.change(|state| {
        state.images.script.extend(body.next);
        state.images.script.clone()
    });
    HttpResponse::Ok().json(json!({"next": waiting}))
}

/// Every order that was understood, oldest first, with the number of pictures they bought.
#[get("/control/images/ledger")]
pub(crate) async fn show_ledger(world: Data<World>) -> HttpResponse {
    let told = world.read_kept(|state| {
        let drawn = state.images.orders.iter().filter(|order| order.drawn);
        json!({"orders": state.images.orders, "pictures_drawn": drawn.count()})
    });
    HttpResponse::Ok().json(told.await)
}

/// Forgets everything, the script included.
pub(crate) fn reset(state: &mut State) {
    *state = State::default();
}
