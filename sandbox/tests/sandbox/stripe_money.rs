//! Cards that fail, first payments that wait, money that goes back, and one subscription a customer.

use reqwest::Method;
use serde_json::json;

use crate::test_sandbox::{DAY, TestSandbox, started};

async fn set_card(sandbox: &TestSandbox, id: &str, card: &str) {
    let customer = sandbox.subscription(id).await["customer"].clone();
    let path = format!("/stripe/customers/{}/card", customer.as_str().unwrap());
    sandbox.control(&path, json!({ "card": card })).await;
}

#[tokio::test]
async fn as_time_goes_by_a_declined_card_fails_renewal_and_retries_and_a_good_one_recovers() {
    let sandbox = started().await;
    let id = sandbox.subscribed(&[]).await;
    set_card(&sandbox, &id, "declined").await;
    sandbox.advance(32).await;
    assert_eq!(sandbox.subscription(&id).await["status"], "past_due");
    sandbox.advance(3).await;
    assert_eq!(sandbox.subscription(&id).await["status"], "past_due");
    let failures = sandbox.event_kinds().await;
    let failures = failures
        .iter()
        .filter(|kind| *kind == "invoice.payment_failed");
    assert_eq!(failures.count(), 2);

    set_card(&sandbox, &id, "good").await;
    sandbox.advance(3).await;
    assert_eq!(sandbox.subscription(&id).await["status"], "active");
}

#[tokio::test]
async fn after_the_last_retry_the_account_decides() {
    for (setting, status) in [("cancel", "canceled"), ("leave_unpaid", "unpaid")] {
        let sandbox = started().await;
        let account = json!({"after_last_retry": setting});
        sandbox.control("/stripe/account", account).await;
        let id = sandbox.subscribed(&[]).await;
        set_card(&sandbox, &id, "declined").await;
        for days in [32, 3, 3, 3] {
            sandbox.advance(days).await;
        }
        assert_eq!(sandbox.subscription(&id).await["status"], status);
    }
}

#[tokio::test]
async fn a_trial_ends_as_the_card_has_it() {
    for (card, status) in [
        ("good", "active"),
        ("declined", "past_due"),
        ("missing", "paused"),
    ] {
        let sandbox = started().await;
        let trial = [("subscription_data[trial_period_days]", "7")];
        let id = sandbox.subscribed(&trial).await;
        set_card(&sandbox, &id, card).await;
        sandbox.advance(8).await;
        assert_eq!(sandbox.subscription(&id).await["status"], status, "{card}");
        if status == "paused" {
            assert_eq!(sandbox.step(&id, "resume").await["status"], "active");
            let kinds = sandbox.event_kinds().await;
            assert!(kinds.contains(&"customer.subscription.resumed".to_owned()));
        }
    }
}

#[tokio::test]
async fn a_first_payment_that_waits_lapses_after_a_day_or_arrives() {
    let sandbox = started().await;
    let mut begun = Vec::new();
    for _ in 0..3 {
        let session = sandbox.open_session(&[]).await;
        let path = format!(
            "/stripe/sessions/{}/complete",
            session["id"].as_str().unwrap()
        );
        let session = sandbox
            .control(&path, json!({"outcome": "incomplete"}))
            .await;
        let id = session["subscription"].as_str().unwrap().to_owned();
        assert_eq!(sandbox.subscription(&id).await["status"], "incomplete");
        begun.push(id);
    }
    let paid = sandbox.step(&begun[0], "succeed_async").await;
    assert_eq!(paid["status"], "active");
    let failed = sandbox.step(&begun[1], "fail_async").await;
    assert_eq!(failed["status"], "incomplete_expired");
    sandbox.advance(1).await;
    assert_eq!(
        sandbox.subscription(&begun[2]).await["status"],
        "incomplete_expired"
    );
    let kinds = sandbox.event_kinds().await;
    for kind in [
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "invoice.payment_action_required",
    ] {
        assert!(kinds.contains(&kind.to_owned()), "{kind}");
    }
}

#[tokio::test]
async fn a_payment_can_be_given_back_in_parts_and_no_more_than_it_was() {
    let sandbox = started().await;
    let id = sandbox.subscribed(&[]).await;
    let charge = sandbox.asked(Method::GET, "/charges", &[]).await["data"][0].clone();
    let charge_id = charge["id"].as_str().unwrap();
    assert_eq!(charge["amount"], 1_499);
    let refund = async |amount: &str| {
        let form = [("charge", charge_id), ("amount", amount)];
        sandbox.stripe(Method::POST, "/refunds", &form).await
    };
    assert_eq!(refund("499").await.0, 200);
    assert_eq!(refund("1001").await.0, 400);
    assert_eq!(refund("1000").await.0, 200);
    let path = format!("/charges/{charge_id}");
    let charge = sandbox.asked(Method::GET, &path, &[]).await;
    assert_eq!(charge["amount_refunded"], 1_499);
    assert_eq!(charge["refunded"], true);
    sandbox.step(&id, "dispute").await;
    let kinds = sandbox.event_kinds().await;
    assert_eq!(kinds.last().unwrap(), "charge.dispute.created");
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| *kind == "charge.refunded")
            .count(),
        2
    );
}

#[tokio::test]
async fn an_account_may_take_one_subscription_a_customer() {
    let sandbox = started().await;
    let account = json!({"one_subscription": true});
    sandbox.control("/stripe/account", account).await;
    let session = sandbox.open_session(&[]).await;
    let page = session["url"].as_str().unwrap();
    for _ in 0..2 {
        let paid = sandbox.submit(page, ("outcome", "paid")).await;
        assert_eq!(paid.status(), 303, "also the second time");
    }
    let customer = &session["customer"];
    let form = [
        ("mode", "subscription"),
        ("line_items[0][price]", "price_ava_monthly"),
        ("line_items[0][quantity]", "1"),
        ("success_url", "http://app.test/done"),
        ("customer", customer.as_str().unwrap()),
    ];
    let session = sandbox
        .asked(Method::POST, "/checkout/sessions", &form)
        .await;
    let page = session["url"].as_str().unwrap();
    let refused = sandbox.submit(page, ("outcome", "paid")).await;
    assert_eq!(refused.status(), 402);
    let listed = sandbox.asked(Method::GET, "/subscriptions", &[]).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_follows_the_clock_hears_of_each_move_at_once() {
    let sandbox = started().await;
    let clock = sandbox.get("/control/stripe/clock").await;
    assert_eq!(clock["ahead_s"], 0);
    let waiting = sandbox.get("/control/stripe/clock?unless_ahead_s=0");
    let (moved, ()) = tokio::join!(waiting, async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        sandbox.advance(1).await;
    });
    assert_eq!(moved["ahead_s"], DAY);
}
