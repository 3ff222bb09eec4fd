//! The payment provider's messages: late, twice, in any order, and sometimes all there is.

use application::{
    context::CommandError,
    ports::{PaymentError, PaymentNotice, ProviderSubscription},
    subscriptions::{Applied, ApplyNoticeError},
};
use chrono::TimeDelta;
use domain::{
    recorded::{AnyEvent, UnreadableEvent},
    subscription::{Event, Gate, Status},
};

use crate::shop::{SUBSCRIPTION, Shop, after, failed_invoice, hint, message, noon, plan};

#[tokio::test]
async fn a_message_about_no_subscription_is_ignored() {
    let shop = Shop::open();
    let notice = PaymentNotice {
        subscription_id: None,
        subscription: None,
        ..message("evt_1", &shop.told(Status::Active), noon())
    };
    assert_eq!(shop.apply(&notice).await, Applied::Ignored);
    assert!(shop.events().await.is_empty());
    assert_eq!(shop.asked(), 0);
}

#[tokio::test]
async fn a_message_opens_the_gate_and_is_named_as_the_cause() {
    let shop = Shop::open();
    shop.provider.says(&shop.told(Status::Active));
    let applied = shop
        .apply(&hint("evt_1", &shop.told(Status::Active), noon()))
        .await;
    assert!(matches!(applied, Applied::To { owner, .. } if owner == shop.user));
    let state = shop.state().await;
    assert_eq!(state.gate(noon()), Gate::Open);
    assert_eq!(state.usage().limit, 100);
    let events = shop.events().await;
    assert_eq!(events.len(), 1);
    let metadata = &events[0].metadata;
    assert_eq!(metadata.actor, "provider:stripe");
    assert_eq!(metadata.owner, shop.user);
    assert_eq!(metadata.command, "ApplyProviderSnapshot");
    assert_eq!(metadata.idempotency_key.as_deref(), Some("evt_1/snapshot"));
}

#[tokio::test]
async fn a_message_that_comes_twice_adds_nothing_the_second_time() {
    let shop = Shop::open();
    shop.provider.says(&shop.told(Status::Active));
    let notice = message("evt_1", &shop.told(Status::Active), noon());
    shop.apply(&notice).await;
    shop.it_is(after(3_600));
    shop.apply(&notice).await;
    assert_eq!(shop.events().await.len(), 1);
}

#[tokio::test]
async fn several_messages_about_one_change_add_one_event() {
    let shop = Shop::open();
    shop.provider.says(&shop.told(Status::Active));
    for id in ["evt_3", "evt_1", "evt_2"] {
        shop.apply(&message(id, &shop.told(Status::Active), noon()))
            .await;
    }
    assert_eq!(shop.events().await.len(), 1);
}

/// The messages of a whole life are handled late: in every order, with the provider there or away for each one, and all of
/// one second or each of its own. Those that are kept come again when the provider is back, and none is needed but these.
#[tokio::test]
async fn messages_in_any_order_end_in_what_the_provider_said_last() {
    let steps = [
        Status::Incomplete,
        Status::Active,
        Status::PastDue,
        Status::Active,
    ];
    for order in permutations(steps.len()) {
        for away in 0..1 << steps.len() {
            for pace in [0, 1] {
                let shop = Shop::open();
                let mut life = steps.map(|status| shop.told(status));
                life[3].cancel_at_period_end = true;
                shop.provider.says(&life[3]);
                shop.it_is(after(100));
                let mut kept = Vec::new();
                for (nth, step) in order.iter().enumerate() {
                    shop.provider.is_away(away >> nth & 1 == 1);
                    let made = after(pace * i64::try_from(*step).unwrap());
                    let notice = message(&format!("evt_{step}"), &life[*step], made);
                    kept.extend(shop.keeps(notice).await);
                }
                // Some are tried again before the provider is back.
                shop.provider.is_away(true);
                let mut left = Vec::new();
                for notice in kept {
                    left.extend(shop.keeps(notice).await);
                }
                shop.provider.is_away(false);
                for notice in left {
                    shop.apply(&notice).await;
                }
                let current = shop.current().await;
                let how = format!("{order:?} {away:b} {pace}");
                assert_eq!(current.status, Status::Active, "{how}");
                assert!(current.cancel_at_period_end, "{how}");
            }
        }
    }
}

#[tokio::test]
async fn of_two_messages_of_one_second_both_count_when_the_provider_cannot_be_asked_about_the_second()
 {
    for (first, last) in [
        (Status::Active, Status::PastDue),
        (Status::PastDue, Status::Active),
    ] {
        let shop = Shop::open();
        shop.provider.is_away(true);
        shop.apply(&message("evt_1", &shop.told(first), noon()))
            .await;
        let second = message("evt_2", &shop.told(last), noon());
        // Which of the two is the later one, nobody can tell; it is kept however often it is tried meanwhile.
        for _ in 0..3 {
            let kept = shop.keeps(second.clone()).await;
            assert_eq!(kept.as_ref(), Some(&second), "{last:?}");
            assert_eq!(shop.current().await.status, Status::Active, "by rank");
        }
        shop.provider.says(&shop.told(last));
        shop.provider.is_away(false);
        shop.apply(&second).await;
        assert_eq!(shop.current().await.status, last);
    }
}

#[tokio::test]
async fn what_is_known_already_is_not_kept() {
    let shop = Shop::open();
    shop.provider.is_away(true);
    let told = shop.told(Status::Active);
    for id in ["evt_1", "evt_2", "evt_3"] {
        shop.apply(&message(id, &told, noon())).await;
    }
    shop.apply(&message("evt_0", &told, after(-5))).await;
    assert_eq!(shop.current().await.as_of, noon());
}

#[tokio::test]
async fn what_two_workers_believe_at_once_is_not_believed_by_both() {
    let shop = Shop::open();
    shop.provider.is_away(true);
    let (other, past_due) = (shop.subscriptions.clone(), shop.told(Status::PastDue));
    shop.provider.meanwhile(move || {
        Box::pin(async move {
            let notice = message("evt_1", &past_due, noon());
            other.apply(&notice).await.unwrap();
        })
    });
    let notice = message("evt_2", &shop.told(Status::Active), noon());
    assert!(shop.keeps(notice).await.is_some());
}

#[tokio::test]
async fn of_two_changes_in_one_second_the_later_one_counts() {
    let shop = Shop::open();
    let active = shop.told(Status::Active);
    let ending = ProviderSubscription {
        cancel_at_period_end: true,
        ..active.clone()
    };
    let past_due = shop.told(Status::PastDue);
    // By rank alone, `ending` would beat `active`, and `active` would beat `past_due`.
    let said = [&active, &ending, &active, &past_due, &active, &past_due];
    for (nth, told) in said.into_iter().enumerate() {
        shop.provider.says(told);
        shop.apply(&message(&format!("evt_{nth}"), told, noon()))
            .await;
        let current = shop.current().await;
        assert_eq!(current.status, told.status, "{nth}");
        assert_eq!(
            current.cancel_at_period_end, told.cancel_at_period_end,
            "{nth}"
        );
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_does_not_make_old_news_of_an_answer() {
    let shop = Shop::open();
    for (nth, (ours, status)) in [
        (after(7_200), Status::Active),
        (after(-86_400), Status::PastDue),
        (after(60), Status::Active),
        (after(0), Status::Unpaid),
    ]
    .into_iter()
    .enumerate()
    {
        shop.it_is(ours);
        shop.provider.says(&shop.told(status));
        shop.apply(&hint(&format!("evt_{nth}"), &shop.told(status), after(1)))
            .await;
        assert_eq!(shop.current().await.status, status, "{nth}");
    }
}

#[tokio::test]
async fn a_clock_that_is_late_does_not_let_an_older_message_count() {
    let shop = Shop::open();
    shop.it_is(after(-3_600));
    let past_due = shop.told(Status::PastDue);
    shop.provider.says(&past_due);
    shop.apply(&hint("evt_2", &past_due, after(10))).await;
    shop.provider.is_away(true);
    let older = message("evt_1", &shop.told(Status::Active), after(5));
    assert!(shop.keeps(older).await.is_some());
    assert_eq!(shop.current().await.status, Status::PastDue);
}

#[tokio::test]
async fn an_answer_that_was_overtaken_is_asked_for_again() {
    let shop = Shop::open();
    shop.provider.says(&shop.told(Status::Active));
    // While `Active` is on its way to us, the subscription ends, and another worker hears of it first.
    let (provider, other) = (shop.provider.clone(), shop.subscriptions.clone());
    let ended = shop.told(Status::PastDue);
    shop.provider.meanwhile(move || {
        Box::pin(async move {
            provider.says(&ended);
            other
                .apply(&message("evt_2", &ended, noon()))
                .await
                .unwrap();
        })
    });
    shop.apply(&message("evt_1", &shop.told(Status::Active), noon()))
        .await;
    assert_eq!(shop.current().await.status, Status::PastDue);
    assert_eq!(shop.asked(), 3);
}

#[tokio::test]
async fn when_the_provider_is_away_its_message_is_believed() {
    let shop = Shop::open();
    shop.provider.is_away(true);
    shop.apply(&message("evt_1", &shop.told(Status::Active), noon()))
        .await;
    assert_eq!(shop.current().await.as_of, noon());
    assert_eq!(shop.state().await.gate(noon()), Gate::Open);
    // Older news changes nothing, and is kept all the same: the clock may have been wrong by which it is older.
    let older = message("evt_0", &shop.told(Status::Incomplete), after(-5));
    assert!(shop.keeps(older).await.is_some());
    assert_eq!(shop.current().await.status, Status::Active);
}

#[tokio::test]
async fn a_message_that_cannot_be_understood_alone_waits_for_the_provider() {
    let shop = Shop::open();
    shop.provider.is_away(true);
    let notice = hint("evt_1", &shop.told(Status::Active), noon());
    let error = shop.subscriptions.apply(&notice).await.unwrap_err();
    assert!(matches!(
        error,
        ApplyNoticeError::Payment(PaymentError::Unavailable(_))
    ));
    assert!(error.is_worth_retrying());
    shop.provider.is_away(false);
    let error = shop.subscriptions.apply(&notice).await.unwrap_err();
    assert!(matches!(&error, ApplyNoticeError::UnknownSubscription(id) if id == SUBSCRIPTION));
    assert!(error.is_worth_retrying());
}

#[tokio::test]
async fn a_message_that_names_nobody_finds_the_user_by_the_customer() {
    let shop = Shop::open();
    let anonymous = ProviderSubscription {
        user: None,
        ..shop.told(Status::Active)
    };
    let nameless = PaymentNotice {
        customer_id: None,
        ..hint("evt_1", &anonymous, noon())
    };
    for notice in [message("evt_0", &anonymous, noon()), nameless.clone()] {
        shop.provider.says(&anonymous);
        let error = shop.subscriptions.apply(&notice).await.unwrap_err();
        let ApplyNoticeError::NobodyKnown { customer_id, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(customer_id.as_deref(), Some("cus_1"));
        assert!(error.is_worth_retrying());
    }
    shop.customers
        .0
        .lock()
        .unwrap()
        .push(("cus_1".to_owned(), shop.user));
    for notice in [message("evt_0", &anonymous, noon()), nameless] {
        assert!(
            matches!(shop.apply(&notice).await, Applied::To { owner, .. } if owner == shop.user)
        );
    }
    assert_eq!(shop.state().await.gate(noon()), Gate::Open);
}

#[tokio::test]
async fn a_message_that_names_nobody_finds_the_user_in_the_subscription() {
    let shop = Shop::open();
    shop.provider.says(&shop.told(Status::Active));
    let notice = PaymentNotice {
        user: None,
        ..hint("evt_1", &shop.told(Status::Active), noon())
    };
    assert!(matches!(shop.apply(&notice).await, Applied::To { owner, .. } if owner == shop.user));
}

#[tokio::test]
async fn a_price_that_is_not_sold_gives_what_the_user_was_sent_to_pay_for() {
    let shop = Shop::open();
    shop.checkout(shop.context(), "yearly").await.unwrap();
    let special = ProviderSubscription {
        price_id: "price_special".to_owned(),
        ..shop.told(Status::Active)
    };
    shop.provider.says(&special);
    shop.apply(&message("evt_1", &special, noon())).await;
    let terms = shop.current().await.terms;
    assert_eq!(
        (terms.plan.as_str(), terms.price.as_str()),
        ("yearly", "price_special")
    );
    assert_eq!(terms.photos_per_period, 150);
}

#[tokio::test]
async fn a_plan_that_is_no_longer_sold_gives_what_it_gave() {
    let shop = Shop::open();
    shop.checkout(shop.context(), "yearly").await.unwrap();
    shop.provider.says(&shop.told(Status::Active));
    shop.apply(&message("evt_1", &shop.told(Status::Active), noon()))
        .await;
    let renewed = ProviderSubscription {
        period_start: noon() + TimeDelta::days(30),
        period_end: noon() + TimeDelta::days(60),
        ..shop.told(Status::Active)
    };
    shop.provider.says(&renewed);
    shop.now_selling(vec![plan("yearly", 150)])
        .apply(&message("evt_2", &renewed, after(10)))
        .await
        .unwrap();
    let current = shop.current().await;
    assert_eq!(current.period_start, renewed.period_start);
    assert_eq!(current.terms, plan("monthly", 100).terms());
}

#[tokio::test]
async fn a_price_that_nobody_knows_is_for_an_operator() {
    let shop = Shop::selling(vec![plan("yearly", 150)]);
    shop.provider.says(&shop.told(Status::Active));
    let notice = message("evt_1", &shop.told(Status::Active), noon());
    let error = shop.subscriptions.apply(&notice).await.unwrap_err();
    assert!(matches!(&error, ApplyNoticeError::UnknownPrice(price) if price == "price_monthly"));
    assert!(!error.is_worth_retrying());
    // The operator adds the plan and hands the message out again.
    shop.now_selling(vec![plan("monthly", 100)])
        .apply(&notice)
        .await
        .unwrap();
    assert_eq!(shop.state().await.gate(noon()), Gate::Open);
}

#[tokio::test]
async fn an_invoice_that_could_not_be_paid_is_recorded_once() {
    let shop = Shop::open();
    let told = shop.told(Status::PastDue);
    shop.provider.says(&told);
    let notices = [
        failed_invoice("evt_1", "in_1", &told),
        failed_invoice("evt_1", "in_1", &told),
        failed_invoice("evt_2", "in_1", &told),
        failed_invoice("evt_3", "in_2", &told),
    ];
    for notice in &notices {
        shop.apply(notice).await;
    }
    let events = shop.events().await;
    let failures: Vec<&str> = events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            AnyEvent::Subscription(Event::PaymentFailed { invoice_id }) => {
                Some(invoice_id.as_str())
            }
            _ => None,
        })
        .collect();
    assert_eq!(failures, ["in_1", "in_2"]);
    let state = shop.state().await;
    assert_eq!(state.current().unwrap().status, Status::PastDue);
    assert_eq!(state.gate(noon() + TimeDelta::days(6)), Gate::Open);
    assert_ne!(state.gate(noon() + TimeDelta::days(8)), Gate::Open);
}

fn permutations(length: usize) -> Vec<Vec<usize>> {
    if length == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(length - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..length).map(move |at| {
            let mut order = order.clone();
            order.insert(at, length - 1);
            order
        })
    });
    longer.collect()
}

#[test]
fn a_message_waits_for_a_newer_process_when_only_that_one_can_read_the_history() {
    let unreadable = |source| ApplyNoticeError::Command(CommandError::Unreadable(source));
    let newer = UnreadableEvent::NewerVersion {
        aggregate_type: "Subscription".to_owned(),
        event_type: "PlanChanged".to_owned(),
        event_version: "2".to_owned(),
        newest: 1,
    };
    assert!(unreadable(newer).is_worth_retrying());
    let broken = UnreadableEvent::Misnamed {
        aggregate_type: "Subscription".to_owned(),
        event_type: "PlanChanged".to_owned(),
        payload_type: "PhotoReserved",
    };
    assert!(!unreadable(broken).is_worth_retrying());
}
