//! The webhooks of predictions.

use std::time::Duration;

use serde_json::{Value, json};

use crate::receiver::{Received, Receiver};
use crate::test_sandbox::{TestSandbox, config, started};

async fn created(sandbox: &TestSandbox, receiver: &Receiver, prompt: &str) -> Value {
    let body = json!({
        "input": {"prompt": prompt},
        "webhook": receiver.url,
        "webhook_events_filter": ["completed"],
    });
    let answer = sandbox.create_with(body, None).await;
    assert_eq!(answer.status(), 201);
    answer.json().await.unwrap()
}

fn is_signed_well(webhook: &Received) -> bool {
    let expected = sandbox::standard_webhook_signature(
        &config().replicate_webhook_secret,
        webhook.header("webhook-id"),
        webhook.header("webhook-timestamp").parse().unwrap(),
        &webhook.body,
    );
    webhook.header("webhook-signature") == expected
}

fn age_s(webhook: &Received) -> i64 {
    let timestamp: i64 = webhook.header("webhook-timestamp").parse().unwrap();
    chrono::Utc::now().timestamp() - timestamp
}

#[tokio::test]
async fn the_result_comes_signed() {
    let (sandbox, receiver) = (started().await, Receiver::start().await);
    let prediction = created(&sandbox, &receiver, "p").await;
    let webhooks = receiver.wait_for(1).await;
    assert!(is_signed_well(&webhooks[0]));
    assert!(age_s(&webhooks[0]) < 10);
    assert_eq!(webhooks[0].json()["id"], prediction["id"]);
    assert_eq!(webhooks[0].json()["status"], "succeeded");
    assert!(webhooks[0].json()["output"].is_array());
}

#[tokio::test]
async fn without_a_filter_every_step_is_told() {
    let (sandbox, receiver) = (started().await, Receiver::start().await);
    let body = json!({"input": {"prompt": "p"}, "webhook": receiver.url});
    sandbox.create_with(body, None).await;
    let webhooks = receiver.wait_for(4).await;
    let statuses: Vec<_> = webhooks
        .iter()
        .map(|one| one.json()["status"].clone())
        .collect();
    assert_eq!(
        statuses,
        ["processing", "processing", "processing", "succeeded"]
    );
}

#[tokio::test]
async fn a_refused_webhook_comes_again_with_the_same_id() {
    let (sandbox, receiver) = (started().await, Receiver::start().await);
    receiver.refuse(true);
    created(&sandbox, &receiver, "p").await;
    receiver.wait_for(1).await;
    receiver.refuse(false);
    let webhooks = receiver.wait_for(2).await;
    assert_eq!(
        webhooks[0].header("webhook-id"),
        webhooks[1].header("webhook-id")
    );
}

#[tokio::test]
async fn misbehaving_webhooks_misbehave() {
    let sandbox = started().await;
    let twice = Receiver::start().await;
    created(&sandbox, &twice, "p [[sandbox:webhook_twice]]").await;
    let bad = Receiver::start().await;
    created(&sandbox, &bad, "p [[sandbox:bad_signature]]").await;
    let stale = Receiver::start().await;
    created(&sandbox, &stale, "p [[sandbox:stale_timestamp]]").await;
    let never = Receiver::start().await;
    let silent = created(&sandbox, &never, "p [[sandbox:webhook_never]]").await;

    let webhooks = twice.wait_for(2).await;
    assert_eq!(
        webhooks[0].header("webhook-id"),
        webhooks[1].header("webhook-id")
    );
    assert!(!is_signed_well(&bad.wait_for(1).await[0]));
    let webhooks = stale.wait_for(1).await;
    assert!(is_signed_well(&webhooks[0]) && age_s(&webhooks[0]) >= 3_600);
    assert_eq!(
        sandbox.ended(silent["id"].as_str().unwrap()).await["status"],
        "succeeded"
    );
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(never.all().is_empty());
}

#[tokio::test]
async fn webhook_only_hides_the_result_from_polls_until_it_is_told() {
    let (sandbox, receiver) = (started().await, Receiver::start().await);
    receiver.refuse(true);
    let prediction = created(&sandbox, &receiver, "p [[sandbox:webhook_only]]").await;
    let path = format!("/v1/predictions/{}", prediction["id"].as_str().unwrap());
    let webhooks = receiver.wait_for(1).await;
    assert_eq!(webhooks[0].json()["status"], "succeeded");
    assert_eq!(sandbox.get(&path).await["status"], "succeeded");
}

#[tokio::test]
async fn a_webhook_can_overtake_the_answer() {
    let (sandbox, receiver) = (started().await, Receiver::start().await);
    let answer = created(&sandbox, &receiver, "p [[sandbox:webhook_before_response]]").await;
    let webhooks = receiver.all();
    assert_eq!(webhooks[0].json()["id"], answer["id"]);
    assert_eq!(answer["status"], "starting");
}
