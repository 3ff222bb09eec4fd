//! Reads subscriptions and events in the field shapes of all API versions that an account may send.
//!
//! API version 2025-03-31 ("basil") moved the period from the subscription to its items, and the
//! invoice's subscription under `parent`: <https://docs.stripe.com/changelog/basil>.

mod invoices;

use application::ports::{
    CheckoutEnd, MoneyBack, PaymentNotice, ProviderSubscription, SubscriptionPage,
};
use chrono::{DateTime, SubsecRound, Utc};
use domain::{subscription::Status, values::UserId};
use serde::Deserialize;
use serde_json::Value;

use super::requests::USER;

pub(super) use invoices::invoices;

/// The body is not an event of Stripe's.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAnEvent {
    /// It is not JSON.
    #[error("the body is not JSON")]
    Json(#[from] serde_json::Error),
    /// It lacks what every event has.
    #[error("the event has no {0:?}")]
    Lacks(&'static str),
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Checkout,
    Subscription,
    Invoice,
    Refund,
    Dispute,
    /// Nothing that concerns us.
    Nothing,
}

impl About {
    fn of(kind: &str) -> Self {
        match kind {
            "checkout.session.completed"
            | "checkout.session.async_payment_succeeded"
            | "checkout.session.async_payment_failed"
            | "checkout.session.expired" => Self::Checkout,
            "customer.subscription.created"
            | "customer.subscription.updated"
            | "customer.subscription.deleted"
            | "customer.subscription.paused"
            | "customer.subscription.resumed"
            | "customer.subscription.trial_will_end" => Self::Subscription,
            "invoice.paid" | "invoice.payment_failed" | "invoice.payment_action_required" => {
                Self::Invoice
            }
            "charge.refunded" => Self::Refund,
            "charge.dispute.created" => Self::Dispute,
            _ => Self::Nothing,
        }
    }
}

/// Reads a webhook's body.
pub(super) fn notice(body: &[u8]) -> Result<PaymentNotice, NotAnEvent> {
    let event: Value = serde_json::from_slice(body)?;
    let kind = text(&event, "/type").ok_or(NotAnEvent::Lacks("type"))?;
    let created = event
        .get("created")
        .and_then(moment)
        .ok_or(NotAnEvent::Lacks("created"))?;
    let bare = PaymentNotice {
        id: text(&event, "/id")
            .ok_or(NotAnEvent::Lacks("id"))?
            .to_owned(),
        kind: kind.to_owned(),
        created,
        subscription_id: None,
        subscription: None,
        invoice_id: None,
        session_id: None,
        money_back: None,
        user: None,
        customer_id: None,
    };
    let object = event.pointer("/data/object").unwrap_or(&Value::Null);
    let customer_id = id_of(object.get("customer"));
    Ok(match About::of(kind) {
        About::Checkout => PaymentNotice {
            subscription_id: id_of(object.get("subscription")),
            session_id: closed_session(object),
            user: user(object, "/client_reference_id").or_else(|| named_user(object)),
            customer_id,
            ..bare
        },
        About::Subscription => PaymentNotice {
            subscription_id: text(object, "/id").map(str::to_owned),
            subscription: subscription(object),
            user: named_user(object),
            customer_id,
            ..bare
        },
        About::Invoice => {
            let new = object.pointer("/parent/subscription_details");
            let details = new.or_else(|| object.get("subscription_details"));
            PaymentNotice {
                subscription_id: id_of(new.and_then(|new| new.get("subscription")))
                    .or_else(|| id_of(object.get("subscription"))),
                invoice_id: text(object, "/id").map(str::to_owned),
                user: details.and_then(named_user),
                customer_id,
                ..bare
            }
        }
        About::Refund => PaymentNotice {
            money_back: refund(object),
            user: named_user(object),
            customer_id,
            ..bare
        },
        About::Dispute => PaymentNotice {
            money_back: dispute(object),
            user: named_user(object),
            customer_id,
            ..bare
        },
        About::Nothing => bare,
    })
}

/// The checkout, once nobody can pay it any more.
fn closed_session(object: &Value) -> Option<String> {
    let id = text(object, "/id")?;
    (text(object, "/status") != Some("open")).then(|| id.to_owned())
}

/// How a checkout ended that is not open any more.
pub(super) fn end_of_checkout(session: &Value) -> CheckoutEnd {
    match text(session, "/status") {
        Some("complete") => CheckoutEnd::Paid {
            subscription_id: id_of(session.get("subscription")),
        },
        _ => CheckoutEnd::Expired,
    }
}

fn refund(charge: &Value) -> Option<MoneyBack> {
    Some(MoneyBack::Refunded {
        charge_id: text(charge, "/id")?.to_owned(),
        amount_refunded: charge.get("amount_refunded")?.as_u64()?,
        currency: text(charge, "/currency")?.to_owned(),
    })
}

fn dispute(dispute: &Value) -> Option<MoneyBack> {
    Some(MoneyBack::Disputed {
        dispute_id: text(dispute, "/id")?.to_owned(),
        charge_id: id_of(dispute.get("charge"))?,
        amount: dispute.get("amount")?.as_u64()?,
        currency: text(dispute, "/currency")?.to_owned(),
        reason: text(dispute, "/reason").unwrap_or("unknown").to_owned(),
    })
}

/// The customer that an object is about.
pub(super) fn customer(object: &Value) -> Option<String> {
    id_of(object.get("customer"))
}

/// Reads a list of subscriptions.
pub(super) fn subscriptions(list: &Value) -> SubscriptionPage {
    let data = list.get("data").and_then(Value::as_array);
    let data = data.map_or(&[][..], Vec::as_slice);
    let mut page = SubscriptionPage {
        subscriptions: Vec::with_capacity(data.len()),
        unreadable: Vec::new(),
        next: None,
    };
    for object in data {
        match subscription(object) {
            Some(read) => page.subscriptions.push(read),
            None => page
                .unreadable
                .extend(text(object, "/id").map(str::to_owned)),
        }
    }
    let has_more = list.get("has_more").and_then(Value::as_bool) == Some(true);
    let last = data.last().and_then(|last| text(last, "/id"));
    page.next = last.filter(|_| has_more).map(str::to_owned);
    page
}

/// Reads a subscription; none when it lacks something, or has a status that is not known.
pub(super) fn subscription(object: &Value) -> Option<ProviderSubscription> {
    let item = object.pointer("/items/data/0").unwrap_or(&Value::Null);
    let period = |field: &str| {
        item.get(field)
            .or_else(|| object.get(field))
            .and_then(moment)
    };
    let period_end = period("current_period_end")?;
    let price_id = id_of(item.get("price")).or_else(|| id_of(item.get("plan")));
    // In flexible billing mode the customer portal only sets `cancel_at` to the period's end:
    // https://docs.stripe.com/billing/subscriptions/billing-mode/compare
    let is_last = object
        .get("cancel_at")
        .and_then(moment)
        .is_some_and(|at| at <= period_end);
    let is_marked = object
        .get("cancel_at_period_end")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    Some(ProviderSubscription {
        id: text(object, "/id")?.to_owned(),
        customer_id: id_of(object.get("customer"))?,
        user: named_user(object),
        status: Status::deserialize(object.get("status")?).ok()?,
        price_id: price_id.or_else(|| id_of(object.get("plan")))?,
        period_start: period("current_period_start")?,
        period_end,
        cancel_at_period_end: is_marked || is_last,
    })
}

/// The user in the metadata of an object.
fn named_user(object: &Value) -> Option<UserId> {
    user(object, &format!("/metadata/{USER}"))
}

fn user(object: &Value, pointer: &str) -> Option<UserId> {
    text(object, pointer)?.parse().ok()
}

/// A reference: the id, or the whole object where it was expanded.
fn id_of(reference: Option<&Value>) -> Option<String> {
    let reference = reference?;
    let id = reference.as_str().or_else(|| text(reference, "/id"));
    id.filter(|id| !id.is_empty()).map(str::to_owned)
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// Seconds since 1970, or RFC 3339 as the events of API v2 have it.
fn moment(value: &Value) -> Option<DateTime<Utc>> {
    let seconds = || DateTime::from_timestamp(value.as_i64()?, 0);
    let text = || DateTime::parse_from_rfc3339(value.as_str()?).ok();
    seconds().or_else(|| text().map(|time| time.to_utc().trunc_subsecs(0)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests;
