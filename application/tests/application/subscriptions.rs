//! Who is sent to pay, and what is given back.

use application::{
    context::{CommandError, Context},
    ports::{IdempotencyClaim, PaymentError},
    subscriptions::{CheckoutError, stream},
};
use domain::{
    subscription::{Command, Rejection, Status, Subscription},
    values::PhotoId,
};
use uuid::Uuid;

use crate::shop::{Shop, after, message, noon};

#[tokio::test]
async fn a_checkout_is_recorded_and_its_customer_is_used_again() {
    let shop = Shop::open();
    let session = shop.checkout(shop.context(), "monthly").await.unwrap();
    let other = shop.checkout(shop.context(), "yearly").await.unwrap();
    assert_ne!(session, other);
    let asked = shop.provider.asked.lock().unwrap().clone();
    let close = format!("close {session}");
    assert_eq!(asked, ["customer", "checkout", &close, "checkout"]);
    let customer_id = format!("cus_{}", shop.user);
    let orders = shop.provider.orders.lock().unwrap().clone();
    assert!(
        orders
            .iter()
            .all(|order| order.customer_id == customer_id && order.user == shop.user)
    );
    let state = shop.state().await;
    assert_eq!(state.customer_id(), Some(customer_id.as_str()));
    assert_eq!(state.checkout_plan().unwrap().as_str(), "yearly");
}

#[tokio::test]
async fn a_failed_customer_is_asked_for_under_one_key_for_ten_minutes_and_then_under_another() {
    let shop = Shop::open();
    for seconds in [0, 599, 600] {
        *shop.clock.0.lock().unwrap() = after(seconds);
        // No page is made, so nothing is on record and the customer is asked for again.
        shop.provider.refuses_pages(true);
        shop.checkout(shop.context(), "monthly").await.unwrap_err();
    }
    let keys = shop.provider.customer_keys.lock().unwrap().clone();
    let [first, soon, later] = keys.as_slice() else {
        panic!("three customers were asked for: {keys:?}");
    };
    assert_eq!(first, soon);
    assert_ne!(first, later);
    assert!(later.len() <= 255, "longer keys are refused");
}

#[tokio::test]
async fn a_plan_that_is_not_sold_is_asked_of_nobody() {
    let shop = Shop::open();
    let refused = shop.checkout(shop.context(), "weekly").await;
    assert!(matches!(refused, Err(CheckoutError::UnknownPlan)));
    assert_eq!(shop.asked(), 0);
}

#[tokio::test]
async fn who_is_subscribed_is_not_sent_to_pay_again() {
    let shop = Shop::open();
    shop.provider.says(&shop.told(Status::Active));
    shop.apply(&message("evt_1", &shop.told(Status::Active), noon()))
        .await;
    let asked = shop.asked();
    let refused = shop.checkout(shop.context(), "monthly").await;
    assert!(matches!(
        refused,
        Err(CheckoutError::Command(CommandError::Rejected(
            Rejection::AlreadySubscribed
        )))
    ));
    assert_eq!(shop.asked(), asked, "the provider was asked");
}

#[tokio::test]
async fn a_provider_that_is_away_leaves_no_trace() {
    let shop = Shop::open();
    shop.provider.is_away(true);
    let failed = shop.checkout(shop.context(), "monthly").await;
    assert!(matches!(
        failed,
        Err(CheckoutError::Payment(PaymentError::Unavailable(_)))
    ));
    assert!(shop.events().await.is_empty());
}

#[tokio::test]
async fn a_repeated_request_leads_to_the_same_page_and_another_to_another() {
    let shop = Shop::open();
    let with_key = |scope: &str, key: &str| Context {
        idempotency: Some(IdempotencyClaim {
            scope: scope.to_owned(),
            key: key.to_owned(),
            request_hash: [1; 32],
        }),
        ..shop.context()
    };
    let long = "k".repeat(255);
    let first = shop
        .checkout(with_key("ada", &long), "monthly")
        .await
        .unwrap();
    let again = shop
        .checkout(with_key("ada", &long), "monthly")
        .await
        .unwrap();
    assert_eq!(first, again);
    assert_eq!(shop.events().await.len(), 1);
    let others = [
        shop.checkout(with_key("bob", &long), "monthly")
            .await
            .unwrap(),
        shop.checkout(with_key("ada", "other"), "monthly")
            .await
            .unwrap(),
        shop.checkout(shop.context(), "monthly").await.unwrap(),
    ];
    assert!(!others.contains(&first));
    let orders = shop.provider.orders.lock().unwrap().clone();
    assert!(
        orders
            .iter()
            .all(|order| order.idempotency_key.len() <= 255)
    );

    // Also when the page was paid in between.
    shop.provider.says(&shop.told(Status::Active));
    shop.apply(&message("evt_1", &shop.told(Status::Active), noon()))
        .await;
    assert_eq!(
        shop.checkout(with_key("ada", &long), "monthly")
            .await
            .unwrap(),
        first
    );
}

#[tokio::test]
async fn a_picture_that_was_not_made_is_given_back() {
    let shop = Shop::open();
    shop.provider.says(&shop.told(Status::Active));
    shop.apply(&message("evt_1", &shop.told(Status::Active), noon()))
        .await;
    let photo_id = PhotoId(Uuid::now_v7());
    let reserve = Command::ReservePhoto {
        photo_id,
        at: noon(),
    };
    shop.dispatcher
        .execute::<Subscription>(stream(shop.user), reserve, shop.context())
        .await
        .unwrap();
    assert_eq!(shop.state().await.usage().used, 1);
    for expected in [1, 0] {
        let receipt = shop
            .subscriptions
            .release_photo(shop.context(), photo_id)
            .await
            .unwrap();
        assert_eq!(receipt.events, expected);
    }
    assert_eq!(shop.state().await.usage().used, 0);
}
