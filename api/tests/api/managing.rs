//! What people do with the subscription that they pay for, over HTTP.

use reqwest::Method;
use serde_json::{Value, json};

use crate::test_app::{Options, TestApp};

async fn start() -> TestApp {
    TestApp::start_with(Options {
        worker: true,
        ..Options::default()
    })
    .await
}

/// How the subscription stands at the payment provider.
async fn at_the_provider(app: &TestApp) -> Value {
    app.stripe("subscriptions").await["data"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_ends_with_its_period_and_goes_on_after_all() {
    let app = start().await;
    let mara = app.sign_in("mara@example.com").await.paying().await;
    let survey = json!({"survey": {"reason": "too_expensive", "comment": "it was lovely"}});
    let ending = mara.post("/billing/cancel", survey).await.expect(200);
    assert_eq!(
        (
            &ending.json()["cancel_at_period_end"],
            &ending.json()["open"]
        ),
        (&json!(true), &json!(true))
    );
    assert!(ending.position() > 0);
    let told = at_the_provider(&app).await;
    assert_eq!(told["cancel_at_period_end"], true);
    let details = &told["cancellation_details"];
    assert_eq!(
        (&details["feedback"], &details["comment"]),
        (&json!("too_expensive"), &json!("it was lovely"))
    );
    assert_eq!(app.count("CancellationExplained").await, 1);

    // Twice gives the same; and the whole body may be left out.
    let again = mara.order("/billing/cancel").await.expect(200);
    assert_eq!(again.json()["cancel_at_period_end"], true);
    assert_eq!(app.count("CancellationScheduled").await, 1);

    let kept = mara.order("/billing/resume").await.expect(200);
    assert_eq!(kept.json()["cancel_at_period_end"], false);
    assert_eq!(at_the_provider(&app).await["cancel_at_period_end"], false);
    mara.order("/billing/resume").await.expect(200);
    assert_eq!(app.count("CancellationRevoked").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_ended_is_refused_and_so_is_a_strange_survey() {
    let app = start().await;
    let nobody = app.sign_in("nobody@example.com").await;
    for path in ["/billing/cancel", "/billing/resume"] {
        nobody.order(path).await.refused(409, "no-subscription");
    }
    let mara = app.sign_in("mara@example.com").await.paying().await;
    for survey in [
        json!(7),
        json!({"mood": "bad"}),
        json!({"reason": "weather"}),
    ] {
        let refused = mara
            .post("/billing/cancel", json!({"survey": survey}))
            .await;
        assert_eq!(refused.bad_fields(), ["/survey"]);
        refused.refused(422, "invalid-body");
    }
    let refused = mara.post("/billing/cancel", json!({"why": "so"})).await;
    assert_eq!(refused.bad_fields(), ["/why"]);
    let stale = mara
        .call(Method::POST, "/billing/cancel")
        .header("if-match", "\"1\"");
    stale.send().await.refused(412, "precondition-failed");
    assert_eq!(at_the_provider(&app).await["cancel_at_period_end"], false);
    for skipped in [
        json!({}),
        json!({"survey": null}),
        json!({"survey": "unused"}),
    ] {
        mara.post("/billing/cancel", skipped).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_ends_it_once_and_while_the_provider_is_away_it_can_be_tried_again() {
    let app = start().await;
    let mara = app.sign_in("mara@example.com").await.paying().await;
    // The worker asks as well, so once would not do.
    let away = async |times: u32| {
        let outage = json!({"status": 500, "times": times});
        app.control("/stripe/fail_next", outage).await;
    };
    away(1_000).await;
    let cancel = || {
        let call = mara.call(Method::POST, "/billing/cancel");
        call.header("idempotency-key", "k").send()
    };
    cancel().await.refused(503, "payment-unavailable");
    away(0).await;
    assert_eq!(app.count("CancellationScheduled").await, 0);
    let first = cancel().await.expect(200);
    app.forget_answers().await;
    let second = cancel().await.expect(200);
    assert_eq!(first.json(), second.json());
    assert_eq!(app.count("CancellationScheduled").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portal_leads_to_the_providers_page_and_back() {
    let app = start().await;
    let nobody = app.sign_in("nobody@example.com").await;
    nobody
        .order("/billing/portal")
        .await
        .refused(404, "customer-not-found");
    app.call(Method::POST, "/billing/portal")
        .send()
        .await
        .refused(401, "unauthenticated");

    let mara = app.sign_in("mara@example.com").await.paying().await;
    let opened = mara.order("/billing/portal").await.expect(201);
    let url = opened.json()["portal_url"].as_str().unwrap().to_owned();
    let page = app.client.get(&url).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(
        page.text()
            .await
            .unwrap()
            .contains("https://ava.test/subscribe")
    );

    // What is done there is seen here.
    app.submit(&url, "action=cancel").await;
    mara.shown("the end is seen", |shown| {
        shown["cancel_at_period_end"] == true
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_are_listed_page_by_page_and_are_nobody_elses() {
    let app = start().await;
    let mara = app.sign_in("mara@example.com").await.paying().await;
    let id = at_the_provider(&app).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for _ in 0..2 {
        let renew = format!("/stripe/subscriptions/{id}/renew");
        app.control(&renew, json!({})).await;
    }
    let first = mara.get("/billing/invoices?limit=2").await.expect(200);
    assert!(first.header("link").contains("rel=\"next\""));
    let first = first.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let newest = &first["items"][0];
    assert_eq!(
        (&newest["status"], &newest["currency"]),
        (&json!("paid"), &json!("usd"))
    );
    assert!(newest["amount_paid"].as_u64().unwrap() > 0, "{newest}");
    assert!(newest["period_end"].as_str() > newest["period_start"].as_str());
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/billing/invoices?limit=2&cursor={cursor}");
    let last = mara.get(&path).await.expect(200).json();
    assert_eq!(last["items"].as_array().unwrap().len(), 1);
    assert_eq!(last["next_cursor"], Value::Null);

    let other = app.sign_in("other@example.com").await;
    let none = other.get("/billing/invoices").await.expect(200).json();
    assert_eq!(none, json!({"items": [], "next_cursor": null}));
    for bad in ["cursor=x", "limit=0", "limit=101", "cursor=MSBpbl9ub25l"] {
        mara.get(&format!("/billing/invoices?{bad}"))
            .await
            .refused(400, "invalid-parameter");
    }
    app.control("/stripe/fail_next", json!({"status": 500, "times": 1_000}))
        .await;
    mara.get("/billing/invoices")
        .await
        .refused(503, "payment-unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_nobody_can_pay_and_the_gate_stays_closed() {
    let app = TestApp::start_with(Options {
        payment_configured: false,
        ..Options::default()
    })
    .await;
    let mara = app.sign_in("mara@example.com").await;
    mara.post("/billing/checkout", json!({"plan": "monthly"}))
        .await
        .refused(502, "payment-provider-failed");
    let shown = mara.get("/billing/subscription").await.expect(200).json();
    assert_eq!(
        (&shown["open"], &shown["reason"]),
        (&json!(false), &json!("none"))
    );
    mara.get("/photos")
        .await
        .refused(402, "subscription-required");
    // Not even what is signed with an empty secret is believed.
    let body =
        json!({"id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1, "data": {}});
    let now = chrono::Utc::now().timestamp();
    let body = body.to_string();
    let signature = sandbox::stripe_signature_header("", now, &body);
    let forged = app
        .call(Method::POST, "/billing/webhook")
        .body("application/json", body)
        .header("stripe-signature", &signature);
    forged.send().await.refused(400, "invalid-signature");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_from_the_page_can_ask_for_news_before_the_message_is_here() {
    // No worker: nobody hears of the payment.
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let nothing = mara.order("/billing/sync").await.expect(200);
    assert_eq!(nothing.json()["status"], "none");

    app.pay(&mara.payment_page().await).await;
    let shown = mara.get("/billing/subscription").await.expect(200);
    assert_eq!(shown.json()["open"], false);
    let news = mara.order("/billing/sync").await.expect(200);
    assert_eq!(news.json()["open"], true);
    let again = mara.order("/billing/sync").await.expect(200);
    assert_eq!(again.position(), news.position());

    let outage = json!({"status": 500, "times": 10});
    app.control("/stripe/fail_next", outage).await;
    let away = mara.order("/billing/sync").await;
    away.refused(503, "payment-unavailable");
    let anonymous = app.call(Method::POST, "/billing/sync").send().await;
    anonymous.refused(401, "unauthenticated");
}
