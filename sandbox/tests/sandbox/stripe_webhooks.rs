//! Stripe's events on their way to the product.

use sandbox::SandboxConfig;
use serde_json::json;

use crate::receiver::{Received, Receiver};
use crate::test_sandbox::{TestSandbox, config, started_with};

/// The events of one paid checkout, in order.
const PAID: [&str; 8] = [
    "customer.created",
    "customer.subscription.created",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
    "customer.subscription.updated",
    "checkout.session.completed",
];

async fn started(receiver: &Receiver) -> TestSandbox {
    started_with(SandboxConfig {
        stripe_webhook_url: Some(receiver.url.clone()),
        ..config()
    })
    .await
}

fn kinds(webhooks: &[Received]) -> Vec<String> {
    webhooks.iter().map(Received::kind).collect()
}

#[tokio::test]
async fn a_paid_checkout_is_told_in_signed_events() {
    let receiver = Receiver::start().await;
    let sandbox = started(&receiver).await;
    let id = sandbox.subscribed(&[]).await;
    let webhooks = receiver.wait_for(PAID.len()).await;
    assert_eq!(kinds(&webhooks), PAID);
    for webhook in &webhooks {
        let header = webhook.header("stripe-signature");
        let timestamp = header
            .split_once(',')
            .unwrap()
            .0
            .strip_prefix("t=")
            .unwrap()
            .parse()
            .unwrap();
        let expected = sandbox::stripe_signature_header(
            &config().stripe_webhook_secret,
            timestamp,
            &webhook.body,
        );
        assert_eq!(header, expected);
    }
    let created = webhooks[1].json();
    assert_eq!(created["data"]["object"]["status"], "incomplete");
    let updated = webhooks[6].json();
    assert_eq!(updated["data"]["object"]["status"], "active");
    assert_eq!(
        updated["data"]["previous_attributes"],
        json!({"status": "incomplete"})
    );
    assert_eq!(
        webhooks[7].json()["data"]["object"]["subscription"],
        json!(id)
    );
}

#[tokio::test]
async fn events_come_again_until_they_are_taken() {
    let receiver = Receiver::start().await;
    receiver.refuse(true);
    let sandbox = started(&receiver).await;
    sandbox
        .asked(reqwest::Method::POST, "/customers", &[])
        .await;
    receiver.wait_for(1).await;
    receiver.refuse(false);
    let webhooks = receiver.wait_for(2).await;
    assert_eq!(webhooks[0].json()["id"], webhooks[1].json()["id"]);
    let pending =
        || async { sandbox.get("/control/stripe/ledger").await["deliveries_pending"].clone() };
    for _ in 0..100 {
        if pending().await == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the delivery is still pending");
}

#[tokio::test]
async fn events_can_be_doubled_dropped_and_shaped_as_of_old() {
    let receiver = Receiver::start().await;
    let sandbox = started(&receiver).await;
    let switches = json!({"duplicate": true, "drop_first": 1, "shape": "old", "delay_ms": 50, "shuffle": true});
    sandbox.control("/stripe/webhooks", switches).await;
    sandbox.subscribed(&[]).await;
    let webhooks = receiver.wait_for(PAID.len() * 2).await;
    let mut kinds = kinds(&webhooks);
    kinds.sort();
    let mut expected: Vec<_> = PAID
        .iter()
        .chain(&PAID)
        .map(|kind| (*kind).to_owned())
        .collect();
    expected.sort();
    assert_eq!(kinds, expected);
    let subscription = webhooks
        .iter()
        .find(|one| one.kind() == "customer.subscription.created")
        .unwrap()
        .json();
    assert!(subscription["data"]["object"]["current_period_end"].is_i64());
    let invoice = webhooks
        .iter()
        .find(|one| one.kind() == "invoice.paid")
        .unwrap()
        .json();
    assert!(invoice["data"]["object"]["subscription"].is_string());
    assert!(invoice["data"]["object"]["lines"]["data"][0]["price"]["id"].is_string());
}

#[tokio::test]
async fn the_receiver_can_be_named_later() {
    let (first, second) = (Receiver::start().await, Receiver::start().await);
    let sandbox = started(&first).await;
    sandbox
        .control(
            "/stripe/webhooks",
            json!({"url": second.url, "secret": "whsec_other"}),
        )
        .await;
    sandbox
        .asked(reqwest::Method::POST, "/customers", &[])
        .await;
    let webhooks = second.wait_for(1).await;
    let header = webhooks[0].header("stripe-signature");
    let timestamp = header
        .split_once(',')
        .unwrap()
        .0
        .strip_prefix("t=")
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(
        header,
        sandbox::stripe_signature_header("whsec_other", timestamp, &webhooks[0].body)
    );
    assert!(first.all().is_empty());
}
