//! The gateway to Stripe against the sandbox's Stripe, over HTTP.

use std::time::Duration;

use application::ports::{CheckoutOrder, PaymentError, PaymentGateway, Plan, WebhookRejected};
use chrono::{TimeDelta, Utc};
use domain::{subscription::Status, values::UserId};
use infrastructure::stripe::{Stripe, StripeSettings};
use sandbox::stripe_signature_header;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use uuid::Uuid;

use crate::stripe_account::{KEY, StripeAccount, WEBHOOK_SECRET, monthly, settings};

fn somebody() -> UserId {
    UserId(Uuid::now_v7())
}

#[tokio::test]
async fn a_user_is_one_customer_however_often_they_are_made() {
    let account = StripeAccount::open().await;
    let (ada, bob) = (somebody(), somebody());
    let first = account
        .stripe
        .create_customer(ada, Some("ada@example.com"), "ada")
        .await
        .unwrap();
    let again = account
        .stripe
        .create_customer(ada, Some("ada@example.com"), "ada")
        .await
        .unwrap();
    let other = account
        .stripe
        .create_customer(bob, Some("ada@example.com"), "bob")
        .await
        .unwrap();
    assert_eq!(first, again);
    assert_ne!(first, other);
    let ledger = account.ledger().await;
    assert_eq!(ledger["counts"]["customers"], 2);
    assert_eq!(
        ledger["requests"][0]["params"]["metadata"]["user_id"],
        ada.to_string()
    );
}

#[tokio::test]
async fn who_pays_on_the_hosted_page_has_a_subscription_and_a_signed_message_says_so() {
    let account = StripeAccount::open().await;
    let ada = somebody();
    let (order, session) = account.checkout(ada, monthly()).await;

    let destination = account.pay(&session).await;
    assert_eq!(
        destination,
        format!("http://ava.test/welcome?session={}", session.id)
    );

    let message = account.message_of("checkout.session.completed").await;
    assert_eq!(message.user, Some(ada));
    assert_eq!(message.customer_id.as_ref(), Some(&order.customer_id));
    let id = message.subscription_id.unwrap();
    let subscription = account.stripe.subscription(&id).await.unwrap().unwrap();
    assert_eq!(subscription.id, id);
    assert_eq!(subscription.customer_id, order.customer_id);
    assert_eq!(subscription.user, Some(ada));
    assert_eq!(subscription.status, Status::Active);
    assert_eq!(subscription.price_id, "price_ava_monthly");
    assert!(subscription.period_end - subscription.period_start >= TimeDelta::days(28));
    assert!(!subscription.cancel_at_period_end);
}

#[tokio::test]
async fn the_user_is_named_wherever_a_message_may_come_from() {
    let account = StripeAccount::open().await;
    let ada = somebody();
    account.checkout(ada, monthly()).await;
    let ledger = account.ledger().await;
    let requests = ledger["requests"].as_array().unwrap();
    let params = &requests
        .iter()
        .find(|request| request["path"] == "/v1/checkout/sessions")
        .unwrap()["params"];
    let id = json!(ada.to_string());
    assert_eq!(params["mode"], "subscription");
    assert_eq!(params["client_reference_id"], id);
    assert_eq!(params["metadata"]["user_id"], id);
    assert_eq!(params["subscription_data"]["metadata"]["user_id"], id);
    assert_eq!(
        params["subscription_data"]["trial_period_days"],
        json!(null)
    );
    assert!(
        requests
            .iter()
            .all(|request| request["idempotency_key"].is_string())
    );
}

#[tokio::test]
async fn a_plan_with_a_trial_begins_with_it() {
    let account = StripeAccount::open().await;
    let (_, session) = account
        .checkout(
            somebody(),
            Plan {
                trial_days: 3,
                ..monthly()
            },
        )
        .await;
    account.pay(&session).await;
    let message = account.message_of("customer.subscription.created").await;
    assert_eq!(message.subscription.unwrap().status, Status::Trialing);
}

#[tokio::test]
async fn asking_twice_under_one_key_gives_one_page() {
    let account = StripeAccount::open().await;
    let (order, session) = account.checkout(somebody(), monthly()).await;
    assert_eq!(
        account.stripe.create_checkout(&order).await.unwrap(),
        session
    );
    assert_eq!(account.ledger().await["counts"]["checkout_sessions"], 1);

    let other = CheckoutOrder {
        cancel_url: "http://ava.test/other".to_owned(),
        ..order
    };
    assert!(matches!(
        account.stripe.create_checkout(&other).await,
        Err(PaymentError::Refused(_))
    ));
}

#[tokio::test]
async fn a_key_that_stripe_cannot_take_is_refused_before_anything_is_sent() {
    let account = StripeAccount::open().await;
    let (order, _) = account.checkout(somebody(), monthly()).await;
    let posts = account.posts().await;
    for idempotency_key in [String::new(), "k".repeat(256)] {
        let order = CheckoutOrder {
            idempotency_key,
            ..order.clone()
        };
        assert!(matches!(
            account.stripe.create_checkout(&order).await,
            Err(PaymentError::Refused(_))
        ));
    }
    assert_eq!(account.posts().await, posts);
}

#[tokio::test]
async fn trouble_on_their_side_passes_and_refusals_do_not() {
    let account = StripeAccount::open().await;
    for status in [409, 429, 500, 502, 503] {
        account
            .control("fail_next", json!({"status": status, "times": 1}))
            .await;
        let failed = account.stripe.subscription("sub_1").await;
        assert!(
            matches!(failed, Err(PaymentError::Unavailable(_))),
            "{status}: {failed:?}"
        );
    }
    let (order, _) = account.checkout(somebody(), monthly()).await;
    let order = CheckoutOrder {
        customer_id: "cus_nobody".to_owned(),
        idempotency_key: "another".to_owned(),
        ..order
    };
    let refused = account.stripe.create_checkout(&order).await;
    assert!(
        matches!(refused, Err(PaymentError::Refused(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_subscription_that_does_not_exist_is_none_and_a_strange_id_is_never_asked_for() {
    let account = StripeAccount::open().await;
    assert_eq!(
        account.stripe.subscription("sub_nobody").await.unwrap(),
        None
    );
    let asked = account.ledger().await["requests"].as_array().unwrap().len();
    for id in [
        "../customers",
        "sub_1/../../x",
        "sub 1",
        "sub_1?expand[]=customer",
        "süb",
    ] {
        assert_eq!(account.stripe.subscription(id).await.unwrap(), None, "{id}");
    }
    assert_eq!(
        account.ledger().await["requests"].as_array().unwrap().len(),
        asked
    );
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_stays_secret() {
    let account = StripeAccount::open().await;
    let wrong = "sk_live_wrong_0123456789";
    let settings = StripeSettings {
        secret_key: Some(wrong.to_owned()),
        ..settings(account.sandbox.url())
    };
    assert!(!format!("{settings:?}").contains(wrong));
    let stripe = Stripe::new(settings).unwrap();
    let error = stripe
        .create_customer(somebody(), None, "key")
        .await
        .unwrap_err();
    assert!(matches!(error, PaymentError::Refused(_)));
    assert!(!format!("{error:?}").contains(wrong));
    assert!(!format!("{:#}", anyhow::Error::new(error)).contains(wrong));
}

#[tokio::test]
async fn the_address_may_end_with_a_slash_or_not() {
    let account = StripeAccount::open().await;
    for base in [
        account.sandbox.url().to_owned(),
        format!("{}/", account.sandbox.url()),
    ] {
        let stripe = Stripe::new(settings(&base)).unwrap();
        assert_eq!(
            stripe.subscription("sub_nobody").await.unwrap(),
            None,
            "{base}"
        );
    }
}

#[tokio::test]
async fn a_provider_that_is_away_or_silent_or_garbled_is_unavailable() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    // Never accepted: the connection stands, and nobody answers.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", mute.local_addr().unwrap());
    let garbled = answer_everything_with("502 Bad Gateway", "<html></html>").await;
    for base in [away, silent, garbled] {
        let timeout = Duration::from_millis(300);
        let stripe = Stripe::new(StripeSettings {
            timeout,
            ..settings(&base)
        })
        .unwrap();
        let failed = stripe.create_customer(somebody(), None, "key").await;
        assert!(
            matches!(failed, Err(PaymentError::Unavailable(_))),
            "{base}: {failed:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_without_what_was_asked_for_is_an_error_and_not_a_guess() {
    let base = answer_everything_with("200 OK", r#"{"id": "sub_1"}"#).await;
    let stripe = Stripe::new(settings(&base)).unwrap();
    let failed = stripe.subscription("sub_1").await;
    assert!(
        matches!(failed, Err(PaymentError::Refused(_))),
        "{failed:?}"
    );
}

#[tokio::test]
async fn without_a_key_nothing_is_asked_and_no_message_is_believed() {
    for secret_key in [None, Some(String::new()), Some("  ".to_owned())] {
        let stripe = Stripe::new(StripeSettings {
            secret_key,
            webhook_secrets: vec![WEBHOOK_SECRET.to_owned()],
            ..StripeSettings::default()
        })
        .unwrap();
        assert!(matches!(
            stripe.create_customer(somebody(), None, "key").await,
            Err(PaymentError::NotConfigured)
        ));
        assert!(matches!(
            stripe.subscription("sub_1").await,
            Err(PaymentError::NotConfigured)
        ));
        assert!(matches!(
            stripe.read_webhook(b"{}"),
            Err(PaymentError::NotConfigured)
        ));
        let now = Utc::now();
        let signature = stripe_signature_header(WEBHOOK_SECRET, now.timestamp(), "{}");
        assert_eq!(
            stripe.verify_webhook(b"{}", &signature, now),
            Err(WebhookRejected::Forged)
        );
    }
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_found_at_the_start() {
    let broken = format!("{KEY}\n");
    let settings = StripeSettings {
        secret_key: Some(broken),
        ..StripeSettings::default()
    };
    let Err(error) = Stripe::new(settings) else {
        panic!("the key was taken");
    };
    assert!(error.to_string().contains("STRIPE_SECRET_KEY"));
    assert!(!error.to_string().contains(KEY));
}

/// An address that gives every connection the same answer.
async fn answer_everything_with(status: &str, body: &str) -> String {
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 8_192];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    base
}
