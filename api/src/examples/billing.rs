//! Plans, subscriptions and invoices.

use serde_json::{Value, json};

pub(crate) fn plans() -> Value {
    json!({"items": [{
        "id": "monthly",
        "name": "Monthly",
        "price": {"amount": 1490, "currency": "eur", "interval": "month"},
        "photos_per_period": 60,
        "trial_days": 0,
    }]})
}

pub(crate) fn new_checkout() -> Value {
    json!({"plan": "monthly"})
}

pub(crate) fn checkout() -> Value {
    json!({"checkout_url": "https://checkout.stripe.com/c/pay/cs_test_a1b2c3", "session_id": "cs_test_a1b2c3"})
}

pub(crate) fn subscription() -> Value {
    json!({
        "status": "active",
        "open": true,
        "reason": null,
        "plan": "monthly",
        "current_period_end": "2026-12-22T14:05:00Z",
        "cancel_at_period_end": false,
        "usage": {"photos_used": 1, "photos_limit": 60},
    })
}

pub(crate) fn portal() -> Value {
    json!({"portal_url": "https://billing.stripe.com/p/session/test_a1b2c3"})
}

pub(crate) fn cancellation() -> Value {
    json!({"survey": {"reason": "unused", "comment": "I have no time for it at the moment."}})
}

pub(crate) fn ending_subscription() -> Value {
    let mut subscription = subscription();
    subscription["cancel_at_period_end"] = json!(true);
    subscription
}

pub(crate) fn invoices() -> Value {
    json!({"items": [{
        "id": "in_a1b2c3",
        "number": "AVA-0001",
        "status": "paid",
        "amount_due": 1490,
        "amount_paid": 1490,
        "currency": "eur",
        "created_at": "2026-11-22T14:05:00Z",
        "period_start": "2026-11-22T14:05:00Z",
        "period_end": "2026-12-22T14:05:00Z",
        "page_url": "https://invoice.stripe.com/i/a1b2c3",
        "pdf_url": "https://pay.stripe.com/invoice/a1b2c3/pdf",
    }], "next_cursor": null})
}

pub(crate) fn payment_message() -> Value {
    json!({"id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1_795_356_300, "data": {"object": {"id": "in_1", "object": "invoice"}}})
}

pub(crate) fn received() -> Value {
    json!({"received": true})
}
