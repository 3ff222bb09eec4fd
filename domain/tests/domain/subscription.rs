//! What the payment provider tells about a user, and what the user may take.

mod cancellation;
mod every_cell;
mod payments;
mod quota;
pub(crate) mod samples;

use chrono::{DateTime, Duration, Utc};
use domain::subscription::{
    ClosedReason, Command, Event, Gate, Rejection, Snapshot, Status, Subscription, Terms, Usage,
};
use samples::*;

use crate::given::{given, replay};

#[test]
fn a_first_payment_opens_the_gate() {
    let state = given::<Subscription>([checkout()])
        .when(apply(active()))
        .then_expect_events([Event::SubscriptionActivated { snapshot: active() }]);

    assert_eq!(state.gate(day(3)), Gate::Open);
    assert_eq!(state.usage(), Usage { used: 0, limit: 2 });
    assert_eq!(state.customer_id(), Some("cus_1"));
}

#[test]
fn without_a_subscription_the_gate_is_closed_and_there_is_nothing_to_use() {
    let state = Subscription::default();

    assert_eq!(state.gate(day(3)), Gate::Closed(ClosedReason::None));
    assert_eq!(state.usage(), Usage { used: 0, limit: 0 });
    assert_eq!(state.customer_id(), None);
    assert_eq!(state.current(), None);
}

#[test]
fn each_status_has_its_own_gate() {
    use ClosedReason::{
        Canceled, IncompleteExpired, Paused, PaymentIncomplete, PaymentPastDue, Unpaid,
    };
    use Gate::{Closed, Open};

    for (status, within_grace, after_grace) in [
        (
            Status::Incomplete,
            Closed(PaymentIncomplete),
            Closed(PaymentIncomplete),
        ),
        (
            Status::IncompleteExpired,
            Closed(IncompleteExpired),
            Closed(IncompleteExpired),
        ),
        (Status::Trialing, Open, Open),
        (Status::Active, Open, Open),
        (Status::PastDue, Open, Closed(PaymentPastDue)),
        (Status::Canceled, Closed(Canceled), Closed(Canceled)),
        (Status::Unpaid, Closed(Unpaid), Closed(Unpaid)),
        (Status::Paused, Closed(Paused), Closed(Paused)),
    ] {
        let state: Subscription = replay([Event::SnapshotRecorded {
            snapshot: Snapshot { status, ..active() },
        }]);

        assert_eq!(state.gate(day(1)), within_grace, "{status:?}");
        assert_eq!(state.gate(day(8)), after_grace, "{status:?}");
    }
}

#[test]
fn after_a_failed_renewal_access_goes_on_for_the_days_of_grace_and_not_a_second_longer() {
    let until = day(30) + Duration::days(7);

    let state = given::<Subscription>([activated()])
        .when(apply(past_due()))
        .then_expect_events([
            Event::RenewalFailed {
                snapshot: past_due(),
            },
            Event::GraceStarted { until },
        ]);

    assert_eq!(state.gate(until - Duration::seconds(1)), Gate::Open);
    assert_eq!(
        state.gate(until),
        Gate::Closed(ClosedReason::PaymentPastDue)
    );
}

#[test]
fn endless_grace_does_not_overflow() {
    let terms = Terms {
        grace_days: u32::MAX,
        ..terms()
    };
    let snapshot = Snapshot {
        terms,
        ..past_due()
    };

    assert_eq!(snapshot.grace_until(), Some(DateTime::<Utc>::MAX_UTC));
}

#[test]
fn a_late_payment_recovers_the_subscription() {
    for trouble in [Status::PastDue, Status::Unpaid] {
        let before = Snapshot {
            status: trouble,
            ..past_due()
        };
        let paid = Snapshot {
            status: Status::Active,
            as_of: day(33),
            ..past_due()
        };

        let state = given::<Subscription>([activated(), Event::RenewalFailed { snapshot: before }])
            .when(apply(paid.clone()))
            .then_expect_events([Event::PaymentRecovered { snapshot: paid }]);

        assert_eq!(state.gate(day(40)), Gate::Open);
    }
}

#[test]
fn a_new_period_is_a_renewal_with_a_fresh_quota() {
    let renewed = Snapshot {
        period_start: day(30),
        period_end: day(60),
        as_of: day(30),
        ..active()
    };

    let state = given::<Subscription>([activated(), reserved(1), reserved(2)])
        .when(apply(renewed.clone()))
        .then_expect_events([Event::SubscriptionRenewed { snapshot: renewed }]);

    assert_eq!(state.usage(), Usage { used: 0, limit: 2 });
}

#[test]
fn another_plan_changes_the_limit_and_keeps_what_was_used() {
    let terms = Terms {
        plan: "yearly".parse().unwrap(),
        photos_per_period: 9,
        ..terms()
    };
    let changed = Snapshot {
        terms,
        as_of: day(3),
        ..active()
    };

    let state = given::<Subscription>([activated(), reserved(1)])
        .when(apply(changed.clone()))
        .then_expect_events([Event::PlanChanged { snapshot: changed }]);

    assert_eq!(state.usage(), Usage { used: 1, limit: 9 });
}

#[test]
fn older_and_repeated_news_change_nothing() {
    let history = [
        activated(),
        Event::SubscriptionRenewed {
            snapshot: renewed(),
        },
    ];

    for old in [
        active(),
        renewed(),
        Snapshot {
            status: Status::Incomplete,
            ..active()
        },
    ] {
        given::<Subscription>(history.clone())
            .when(apply(old))
            .then_nothing_happened();
    }
}

#[test]
fn of_two_snapshots_of_one_second_the_one_further_in_life_counts() {
    let incomplete = Snapshot {
        status: Status::Incomplete,
        ..active()
    };

    given::<Subscription>([Event::SnapshotRecorded {
        snapshot: incomplete.clone(),
    }])
    .when(apply(active()))
    .then_expect_events([activated()]);
    given::<Subscription>([activated()])
        .when(apply(incomplete))
        .then_nothing_happened();
}

#[test]
fn a_canceled_subscription_never_comes_back_to_life() {
    let history = [
        activated(),
        Event::SubscriptionEnded {
            reason: Status::Canceled,
            snapshot: canceled(),
        },
    ];
    let zombie = Snapshot {
        as_of: day(90),
        ..active()
    };

    given::<Subscription>(history)
        .when(apply(zombie))
        .then_nothing_happened();
}

#[test]
fn after_the_end_a_new_subscription_starts_anew() {
    let history = [
        activated(),
        reserved(1),
        Event::SubscriptionEnded {
            reason: Status::Canceled,
            snapshot: canceled(),
        },
    ];

    let state = given::<Subscription>(history)
        .when(apply(second()))
        .then_expect_events([Event::SubscriptionActivated { snapshot: second() }]);

    assert_eq!(state.gate(day(95)), Gate::Open);
    assert_eq!(state.usage(), Usage { used: 0, limit: 2 });
    assert_eq!(state.current(), Some(&second()));
}

#[test]
fn the_end_of_an_old_subscription_does_not_touch_the_new_one() {
    let history = [
        activated(),
        Event::SubscriptionActivated { snapshot: second() },
    ];
    let old_ends = Snapshot {
        as_of: day(99),
        ..canceled()
    };

    let state = given::<Subscription>(history)
        .when(apply(old_ends.clone()))
        .then_expect_events([Event::SnapshotRecorded { snapshot: old_ends }]);

    assert_eq!(state.current(), Some(&second()));
    assert_eq!(state.gate(day(99)), Gate::Open);
}

#[test]
fn a_paid_subscription_wins_over_an_overdue_one_with_a_later_period() {
    let overdue = Snapshot {
        period_start: day(120),
        ..past_due()
    };

    let state = given::<Subscription>([Event::SubscriptionActivated { snapshot: second() }])
        .when(apply(overdue.clone()))
        .then_expect_events([Event::SnapshotRecorded { snapshot: overdue }]);

    assert_eq!(state.current(), Some(&second()));
}

#[test]
fn a_cancellation_made_at_the_provider_is_seen_too() {
    let ending = Snapshot {
        cancel_at_period_end: true,
        as_of: day(4),
        ..active()
    };

    given::<Subscription>([activated()])
        .when(apply(ending.clone()))
        .then_expect_events([
            Event::SnapshotRecorded { snapshot: ending },
            Event::CancellationScheduled { ends_at: day(30) },
        ]);
}

#[test]
fn the_end_of_a_canceled_subscription_is_no_second_change_of_mind() {
    let ending = Snapshot {
        cancel_at_period_end: true,
        as_of: day(4),
        ..active()
    };
    let history = [
        activated(),
        Event::SnapshotRecorded { snapshot: ending },
        Event::CancellationScheduled { ends_at: day(30) },
    ];

    given::<Subscription>(history)
        .when(apply(canceled()))
        .then_expect_events([Event::SubscriptionEnded {
            reason: Status::Canceled,
            snapshot: canceled(),
        }]);
}

#[test]
fn whoever_is_subscribed_cannot_pay_again_but_may_after_the_grace() {
    given::<Subscription>([activated()])
        .when(start_checkout("cs_2", day(3)))
        .then_expect_error(Rejection::AlreadySubscribed);
    given::<Subscription>([
        activated(),
        Event::RenewalFailed {
            snapshot: past_due(),
        },
    ])
    .when(start_checkout("cs_2", day(50)))
    .then_expect_events([Event::CheckoutStarted {
        session_id: "cs_2".to_owned(),
        customer_id: "cus_1".to_owned(),
        plan: "monthly".parse().unwrap(),
    }]);
}

#[test]
fn an_unpaid_invoice_is_recorded_once() {
    let failed = Event::PaymentFailed {
        invoice_id: "in_1".to_owned(),
    };
    let record = Command::RecordPaymentFailure {
        invoice_id: "in_1".to_owned(),
    };

    given::<Subscription>([activated()])
        .when(record.clone())
        .then_expect_events([failed.clone()]);
    given::<Subscription>([activated(), failed])
        .when(record)
        .then_nothing_happened();
}
