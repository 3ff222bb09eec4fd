//! The provider's news in every order and any number of times, and the quota under any orders.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::{
    subscription::{ClosedReason, Command, Event, Gate, Snapshot, Status, Subscription, Terms},
    values::PhotoId,
};
use proptest::prelude::*;

use crate::subscription::samples::{
    active, apply, canceled, day, past_due, photo, renewed, second, terms,
};

#[test]
fn a_trial_that_is_paid_and_renewed_converges() {
    let story = [
        first(Status::Incomplete, 0),
        first(Status::Trialing, 0),
        first(Status::Active, 7),
        renewed(),
        Snapshot {
            source_event: "evt_2".to_owned(),
            ..renewed()
        },
        Snapshot {
            period_start: day(60),
            period_end: day(90),
            as_of: day(60),
            ..active()
        },
    ];
    assert_eq!(gate_after_all_orders(&story), Gate::Open);
}

#[test]
fn a_failed_renewal_that_is_paid_late_converges() {
    let paid = Snapshot {
        status: Status::Active,
        as_of: day(33),
        ..past_due()
    };
    let again = Snapshot {
        as_of: day(31),
        ..past_due()
    };
    let story = [
        first(Status::Incomplete, 0),
        active(),
        past_due(),
        again,
        paid,
    ];
    assert_eq!(gate_after_all_orders(&story), Gate::Open);
}

#[test]
fn a_failed_renewal_that_is_never_paid_converges() {
    let again = Snapshot {
        as_of: day(33),
        ..past_due()
    };
    let unpaid = Snapshot {
        status: Status::Unpaid,
        as_of: day(40),
        ..past_due()
    };
    let canceled = Snapshot {
        status: Status::Canceled,
        as_of: day(50),
        ..past_due()
    };
    let story = [active(), past_due(), again, unpaid, canceled];
    assert_eq!(
        gate_after_all_orders(&story),
        Gate::Closed(ClosedReason::Canceled)
    );
}

#[test]
fn a_cancellation_at_the_end_of_the_period_converges() {
    let ending = |as_of| Snapshot {
        cancel_at_period_end: true,
        as_of: day(as_of),
        ..active()
    };
    let resumed = Snapshot {
        as_of: day(9),
        ..active()
    };
    let ended = Snapshot {
        cancel_at_period_end: true,
        ..canceled()
    };
    let story = [
        first(Status::Incomplete, 0),
        active(),
        ending(5),
        resumed,
        ending(10),
        ended,
    ];
    assert_eq!(
        gate_after_all_orders(&story),
        Gate::Closed(ClosedReason::Canceled)
    );
}

#[test]
fn a_cancellation_that_is_still_running_converges() {
    let ending = |as_of| Snapshot {
        cancel_at_period_end: true,
        as_of: day(as_of),
        ..active()
    };
    let resumed = Snapshot {
        as_of: day(9),
        ..active()
    };
    let state = after_all_orders(&[active(), ending(5), resumed, ending(10)]);
    assert!(state.cancels_at_period_end());
}

#[test]
fn a_new_subscription_after_the_end_of_the_old_one_converges() {
    let incomplete = Snapshot {
        status: Status::Incomplete,
        ..second()
    };
    // The old one's end is told again, long after the new one began.
    let late = Snapshot {
        as_of: day(99),
        ..canceled()
    };
    let story = [
        first(Status::Incomplete, 0),
        active(),
        canceled(),
        incomplete,
        second(),
        late,
    ];
    let state = after_all_orders(&story);

    assert_eq!(state.current(), Some(&second()));
    assert_eq!(state.gate(day(95)), Gate::Open);
}

#[test]
fn a_first_payment_that_succeeds_within_the_same_second_converges() {
    let told = |status, event: &str| Snapshot {
        source_event: event.to_owned(),
        ..first(status, 0)
    };
    let story = [
        told(Status::Incomplete, "evt_9"),
        told(Status::Incomplete, "evt_8"),
        told(Status::Active, "evt_1"),
        told(Status::Active, "evt_2"),
    ];
    assert_eq!(gate_after_all_orders(&story), Gate::Open);
}

#[test]
fn a_first_payment_that_never_succeeds_converges() {
    let story = [
        first(Status::Incomplete, 0),
        first(Status::Incomplete, 1),
        first(Status::IncompleteExpired, 1),
    ];
    assert_eq!(
        gate_after_all_orders(&story),
        Gate::Closed(ClosedReason::IncompleteExpired)
    );
}

#[test]
fn a_change_of_plan_converges() {
    let terms = |photos_per_period| Terms {
        photos_per_period,
        ..terms()
    };
    let changed = |photos, as_of| Snapshot {
        terms: terms(photos),
        as_of: day(as_of),
        ..active()
    };
    let next = Snapshot {
        terms: terms(50),
        ..renewed()
    };
    let story = [
        first(Status::Incomplete, 0),
        active(),
        changed(20, 3),
        changed(50, 3),
        next,
    ];
    assert_eq!(after_all_orders(&story).usage().limit, 50);
}

#[test]
fn a_pause_and_what_follows_converges() {
    let story = [
        first(Status::Trialing, 0),
        first(Status::Paused, 7),
        first(Status::Active, 9),
    ];
    assert_eq!(gate_after_all_orders(&story), Gate::Open);
}

proptest! {
    #[test]
    fn any_news_of_any_two_subscriptions_converge(
        story in prop::collection::vec(snapshot(), 0..5)
    ) {
        after_all_orders(&story);
    }

    #[test]
    fn the_quota_of_a_period_is_never_overspent(
        orders in prop::collection::vec(order(), 0..60)
    ) {
        let mut state = Subscription::default();
        let mut taken = BTreeMap::<DateTime<Utc>, BTreeSet<PhotoId>>::new();
        for order in orders {
            for event in state.decide(order).unwrap_or_default() {
                state.apply(event.clone());
                match event {
                    Event::PhotoReserved { photo_id, period_start } => {
                        let photos = taken.entry(period_start).or_default();
                        prop_assert!(photos.insert(photo_id), "reserved twice");
                        let current = state.current().unwrap();
                        prop_assert_eq!(current.period_start, period_start);
                        prop_assert!(photos.len() <= current.terms.photos_per_period as usize);
                    }
                    Event::PhotoReleased { photo_id } => {
                        let mut periods = taken.values_mut();
                        prop_assert!(periods.any(|photos| photos.remove(&photo_id)), "not taken");
                    }
                    _ => {}
                }
            }
            let usage = state.usage();
            let period = state.current().and_then(|current| taken.get(&current.period_start));
            prop_assert_eq!(usage.used as usize, period.map_or(0, BTreeSet::len));
        }
    }
}

fn first(status: Status, as_of: i64) -> Snapshot {
    Snapshot {
        status,
        as_of: day(as_of),
        ..active()
    }
}

fn gate_after_all_orders(story: &[Snapshot]) -> Gate {
    after_all_orders(story).gate(day(35))
}

/// The one state that every order of these news leads to, also when all that was already told is
/// told again after each of them.
fn after_all_orders(story: &[Snapshot]) -> Subscription {
    let expected = told(story.iter());
    each_order(story, &mut |order| {
        assert_eq!(
            told(order.iter()),
            expected,
            "told once, in the order {order:?}"
        );

        let repeated = (1..=order.len()).flat_map(|end| &order[..end]);
        assert_eq!(
            told(repeated),
            expected,
            "told again and again, in the order {order:?}"
        );
    });
    expected
}

fn told<'a>(story: impl Iterator<Item = &'a Snapshot>) -> Subscription {
    let mut state = Subscription::default();
    for snapshot in story {
        let events = state.decide(apply(snapshot.clone())).unwrap();
        assert_eq!(
            events
                .iter()
                .filter(|event| carries(event, snapshot))
                .count(),
            usize::from(!events.is_empty()),
            "a snapshot that counts is kept by exactly one event: {events:?}"
        );
        for event in events {
            state.apply(event);
        }
    }
    state
}

fn carries(event: &Event, told: &Snapshot) -> bool {
    match event {
        Event::SubscriptionActivated { snapshot }
        | Event::SubscriptionRenewed { snapshot }
        | Event::PlanChanged { snapshot }
        | Event::RenewalFailed { snapshot }
        | Event::PaymentRecovered { snapshot }
        | Event::SubscriptionEnded {
            reason: _,
            snapshot,
        }
        | Event::SnapshotRecorded { snapshot } => snapshot == told,
        Event::CheckoutStarted { .. }
        | Event::PaymentFailed { .. }
        | Event::GraceStarted { .. }
        | Event::CancellationScheduled { .. }
        | Event::CancellationRevoked
        | Event::CheckoutClosed { .. }
        | Event::CancellationExplained { .. }
        | Event::PaymentRefunded { .. }
        | Event::PaymentDisputed { .. }
        | Event::PhotoReserved { .. }
        | Event::PhotoReleased { .. } => false,
    }
}

fn each_order(story: &[Snapshot], visit: &mut impl FnMut(&[Snapshot])) {
    fn rest(at: usize, story: &mut [Snapshot], visit: &mut impl FnMut(&[Snapshot])) {
        if at == story.len() {
            return visit(story);
        }
        for next in at..story.len() {
            story.swap(at, next);
            rest(at + 1, story, visit);
            story.swap(at, next);
        }
    }
    rest(0, &mut story.to_vec(), visit);
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    use Status::{
        Active, Canceled, Incomplete, IncompleteExpired, PastDue, Paused, Trialing, Unpaid,
    };
    let status = prop::sample::select(vec![
        Incomplete,
        IncompleteExpired,
        Trialing,
        Active,
        PastDue,
        Canceled,
        Unpaid,
        Paused,
        Active,
        Active,
    ]);
    let id = prop::sample::select(vec!["sub_1", "sub_2"]);
    (status, id, 0..3_i64, 0..3_i64, any::<bool>(), 1..4_u32).prop_map(
        |(status, id, as_of, period, cancel_at_period_end, photos_per_period)| Snapshot {
            provider_id: id.to_owned(),
            status,
            terms: Terms {
                photos_per_period,
                ..terms()
            },
            period_start: day(period),
            period_end: day(period + 30),
            cancel_at_period_end,
            as_of: day(as_of),
            ..active()
        },
    )
}

fn order() -> impl Strategy<Value = Command> {
    let at = (0..12_i64).prop_map(day);
    prop_oneof![
        3 => snapshot().prop_map(apply),
        8 => (0..8_u128, at).prop_map(|(id, at)| Command::ReservePhoto { photo_id: photo(id), at }),
        3 => (0..8_u128).prop_map(|id| Command::ReleasePhoto { photo_id: photo(id) }),
        1 => Just(Command::ScheduleCancellation { survey: None }),
        1 => Just(Command::ResumeSubscription),
    ]
}
