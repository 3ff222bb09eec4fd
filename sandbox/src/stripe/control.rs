//! The switches of Stripe: webhooks, prices, the clock, outages, the ledger.

use std::time::Duration;

use actix_web::web::{Data, Json, Query, ServiceConfig};
use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::catalogue::{self, StripePrice};
use super::clock::{self, AfterLastRetry};
use super::shape::Shape;
use super::state::State;
use super::{ledger, steps};
use crate::world::World;

/// Nobody is kept waiting longer.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How events are delivered, and whether requests fail.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Switches {
    pub(super) shuffle: bool,
    pub(super) duplicate: bool,
    pub(super) delay_ms: i64,
    drop_first: u32,
    pub(super) shape: Shape,
    pub(super) after_last_retry: AfterLastRetry,
    /// Whether a customer can have one subscription only.
    pub(super) one_subscription: bool,
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
    app.configure(steps::routes)
        .service(set_account)
        .service(show_clock)
        .service(show_webhooks)
        .service(set_webhooks)
        .service(show_prices)
        .service(set_prices)
        .service(move_clock)
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
    prices: Vec<StripePrice>,
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
        add_prices(state, &new.prices);
        prices(state)
    });
    world.kept().await;
    HttpResponse::Ok().json(now)
}

/// Adds prices, in place of those of the same id.
pub(crate) fn add_prices(state: &mut State, prices: &[StripePrice]) {
    for price in prices {
        state.prices.retain(|known| known.id != price.id);
        state.prices.push(price.clone());
    }
}

fn prices(state: &State) -> Value {
    json!({"strict": state.strict_prices, "prices": catalogue::listed(state)})
}

/// What the account's owner decides; what is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountSettings {
    after_last_retry: Option<AfterLastRetry>,
    one_subscription: Option<bool>,
}

#[post("/control/stripe/account")]
async fn set_account(world: Data<World>, Json(new): Json<AccountSettings>) -> HttpResponse {
    let now = world.change(|state| {
        let switches = &mut state.stripe.switches;
        switches.after_last_retry = new.after_last_retry.unwrap_or(switches.after_last_retry);
        switches.one_subscription = new.one_subscription.unwrap_or(switches.one_subscription);
        json!({
            "after_last_retry": switches.after_last_retry,
            "one_subscription": switches.one_subscription,
        })
    });
    HttpResponse::Ok().json(now)
}

/// What somebody who follows the clock knows of it.
#[derive(Deserialize)]
struct ClockKnown {
    unless_ahead_s: Option<i64>,
}

/// How the clock stands. With `unless_ahead_s` the answer waits until it stands otherwise, for ten seconds at most.
#[get("/control/stripe/clock")]
async fn show_clock(world: Data<World>, known: Query<ClockKnown>) -> HttpResponse {
    let mut changes = world.changes();
    let moved = async {
        while Some(world.read(|state| state.stripe.clock_ahead_s)) == known.unless_ahead_s {
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = moved => {}
        () = world.stopped() => {}
        () = tokio::time::sleep(LONGEST_WAIT) => {}
    }
    HttpResponse::Ok().json(world.read(|state| clock_json(&state.stripe)))
}

fn clock_json(state: &State) -> Value {
    json!({"now": state.now(), "ahead_s": state.clock_ahead_s})
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
        clock_json(&state.stripe)
    });
    world.kept().await;
    HttpResponse::Ok().json(now)
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
    let told = world.read_kept(|state| ledger::show(&state.stripe));
    HttpResponse::Ok().json(told.await)
}

pub(super) fn refusal(status: u16, detail: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    HttpResponse::build(status).json(json!({"status": status.as_u16(), "detail": detail}))
}
