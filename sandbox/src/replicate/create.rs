//! Creating a prediction: accepted, refused, or accepted in a way the caller never learns of.

use std::time::Duration;

use actix_web::http::header::HeaderMap;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, post};
use serde_json::{Map, Value};

use super::behaviour::Behaviour;
use super::input;
use super::ledger::LedgerEntry;
use super::prediction::{Hook, Prediction, rfc3339};
use super::problem::{self, Refusal};
use crate::picture_files;
use crate::world::{World, now_ms, random_text};

/// How long `Prefer: wait` without a number holds the answer.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

const ID_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Create with an official model.
#[post("/v1/models/{owner}/{name}/predictions")]
pub(super) async fn on_model(
    world: Data<World>,
    request: HttpRequest,
    model: Path<(String, String)>,
    body: Bytes,
) -> HttpResponse {
    let (owner, name) = model.into_inner();
    create(&world, &request, Some(format!("{owner}/{name}")), &body).await
}

/// Create with `version` in the body.
#[post("/v1/predictions")]
pub(super) async fn on_version(
    world: Data<World>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    create(&world, &request, None, &body).await
}

/// A create that was understood.
struct Wish {
    model: String,
    version: String,
    prompt: String,
    input: Map<String, Value>,
    webhook: Option<String>,
    webhook_events_filter: Vec<Hook>,
}

async fn create(
    world: &Data<World>,
    request: &HttpRequest,
    model: Option<String>,
    body: &[u8],
) -> HttpResponse {
    if let Err(refusal) = problem::authenticate(request, world) {
        return refusal.into();
    }
    let wish = match understand(model, body) {
        Ok(wish) => wish,
        Err(refusal) => return refusal.into(),
    };
    let per_minute = world.config.replicate_creates_per_minute;
    let left = world.change(|state| state.replicate.creates_left(per_minute, now_ms()));
    let mut answer = match accept(world, &wish, cancel_after(request.headers())) {
        Ok(prediction) => {
            world.kept().await;
            answer(world, prediction, wait(request.headers())).await
        }
        Err(refusal) => refusal.into(),
    };
    rate_limit_headers(&mut answer, left);
    answer
}

fn understand(model: Option<String>, body: &[u8]) -> Result<Wish, Refusal> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| problem::invalid("body", "the body is not JSON"))?;
    let (model, version) = match model {
        Some(model) => (model, "hidden".to_owned()),
        None => model_of_version(&body)?,
    };
    if input::output_form(&model).is_none() {
        return Err(problem::not_found());
    }
    let Some(input) = body["input"].as_object().cloned() else {
        return Err(problem::invalid("input", "input is required"));
    };
    input::check(&model, &input).map_err(|fault| problem::invalid(fault.0, &fault.1))?;
    let filter = match &body["webhook_events_filter"] {
        Value::Null => Vec::new(),
        filter => serde_json::from_value(filter.clone()).map_err(|_| {
            problem::invalid(
                "webhook_events_filter",
                "must be of start, output, logs, completed",
            )
        })?,
    };
    Ok(Wish {
        prompt: input["prompt"].as_str().unwrap_or_default().to_owned(),
        webhook: webhook_url(&body["webhook"])?,
        webhook_events_filter: filter,
        model,
        version,
        input,
    })
}

/// `owner/name`, `owner/name:version` or a version alone, which is taken for FLUX schnell's.
fn model_of_version(body: &Value) -> Result<(String, String), Refusal> {
    let Some(version) = body["version"].as_str().filter(|text| !text.is_empty()) else {
        return Err(problem::invalid("version", "version is required"));
    };
    Ok(match version.split_once(':') {
        Some((model, version)) => (model.to_owned(), version.to_owned()),
        None if version.contains('/') => (version.to_owned(), "hidden".to_owned()),
        None => (
            "black-forest-labs/flux-schnell".to_owned(),
            version.to_owned(),
        ),
    })
}

fn webhook_url(given: &Value) -> Result<Option<String>, Refusal> {
    if given.is_null() {
        return Ok(None);
    }
    let text = given.as_str().unwrap_or_default();
    match url::Url::parse(text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) => Ok(Some(text.to_owned())),
        _ => Err(problem::invalid("webhook", "webhook must be a URL (E4875)")),
    }
}

/// Stores the prediction, or refuses it as its behaviour says; the ledger knows of both.
fn accept(world: &World, wish: &Wish, cancel_after: Option<i64>) -> Result<Prediction, Refusal> {
    let drawing_time = world.config.drawing_time.as_millis();
    let now = now_ms();
    world.change(|state| {
        let state = &mut state.replicate;
        let behaviour = state
            .next_behaviour(&wish.prompt)
            .map_err(|unknown| problem::invalid("input.prompt", &unknown.to_string()))?;
        if state.throttles(behaviour, &wish.prompt) {
            state.record(ledger_entry(wish, behaviour, None, "429", now));
            return Err(problem::throttled());
        }
        let drawing_time = state.drawing_time_ms.map_or(drawing_time, u128::from);
        let prediction = Prediction {
            id: random_text(ID_ALPHABET, 26),
            model: wish.model.clone(),
            version: wish.version.clone(),
            input: input::shortened(&wish.input),
            webhook: wish.webhook.clone(),
            webhook_events_filter: wish.webhook_events_filter.clone(),
            behaviour,
            created_at: now,
            drawing_time_ms: i64::try_from(drawing_time).unwrap_or(600),
            deadline: cancel_after.map(|after| now + after),
            canceled_at: None,
            polls: 0,
            ended_by_poll_at: None,
            sent: Vec::new(),
            announced: false,
        };
        let outcome = match behaviour {
            Behaviour::ErrorAfterAccept => "500",
            Behaviour::DropResponse => "dropped",
            _ => "201",
        };
        state.record(ledger_entry(
            wish,
            behaviour,
            Some(prediction.id.clone()),
            outcome,
            now,
        ));
        state.add(prediction.clone());
        Ok(prediction)
    })
}

fn ledger_entry(
    wish: &Wish,
    behaviour: Behaviour,
    id: Option<String>,
    outcome: &str,
    now: i64,
) -> LedgerEntry {
    LedgerEntry {
        id,
        at: rfc3339(now),
        model: wish.model.clone(),
        prompt: wish.prompt.clone(),
        input: input::shortened(&wish.input),
        webhook: wish.webhook.clone(),
        behaviour,
        outcome: outcome.to_owned(),
        response_delivered: false,
        files_served: 0,
        redirects_followed: 0,
        webhooks: Vec::new(),
    }
}

/// Answers an accepted create, after the wait that was asked for.
async fn answer(world: &World, prediction: Prediction, wait: Option<Duration>) -> HttpResponse {
    match prediction.behaviour {
        Behaviour::ErrorAfterAccept => return problem::server_error().into(),
        Behaviour::DropResponse => return picture_files::cut_off(),
        Behaviour::WebhookBeforeResponse if prediction.webhook.is_some() => {
            completed_webhook_was_sent(world, &prediction.id).await;
        }
        _ => {}
    }
    let over = match wait {
        Some(longest) => is_over_within(world, &prediction, longest).await,
        None => false,
    };
    let now = now_ms();
    let object = world.change(|state| {
        if let Some(entry) = state.replicate.ledger_entry(&prediction.id) {
            entry.response_delivered = true;
        }
        let prediction = state
            .replicate
            .prediction(&prediction.id)
            .unwrap_or(&prediction);
        match over {
            true => prediction.polled(now, &world.url),
            false => prediction.accepted(now, &world.url),
        }
    });
    HttpResponse::Created().json(object)
}

/// Waits, ten seconds at most, until the webhook with the result was delivered or given up.
async fn completed_webhook_was_sent(world: &World, id: &str) {
    let mut changes = world.changes();
    let sent = async {
        while !world.read(|state| {
            let prediction = state.replicate.prediction(id);
            prediction.is_none_or(|one| one.sent.contains(&Hook::Completed))
        }) {
            let _ = changes.changed().await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(10), sent).await;
}

/// Holds a create; ends early when the sandbox stops, or when only polls or webhooks tell the end.
async fn is_over_within(world: &World, created: &Prediction, longest: Duration) -> bool {
    if matches!(
        created.behaviour,
        Behaviour::WebhookOnly | Behaviour::OkAfter(1..)
    ) {
        return false;
    }
    let mut changes = world.changes();
    let over = async {
        loop {
            let now = now_ms();
            let (over, next) = world.read(|state| {
                let prediction = state.replicate.prediction(&created.id).unwrap_or(created);
                (
                    prediction.at(now).is_over(),
                    prediction.next_change_after(now),
                )
            });
            if over {
                return true;
            }
            let pause = next.map_or(1_000, |at| (at - now).max(1));
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(pause.unsigned_abs())) => {}
                _ = changes.changed() => {}
                () = world.stopped() => return false,
            }
        }
    };
    tokio::time::timeout(longest, over).await.unwrap_or(false)
}

/// The wait of `Prefer: wait` or `Prefer: wait=n`, with n from 1 to 60 seconds.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let preferences = headers.get("prefer")?.to_str().ok()?;
    preferences.split(',').find_map(|preference| {
        let preference = preference.trim();
        if preference == "wait" {
            return Some(LONGEST_WAIT);
        }
        let seconds: u64 = preference.strip_prefix("wait=")?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds.clamp(1, 60)))
    })
}

/// `Cancel-After: 90`, `90s`, `1m` or `1h30m`, in milliseconds.
fn cancel_after(headers: &HeaderMap) -> Option<i64> {
    let text = headers.get("cancel-after")?.to_str().ok()?.trim();
    let mut total = 0;
    let mut number = String::new();
    for character in text.chars() {
        let unit = match character {
            '0'..='9' => {
                number.push(character);
                continue;
            }
            's' => 1_000,
            'm' => 60_000,
            'h' => 3_600_000,
            _ => return None,
        };
        total += number.parse::<i64>().ok()?.checked_mul(unit)?;
        number.clear();
    }
    if !number.is_empty() {
        total += number.parse::<i64>().ok()?.checked_mul(1_000)?;
    }
    Some(total).filter(|after| *after > 0)
}

fn rate_limit_headers(answer: &mut HttpResponse, left: u32) {
    use actix_web::http::header::{HeaderName, HeaderValue};
    let headers = answer.headers_mut();
    headers.insert(
        HeaderName::from_static("ratelimit-remaining"),
        HeaderValue::from(left),
    );
    headers.insert(
        HeaderName::from_static("ratelimit-reset"),
        HeaderValue::from_static("1"),
    );
}
