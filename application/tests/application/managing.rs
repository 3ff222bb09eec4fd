//! One page to pay on, and what people do with what they pay for.

use application::{
    context::{CommandError, Context},
    ports::{IdempotencyClaim, MoneyBack, PaymentNotice, Plan},
    subscriptions::{Applied, CheckoutError, ManageError},
};
use domain::{
    personal::Personal,
    recorded::AnyEvent,
    subscription::{CancellationReason, Event, Rejection, Status, Survey},
};

use crate::shop::{SUBSCRIPTION, Shop, after, message, noon, plan};

async fn subscribed() -> Shop {
    let shop = Shop::open();
    shop.provider.says(&shop.told(Status::Active));
    shop.apply(&message("evt_1", &shop.told(Status::Active), noon()))
        .await;
    shop
}

fn closed(session_id: &str) -> String {
    format!("close {session_id}")
}

#[tokio::test]
async fn a_second_page_closes_the_first() {
    let shop = Shop::open();
    let first = shop.checkout(shop.context(), "monthly").await.unwrap();
    let second = shop.checkout(shop.context(), "yearly").await.unwrap();
    let state = shop.state().await;
    assert_eq!(state.open_pages().collect::<Vec<_>>(), [second.as_str()]);
    assert!(
        shop.provider
            .asked
            .lock()
            .unwrap()
            .contains(&closed(&first))
    );
}

#[tokio::test]
async fn a_page_that_was_paid_just_now_is_the_subscription_and_no_second_page_is_made() {
    let shop = Shop::open();
    let first = shop.checkout(shop.context(), "monthly").await.unwrap();
    shop.provider.paid_pages.lock().unwrap().push(first);
    shop.provider.says(&shop.told(Status::Active));
    let refused = shop.checkout(shop.context(), "yearly").await;
    assert!(matches!(
        refused,
        Err(CheckoutError::Command(CommandError::Rejected(
            Rejection::AlreadySubscribed
        )))
    ));
    let state = shop.state().await;
    assert_eq!(state.current().unwrap().status, Status::Active);
    assert_eq!(state.open_pages().count(), 0);
    assert_eq!(shop.provider.orders.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_request_again_does_not_close_its_own_page() {
    let shop = Shop::open();
    let context = Context {
        idempotency: Some(IdempotencyClaim {
            scope: "user".to_owned(),
            key: "k".to_owned(),
            request_hash: [7; 32],
        }),
        ..shop.context()
    };
    let first = shop.checkout(context.clone(), "monthly").await.unwrap();
    assert_eq!(shop.checkout(context, "monthly").await.unwrap(), first);
    assert!(
        !shop
            .provider
            .asked
            .lock()
            .unwrap()
            .contains(&closed(&first))
    );
}

#[tokio::test]
async fn once_somebody_pays_no_other_page_of_theirs_stays_open() {
    let shop = Shop::open();
    let page = shop.checkout(shop.context(), "monthly").await.unwrap();
    shop.provider.says(&shop.told(Status::Active));
    // The message is about another page: one that was made where nobody saw it.
    let completed = PaymentNotice {
        kind: "checkout.session.completed".to_owned(),
        session_id: Some("cs_other".to_owned()),
        ..message("evt_1", &shop.told(Status::Active), noon())
    };
    shop.apply(&completed).await;
    assert_eq!(shop.state().await.open_pages().count(), 0);
    assert!(shop.provider.asked.lock().unwrap().contains(&closed(&page)));
}

#[tokio::test]
async fn an_expired_page_is_closed_and_nothing_else() {
    let shop = Shop::open();
    let page = shop.checkout(shop.context(), "monthly").await.unwrap();
    let asked = shop.asked();
    let expired = PaymentNotice {
        kind: "checkout.session.expired".to_owned(),
        session_id: Some(page),
        subscription_id: None,
        subscription: None,
        ..message("evt_1", &shop.told(Status::Active), noon())
    };
    for _ in 0..2 {
        assert!(matches!(shop.apply(&expired).await, Applied::To { .. }));
    }
    assert_eq!(shop.state().await.open_pages().count(), 0);
    assert_eq!(shop.asked(), asked, "the provider was asked");
}

#[tokio::test]
async fn who_ends_it_is_asked_why_and_the_provider_before_anything_is_recorded() {
    let shop = subscribed().await;
    let survey = Survey {
        reason: Some(CancellationReason::Unused),
        comment: Some(Personal::new("no time".parse().unwrap())),
    };
    shop.provider.is_away(true);
    let away = shop
        .subscriptions
        .cancel(shop.context(), Some(survey.clone()))
        .await;
    assert!(matches!(away, Err(ManageError::Payment(_))));
    assert!(!shop.state().await.cancels_at_period_end());

    shop.provider.is_away(false);
    let receipt = shop
        .subscriptions
        .cancel(shop.context(), Some(survey))
        .await
        .unwrap();
    assert_eq!(receipt.events, 2);
    assert!(shop.state().await.cancels_at_period_end());
    let last = shop.events().await.pop().unwrap();
    assert!(matches!(
        last.event,
        AnyEvent::Subscription(Event::CancellationExplained { .. })
    ));
    assert_eq!(last.metadata.actor, format!("user:{}", shop.user));

    // Twice changes nothing, here and there.
    let asked = shop.asked();
    let again = shop.subscriptions.cancel(shop.context(), None).await;
    assert_eq!(again.unwrap().events, 0);
    assert_eq!(shop.asked(), asked);

    let resumed = shop.subscriptions.resume(shop.context()).await.unwrap();
    assert_eq!(resumed.events, 1);
    assert!(!shop.state().await.cancels_at_period_end());
    let asked = shop.provider.asked.lock().unwrap().clone();
    assert_eq!(
        asked[asked.len() - 2..],
        [
            format!("end {SUBSCRIPTION} true"),
            format!("end {SUBSCRIPTION} false")
        ]
    );
}

#[tokio::test]
async fn nothing_can_be_ended_that_does_not_run_here_or_there() {
    let shop = Shop::open();
    for ended in [
        shop.subscriptions.cancel(shop.context(), None).await,
        shop.subscriptions.resume(shop.context()).await,
    ] {
        assert!(matches!(
            ended,
            Err(ManageError::Command(CommandError::Rejected(
                Rejection::NoSubscription
            )))
        ));
    }
    assert_eq!(shop.asked(), 0);

    // It is over at the provider, and its message has not come.
    let shop = subscribed().await;
    shop.it_is(after(60));
    shop.provider.says(&shop.told(Status::Canceled));
    let ended = shop.subscriptions.cancel(shop.context(), None).await;
    assert!(matches!(
        ended,
        Err(ManageError::Command(CommandError::Rejected(
            Rejection::NoSubscription
        )))
    ));
    assert_eq!(shop.current().await.status, Status::Canceled);
}

#[tokio::test]
async fn if_match_keeps_somebody_from_ending_what_they_have_not_seen() {
    let shop = subscribed().await;
    let stale = Context {
        if_match: Some(0.into()),
        ..shop.context()
    };
    let asked = shop.asked();
    let refused = shop.subscriptions.cancel(stale, None).await;
    assert!(matches!(
        refused,
        Err(ManageError::Command(
            CommandError::PreconditionFailed { .. }
        ))
    ));
    assert_eq!(shop.asked(), asked, "the provider was asked");
}

#[tokio::test]
async fn the_portal_is_for_customers() {
    let shop = Shop::open();
    let back = "https://ava.test/subscribe";
    let nobody = shop.subscriptions.portal(shop.user, back).await;
    assert!(matches!(nobody, Err(ManageError::NoCustomer)));
    let none = shop.subscriptions.invoices(shop.user, 20, None).await;
    assert_eq!(none.unwrap().unwrap().items.len(), 0);
    assert_eq!(shop.asked(), 0);

    let shop = subscribed().await;
    let (url, position) = shop.subscriptions.portal(shop.user, back).await.unwrap();
    assert_eq!(
        url,
        "https://pay.test/portal/cus_1?https://ava.test/subscribe"
    );
    assert_eq!(position.0, 1);
}

#[tokio::test]
async fn money_that_goes_back_is_recorded_once_and_found_by_the_payment_when_nobody_is_named() {
    let shop = subscribed().await;
    shop.customers
        .0
        .lock()
        .unwrap()
        .push(("cus_1".to_owned(), shop.user));
    let about = |id: &str, customer: Option<&str>, money_back| PaymentNotice {
        id: id.to_owned(),
        kind: "charge".to_owned(),
        subscription_id: None,
        subscription: None,
        user: None,
        customer_id: customer.map(str::to_owned),
        money_back: Some(money_back),
        ..message(id, &shop.told(Status::Active), noon())
    };
    let refund = MoneyBack::Refunded {
        charge_id: "ch_1".to_owned(),
        amount_refunded: 1_499,
        currency: "usd".to_owned(),
    };
    let dispute = |charge_id: &str| MoneyBack::Disputed {
        dispute_id: "dp_1".to_owned(),
        charge_id: charge_id.to_owned(),
        amount: 1_499,
        currency: "usd".to_owned(),
        reason: "fraudulent".to_owned(),
    };
    let notices = [
        about("evt_2", Some("cus_1"), refund),
        about("evt_3", None, dispute("ch_1")),
    ];
    for notice in notices.iter().chain(&notices) {
        assert!(
            matches!(shop.apply(notice).await, Applied::To { owner, .. } if owner == shop.user)
        );
    }
    let names: Vec<String> = shop
        .events()
        .await
        .iter()
        .map(|recorded| recorded.event.event_type())
        .collect();
    assert_eq!(
        names,
        [
            "SubscriptionActivated",
            "PaymentRefunded",
            "PaymentDisputed"
        ]
    );
    let strange = about("evt_4", None, dispute("ch_9"));
    let error = shop.subscriptions.apply(&strange).await.unwrap_err();
    assert!(error.is_worth_retrying(), "{error}");
}

#[tokio::test]
async fn a_message_that_is_handed_out_again_is_looked_at_anew() {
    let shop = subscribed().await;
    shop.it_is(after(60));
    shop.provider.says(&shop.told(Status::PastDue));
    let old = message("evt_1", &shop.told(Status::Active), noon());
    shop.apply(&old).await;
    assert_eq!(shop.current().await.status, Status::Active, "it was done");
    for _ in 0..2 {
        shop.subscriptions.apply_again(&old, 1).await.unwrap();
        assert_eq!(shop.current().await.status, Status::PastDue);
    }
}

#[tokio::test]
async fn everybody_has_one_trial() {
    let with_trial = Plan {
        trial_days: 14,
        ..plan("monthly", 100)
    };
    let shop = Shop::selling(vec![with_trial]);
    shop.checkout(shop.context(), "monthly").await.unwrap();
    shop.provider.says(&shop.told(Status::Trialing));
    shop.apply(&message("evt_1", &shop.told(Status::Trialing), noon()))
        .await;
    shop.it_is(after(60));
    shop.provider.says(&shop.told(Status::Canceled));
    shop.apply(&message("evt_2", &shop.told(Status::Canceled), after(60)))
        .await;
    shop.checkout(shop.context(), "monthly").await.unwrap();
    let orders = shop.provider.orders.lock().unwrap().clone();
    let trials: Vec<u32> = orders.iter().map(|order| order.plan.trial_days).collect();
    assert_eq!(trials, [14, 0]);
}

#[tokio::test]
async fn who_comes_back_before_the_message_sees_what_the_provider_says() {
    let shop = Shop::open();
    shop.checkout(shop.context(), "monthly").await.unwrap();
    shop.provider.says(&shop.told(Status::Active));
    shop.subscriptions.look(shop.user).await.unwrap();
    assert_eq!(shop.current().await.status, Status::Active);
    let events = shop.events().await.len();
    // The message, when it comes, and another look add nothing.
    shop.apply(&message("evt_1", &shop.told(Status::Active), noon()))
        .await;
    shop.subscriptions.look(shop.user).await.unwrap();
    assert_eq!(shop.events().await.len(), events);
    // Nor does one that is later, and finds the same.
    shop.it_is(after(3));
    shop.subscriptions.look(shop.user).await.unwrap();
    assert_eq!(shop.events().await.len(), events);
}

#[tokio::test]
async fn a_look_sees_that_an_order_was_taken_back_elsewhere() {
    let shop = subscribed().await;
    shop.subscriptions
        .cancel(shop.context(), None)
        .await
        .unwrap();
    assert!(shop.state().await.cancels_at_period_end());
    // Taken back on the provider's own page: it stands as it last told us, before the order.
    shop.provider.says(&shop.told(Status::Active));
    shop.it_is(after(3));
    shop.subscriptions.look(shop.user).await.unwrap();
    assert!(!shop.state().await.cancels_at_period_end());
}

#[tokio::test]
async fn a_look_sees_the_end_of_what_runs_here_and_is_over_there() {
    let shop = subscribed().await;
    shop.it_is(after(100));
    shop.provider.says(&shop.told(Status::Canceled));
    shop.subscriptions.look(shop.user).await.unwrap();
    assert!(shop.state().await.running().is_none());
}

#[tokio::test]
async fn who_never_was_a_customer_is_not_asked_about() {
    let shop = Shop::open();
    shop.subscriptions.look(shop.user).await.unwrap();
    assert_eq!(shop.asked(), 0);
}
