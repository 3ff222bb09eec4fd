//! From a checkout session to a subscription, by way of the hosted page.

use reqwest::Method;
use serde_json::{Value, json};

use crate::test_sandbox::{TestSandbox, started};

async fn page(sandbox: &TestSandbox, session: &Value) -> String {
    let url = session["url"].as_str().unwrap();
    sandbox
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

async fn read(sandbox: &TestSandbox, session: &Value) -> Value {
    let path = format!("/checkout/sessions/{}", session["id"].as_str().unwrap());
    sandbox.asked(Method::GET, &path, &[]).await
}

#[tokio::test]
async fn a_paid_checkout_leads_back_and_leaves_a_subscription() {
    let sandbox = started().await;
    let session = sandbox.open_session(&[]).await;
    assert_eq!(
        (&session["status"], &session["payment_status"]),
        (&json!("open"), &json!("unpaid"))
    );
    assert!(page(&sandbox, &session).await.contains("$14.99"));

    let answer = sandbox
        .submit(session["url"].as_str().unwrap(), ("outcome", "paid"))
        .await;
    assert_eq!(answer.status(), 303);
    let id = session["id"].as_str().unwrap();
    assert_eq!(
        answer.headers()["location"],
        format!("http://app.test/done?session={id}")
    );

    let session = read(&sandbox, &session).await;
    assert_eq!(
        (&session["status"], &session["payment_status"]),
        (&json!("complete"), &json!("paid"))
    );
    assert_eq!(session["url"], Value::Null);
    assert_eq!(session["metadata"]["user_id"], "u-1");
    let path = format!(
        "/subscriptions/{}",
        session["subscription"].as_str().unwrap()
    );
    let subscription = sandbox.asked(Method::GET, &path, &[]).await;
    assert_eq!(
        (&subscription["status"], &subscription["customer"]),
        (&json!("active"), &session["customer"])
    );
    assert_eq!(subscription["metadata"], json!({"user_id": "u-1"}));
    let path = format!(
        "/invoices/{}",
        subscription["latest_invoice"].as_str().unwrap()
    );
    let invoice = sandbox.asked(Method::GET, &path, &[]).await;
    assert_eq!(
        (&invoice["status"], &invoice["amount_paid"]),
        (&json!("paid"), &json!(1499))
    );
    assert_eq!(
        invoice["parent"]["subscription_details"]["subscription"],
        subscription["id"]
    );
}

#[tokio::test]
async fn a_declined_card_leaves_the_session_open_for_another() {
    let sandbox = started().await;
    let session = sandbox.open_session(&[]).await;
    let url = session["url"].as_str().unwrap();
    let declined = sandbox.submit(url, ("outcome", "declined")).await;
    assert_eq!(declined.status(), 402);
    assert!(declined.text().await.unwrap().contains("declined"));
    assert_eq!(read(&sandbox, &session).await["status"], "open");
    assert_eq!(sandbox.submit(url, ("outcome", "paid")).await.status(), 303);
    assert_eq!(read(&sandbox, &session).await["status"], "complete");
}

#[tokio::test]
async fn an_abandoned_checkout_leads_to_the_cancel_url() {
    let sandbox = started().await;
    let session = sandbox.open_session(&[]).await;
    let answer = sandbox
        .submit(session["url"].as_str().unwrap(), ("outcome", "abandoned"))
        .await;
    assert_eq!(answer.headers()["location"], "http://app.test/plans");
    assert_eq!(read(&sandbox, &session).await["status"], "open");
}

#[tokio::test]
async fn paying_twice_pays_once() {
    let sandbox = started().await;
    let session = sandbox.open_session(&[]).await;
    for _ in 0..2 {
        let answer = sandbox
            .submit(session["url"].as_str().unwrap(), ("outcome", "paid"))
            .await;
        assert_eq!(answer.status(), 303);
    }
    assert_eq!(
        sandbox.get("/control/stripe/ledger").await["counts"]["subscriptions"],
        1
    );
}

#[tokio::test]
async fn an_expired_session_cannot_be_paid() {
    let sandbox = started().await;
    let session = sandbox.open_session(&[]).await;
    let path = format!(
        "/checkout/sessions/{}/expire",
        session["id"].as_str().unwrap()
    );
    assert_eq!(
        sandbox.asked(Method::POST, &path, &[]).await["status"],
        "expired"
    );
    let answer = sandbox
        .submit(session["url"].as_str().unwrap(), ("outcome", "paid"))
        .await;
    assert!(answer.text().await.unwrap().contains("expired"));
    assert_eq!(
        sandbox.get("/control/stripe/ledger").await["counts"]["subscriptions"],
        0
    );
    assert_eq!(sandbox.stripe(Method::POST, &path, &[]).await.0, 400);
}

#[tokio::test]
async fn a_trial_costs_nothing_today() {
    let sandbox = started().await;
    let session = sandbox
        .open_session(&[("subscription_data[trial_period_days]", "7")])
        .await;
    assert_eq!(session["amount_total"], 0);
    sandbox
        .submit(session["url"].as_str().unwrap(), ("outcome", "paid"))
        .await;
    let session = read(&sandbox, &session).await;
    assert_eq!(session["payment_status"], "no_payment_required");
    let path = format!(
        "/subscriptions/{}",
        session["subscription"].as_str().unwrap()
    );
    let subscription = sandbox.asked(Method::GET, &path, &[]).await;
    assert_eq!(subscription["status"], "trialing");
    let length =
        subscription["trial_end"].as_i64().unwrap() - subscription["trial_start"].as_i64().unwrap();
    assert_eq!(length, 7 * 86_400);
}

#[tokio::test]
async fn the_portal_cancels_and_resumes() {
    let sandbox = started().await;
    let id = sandbox.subscribed(&[]).await;
    let path = format!("/subscriptions/{id}");
    let customer = sandbox.asked(Method::GET, &path, &[]).await["customer"].clone();
    let form = [
        ("customer", customer.as_str().unwrap()),
        ("return_url", "http://app.test/account"),
    ];
    let portal = sandbox
        .asked(Method::POST, "/billing_portal/sessions", &form)
        .await;
    let url = portal["url"].as_str().unwrap();
    let html = sandbox
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(html.contains("Renews on") && html.contains("http://app.test/account"));
    assert_eq!(
        sandbox.submit(url, ("action", "cancel")).await.status(),
        303
    );
    let canceled = sandbox.asked(Method::GET, &path, &[]).await;
    assert_eq!(
        (&canceled["cancel_at_period_end"], &canceled["status"]),
        (&json!(true), &json!("active"))
    );
    sandbox.submit(url, ("action", "resume")).await;
    assert_eq!(
        sandbox.asked(Method::GET, &path, &[]).await["cancel_at_period_end"],
        false
    );
}
