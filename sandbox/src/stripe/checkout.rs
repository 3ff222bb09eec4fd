//! Checkout sessions, and what a paid one leaves behind.

use std::collections::BTreeMap;

use actix_web::web::{Bytes, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Call, answer};
use super::error::Error;
use super::shape::with_nulls;
use super::state::{State, new_id};
use super::subscriptions::{self, Start, Subscription};
use super::{customers, events, lists};
use crate::world::World;

/// Fields that are always null here, and that official clients may expect to be there.
const SESSION_NULLS: [&str; 18] = [
    "adaptive_pricing",
    "after_expiration",
    "billing_address_collection",
    "client_secret",
    "consent",
    "consent_collection",
    "currency_conversion",
    "invoice_creation",
    "locale",
    "payment_intent",
    "payment_link",
    "recovered_from",
    "saved_payment_method_options",
    "setup_intent",
    "shipping_address_collection",
    "shipping_cost",
    "submit_type",
    "wallet_options",
];

/// A session can be paid for one day.
const LIFETIME_S: i64 = 24 * 3_600;

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SessionStatus {
    Open,
    Complete,
    Expired,
}

/// A checkout session as it is stored; times are in seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) expires_at: i64,
    pub(super) status: SessionStatus,
    pub(super) price: String,
    pub(super) quantity: i64,
    pub(super) success_url: String,
    pub(super) cancel_url: Option<String>,
    pub(super) client_reference_id: Option<String>,
    pub(super) customer: Option<String>,
    pub(super) customer_email: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) subscription_metadata: BTreeMap<String, String>,
    pub(super) trial_days: Option<i64>,
    pub(super) allow_promotion_codes: Option<bool>,
    pub(super) subscription: Option<String>,
    pub(super) invoice: Option<String>,
}

impl Session {
    /// What the first payment costs, in cents: nothing during a trial.
    pub(super) fn amount(&self, state: &State) -> i64 {
        let price = state
            .price(&self.price)
            .map_or(0, |price| price.unit_amount);
        if self.trial_days.is_some() {
            0
        } else {
            price * self.quantity
        }
    }

    fn payment_status(&self) -> &'static str {
        match (self.status, self.trial_days) {
            (SessionStatus::Complete, None) => "paid",
            (SessionStatus::Complete, Some(_)) => "no_payment_required",
            (SessionStatus::Open | SessionStatus::Expired, _) => "unpaid",
        }
    }

    pub(super) fn json(&self, state: &State, url: &str) -> Value {
        let amount = self.amount(state);
        let currency = state.price(&self.price).map(|price| price.currency);
        let customer = self.customer.as_ref().and_then(|id| state.customer(id));
        let email = customer
            .and_then(|one| one.email.clone())
            .or(self.customer_email.clone());
        let is_open = self.status == SessionStatus::Open;
        with_nulls(
            json!({
                "id": self.id,
                "object": "checkout.session",
                "allow_promotion_codes": self.allow_promotion_codes,
                "amount_subtotal": amount,
                "amount_total": amount,
                "automatic_tax": {"enabled": false, "liability": null, "provider": null, "status": null},
                "cancel_url": self.cancel_url,
                "client_reference_id": self.client_reference_id,
                "created": self.created,
                "currency": currency,
                "custom_fields": [],
                "custom_text": {"after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null},
                "customer": self.customer,
                "customer_creation": if self.customer.is_some() { Value::Null } else { json!("always") },
                "customer_details": email.as_ref().map(|email| json!({
                    "address": null, "email": email, "name": customer.and_then(|one| one.name.clone()),
                    "phone": null, "tax_exempt": "none", "tax_ids": null,
                })),
                "customer_email": self.customer_email,
                "discounts": [],
                "expires_at": self.expires_at,
                "invoice": self.invoice,
                "livemode": false,
                "metadata": self.metadata,
                "mode": "subscription",
                "payment_method_collection": "always",
                "payment_method_types": ["card"],
                "payment_status": self.payment_status(),
                "phone_number_collection": {"enabled": false},
                "shipping_options": [],
                "status": self.status,
                "subscription": self.subscription,
                "success_url": self.success_url,
                "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
                "ui_mode": "hosted_page",
                "url": is_open.then(|| format!("{url}/checkout/{}", self.id)),
            }),
            &SESSION_NULLS,
        )
    }

    /// The items as `line_items` shows them.
    pub(super) fn line_items(&self, state: &State) -> Vec<Value> {
        let price = state.price(&self.price);
        let amount = self.amount(state);
        vec![json!({
            "id": self.id.replacen("cs_test_", "li_", 1),
            "object": "item",
            "adjustable_quantity": null,
            "amount_discount": 0,
            "amount_subtotal": amount,
            "amount_tax": 0,
            "amount_total": amount,
            "currency": price.as_ref().map(|price| price.currency.clone()),
            "description": price.as_ref().map(|price| price.product_name.clone()),
            "metadata": {},
            "price": price.map(|price| price.json()),
            "quantity": self.quantity,
        })]
    }
}

/// Registers the routes of checkout sessions.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(create)
        .service(list)
        .service(get)
        .service(line_items)
        .service(expire);
}

#[post("/v1/checkout/sessions")]
async fn create(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    answer(&world, &request, &body, |call| {
        let session = understand(call)?;
        let json = session.json(call.state, call.url);
        call.state.sessions.push(session);
        Ok(json)
    })
    .await
}

fn understand(call: &Call<'_>) -> Result<Session, Error> {
    let params = call.params;
    check_mode(call)?;
    let price = params
        .text(&["line_items", "0", "price"])
        .ok_or_else(|| Error::missing_param("line_items[0][price]"))?;
    if call.state.price(price).is_none() {
        return Err(Error::no_such("price", price, "line_items[0][price]"));
    }
    let customer = params.text(&["customer"]);
    if let Some(id) = customer
        && call.state.customer(id).is_none_or(|one| one.deleted)
    {
        return Err(Error::no_such("customer", id, "customer"));
    }
    let customer_email = params.text(&["customer_email"]);
    if customer.is_some() && customer_email.is_some() {
        return Err(Error::refused(
            "You may only specify one of these parameters: customer, customer_email.",
        ));
    }
    let trial_path = ["subscription_data", "trial_period_days"];
    let trial_days = params.number(&trial_path);
    if params.text(&trial_path).is_some() && trial_days.is_none_or(|days| days < 1) {
        return Err(Error::invalid(
            "subscription_data[trial_period_days]",
            "The minimum number of trial period days is 1.",
        ));
    }
    let expires_at = params
        .number(&["expires_at"])
        .unwrap_or(call.now + LIFETIME_S);
    Ok(Session {
        id: new_id("cs_test_"),
        created: call.now,
        expires_at,
        status: SessionStatus::Open,
        price: price.to_owned(),
        quantity: quantity(call)?,
        success_url: destination(call, "success_url")?
            .ok_or_else(|| Error::missing_param("success_url"))?,
        cancel_url: destination(call, "cancel_url")?,
        client_reference_id: params.text(&["client_reference_id"]).map(str::to_owned),
        customer: customer.map(str::to_owned),
        customer_email: customer_email.map(str::to_owned),
        metadata: params.pairs(&["metadata"]),
        subscription_metadata: params.pairs(&["subscription_data", "metadata"]),
        trial_days,
        allow_promotion_codes: params.flag(&["allow_promotion_codes"]),
        subscription: None,
        invoice: None,
    })
}

fn check_mode(call: &Call<'_>) -> Result<(), Error> {
    match call.params.text(&["mode"]) {
        Some("subscription") => Ok(()),
        Some(mode) => {
            let message = format!("The sandbox plays mode=subscription only, not {mode}.");
            Err(Error::invalid("mode", message))
        }
        None => Err(Error::missing_param("mode")),
    }
}

fn quantity(call: &Call<'_>) -> Result<i64, Error> {
    let path = ["line_items", "0", "quantity"];
    match call.params.number(&path) {
        Some(quantity) if quantity >= 1 => Ok(quantity),
        _ => Err(Error::invalid(
            "line_items[0][quantity]",
            "Quantity is required. Add `quantity` to `line_items[0]`",
        )),
    }
}

fn destination(call: &Call<'_>, param: &str) -> Result<Option<String>, Error> {
    let Some(text) = call.params.text(&[param]) else {
        return Ok(None);
    };
    match url::Url::parse(text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) => Ok(Some(text.to_owned())),
        _ => Err(Error::invalid(param, "Not a valid URL")),
    }
}

#[get("/v1/checkout/sessions/{id}")]
async fn get(world: Data<World>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let session = call
            .state
            .session(&id)
            .ok_or_else(|| Error::not_found("checkout.session", &id))?;
        Ok(session.json(call.state, call.url))
    })
    .await
}

#[get("/v1/checkout/sessions")]
async fn list(world: Data<World>, request: HttpRequest) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let all = call
            .state
            .sessions
            .iter()
            .rev()
            .map(|one| one.json(call.state, call.url));
        let wanted = all.filter(|session| {
            ["customer", "subscription", "status"].iter().all(|field| {
                call.params
                    .text(&[field])
                    .is_none_or(|value| session[*field] == value)
            })
        });
        lists::page(wanted.collect(), "/v1/checkout/sessions", call.params)
    })
    .await
}

#[get("/v1/checkout/sessions/{id}/line_items")]
async fn line_items(world: Data<World>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let session = call
            .state
            .session(&id)
            .ok_or_else(|| Error::not_found("checkout.session", &id))?;
        let path = format!("/v1/checkout/sessions/{}/line_items", *id);
        lists::page(session.line_items(call.state), &path, call.params)
    })
    .await
}

#[post("/v1/checkout/sessions/{id}/expire")]
async fn expire(
    world: Data<World>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> HttpResponse {
    answer(&world, &request, &body, |call| {
        let session = call
            .state
            .session(&id)
            .ok_or_else(|| Error::not_found("checkout.session", &id))?;
        if session.status != SessionStatus::Open {
            return Err(Error::refused(
                "Only Checkout Sessions with a status in [\"open\"] can be expired.",
            ));
        }
        let url = call.url.to_owned();
        Ok(expire_session(call.state, &id, &url, call.now))
    })
    .await
}

/// Closes an open session unpaid, and says so in an event.
pub(super) fn expire_session(state: &mut State, id: &str, url: &str, now: i64) -> Value {
    if let Some(session) = state.session_mut(id) {
        session.status = SessionStatus::Expired;
    }
    let json = state
        .session(id)
        .map_or(Value::Null, |one| one.json(state, url));
    events::emit(state, "checkout.session.expired", json.clone(), None, now);
    json
}

/// Pays an open session: customer, subscription, invoice, and their events; one that is not `paid` yet waits for its
/// first payment. False when it cannot be paid.
pub(super) fn pay(state: &mut State, id: &str, paid: bool, url: &str, now: i64) -> bool {
    let Some(session) = state.session(id).cloned() else {
        return false;
    };
    if session.status != SessionStatus::Open
        || subscriptions::is_taken(state, session.customer.as_deref())
    {
        return false;
    }
    let customer = session.customer.clone().unwrap_or_else(|| {
        let customer = customers::Customer {
            email: session.customer_email.clone(),
            ..customers::new(now)
        };
        let (id, json) = (customer.id.clone(), customer.json());
        state.customers.push(customer);
        events::emit(state, "customer.created", json, None, now);
        id
    });
    let subscription = Subscription::begin(Start {
        customer: customer.clone(),
        price: session.price.clone(),
        quantity: session.quantity,
        metadata: session.subscription_metadata.clone(),
        trial_days: session.trial_days,
        interval: state
            .price(&session.price)
            .map(|price| price.interval)
            .unwrap_or_default(),
        now,
    });
    let subscription_id = subscription.id.clone();
    let invoice = subscriptions::start(state, subscription, paid, now);
    if let Some(session) = state.session_mut(id) {
        session.status = SessionStatus::Complete;
        session.customer = Some(customer);
        session.subscription = Some(subscription_id);
        session.invoice = Some(invoice);
    }
    let json = state
        .session(id)
        .map_or(Value::Null, |one| one.json(state, url));
    events::emit(state, "checkout.session.completed", json, None, now);
    true
}
