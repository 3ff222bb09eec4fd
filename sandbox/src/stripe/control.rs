//! The switches of Stripe: webhooks, prices, the clock, outages, the ledger.

use actix_web::web::{Bytes, Data, Json, Path, ServiceConfig};
use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::catalogue::{self, Price};
use super::clock::{self, Payment};
use super::shape::Shape;
use super::state::State;
use super::subscriptions::Status;
use super::{checkout, ledger};
use crate::world::World;

/// How events are delivered, and whether requests fail.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Switches {
    pub(super) shuffle: bool,
    pub(super) duplicate: bool,
    pub(super) delay_ms: i64,
    drop_first: u32,
    pub(super) shape: Shape,
    pub(super) url: Option<String>,
    #[serde(skip)]
    pub(super) secret: Option<String>,
    #[serde(skip)]
    outage: Option<(u16, u32)>,
}

impl Switches {
    /// Whether this delivery is one of the first that are dropped.
    pub(super) fn drops_one(&mut self) -> bool {
        let drops = self.drop_first > 0;
        self.drop_first = self.drop_first.saturating_sub(1);
        drops
    }

    /// The status with which this request fails, while an outage lasts.
    pub(super) fn outage(&mut self) -> Option<u16> {
        let (status, times) = self.outage.take()?;
        if times > 1 {
            self.outage = Some((status, times - 1));
        }
        (times > 0).then_some(status)
    }
}

/// Registers the switches.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.service(show_webhooks)
        .service(set_webhooks)
        .service(show_prices)
        .service(set_prices)
        .service(move_clock)
        .service(move_subscription)
        .service(complete)
        .service(fail_next)
        .service(show_ledger);
}

/// Forgets everything, the switches included.
pub(crate) fn reset(state: &mut State) {
    *state = State::default();
}

/// New settings; what is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookSettings {
    shuffle: Option<bool>,
    duplicate: Option<bool>,
    delay_ms: Option<u32>,
    drop_first: Option<u32>,
    shape: Option<Shape>,
    url: Option<String>,
    secret: Option<String>,
}

#[get("/control/stripe/webhooks")]
async fn show_webhooks(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(world.read(|state| json!(state.stripe.switches)))
}

#[post("/control/stripe/webhooks")]
async fn set_webhooks(world: Data<World>, Json(new): Json<WebhookSettings>) -> HttpResponse {
    let now = world.change(|state| {
        let switches = &mut state.stripe.switches;
        switches.shuffle = new.shuffle.unwrap_or(switches.shuffle);
        switches.duplicate = new.duplicate.unwrap_or(switches.duplicate);
        switches.delay_ms = new.delay_ms.map_or(switches.delay_ms, i64::from);
        switches.drop_first = new.drop_first.unwrap_or(switches.drop_first);
        switches.shape = new.shape.unwrap_or(switches.shape);
        switches.url = new.url.or_else(|| switches.url.take());
        switches.secret = new.secret.or_else(|| switches.secret.take());
        json!(switches)
    });
    HttpResponse::Ok().json(now)
}

/// Prices to add or replace, and whether others exist.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceSettings {
    strict: Option<bool>,
    #[serde(default)]
    prices: Vec<Price>,
}

#[get("/control/stripe/prices")]
async fn show_prices(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(world.read(|state| prices(&state.stripe)))
}

#[post("/control/stripe/prices")]
async fn set_prices(world: Data<World>, Json(new): Json<PriceSettings>) -> HttpResponse {
    let now = world.change(|state| {
        let state = &mut state.stripe;
        state.strict_prices = new.strict.unwrap_or(state.strict_prices);
        for price in new.prices {
            state.prices.retain(|known| known.id != price.id);
            state.prices.push(price);
        }
        prices(state)
    });
    world.kept().await;
    HttpResponse::Ok().json(now)
}

fn prices(state: &State) -> Value {
    json!({"strict": state.strict_prices, "prices": catalogue::listed(state)})
}

/// How far to move the clock ahead.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockSettings {
    advance_s: u32,
}

#[post("/control/stripe/clock")]
async fn move_clock(world: Data<World>, Json(new): Json<ClockSettings>) -> HttpResponse {
    let now = world.change(|state| {
        state.stripe.clock_ahead_s += i64::from(new.advance_s);
        clock::catch_up(&mut state.stripe, &world.url);
        json!({"now": state.stripe.now(), "ahead_s": state.stripe.clock_ahead_s})
    });
    world.kept().await;
    HttpResponse::Ok().json(now)
}

/// How the payment goes when a trial is made to end.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepSettings {
    #[serde(default)]
    outcome: Outcome,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    #[default]
    Paid,
    Declined,
    NoCard,
    Abandoned,
}

/// Take one subscription a step further: `renew`, `fail`, `recover`, `cancel` or `expire_trial`.
#[post("/control/stripe/subscriptions/{id}/{step}")]
async fn move_subscription(
    world: Data<World>,
    path: Path<(String, String)>,
    body: Bytes,
) -> HttpResponse {
    let (id, step) = path.into_inner();
    let settings: StepSettings = match body.is_empty() {
        true => StepSettings::default(),
        false => match serde_json::from_slice(&body) {
            Ok(settings) => settings,
            Err(error) => return refusal(400, &error.to_string()),
        },
    };
    let done = world.change(|state| take_step(&mut state.stripe, &id, &step, &settings));
    world.kept().await;
    match done {
        Ok(subscription) => HttpResponse::Ok().json(subscription),
        Err((status, message)) => refusal(status, &message),
    }
}

fn take_step(
    state: &mut State,
    id: &str,
    step: &str,
    settings: &StepSettings,
) -> Result<Value, (u16, String)> {
    let now = state.now();
    let status = match state.subscription(id) {
        None => return Err((404, format!("there is no subscription {id}"))),
        Some(subscription) => subscription.status,
    };
    let impossible = |reason: &str| Err((409, format!("{id} cannot {step}: {reason}")));
    if status.is_final() {
        return impossible("it is canceled");
    }
    match step {
        "renew" => clock::renew(state, id, now),
        "fail" => clock::fail(state, id, now),
        "recover" => {
            if !clock::recover(state, id, now) {
                return impossible("no invoice is open");
            }
        }
        "cancel" => clock::end(state, id, now),
        "expire_trial" if status == Status::Trialing => {
            let payment = match settings.outcome {
                Outcome::Paid => Payment::Paid,
                Outcome::Declined => Payment::Failed,
                Outcome::NoCard | Outcome::Abandoned => Payment::NoCard,
            };
            clock::end_trial(state, id, payment, now);
        }
        "expire_trial" => return impossible("it has no trial"),
        _ => {
            return Err((
                404,
                format!(
                    "\"{step}\" is no step; known are renew, fail, recover, cancel, expire_trial"
                ),
            ));
        }
    }
    let json = state
        .subscription(id)
        .map(|one| one.json(state, Shape::New));
    Ok(json.unwrap_or_default())
}

/// Go through the hosted page without a browser.
#[post("/control/stripe/sessions/{id}/complete")]
async fn complete(
    world: Data<World>,
    id: Path<String>,
    Json(settings): Json<StepSettings>,
) -> HttpResponse {
    let answer = world.change(|state| {
        let state = &mut state.stripe;
        let now = state.now();
        if matches!(settings.outcome, Outcome::Paid) && !checkout::pay(state, &id, &world.url, now)
        {
            return None;
        }
        state
            .session(&id)
            .map(|session| session.json(state, &world.url))
    });
    world.kept().await;
    match answer {
        Some(session) => HttpResponse::Ok().json(session),
        None => refusal(409, &format!("there is no open session {id}")),
    }
}

/// An outage of the API.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutageSettings {
    status: u16,
    times: u32,
}

/// Let the next requests to the API fail.
#[post("/control/stripe/fail_next")]
async fn fail_next(world: Data<World>, Json(new): Json<OutageSettings>) -> HttpResponse {
    world.change(|state| state.stripe.switches.outage = Some((new.status, new.times)));
    HttpResponse::NoContent().finish()
}

#[get("/control/stripe/ledger")]
async fn show_ledger(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(world.read(|state| ledger::show(&state.stripe)))
}

fn refusal(status: u16, detail: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    HttpResponse::build(status).json(json!({"status": status.as_u16(), "detail": detail}))
}
