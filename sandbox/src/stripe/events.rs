//! Events: what happened, with the object as it was then.

use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::answer;
use super::delivery::Delivery;
use super::error::Error;
use super::lists;
use super::state::{State, new_id};
use crate::world::World;

/// An event, in the shape that was asked for when it happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) json: Value,
}

/// Records an event and queues its delivery.
pub(super) fn emit(
    state: &mut State,
    kind: &str,
    object: Value,
    previous: Option<Value>,
    now: i64,
) {
    let id = new_id("evt_");
    let mut data = json!({"object": object});
    if let Some(previous) = previous {
        data["previous_attributes"] = previous;
    }
    let json = json!({
        "id": id,
        "object": "event",
        "api_version": state.switches.shape.api_version(),
        "created": now,
        "data": data,
        "livemode": false,
        "pending_webhooks": 1,
        "request": {"id": null, "idempotency_key": null},
        "type": kind,
    });
    let delivery = Delivery::new(&id, kind, state.switches.delay_ms);
    state.deliveries.push(delivery);
    state.events.push(Event { id, json });
}

/// Registers the routes of events.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(list).service(get);
}

#[get("/v1/events")]
async fn list(world: Data<World>, request: HttpRequest) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let mut kinds = call.params.texts("types");
        kinds.extend(call.params.texts("type"));
        let wanted = call.state.events.iter().rev().filter(|event| {
            let kind = event.json["type"].as_str().unwrap_or_default();
            kinds.is_empty() || kinds.iter().any(|wanted| matches(wanted, kind))
        });
        let all = wanted.map(|event| event.json.clone()).collect();
        lists::page(all, "/v1/events", call.params)
    })
    .await
}

/// `invoice.*` matches `invoice.paid`.
fn matches(wanted: &str, kind: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(beginning) => kind.starts_with(beginning),
        None => kind == wanted,
    }
}

#[get("/v1/events/{id}")]
async fn get(world: Data<World>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let event = call.state.events.iter().find(|event| event.id == *id);
        event
            .map(|event| event.json.clone())
            .ok_or_else(|| Error::not_found("event", &id))
    })
    .await
}
