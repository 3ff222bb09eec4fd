//! The official-style client that the product uses, which reads answers strictly.

use std::collections::HashMap;

use serde_json::json;
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeRequest};
use stripe_billing::SubscriptionStatus;
use stripe_billing::subscription::{RetrieveSubscription, UpdateSubscription};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionSubscriptionData,
    RetrieveCheckoutSession,
};
use stripe_checkout::{CheckoutSessionMode, CheckoutSessionStatus};
use stripe_core::customer::CreateCustomer;

use crate::test_sandbox::{TestSandbox, started};

fn client(sandbox: &TestSandbox) -> Client {
    let url = format!("{}/", sandbox.running.url());
    ClientBuilder::new("sk_test_sandbox")
        .url(url)
        .build()
        .unwrap()
}

#[tokio::test]
async fn async_stripe_creates_a_customer_pays_and_reads_the_subscription() {
    let sandbox = started().await;
    let client = client(&sandbox);
    let user = HashMap::from([("user_id".to_owned(), "u-7".to_owned())]);

    let customer = CreateCustomer::new()
        .email("mia@example.com")
        .metadata(user.clone())
        .customize()
        .request_strategy(RequestStrategy::Idempotent(
            IdempotencyKey::new("customer-u-7").unwrap(),
        ))
        .send(&client)
        .await
        .unwrap();
    let item = CreateCheckoutSessionLineItems {
        price: Some("price_ava_monthly".to_owned()),
        quantity: Some(1),
        ..CreateCheckoutSessionLineItems::new()
    };
    let data = CreateCheckoutSessionSubscriptionData {
        metadata: Some(user),
        ..CreateCheckoutSessionSubscriptionData::new()
    };
    let session = CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Subscription)
        .customer(customer.id.as_str())
        .line_items(vec![item])
        .subscription_data(data)
        .success_url("http://app.test/done")
        .send(&client)
        .await
        .unwrap();
    assert_eq!(session.status, Some(CheckoutSessionStatus::Open));
    assert!(session.url.unwrap().contains("/checkout/cs_test_"));

    let path = format!("/stripe/sessions/{}/complete", session.id);
    sandbox.control(&path, json!({"outcome": "paid"})).await;
    let session = RetrieveCheckoutSession::new(session.id)
        .send(&client)
        .await
        .unwrap();
    assert_eq!(session.status, Some(CheckoutSessionStatus::Complete));
    let subscription = session.subscription.unwrap().into_id();

    let read = RetrieveSubscription::new(subscription.clone())
        .send(&client)
        .await
        .unwrap();
    assert_eq!(read.status, SubscriptionStatus::Active);
    assert_eq!(read.metadata["user_id"], "u-7");
    assert!(read.items.data[0].current_period_end > chrono::Utc::now().timestamp());
    let update = UpdateSubscription::new(subscription).cancel_at_period_end(true);
    assert!(update.send(&client).await.unwrap().cancel_at_period_end);
}

#[tokio::test]
async fn async_stripe_reads_expanded_objects_and_errors() {
    let sandbox = started().await;
    let client = client(&sandbox);
    let id = sandbox.subscribed(&[]).await;
    let expand = ["latest_invoice".to_owned(), "customer".to_owned()];
    let read = RetrieveSubscription::new(id.as_str())
        .expand(expand)
        .send(&client)
        .await
        .unwrap();
    assert!(read.latest_invoice.unwrap().as_object().is_some());
    assert_eq!(
        read.customer.as_object().unwrap().email.as_deref(),
        Some("mia@example.com")
    );

    let missing = RetrieveSubscription::new("sub_missing").send(&client).await;
    let error = missing.unwrap_err().to_string();
    assert!(
        error.contains("404") && error.contains("No such subscription: 'sub_missing'"),
        "{error}"
    );
}
