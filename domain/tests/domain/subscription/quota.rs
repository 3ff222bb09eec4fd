//! How many pictures a period has.

use domain::subscription::{
    ClosedReason, Command, Event, Rejection, Snapshot, Status, Subscription, Usage,
};

use super::samples::*;
use crate::given::given;

#[test]
fn the_quota_of_a_period_is_the_plans_and_no_more() {
    given::<Subscription>([activated(), reserved(1)])
        .when(reserve(2))
        .then_expect_events([reserved(2)]);
    given::<Subscription>([activated(), reserved(1), reserved(2)])
        .when(reserve(3))
        .then_expect_error(Rejection::QuotaExhausted { limit: 2 });
}

#[test]
fn a_retried_reservation_takes_nothing_even_when_the_quota_is_used_up_or_the_gate_closed() {
    let full = vec![activated(), reserved(1), reserved(2)];
    let ended = Event::SubscriptionEnded {
        reason: Status::Canceled,
        snapshot: canceled(),
    };

    given::<Subscription>(full.clone())
        .when(reserve(2))
        .then_nothing_happened();
    given::<Subscription>(full.into_iter().chain([ended]))
        .when(reserve(2))
        .then_nothing_happened();
}

#[test]
fn a_released_picture_makes_room_for_another() {
    let history = [
        activated(),
        reserved(1),
        reserved(2),
        Event::PhotoReleased { photo_id: photo(1) },
    ];

    let state = given::<Subscription>(history)
        .when(reserve(3))
        .then_expect_events([reserved(3)]);

    assert_eq!(state.usage(), Usage { used: 2, limit: 2 });
}

#[test]
fn a_picture_of_the_period_before_gives_nothing_back_to_this_one() {
    given::<Subscription>([
        activated(),
        reserved(1),
        Event::SubscriptionRenewed {
            snapshot: renewed(),
        },
    ])
    .when(Command::ReleasePhoto { photo_id: photo(1) })
    .then_nothing_happened();
}

#[test]
fn a_period_that_the_provider_moves_there_and_back_keeps_what_was_used() {
    let back = Snapshot {
        as_of: day(31),
        ..active()
    };
    let next = Event::PhotoReserved {
        photo_id: photo(2),
        period_start: day(30),
    };
    let history = [
        activated(),
        reserved(1),
        Event::SubscriptionRenewed {
            snapshot: renewed(),
        },
        next,
    ];

    let state = given::<Subscription>(history)
        .when(apply(back.clone()))
        .then_expect_events([Event::SubscriptionRenewed { snapshot: back }]);

    assert_eq!(state.usage(), Usage { used: 1, limit: 2 });
}

#[test]
fn a_closed_gate_says_why_nothing_can_be_reserved() {
    given::<Subscription>([])
        .when(reserve(1))
        .then_expect_error(Rejection::GateClosed(ClosedReason::None));
    given::<Subscription>([
        activated(),
        Event::RenewalFailed {
            snapshot: past_due(),
        },
    ])
    .when(Command::ReservePhoto {
        photo_id: photo(1),
        at: day(50),
    })
    .then_expect_error(Rejection::GateClosed(ClosedReason::PaymentPastDue));
}
