//! Invoices.

use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::answer;
use super::error::Error;
use super::shape::{Shape, add, with_nulls};
use super::state::{State, new_id};
use super::{charges, events, lists};
use crate::world::World;

/// Fields that are always null here, and that official clients may expect to be there.
const INVOICE_NULLS: [&str; 23] = [
    "account_tax_ids",
    "application",
    "custom_fields",
    "customer_address",
    "customer_phone",
    "customer_shipping",
    "default_payment_method",
    "default_source",
    "description",
    "due_date",
    "footer",
    "from_invoice",
    "hosted_invoice_url",
    "invoice_pdf",
    "last_finalization_error",
    "latest_revision",
    "on_behalf_of",
    "receipt_number",
    "rendering",
    "shipping_cost",
    "shipping_details",
    "statement_descriptor",
    "test_clock",
];

/// Why an invoice was drawn up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reason {
    #[serde(rename = "subscription_create")]
    Create,
    #[serde(rename = "subscription_cycle")]
    Cycle,
}

/// Where an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum InvoiceStatus {
    Open,
    Paid,
    Void,
}

/// An invoice as it is stored; times are in seconds, amounts in cents.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Invoice {
    pub(super) id: String,
    line_id: String,
    number: String,
    pub(super) customer: String,
    pub(super) subscription: String,
    price: String,
    quantity: i64,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) status: InvoiceStatus,
    reason: Reason,
    created: i64,
    period_start: i64,
    period_end: i64,
    pub(super) attempts: u32,
    pub(super) next_attempt: Option<i64>,
    paid_at: Option<i64>,
    /// The payment, once there was one.
    #[serde(default)]
    charge: Option<String>,
}

impl Invoice {
    pub(super) fn json(&self, state: &State, shape: Shape) -> Value {
        let customer = state.customer(&self.customer);
        let mut json = with_nulls(
            json!({
                "id": self.id,
                "object": "invoice",
                "account_country": "US",
                "account_name": "Sandbox",
                "attempt_count": self.attempts,
                "attempted": self.attempts > 0,
                "auto_advance": self.status == InvoiceStatus::Open,
                "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null, "provider": null, "status": null},
                "billing_reason": self.reason,
                "collection_method": "charge_automatically",
                "created": self.created,
                "currency": self.currency,
                "customer": self.customer,
                "customer_email": customer.and_then(|one| one.email.clone()),
                "customer_name": customer.and_then(|one| one.name.clone()),
                "customer_tax_exempt": "none",
                "customer_tax_ids": [],
                "default_tax_rates": [],
                "discounts": [],
                "effective_at": self.created,
                "issuer": {"type": "self"},
                "lines": lists::inner(vec![self.line_json(state, shape)], &format!("/v1/invoices/{}/lines", self.id)),
                "livemode": false,
                "metadata": {},
                "next_payment_attempt": self.next_attempt,
                "number": self.number,
                "payment_settings": {"default_mandate": null, "payment_method_options": null, "payment_method_types": null},
                "period_end": self.period_end,
                "period_start": self.period_start,
                "status": self.status,
                "status_transitions": {"finalized_at": self.created, "marked_uncollectible_at": null, "paid_at": self.paid_at, "voided_at": null},
                "webhooks_delivered_at": self.created,
            }),
            &INVOICE_NULLS,
        );
        add(&mut json, self.sums_json());
        let metadata = state
            .subscription(&self.subscription)
            .map(|one| one.metadata.clone());
        let details = json!({"metadata": metadata, "subscription": self.subscription});
        match shape {
            Shape::New => {
                json["parent"] = json!({"quote_details": null, "subscription_details": details, "type": "subscription_details"});
            }
            Shape::Old => {
                json["subscription"] = json!(self.subscription);
                json["subscription_details"] = json!({"metadata": metadata});
                json["paid"] = json!(self.status == InvoiceStatus::Paid);
                json["charge"] = json!(self.charge);
            }
        }
        json
    }

    fn sums_json(&self) -> Value {
        let paid = if self.status == InvoiceStatus::Paid {
            self.amount
        } else {
            0
        };
        json!({
            "amount_due": self.amount,
            "amount_overpaid": 0,
            "amount_paid": paid,
            "amount_remaining": self.amount - paid,
            "amount_shipping": 0,
            "ending_balance": 0,
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0,
            "starting_balance": 0,
            "subtotal": self.amount,
            "subtotal_excluding_tax": self.amount,
            "total": self.amount,
            "total_discount_amounts": [],
            "total_excluding_tax": self.amount,
            "total_pretax_credit_amounts": [],
            "total_taxes": [],
        })
    }

    fn line_json(&self, state: &State, shape: Shape) -> Value {
        let price = state.price(&self.price);
        let name = price
            .as_ref()
            .map_or("Subscription", |price| price.product_name.as_str());
        let mut json = json!({
            "id": self.line_id,
            "object": "line_item",
            "amount": self.amount,
            "currency": self.currency,
            "description": format!("{} × {name}", self.quantity),
            "discount_amounts": [],
            "discountable": true,
            "discounts": [],
            "invoice": self.id,
            "livemode": false,
            "metadata": {},
            "period": {"end": self.period_end, "start": self.period_start},
            "pretax_credit_amounts": [],
            "quantity": self.quantity,
            "subtotal": self.amount,
            "taxes": [],
        });
        match shape {
            Shape::New => {
                let product = price.as_ref().map(|price| price.product.clone());
                json["pricing"] = json!({
                    "price_details": {"price": self.price, "product": product},
                    "type": "price_details",
                    "unit_amount_decimal": (self.amount / self.quantity.max(1)).to_string(),
                });
            }
            Shape::Old => {
                json["price"] = price.as_ref().map_or(Value::Null, |price| price.json());
                json["plan"] = price
                    .as_ref()
                    .map_or(Value::Null, |price| price.plan_json());
                json["subscription"] = json!(self.subscription);
                json["type"] = json!("subscription");
                json["proration"] = json!(false);
            }
        }
        json
    }
}

/// Draws up the invoice of a subscription's present period; a trial's is over nothing.
pub(super) fn draw_up(state: &mut State, subscription: &str, reason: Reason, now: i64) -> String {
    let number = format!("SANDBOX-{:04}", state.invoices.len() + 1);
    let Some(subscription) = state.subscription(subscription).cloned() else {
        return String::new();
    };
    let price = state.price(&subscription.price);
    let is_trial = reason == Reason::Create && subscription.trial_end.is_some();
    let amount = price.as_ref().map_or(0, |price| price.unit_amount) * subscription.quantity;
    let invoice = Invoice {
        id: new_id("in_"),
        line_id: new_id("il_"),
        number,
        customer: subscription.customer.clone(),
        subscription: subscription.id.clone(),
        price: subscription.price.clone(),
        quantity: subscription.quantity,
        amount: if is_trial { 0 } else { amount },
        currency: price.map_or_else(|| "usd".to_owned(), |price| price.currency),
        status: InvoiceStatus::Open,
        reason,
        created: now,
        period_start: subscription.period_start,
        period_end: subscription.period_end,
        attempts: 0,
        next_attempt: None,
        paid_at: None,
        charge: None,
    };
    let id = invoice.id.clone();
    state.invoices.push(invoice);
    if let Some(subscription) = state.subscription_mut(&subscription.id) {
        subscription.latest_invoice = Some(id.clone());
    }
    id
}

/// Emits `invoice.created` and `invoice.finalized`.
pub(super) fn announce_new(state: &mut State, id: &str, now: i64) {
    announce(state, id, "invoice.created", now);
    announce(state, id, "invoice.finalized", now);
}

/// Marks an invoice as paid, and says so.
pub(super) fn settle(state: &mut State, id: &str, now: i64) {
    let charge = state
        .invoice(id)
        .filter(|invoice| invoice.amount > 0)
        .map(|invoice| charges::Charge::of(invoice, now));
    if let Some(invoice) = state.invoice_mut(id) {
        invoice.charge = charge.as_ref().map(|charge| charge.id.clone());
        invoice.status = InvoiceStatus::Paid;
        invoice.attempts += 1;
        invoice.next_attempt = None;
        invoice.paid_at = Some(now);
    }
    state.charges.extend(charge);
    announce(state, id, "invoice.paid", now);
    announce(state, id, "invoice.payment_succeeded", now);
}

/// Says that the customer must confirm the payment.
pub(super) fn ask_for_action(state: &mut State, id: &str, now: i64) {
    if let Some(invoice) = state.invoice_mut(id) {
        invoice.attempts += 1;
    }
    announce(state, id, "invoice.payment_action_required", now);
    announce(state, id, "invoice.payment_failed", now);
}

/// Records an attempt to charge that failed, and when the next one is due.
pub(super) fn fail(state: &mut State, id: &str, next_attempt: Option<i64>, now: i64) {
    if let Some(invoice) = state.invoice_mut(id) {
        invoice.attempts += 1;
        invoice.next_attempt = next_attempt;
    }
    announce(state, id, "invoice.payment_failed", now);
}

fn announce(state: &mut State, id: &str, kind: &str, now: i64) {
    let shape = state.switches.shape;
    if let Some(json) = state.invoice(id).map(|one| one.json(state, shape)) {
        events::emit(state, kind, json, None, now);
    }
}

/// Registers the routes of invoices.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(list).service(get);
}

#[get("/v1/invoices")]
async fn list(world: Data<World>, request: HttpRequest) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let params = call.params;
        let wanted = call.state.invoices.iter().rev().filter(|one| {
            params
                .text(&["customer"])
                .is_none_or(|id| one.customer == id)
                && params
                    .text(&["subscription"])
                    .is_none_or(|id| one.subscription == id)
                && params
                    .text(&["status"])
                    .is_none_or(|status| json!(one.status) == status)
        });
        let all = wanted.map(|one| one.json(call.state, call.shape)).collect();
        lists::page(all, "/v1/invoices", params)
    })
    .await
}

#[get("/v1/invoices/{id}")]
async fn get(world: Data<World>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let invoice = call
            .state
            .invoice(&id)
            .ok_or_else(|| Error::not_found("invoice", &id))?;
        Ok(invoice.json(call.state, call.shape))
    })
    .await
}
