//! Payments, and what becomes of them: refunds and disputes.

use actix_web::web::{Bytes, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::answer;
use super::error::Error;
use super::invoices::Invoice;
use super::shape::{Shape, with_nulls};
use super::state::{State, new_id};
use super::{events, lists};
use crate::world::World;

/// Fields that are always null here, and that official clients may expect to be there.
const CHARGE_NULLS: [&str; 14] = [
    "application",
    "application_fee",
    "application_fee_amount",
    "calculated_statement_descriptor",
    "description",
    "failure_code",
    "failure_message",
    "on_behalf_of",
    "outcome",
    "payment_method_details",
    "receipt_email",
    "receipt_url",
    "shipping",
    "transfer_group",
];

/// A payment as it is stored; times are in seconds, amounts in cents.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Charge {
    pub(super) id: String,
    invoice: String,
    customer: String,
    amount: i64,
    amount_refunded: i64,
    currency: String,
    created: i64,
    disputed: bool,
}

impl Charge {
    /// The payment of an invoice.
    pub(super) fn of(invoice: &Invoice, now: i64) -> Self {
        Self {
            id: new_id("ch_"),
            invoice: invoice.id.clone(),
            customer: invoice.customer.clone(),
            amount: invoice.amount,
            amount_refunded: 0,
            currency: invoice.currency.clone(),
            created: now,
            disputed: false,
        }
    }

    fn json(&self, shape: Shape) -> Value {
        let mut json = with_nulls(
            json!({
                "id": self.id,
                "object": "charge",
                "amount": self.amount,
                "amount_captured": self.amount,
                "amount_refunded": self.amount_refunded,
                "billing_details": {"address": null, "email": null, "name": null, "phone": null},
                "captured": true,
                "created": self.created,
                "currency": self.currency,
                "customer": self.customer,
                "disputed": self.disputed,
                "fraud_details": {},
                "livemode": false,
                "metadata": {},
                "paid": true,
                "refunded": self.amount_refunded == self.amount,
                "status": "succeeded",
            }),
            &CHARGE_NULLS,
        );
        // Since 2025-03-31 a payment no longer names its invoice.
        if shape == Shape::Old {
            json["invoice"] = json!(self.invoice);
        }
        json
    }
}

/// The newest payment of a subscription.
pub(super) fn latest<'a>(state: &'a State, subscription: &str) -> Option<&'a Charge> {
    state.charges.iter().rev().find(|charge| {
        let invoice = state.invoice(&charge.invoice);
        invoice.is_some_and(|invoice| invoice.subscription == subscription)
    })
}

/// Gives a payment back, or a part of it; none when it does not exist or less is left of it.
pub(super) fn refund(
    state: &mut State,
    id: &str,
    amount: Option<i64>,
    now: i64,
) -> Result<Value, Error> {
    let shape = state.switches.shape;
    let charge = find(state, id)?;
    let left = charge.amount - charge.amount_refunded;
    let amount = amount.unwrap_or(left);
    if amount < 1 || amount > left {
        let what = format!(
            "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        );
        return Err(Error::invalid("amount", what));
    }
    charge.amount_refunded += amount;
    let (json, currency) = (charge.json(shape), charge.currency.clone());
    events::emit(state, "charge.refunded", json, None, now);
    Ok(json!({
        "id": new_id("re_"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": null,
        "charge": id,
        "created": now,
        "currency": currency,
        "metadata": {},
        "payment_intent": null,
        "reason": null,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": "succeeded",
        "transfer_reversal": null,
    }))
}

/// Lets the cardholder's bank ask a payment back.
pub(super) fn dispute(state: &mut State, id: &str, now: i64) -> Result<Value, Error> {
    let charge = find(state, id)?;
    charge.disputed = true;
    let json = json!({
        "id": new_id("dp_"),
        "object": "dispute",
        "amount": charge.amount,
        "balance_transactions": [],
        "charge": charge.id,
        "created": now,
        "currency": charge.currency,
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {"due_by": now + 7 * 86_400, "has_evidence": false, "past_due": false, "submission_count": 0},
        "is_charge_refundable": true,
        "livemode": false,
        "metadata": {},
        "payment_intent": null,
        "reason": "fraudulent",
        "status": "needs_response",
    });
    events::emit(state, "charge.dispute.created", json.clone(), None, now);
    Ok(json)
}

fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Charge, Error> {
    let found = state.charges.iter_mut().find(|one| one.id == id);
    found.ok_or_else(|| Error::not_found("charge", id))
}

/// Registers the routes of payments.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(list).service(get).service(create_refund);
}

#[get("/v1/charges")]
async fn list(world: Data<World>, request: HttpRequest) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let customer = call.params.text(&["customer"]);
        let wanted = call.state.charges.iter().rev();
        let wanted = wanted.filter(|one| customer.is_none_or(|id| one.customer == id));
        let all = wanted.map(|one| one.json(call.shape)).collect();
        lists::page(all, "/v1/charges", call.params)
    })
    .await
}

#[get("/v1/charges/{id}")]
async fn get(world: Data<World>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let shape = call.shape;
        find(call.state, &id).map(|charge| charge.json(shape))
    })
    .await
}

#[post("/v1/refunds")]
async fn create_refund(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    answer(&world, &request, &body, |call| {
        let params = call.params;
        let charge = params
            .text(&["charge"])
            .ok_or_else(|| Error::missing_param("charge"))?;
        refund(call.state, charge, params.number(&["amount"]), call.now)
    })
    .await
}
