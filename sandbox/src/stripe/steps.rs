//! What happens to one subscription, one customer, one checkout, at a tester's word.

use actix_web::web::{Bytes, Data, Json, Path, ServiceConfig};
use actix_web::{HttpResponse, post};
use serde::Deserialize;
use serde_json::Value;

use super::clock::{self, Payment};
use super::control::refusal;
use super::customers::Card;
use super::shape::Shape;
use super::state::State;
use super::subscriptions::Status;
use super::{charges, checkout, events};
use crate::world::World;

/// Registers the steps.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(move_subscription)
        .service(change_card)
        .service(complete);
}

/// How the payment goes when a trial is made to end.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepSettings {
    #[serde(default)]
    outcome: Outcome,
    /// How much to give back, in cents; all that is left when absent.
    amount: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    #[default]
    Paid,
    Declined,
    NoCard,
    Abandoned,
    /// Checkout is completed, and the first payment is not.
    Incomplete,
}

impl Outcome {
    /// How a payment goes that ends so.
    fn payment(&self) -> Payment {
        match self {
            Self::Paid => Payment::Paid,
            Self::Declined => Payment::Failed,
            Self::NoCard | Self::Abandoned | Self::Incomplete => Payment::NoCard,
        }
    }
}

/// The steps; those after `expire_trial` are for an incomplete subscription, for a paused one, and for its payment.
const STEPS: &str = "renew, fail, recover, cancel, expire_trial, lapse, succeed_async, fail_async, resume, refund, dispute";

/// Take one subscription one of the [`STEPS`] further.
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
    let done =
        world.change(|state| take_step(&mut state.stripe, &id, &step, &settings, &world.url));
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
    url: &str,
) -> Result<Value, (u16, String)> {
    let now = state.now();
    let (status, customer) = match state.subscription(id) {
        None => return Err((404, format!("there is no subscription {id}"))),
        Some(subscription) => (subscription.status, subscription.customer.clone()),
    };
    let impossible = |reason: &str| Err((409, format!("{id} cannot {step}: {reason}")));
    if status.is_final() && !matches!(step, "refund" | "dispute") {
        return impossible("it is over");
    }
    match step {
        "renew" => clock::renew(state, id, now),
        "fail" => {
            set_card(state, &customer, Card::Declined);
            clock::fail(state, id, now);
        }
        "recover" => {
            set_card(state, &customer, Card::Good);
            if !clock::recover(state, id, now) {
                return impossible("no invoice is open");
            }
        }
        "cancel" => clock::end(state, id, now),
        "resume" if status == Status::Paused => clock::resume(state, id, now),
        "resume" => return impossible("it is not paused"),
        "succeed_async" | "fail_async" if status == Status::Incomplete => {
            settle_async(state, id, step == "succeed_async", url, now);
        }
        "succeed_async" | "fail_async" => return impossible("nothing is on its way"),
        "lapse" if status == Status::Incomplete => clock::lapse(state, id, now),
        "lapse" => return impossible("its first payment is complete"),
        "refund" | "dispute" => return on_payment(state, id, step, settings.amount, now),
        "expire_trial" if status == Status::Trialing => {
            clock::end_trial(state, id, settings.outcome.payment(), now);
        }
        "expire_trial" => return impossible("it has no trial"),
        _ => return Err((404, format!("\"{step}\" is no step; known are {STEPS}"))),
    }
    let json = state
        .subscription(id)
        .map(|one| one.json(state, Shape::New));
    Ok(json.unwrap_or_default())
}

/// A first payment that takes days, as a bank transfer does, arrives or does not.
fn settle_async(state: &mut State, id: &str, arrives: bool, url: &str, now: i64) {
    let kind = if arrives {
        clock::recover(state, id, now);
        "checkout.session.async_payment_succeeded"
    } else {
        clock::lapse(state, id, now);
        "checkout.session.async_payment_failed"
    };
    let mut sessions = state.sessions.iter();
    let session = sessions.find(|one| one.subscription.as_deref() == Some(id));
    if let Some(session) = session.map(|one| one.json(state, url)) {
        events::emit(state, kind, session, None, now);
    }
}

/// What becomes of a subscription's newest payment.
fn on_payment(
    state: &mut State,
    id: &str,
    step: &str,
    amount: Option<i64>,
    now: i64,
) -> Result<Value, (u16, String)> {
    let Some(charge) = charges::latest(state, id).map(|charge| charge.id.clone()) else {
        return Err((409, format!("{id} cannot {step}: nothing was paid")));
    };
    let done = match step {
        "refund" => charges::refund(state, &charge, amount, now),
        _ => charges::dispute(state, &charge, now),
    };
    done.map_err(|error| (error.status.as_u16(), error.json().to_string()))
}

/// What becomes of attempts to charge a customer from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CardSettings {
    card: Card,
}

#[post("/control/stripe/customers/{id}/card")]
async fn change_card(
    world: Data<World>,
    id: Path<String>,
    Json(new): Json<CardSettings>,
) -> HttpResponse {
    let known = world.change(|state| set_card(&mut state.stripe, &id, new.card));
    world.kept().await;
    match known {
        true => HttpResponse::NoContent().finish(),
        false => refusal(404, &format!("there is no customer {id}")),
    }
}

pub(super) fn set_card(state: &mut State, customer: &str, card: Card) -> bool {
    let found = state.customers.iter_mut().find(|one| one.id == customer);
    found.map(|one| one.card = card).is_some()
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
        let paid = match settings.outcome {
            Outcome::Paid => Some(true),
            Outcome::Incomplete => Some(false),
            Outcome::Declined | Outcome::NoCard | Outcome::Abandoned => None,
        };
        if paid.is_some_and(|paid| !checkout::pay(state, &id, paid, &world.url, now)) {
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
