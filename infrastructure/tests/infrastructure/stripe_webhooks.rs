//! Stripe's webhooks as the sandbox delivers them: signed, in both shapes, while secrets change.

use application::ports::{PaymentGateway, WebhookRejected};
use chrono::{TimeDelta, Utc};
use domain::values::UserId;
use infrastructure::stripe::{Stripe, StripeSettings};
use sandbox::stripe_signature_header;
use serde_json::json;
use uuid::Uuid;

use crate::{
    stripe_account::{StripeAccount, WEBHOOK_SECRET, monthly, settings},
    webhook_receiver::Webhook,
};

fn somebody() -> UserId {
    UserId(Uuid::now_v7())
}

#[tokio::test]
async fn messages_of_older_api_versions_say_the_same_as_new_ones() {
    let account = StripeAccount::open().await;
    for shape in ["old", "new"] {
        account.deliver_in_shape(shape).await;
        let ada = somebody();
        let (order, session) = account.checkout(ada, monthly()).await;
        account.pay(&session).await;

        let paid = account.message_of("invoice.paid").await;
        let updated = account.message_of("customer.subscription.updated").await;
        let told = updated.subscription.unwrap();
        let asked = account.stripe.subscription(&told.id).await.unwrap();
        assert_eq!(asked.as_ref(), Some(&told), "{shape}");
        assert_eq!(updated.user, Some(ada), "{shape}");
        assert_eq!(paid.subscription_id, Some(told.id), "{shape}");
        assert_eq!(paid.user, Some(ada), "{shape}");
        assert_eq!(paid.customer_id, Some(order.customer_id), "{shape}");
        assert!(paid.invoice_id.is_some(), "{shape}");
        account.message_of("checkout.session.completed").await;
    }
}

#[tokio::test]
async fn while_the_secret_is_rotated_both_are_accepted_and_afterwards_only_the_new_one() {
    let account = StripeAccount::open().await;
    let with = |secrets: &[&str]| {
        let webhook_secrets = secrets.iter().map(|&secret| secret.to_owned()).collect();
        Stripe::new(StripeSettings {
            webhook_secrets,
            ..settings(account.sandbox.url())
        })
        .unwrap()
    };
    let (old, both, new) = (
        with(&[WEBHOOK_SECRET]),
        with(&["whsec_new", WEBHOOK_SECRET]),
        with(&["whsec_new"]),
    );
    let forged = Err(WebhookRejected::Forged);

    account
        .stripe
        .create_customer(somebody(), None, "key 1")
        .await
        .unwrap();
    let before = account.webhook().await;
    let check = |stripe: &Stripe, webhook: &Webhook| {
        stripe.verify_webhook(&webhook.body, &webhook.signature, Utc::now())
    };
    assert_eq!(
        [
            check(&old, &before),
            check(&both, &before),
            check(&new, &before)
        ],
        [Ok(()), Ok(()), forged]
    );

    account
        .control("webhooks", json!({"secret": "whsec_new"}))
        .await;
    account
        .stripe
        .create_customer(somebody(), None, "key 2")
        .await
        .unwrap();
    let after = account.webhook().await;
    assert_eq!(
        [
            check(&old, &after),
            check(&both, &after),
            check(&new, &after)
        ],
        [forged, Ok(()), Ok(())]
    );
}

#[tokio::test]
async fn a_message_that_was_altered_or_kept_back_is_not_believed() {
    let account = StripeAccount::open().await;
    account
        .stripe
        .create_customer(somebody(), None, "key 3")
        .await
        .unwrap();
    let webhook = account.webhook().await;
    let now = Utc::now();
    let mut altered = webhook.body.to_vec();
    *altered.last_mut().unwrap() = b' ';
    let verify =
        |body: &[u8], signature: &str, at| account.stripe.verify_webhook(body, signature, at);
    assert_eq!(
        verify(&altered, &webhook.signature, now),
        Err(WebhookRejected::Forged)
    );
    for minutes in [-6, 6] {
        let at = now + TimeDelta::minutes(minutes);
        assert_eq!(
            verify(&webhook.body, &webhook.signature, at),
            Err(WebhookRejected::Stale)
        );
    }
    assert_eq!(
        verify(&webhook.body, "", now),
        Err(WebhookRejected::Malformed)
    );
    assert_eq!(verify(&webhook.body, &webhook.signature, now), Ok(()));
}

#[tokio::test]
async fn an_empty_webhook_secret_lets_nobody_sign() {
    let webhook_secrets = vec![String::new(), "  ".to_owned()];
    let settings = StripeSettings {
        webhook_secrets,
        ..settings("http://127.0.0.1:1")
    };
    let stripe = Stripe::new(settings).unwrap();
    let now = Utc::now();
    for secret in ["", "  "] {
        let signature = stripe_signature_header(secret, now.timestamp(), "{}");
        assert_eq!(
            stripe.verify_webhook(b"{}", &signature, now),
            Err(WebhookRejected::Forged)
        );
    }
}
