//! One way for every request: key, parameters, idempotency, the act itself, expansion, headers.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::error::Error;
use super::expand;
use super::idempotency::{self, Found};
use super::ledger::RequestEntry;
use super::params::Params;
use super::shape::Shape;
use super::state::{State, new_id};
use crate::world::World;

/// What an endpoint works on.
pub(super) struct Call<'a> {
    pub(super) state: &'a mut State,
    pub(super) params: &'a Params,
    pub(super) shape: Shape,
    /// The base of the sandbox's own URLs.
    pub(super) url: &'a str,
    /// By the movable clock, in seconds.
    pub(super) now: i64,
}

/// The headers of a request that matter.
struct Asked {
    method: String,
    path: String,
    key: Option<String>,
    version: Option<String>,
    request_id: String,
}

/// Answers one request with what `act` makes of it.
pub(super) async fn answer(
    world: &Data<World>,
    request: &HttpRequest,
    body: &[u8],
    act: impl FnOnce(&mut Call<'_>) -> Result<Value, Error>,
) -> HttpResponse {
    let headers = request.headers();
    let asked = Asked {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        key: text(headers, "idempotency-key").filter(|_| request.method() == "POST"),
        version: text(headers, "stripe-version"),
        request_id: new_id("req_"),
    };
    let params = Params::parse(&[request.query_string().as_bytes(), body]);
    if let Err(error) = authenticate(headers, world) {
        return respond(&asked, error.status, &error.json(), false);
    }
    let (status, json, replayed) =
        world.change(|state| perform(&mut state.stripe, world, &asked, &params, act));
    if asked.method != "GET" {
        world.kept().await;
    }
    respond(&asked, status, &json, replayed)
}

fn perform(
    state: &mut State,
    world: &World,
    asked: &Asked,
    params: &Params,
    act: impl FnOnce(&mut Call<'_>) -> Result<Value, Error>,
) -> (StatusCode, Value, bool) {
    let fingerprint = idempotency::fingerprint(&asked.method, &asked.path, params);
    let (status, json, replayed) =
        match idempotency::find(state, asked.key.as_deref(), &fingerprint) {
            Err(error) => (error.status, error.json(), false),
            Ok(Found::Earlier(status, json)) => (status, json, true),
            Ok(Found::Nothing) => {
                let done = act_unless_out(state, world, asked, params, act);
                let (status, json) = match done {
                    Ok(json) => (StatusCode::OK, json),
                    Err(error) => (error.status, error.json()),
                };
                idempotency::keep(state, asked.key.as_deref(), fingerprint, status, &json);
                (status, json, false)
            }
        };
    let now = state.now();
    state.requests.push(RequestEntry {
        id: asked.request_id.clone(),
        at: now,
        method: asked.method.clone(),
        path: asked.path.clone(),
        params: params.json(),
        idempotency_key: asked.key.clone(),
        status: status.as_u16(),
        replayed,
        object: json["id"].as_str().map(str::to_owned),
    });
    state.trim();
    (status, json, replayed)
}

fn act_unless_out(
    state: &mut State,
    world: &World,
    asked: &Asked,
    params: &Params,
    act: impl FnOnce(&mut Call<'_>) -> Result<Value, Error>,
) -> Result<Value, Error> {
    if let Some(status) = state.switches.outage() {
        return Err(Error::outage(status));
    }
    let now = state.now();
    let shape = Shape::of_version(asked.version.as_deref());
    let mut call = Call {
        state,
        params,
        shape,
        url: &world.url,
        now,
    };
    let mut json = act(&mut call)?;
    for path in params.texts("expand") {
        expand::expand(call.state, shape, &mut json, &path);
    }
    Ok(json)
}

fn authenticate(headers: &HeaderMap, world: &World) -> Result<(), Error> {
    let Some(key) = secret_key(headers) else {
        return Err(Error::unauthenticated(None));
    };
    match &world.config.stripe_secret_key {
        Some(expected) if *expected != key => Err(Error::unauthenticated(Some(&key))),
        _ => Ok(()),
    }
}

/// The key of `Authorization: Bearer …`, or the user name of basic authentication.
fn secret_key(headers: &HeaderMap) -> Option<String> {
    let header = text(headers, "authorization")?;
    if let Some(key) = header.strip_prefix("Bearer ") {
        return Some(key.trim().to_owned()).filter(|key| !key.is_empty());
    }
    let decoded = STANDARD
        .decode(header.strip_prefix("Basic ")?.trim())
        .ok()?;
    let pair = String::from_utf8(decoded).ok()?;
    let key = pair.split_once(':').map_or(pair.as_str(), |(user, _)| user);
    Some(key.to_owned()).filter(|key| !key.is_empty())
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn respond(asked: &Asked, status: StatusCode, json: &Value, replayed: bool) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    answer.insert_header(("request-id", asked.request_id.as_str()));
    let version = asked.version.as_deref().unwrap_or(Shape::New.api_version());
    answer.insert_header(("stripe-version", version));
    if let Some(key) = &asked.key {
        answer.insert_header(("idempotency-key", key.as_str()));
    }
    if replayed {
        answer.insert_header(("idempotent-replayed", "true"));
    }
    answer.json(json)
}
