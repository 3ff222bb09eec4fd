//! Getting, listing and cancelling predictions, and the account's own routes.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse, get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;

use super::behaviour::Behaviour;
use super::prediction::Prediction;
use super::{input, problem};
use crate::world::{World, now_ms};

/// Predictions on one page of the list.
const PAGE: usize = 100;

/// A page's place, as Replicate's own cursors carry it: opaque to the caller.
#[derive(Deserialize)]
pub(super) struct ListQuery {
    cursor: Option<String>,
}

/// Get one prediction; for `ok_after` this is the poll that counts.
#[get("/v1/predictions/{id}")]
pub(super) async fn get(
    world: Data<World>,
    request: HttpRequest,
    id: Path<String>,
) -> HttpResponse {
    if let Err(refusal) = problem::authenticate(&request, &world) {
        return refusal.into();
    }
    let now = now_ms();
    let known = world.read(|state| {
        let prediction = state.replicate.prediction(&id);
        prediction.map(|one| (one.behaviour, one.polled(now, &world.url)))
    });
    let object = match known {
        None => return problem::not_found().into(),
        Some((Behaviour::OkAfter(_), _)) => count_poll(&world, &id, now),
        Some((_, object)) => object,
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header(("ratelimit-remaining", "2999"));
    answer.insert_header(("ratelimit-reset", "1"));
    answer.json(object)
}

fn count_poll(world: &World, id: &str, now: i64) -> serde_json::Value {
    world.change(|state| {
        let Some(prediction) = state.replicate.prediction_mut(id) else {
            return serde_json::Value::Null;
        };
        prediction.polls += 1;
        if let Behaviour::OkAfter(polls) = prediction.behaviour
            && prediction.polls >= polls
        {
            prediction.ended_by_poll_at.get_or_insert(now);
        }
        prediction.polled(now, &world.url)
    })
}

/// List predictions, newest first, a hundred a page.
#[get("/v1/predictions")]
pub(super) async fn list(
    world: Data<World>,
    request: HttpRequest,
    query: Query<ListQuery>,
) -> HttpResponse {
    if let Err(refusal) = problem::authenticate(&request, &world) {
        return refusal.into();
    }
    let place = match query.cursor.as_deref().map(read_cursor) {
        None => None,
        Some(Some(place)) => Some(place),
        Some(None) => return problem::invalid("cursor", "the cursor is not one of ours").into(),
    };
    let now = now_ms();
    let page = world.read(|state| {
        let newest_first: Vec<&Prediction> = state.replicate.predictions.iter().rev().collect();
        let start = place.map_or(0, |id| {
            let found = newest_first.iter().position(|one| one.id == id);
            found.unwrap_or(newest_first.len())
        });
        let end = (start + PAGE).min(newest_first.len());
        let link = |index: usize| {
            let id = &newest_first.get(index)?.id;
            Some(format!(
                "{}/v1/predictions?cursor={}",
                world.url,
                cursor(id)
            ))
        };
        let results: Vec<_> = newest_first[start..end]
            .iter()
            .map(|one| one.polled(now, &world.url))
            .collect();
        json!({
            "previous": (start > 0).then(|| link(start.saturating_sub(PAGE))).flatten(),
            "next": link(end),
            "results": results,
        })
    });
    HttpResponse::Ok().json(page)
}

fn cursor(id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("p={id}"))
}

fn read_cursor(text: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.strip_prefix("p=").map(str::to_owned)
}

/// Cancel; a prediction that has ended stays as it is.
#[post("/v1/predictions/{id}/cancel")]
pub(super) async fn cancel(
    world: Data<World>,
    request: HttpRequest,
    id: Path<String>,
) -> HttpResponse {
    if let Err(refusal) = problem::authenticate(&request, &world) {
        return refusal.into();
    }
    let now = now_ms();
    let object = world.change(|state| {
        let prediction = state.replicate.prediction_mut(&id)?;
        if !prediction.at(now).is_over() {
            prediction.canceled_at.get_or_insert(now);
        }
        Some(prediction.object(&prediction.at(now), now, &world.url))
    });
    world.kept().await;
    match object {
        None => problem::not_found().into(),
        Some(object) => HttpResponse::Ok()
            .insert_header(("ratelimit-remaining", "2999"))
            .insert_header(("ratelimit-reset", "1"))
            .json(object),
    }
}

/// The secret with which webhooks are signed.
#[get("/v1/webhooks/default/secret")]
pub(super) async fn webhook_secret(world: Data<World>, request: HttpRequest) -> HttpResponse {
    match problem::authenticate(&request, &world) {
        Err(refusal) => refusal.into(),
        Ok(()) => HttpResponse::Ok().json(json!({"key": world.config.replicate_webhook_secret})),
    }
}

/// The account, with which a client can check its token.
#[get("/v1/account")]
pub(super) async fn account(world: Data<World>, request: HttpRequest) -> HttpResponse {
    match problem::authenticate(&request, &world) {
        Err(refusal) => refusal.into(),
        Ok(()) => HttpResponse::Ok().json(json!({
            "type": "organization",
            "username": "sandbox",
            "name": "Sandbox",
            "github_url": "https://github.com/sandbox",
        })),
    }
}

/// A model, with which a client can check its name.
#[get("/v1/models/{owner}/{name}")]
pub(super) async fn model(
    world: Data<World>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> HttpResponse {
    if let Err(refusal) = problem::authenticate(&request, &world) {
        return refusal.into();
    }
    let (owner, name) = path.into_inner();
    if input::output_form(&format!("{owner}/{name}")).is_none() {
        return problem::not_found().into();
    }
    HttpResponse::Ok().json(json!({
        "url": format!("https://replicate.com/{owner}/{name}"),
        "owner": owner,
        "name": name,
        "description": "Played by the sandbox",
        "visibility": "public",
        "run_count": 0,
        "default_example": null,
        "latest_version": null,
    }))
}
