//! The payment provider's messages, from the inbox to the gate.

use application::ports::{Kept, PaymentInbox};
use domain::subscription::Gate;
use serde_json::{Value, json};

use crate::{
    patience::{until, until_equal},
    system::{System, start},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_checkout_opens_the_gate() {
    let system = start().await;
    let _worker = system.worker();
    let user = system.user().await;

    system.pay(user).await;
    let messages = deliver_messages(&system).await;

    assert!(messages > 1);
    until_equal(Gate::Open, async || system.gate(user).await).await;
    until_equal((0, 0), async || unsettled(&system).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_twice_and_backwards_lead_to_the_same_gate() {
    let system = start().await;
    let user = system.user().await;
    system.pay(user).await;
    let mut bodies = messages(&system).await;
    bodies.reverse();
    for body in bodies.iter().chain(&bodies) {
        keep(&system, body).await;
    }

    let _workers = [system.worker(), system.worker()];

    until_equal((0, 0), async || unsettled(&system).await).await;
    assert_eq!(system.gate(user).await, Gate::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_outlasts_a_payment_provider_that_is_away() {
    let system = start().await;
    let user = system.user().await;
    system.pay(user).await;
    // Without a subscription in them, these messages need the provider's answer.
    let mut bodies = messages(&system).await;
    bodies.retain(|body| body["type"].as_str().unwrap().starts_with("invoice."));
    assert!(!bodies.is_empty());
    system
        .control("/stripe/fail_next", json!({"status": 503, "times": 8}))
        .await;
    for body in &bodies {
        keep(&system, body).await;
    }

    let _worker = system.worker();

    until_equal((0, 0), async || unsettled(&system).await).await;
    assert_eq!(system.gate(user).await, Gate::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_understands_waits_for_an_operator_and_holds_up_none_behind_it() {
    let system = start().await;
    let user = system.user().await;
    let garbled = system
        .inbox
        .keep("stripe", "evt_garbled", "invoice.paid", b"no JSON at all")
        .await;
    assert_eq!(garbled.unwrap(), Kept::New);
    let _worker = system.worker();

    system.pay(user).await;
    deliver_messages(&system).await;

    until_equal(Gate::Open, async || system.gate(user).await).await;
    until_equal((0, 1), async || unsettled(&system).await).await;
}

/// What the provider has to say, oldest first.
async fn messages(system: &System) -> Vec<Value> {
    let mut events = until("the provider has something to say", async || {
        let url = format!("{}/v1/events?limit=100", system.sandbox.url());
        let request = system.client.get(url).bearer_auth("sk_test_sandbox");
        let list: Value = request.send().await.unwrap().json().await.unwrap();
        let events = list["data"].as_array().unwrap().clone();
        let paid = events.iter().any(|event| event["type"] == "invoice.paid");
        paid.then_some(events)
    })
    .await;
    events.reverse();
    events
}

async fn deliver_messages(system: &System) -> usize {
    let messages = messages(system).await;
    for body in &messages {
        keep(system, body).await;
    }
    messages.len()
}

/// What the webhook's handler does once the signature was checked.
async fn keep(system: &System, body: &Value) {
    let (id, kind) = (body["id"].as_str().unwrap(), body["type"].as_str().unwrap());
    system
        .inbox
        .keep("stripe", id, kind, body.to_string().as_bytes())
        .await
        .unwrap();
}

/// How many messages wait, and how many are parked.
async fn unsettled(system: &System) -> (i64, i64) {
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'parked')
           FROM webhook_inbox",
    )
    .fetch_one(&system.database.pool())
    .await
    .unwrap()
}
