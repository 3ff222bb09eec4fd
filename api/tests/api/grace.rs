//! Days of grace, over HTTP and by the payment provider's clock: a card that fails, and one that pays again.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::test_app::{Options, TestApp, until};

const DAY_S: u32 = 86_400;

async fn by_the_sandboxs_clock() -> TestApp {
    TestApp::start_with(Options {
        worker: true,
        sandbox_clock: true,
        ..Options::default()
    })
    .await
}

/// Lets time pass at the payment provider.
async fn days_pass(app: &TestApp, days: u32) {
    let clock = json!({"advance_s": days * DAY_S});
    app.control("/stripe/clock", clock).await;
}

/// Changes the card of the account's only customer.
async fn set_card(app: &TestApp, card: &str) {
    let customers = app.stripe("customers").await;
    let customer = customers["data"][0]["id"].as_str().unwrap();
    let path = format!("/stripe/customers/{customer}/card");
    app.control(&path, json!({ "card": card })).await;
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_fails_leaves_access_until_grace_until_and_a_payment_brings_it_back() {
    let app = by_the_sandboxs_clock().await;
    let mara = app.sign_in("mara@example.com").await;
    mara.pays().await;
    set_card(&app, "declined").await;

    // The renewal fails, and everything goes on.
    days_pass(&app, 32).await;
    let failed = mara
        .shown("the renewal failed", |shown| shown["status"] == "past_due")
        .await;
    assert_eq!(
        (&failed["open"], &failed["reason"]),
        (&json!(true), &Value::Null)
    );
    let now = Utc::now() + TimeDelta::days(32);
    let left = time(&failed["grace_until"]) - now;
    assert!(
        left > TimeDelta::days(2) && left < TimeDelta::days(7),
        "{failed}"
    );
    mara.get("/photos").await.expect(200);

    // The retry fails as well; there is still a day.
    let days = u32::try_from(left.num_days()).unwrap();
    days_pass(&app, days).await;
    mara.get("/photos").await.expect(200);
    let still = mara.get("/billing/subscription").await.expect(200).json();
    assert_eq!(still["open"], true);
    assert_eq!(
        still["grace_until"], failed["grace_until"],
        "a retry adds no days"
    );

    // And then there is none.
    days_pass(&app, 1).await;
    let over = mara
        .shown("the grace is over", |shown| shown["open"] == false)
        .await;
    assert_eq!(
        (&over["status"], &over["reason"]),
        (&json!("past_due"), &json!("payment_past_due"))
    );
    let refused = mara.get("/photos").await.refused(402, "payment-past-due");
    assert_eq!(refused["portal_available"], true);

    // Mara pays in the portal.
    let portal = mara.order("/billing/portal").await.expect(201).json();
    app.submit(portal["portal_url"].as_str().unwrap(), "action=pay")
        .await;
    let back = mara
        .shown("she is back", |shown| shown["open"] == true)
        .await;
    assert_eq!(back["status"], "active");
    assert!(back["grace_until"].is_null());
    mara.get("/photos").await.expect(200);
    let invoices = mara.get("/billing/invoices").await.expect(200).json();
    let paid = invoices["items"].as_array().unwrap();
    assert_eq!(paid.len(), 2);
    assert!(
        paid.iter().all(|invoice| invoice["status"] == "paid"),
        "{invoices}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_never_pays_again_is_canceled_and_may_subscribe_anew() {
    let app = by_the_sandboxs_clock().await;
    let mara = app.sign_in("mara@example.com").await;
    mara.pays().await;
    set_card(&app, "declined").await;
    for days in [32, 3, 3, 4] {
        days_pass(&app, days).await;
    }
    let over = mara
        .shown("it is over", |shown| shown["status"] == "canceled")
        .await;
    assert_eq!(
        (&over["open"], &over["reason"]),
        (&json!(false), &json!("canceled"))
    );
    mara.get("/photos")
        .await
        .refused(402, "subscription-required");
    set_card(&app, "good").await;
    mara.pays().await;
    assert_eq!(
        app.stripe("customers").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_pages_only_the_newer_can_be_paid() {
    let app = by_the_sandboxs_clock().await;
    let mara = app.sign_in("mara@example.com").await;
    let (first, second) = (mara.payment_page().await, mara.payment_page().await);
    assert_ne!(first, second);
    app.pay(&first).await;
    assert_eq!(app.stripe("subscriptions").await["data"], json!([]));
    app.pay(&second).await;
    mara.shown("the gate opens", |shown| shown["open"] == true)
        .await;
    assert_eq!(
        app.stripe("subscriptions").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    until("both pages are closed", async || {
        (app.count("CheckoutClosed").await == 2).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_has_to_pay_everything_is_open_and_nothing_is_counted() {
    let app = TestApp::start_with(Options {
        free_of_charge: true,
        ..Options::default()
    })
    .await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;
    let shown = mara.get("/billing/subscription").await.expect(200).json();
    assert_eq!(
        (&shown["status"], &shown["open"], &shown["reason"]),
        (&json!("none"), &json!(true), &Value::Null)
    );
    let wish = json!({"scene": "reading a letter on a balcony in Lisbon"});
    let asked = mara
        .call(Method::POST, "/photos")
        .header("idempotency-key", "k")
        .json(wish.clone());
    let photo = asked.send().await.expect(202).json();
    let again = mara
        .call(Method::POST, "/photos")
        .header("idempotency-key", "k")
        .json(wish);
    assert_eq!(again.send().await.expect(202).json()["id"], photo["id"]);
    mara.get("/photos").await.expect(200);
    assert_eq!(app.count("PhotoReserved").await, 0);
}
