//! Subscriptions.

use std::collections::BTreeMap;

use actix_web::web::{Bytes, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Call, answer};
use super::catalogue::PriceInterval;
use super::error::Error;
use super::invoices::{self, Reason};
use super::shape::{Shape, with_nulls};
use super::state::{State, new_id};
use super::{clock, customers, events, lists};
use crate::world::World;

/// Fields that are always null here, and that official clients may expect to be there.
const SUBSCRIPTION_NULLS: [&str; 17] = [
    "application",
    "application_fee_percent",
    "billing_cycle_anchor_config",
    "billing_thresholds",
    "days_until_due",
    "default_payment_method",
    "default_source",
    "description",
    "next_pending_invoice_item_invoice",
    "on_behalf_of",
    "pause_collection",
    "pending_invoice_item_interval",
    "pending_setup_intent",
    "pending_update",
    "schedule",
    "test_clock",
    "transfer_data",
];

/// The statuses that a subscription goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Incomplete,
    IncompleteExpired,
    Trialing,
    Active,
    PastDue,
    Canceled,
    Unpaid,
    Paused,
}

impl Status {
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Canceled | Self::IncompleteExpired)
    }
}

/// A subscription as it is stored; times are in seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) item_id: String,
    pub(super) customer: String,
    pub(super) price: String,
    pub(super) quantity: i64,
    pub(super) status: Status,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) created: i64,
    pub(super) period_start: i64,
    pub(super) period_end: i64,
    pub(super) trial_start: Option<i64>,
    pub(super) trial_end: Option<i64>,
    pub(super) cancel_at_period_end: bool,
    pub(super) canceled_at: Option<i64>,
    pub(super) ended_at: Option<i64>,
    pub(super) latest_invoice: Option<String>,
    /// Whether the end of the trial was announced.
    pub(super) trial_end_announced: bool,
    /// Why it was canceled, as the customer said.
    #[serde(default)]
    pub(super) feedback: Option<String>,
    #[serde(default)]
    pub(super) comment: Option<String>,
}

/// What a subscription begins with.
pub(super) struct Start {
    pub(super) customer: String,
    pub(super) price: String,
    pub(super) quantity: i64,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) trial_days: Option<i64>,
    pub(super) interval: PriceInterval,
    pub(super) now: i64,
}

impl Subscription {
    /// Trialing when there is a trial, else incomplete until its first invoice is paid.
    pub(super) fn begin(start: Start) -> Self {
        let trial_end = start.trial_days.map(|days| start.now + days * 86_400);
        Self {
            id: new_id("sub_"),
            item_id: new_id("si_"),
            customer: start.customer,
            price: start.price,
            quantity: start.quantity,
            status: if trial_end.is_some() {
                Status::Trialing
            } else {
                Status::Incomplete
            },
            metadata: start.metadata,
            created: start.now,
            period_start: start.now,
            period_end: trial_end.unwrap_or_else(|| start.interval.after(start.now)),
            trial_start: trial_end.map(|_| start.now),
            trial_end,
            cancel_at_period_end: false,
            canceled_at: None,
            ended_at: None,
            latest_invoice: None,
            trial_end_announced: false,
            feedback: None,
            comment: None,
        }
    }

    pub(super) fn json(&self, state: &State, shape: Shape) -> Value {
        let price = state.price(&self.price);
        let mut json = with_nulls(
            json!({
                "id": self.id,
                "object": "subscription",
                "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null},
                "billing_cycle_anchor": self.trial_end.unwrap_or(self.created),
                "billing_mode": {"flexible": null, "type": "classic"},
                "billing_schedules": [],
                "cancel_at": self.cancel_at_period_end.then_some(self.period_end),
                "cancel_at_period_end": self.cancel_at_period_end,
                "canceled_at": self.canceled_at,
                "cancellation_details": {
                    "comment": self.comment,
                    "feedback": self.feedback,
                    "reason": self.canceled_at.map(|_| "cancellation_requested"),
                },
                "collection_method": "charge_automatically",
                "created": self.created,
                "currency": price.as_ref().map_or("usd", |price| price.currency.as_str()),
                "customer": self.customer,
                "default_tax_rates": [],
                "discounts": [],
                "ended_at": self.ended_at,
                "invoice_settings": {"account_tax_ids": null, "issuer": {"type": "self"}},
                "items": lists::inner(vec![self.item_json(state, shape)], &format!("/v1/subscription_items?subscription={}", self.id)),
                "latest_invoice": self.latest_invoice,
                "livemode": false,
                "metadata": self.metadata,
                "payment_settings": {"payment_method_options": null, "payment_method_types": null, "save_default_payment_method": "off"},
                "start_date": self.created,
                "status": self.status,
                "trial_end": self.trial_end,
                "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
                "trial_start": self.trial_start,
            }),
            &SUBSCRIPTION_NULLS,
        );
        if shape == Shape::Old {
            json["current_period_start"] = json!(self.period_start);
            json["current_period_end"] = json!(self.period_end);
            json["plan"] = price
                .as_ref()
                .map_or(Value::Null, |price| price.plan_json());
            json["quantity"] = json!(self.quantity);
            json["discount"] = Value::Null;
        }
        json
    }

    fn item_json(&self, state: &State, shape: Shape) -> Value {
        let price = state.price(&self.price);
        let mut json = json!({
            "id": self.item_id,
            "object": "subscription_item",
            "billing_thresholds": null,
            "created": self.created,
            "discounts": [],
            "metadata": {},
            "plan": price.as_ref().map(|price| price.plan_json()),
            "price": price.as_ref().map(|price| price.json()),
            "quantity": self.quantity,
            "subscription": self.id,
            "tax_rates": [],
        });
        if shape == Shape::New {
            json["current_period_start"] = json!(self.period_start);
            json["current_period_end"] = json!(self.period_end);
        }
        json
    }
}

/// Adds a subscription with its first invoice and their events; the id of the invoice is returned. One that is not
/// `paid` stays incomplete.
pub(super) fn start(state: &mut State, subscription: Subscription, paid: bool, now: i64) -> String {
    let id = subscription.id.clone();
    let trial = subscription.trial_end.is_some();
    state.subscriptions.push(subscription);
    let invoice = invoices::draw_up(state, &id, Reason::Create, now);
    announce(state, &id, "customer.subscription.created", None, now);
    invoices::announce_new(state, &invoice, now);
    if !paid {
        invoices::ask_for_action(state, &invoice, now);
        return invoice;
    }
    invoices::settle(state, &invoice, now);
    if !trial {
        change(state, &id, now, |subscription| {
            subscription.status = Status::Active
        });
    }
    invoice
}

/// Whether the account takes one subscription a customer only, and this one has theirs.
pub(super) fn is_taken(state: &State, customer: Option<&str>) -> bool {
    let mut running = state
        .subscriptions
        .iter()
        .filter(|one| !one.status.is_final());
    state.switches.one_subscription && running.any(|one| Some(one.customer.as_str()) == customer)
}

/// Changes a subscription and emits `customer.subscription.updated` with what was before.
pub(super) fn change(state: &mut State, id: &str, now: i64, act: impl FnOnce(&mut Subscription)) {
    let shape = state.switches.shape;
    let before = state.subscription(id).map(|one| one.json(state, shape));
    if let Some(subscription) = state.subscription_mut(id) {
        act(subscription);
    }
    let after = state.subscription(id).map(|one| one.json(state, shape));
    if let (Some(before), Some(after)) = (before, after) {
        let previous = difference(&before, &after);
        let kind = "customer.subscription.updated";
        events::emit(state, kind, after, Some(previous), now);
    }
}

/// The old values of the fields that changed.
fn difference(before: &Value, after: &Value) -> Value {
    let fields = before.as_object().into_iter().flatten();
    let changed = fields.filter(|(name, value)| after.get(name.as_str()) != Some(*value));
    Value::Object(
        changed
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// Emits an event with the subscription as it is.
pub(super) fn announce(state: &mut State, id: &str, kind: &str, previous: Option<Value>, now: i64) {
    let shape = state.switches.shape;
    if let Some(json) = state.subscription(id).map(|one| one.json(state, shape)) {
        events::emit(state, kind, json, previous, now);
    }
}

/// Registers the routes of subscriptions.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(list)
        .service(get)
        .service(update)
        .service(remove);
}

#[get("/v1/subscriptions")]
async fn list(world: Data<World>, request: HttpRequest) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let params = call.params;
        let status = params.text(&["status"]);
        let wanted = call.state.subscriptions.iter().rev().filter(|one| {
            let of_customer = params
                .text(&["customer"])
                .is_none_or(|id| one.customer == id);
            let of_price = params.text(&["price"]).is_none_or(|id| one.price == id);
            let of_status = match status {
                None => one.status != Status::Canceled,
                Some("all") => true,
                Some("ended") => one.status.is_final(),
                Some(status) => json!(one.status) == status,
            };
            of_customer && of_price && of_status
        });
        let all = wanted.map(|one| one.json(call.state, call.shape)).collect();
        lists::page(all, "/v1/subscriptions", params)
    })
    .await
}

#[get("/v1/subscriptions/{id}")]
async fn get(world: Data<World>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    answer(&world, &request, &[], |call| show(call, &id)).await
}

fn show(call: &Call<'_>, id: &str) -> Result<Value, Error> {
    let found = call
        .state
        .subscription(id)
        .ok_or_else(|| Error::not_found("subscription", id))?;
    Ok(found.json(call.state, call.shape))
}

#[post("/v1/subscriptions/{id}")]
async fn update(
    world: Data<World>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> HttpResponse {
    answer(&world, &request, &body, |call| {
        open(call, &id)?;
        let params = call.params;
        let price = params.text(&["items", "0", "price"]).map(str::to_owned);
        if let Some(price) = &price
            && call.state.price(price).is_none()
        {
            return Err(Error::no_such("price", price, "items[0][price]"));
        }
        let now = call.now;
        change(call.state, &id, now, |subscription| {
            if let Some(cancel) = params.flag(&["cancel_at_period_end"]) {
                subscription.cancel_at_period_end = cancel;
                subscription.canceled_at = cancel.then_some(now);
            }
            let said = |field| params.text(&["cancellation_details", field]);
            if let Some(feedback) = said("feedback") {
                subscription.feedback = Some(feedback.to_owned());
            }
            if let Some(comment) = said("comment") {
                subscription.comment = Some(comment.to_owned());
            }
            subscription.price = price.unwrap_or_else(|| subscription.price.clone());
            customers::merge(&mut subscription.metadata, params.pairs(&["metadata"]));
        });
        if params.text(&["trial_end"]) == Some("now") {
            let payment = clock::Payment::by_card(call.state, &id);
            clock::end_trial(call.state, &id, payment, now);
        }
        show(call, &id)
    })
    .await
}

#[delete("/v1/subscriptions/{id}")]
async fn remove(
    world: Data<World>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> HttpResponse {
    answer(&world, &request, &body, |call| {
        open(call, &id)?;
        clock::end(call.state, &id, call.now);
        show(call, &id)
    })
    .await
}

/// A canceled subscription is as good as gone: it can be read and no longer changed.
fn open(call: &Call<'_>, id: &str) -> Result<(), Error> {
    match call.state.subscription(id) {
        Some(one) if !one.status.is_final() => Ok(()),
        _ => Err(Error::not_found("subscription", id)),
    }
}
