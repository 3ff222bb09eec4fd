//! What happens to a subscription as time goes by.

use reqwest::Method;
use serde_json::{Value, json};

use crate::test_sandbox::{DAY, started};

fn period_end(subscription: &Value) -> i64 {
    subscription["items"]["data"][0]["current_period_end"]
        .as_i64()
        .unwrap()
}

#[tokio::test]
async fn a_renewal_moves_the_period_and_is_paid() {
    let sandbox = started().await;
    let id = sandbox.subscribed(&[]).await;
    let before = sandbox.subscription(&id).await;
    let after = sandbox.step(&id, "renew").await;
    assert!(period_end(&after) - period_end(&before) >= 28 * i64::from(DAY));
    let invoices = sandbox
        .asked(Method::GET, &format!("/invoices?subscription={id}"), &[])
        .await;
    assert_eq!(invoices["data"].as_array().unwrap().len(), 2);
    assert_eq!(invoices["data"][0]["billing_reason"], "subscription_cycle");
}

#[tokio::test]
async fn a_failed_renewal_is_past_due_until_it_recovers() {
    let sandbox = started().await;
    let id = sandbox.subscribed(&[]).await;
    assert_eq!(sandbox.step(&id, "fail").await["status"], "past_due");
    assert!(
        sandbox
            .event_kinds()
            .await
            .contains(&"invoice.payment_failed".to_owned())
    );
    assert_eq!(sandbox.step(&id, "recover").await["status"], "active");
    let answer = sandbox
        .post(
            &format!("/control/stripe/subscriptions/{id}/recover"),
            json!({}),
        )
        .await;
    assert_eq!(answer.status(), 409);
}

#[tokio::test]
async fn the_fourth_failure_cancels() {
    let sandbox = started().await;
    let id = sandbox.subscribed(&[]).await;
    for _ in 0..3 {
        assert_eq!(sandbox.step(&id, "fail").await["status"], "past_due");
    }
    assert_eq!(sandbox.step(&id, "fail").await["status"], "canceled");
    assert_eq!(
        sandbox.event_kinds().await.last().unwrap(),
        "customer.subscription.deleted"
    );
    let answer = sandbox
        .post(
            &format!("/control/stripe/subscriptions/{id}/renew"),
            json!({}),
        )
        .await;
    assert_eq!(answer.status(), 409);
}

#[tokio::test]
async fn a_trial_ends_paid_unpaid_or_without_a_card() {
    let sandbox = started().await;
    let trial = [("subscription_data[trial_period_days]", "14")];
    for (outcome, status) in [
        ("paid", "active"),
        ("declined", "past_due"),
        ("no_card", "paused"),
    ] {
        let id = sandbox.subscribed(&trial).await;
        let path = format!("/stripe/subscriptions/{id}/expire_trial");
        let ended = sandbox.control(&path, json!({"outcome": outcome})).await;
        assert_eq!(ended["status"], status);
    }
}

#[tokio::test]
async fn the_clock_lets_what_is_due_happen() {
    let sandbox = started().await;
    let id = sandbox
        .subscribed(&[("subscription_data[trial_period_days]", "7")])
        .await;
    let path = format!("/subscriptions/{id}");
    sandbox.advance(5).await;
    assert_eq!(
        sandbox.event_kinds().await.last().unwrap(),
        "customer.subscription.trial_will_end"
    );
    sandbox.advance(3).await;
    assert_eq!(sandbox.subscription(&id).await["status"], "active");
    let form = [("cancel_at_period_end", "true")];
    let updated = sandbox.asked(Method::POST, &path, &form).await;
    assert_eq!(updated["cancel_at"].as_i64().unwrap(), period_end(&updated));
    sandbox.advance(32).await;
    assert_eq!(sandbox.subscription(&id).await["status"], "canceled");
}

#[tokio::test]
async fn a_canceled_subscription_is_listed_only_when_asked_for() {
    let sandbox = started().await;
    let id = sandbox.subscribed(&[]).await;
    let canceled = sandbox
        .asked(Method::DELETE, &format!("/subscriptions/{id}"), &[])
        .await;
    assert_eq!(canceled["status"], "canceled");
    let list = format!(
        "/subscriptions?customer={}",
        canceled["customer"].as_str().unwrap()
    );
    assert_eq!(
        sandbox.asked(Method::GET, &list, &[]).await["data"],
        json!([])
    );
    let all = sandbox
        .asked(Method::GET, &format!("{list}&status=all"), &[])
        .await;
    assert_eq!(all["data"][0]["id"], canceled["id"]);
    assert_eq!(
        sandbox
            .stripe(Method::DELETE, &format!("/subscriptions/{id}"), &[])
            .await
            .0,
        404
    );
}
