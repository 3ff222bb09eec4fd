//! Billing: plans, checkout, the provider's messages, the subscription.

use chrono::Utc;
use domain::subscription::Status;
use reqwest::Method;
use sandbox::{SandboxConfig, stripe_signature_header};
use serde_json::{Value, json};

use crate::{
    outside::QUOTA,
    test_app::{Options, TestApp},
};

#[tokio::test(flavor = "multi_thread")]
async fn plans_come_from_the_configuration() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let plans = mara.get("/billing/plans").await.expect(200).json();
    let expected = json!({"items": [{
        "id": "monthly",
        "name": "Monthly",
        "price": {"amount": 990, "currency": "eur", "interval": "month"},
        "photos_per_period": QUOTA,
        "trial_days": 0,
    }]});
    assert_eq!(plans, expected);
    app.get("/billing/plans")
        .await
        .refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_that_is_paid_on_the_hosted_page_opens_the_gate() {
    let app = TestApp::start_with(Options {
        worker: true,
        ..Options::default()
    })
    .await;
    let mara = app.sign_in("mara@example.com").await;
    let none = mara.get("/billing/subscription").await.expect(200);
    assert_eq!(none.header("etag"), "\"0\"");
    let expected = json!({
        "status": "none", "open": false, "reason": "none", "cancel_at_period_end": false,
        "usage": {"photos_used": 0, "photos_limit": 0},
    });
    assert_eq!(none.json(), expected);

    let paid = app.pay(&mara.payment_page().await).await;
    let back = paid.headers()["location"].to_str().unwrap();
    assert_eq!(back, "https://ava.test/subscribe?checkout=success");

    let open = mara.shown("the gate opens", |shown| shown["open"] == true);
    let open = open.await;
    assert_eq!(
        (&open["status"], &open["reason"], &open["plan"]),
        (&json!("active"), &Value::Null, &json!("monthly"))
    );
    assert!(open["current_period_end"].is_string());
    assert_eq!(
        open["usage"],
        json!({"photos_used": 0, "photos_limit": QUOTA})
    );
    let again = mara
        .post("/billing/checkout", json!({"plan": "monthly"}))
        .await;
    again.refused(409, "subscription-active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_needs_a_plan_that_exists() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    for body in [
        json!({"plan": "weekly"}),
        json!({"plan": 1}),
        json!({}),
        json!({"plan": ""}),
    ] {
        let refused = mara.post("/billing/checkout", body).await;
        assert_eq!(refused.bad_fields(), ["/plan"]);
        refused.refused(422, "invalid-body");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gives_the_same_page_even_when_its_answer_was_lost() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let ask = || {
        let call = mara
            .call(Method::POST, "/billing/checkout")
            .header("idempotency-key", "k");
        call.json(json!({"plan": "monthly"})).send()
    };
    let first = ask().await.expect(201);
    let second = ask().await.expect(201);
    assert_eq!(first.body, second.body);
    app.forget_answers().await;
    let third = ask().await.expect(201);
    assert_eq!(first.json(), third.json());
    assert_eq!(app.count("CheckoutStarted").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_payment_provider_is_away_a_checkout_can_be_tried_again() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    app.control("/stripe/fail_next", json!({"status": 500, "times": 100}))
        .await;
    let away = mara
        .post("/billing/checkout", json!({"plan": "monthly"}))
        .await;
    assert!(away.headers.contains_key("retry-after"));
    let away = away.refused(503, "payment-unavailable");
    assert!(
        !away.to_string().to_lowercase().contains("stripe"),
        "{away}"
    );
    app.control("/stripe/fail_next", json!({"status": 400, "times": 100}))
        .await;
    let other = app.sign_in("other@example.com").await;
    let refused = other
        .post("/billing/checkout", json!({"plan": "monthly"}))
        .await;
    refused.refused(502, "payment-provider-failed");
    assert_eq!(app.count("CheckoutStarted").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_kept_once_whatever_its_type_and_only_with_a_signature() {
    let app = TestApp::start().await;
    let secret = SandboxConfig::default().stripe_webhook_secret;
    let now = Utc::now().timestamp();
    let body = json!({"id": "evt_1", "object": "event", "type": "party.started", "created": now, "data": {"object": {"id": "p_1", "object": "party"}}}).to_string();
    let send = async |body: &str, signature: Option<String>| {
        let call = app.call(Method::POST, "/billing/webhook");
        let call = call.body("application/json", body.to_owned());
        let call = match signature {
            Some(signature) => call.header("stripe-signature", &signature),
            None => call,
        };
        call.send().await
    };
    let signed =
        |secret: &str, at: i64, body: &str| Some(stripe_signature_header(secret, at, body));
    for _ in 0..2 {
        let kept = send(&body, signed(&secret, now, &body)).await.expect(200);
        assert_eq!(kept.json(), json!({"received": true}));
    }
    for (body, signature) in [
        (body.as_str(), None),
        (&body, Some("nonsense".to_owned())),
        (&body, signed("whsec_other", now, &body)),
        (&body, signed(&secret, now - 600, &body)),
        ("{}", signed(&secret, now, &body)),
    ] {
        send(body, signature)
            .await
            .refused(400, "invalid-signature");
    }
    send("[]", signed(&secret, now, "[]"))
        .await
        .refused(400, "invalid-json");
    let large = "x".repeat(600 * 1024);
    send(&large, signed(&secret, now, &large))
        .await
        .refused(413, "body-too-large");
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM webhook_inbox")
        .fetch_one(&app.database.pool())
        .await
        .unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_of_grace_are_shown() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.subscribed().await;
    mara.subscription(Status::PastDue, Utc::now() + chrono::TimeDelta::seconds(5))
        .await;
    let shown = mara.get("/billing/subscription").await.expect(200).json();
    assert_eq!(
        (&shown["status"], &shown["open"]),
        (&json!("past_due"), &json!(true))
    );
    assert!(shown["grace_until"].is_string(), "{shown}");
}
