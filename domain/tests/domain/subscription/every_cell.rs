//! The whole table of a subscription's commands and states.

use domain::subscription::{Command, Event, Snapshot, Status, Subscription, Terms};

use super::samples::*;
use crate::{
    given::replay,
    table::{Samples, assert_complete, assert_table, variants},
};

#[test]
fn every_command_in_every_state_is_answered_as_the_table_says() {
    let states = states();
    let statuses: Vec<Status> = states
        .iter()
        .filter_map(|(_, history)| {
            replay::<Subscription>(history.clone())
                .current()
                .map(|snapshot| snapshot.status)
        })
        .collect();
    assert_complete(
        statuses.iter(),
        variants!(Status: Incomplete IncompleteExpired Trialing Active PastDue Canceled Unpaid
            Paused),
    );

    assert_table::<Subscription>(
        include_str!("../tables/subscription.txt"),
        &states,
        &commands(),
        variants!(Command: StartCheckout ApplyProviderSnapshot RecordPaymentFailure
            CloseCheckout RecordRefund RecordDispute ScheduleCancellation ResumeSubscription ReservePhoto ReleasePhoto),
    );
}

#[test]
fn a_stored_state_reads_back_the_same() {
    for (_, history) in states() {
        let state: Subscription = replay(history);
        let stored = serde_json::to_string(&state).unwrap();

        assert_eq!(
            serde_json::from_str::<Subscription>(&stored).unwrap(),
            state
        );
    }
}

fn states() -> Samples<Vec<Event>> {
    let told = |status, as_of| {
        vec![
            activated(),
            Event::SnapshotRecorded {
                snapshot: Snapshot {
                    status,
                    as_of,
                    ..active()
                },
            },
        ]
    };
    let first = |status| {
        vec![Event::SnapshotRecorded {
            snapshot: Snapshot { status, ..active() },
        }]
    };
    let ending = Snapshot {
        cancel_at_period_end: true,
        as_of: day(1),
        ..active()
    };
    vec![
        ("none", vec![]),
        ("checkout", vec![checkout()]),
        ("incomplete", first(Status::Incomplete)),
        ("expired", first(Status::IncompleteExpired)),
        ("trialing", first(Status::Trialing)),
        ("active", vec![activated()]),
        ("active, 1 taken", vec![activated(), reserved(1)]),
        (
            "active, all taken",
            vec![activated(), reserved(1), reserved(2)],
        ),
        (
            "active, ending",
            vec![Event::SubscriptionActivated { snapshot: ending }],
        ),
        (
            "active, invoice failed",
            vec![
                activated(),
                Event::PaymentFailed {
                    invoice_id: "in_1".to_owned(),
                },
            ],
        ),
        ("active, paid back", paid_back()),
        ("past due", told(Status::PastDue, day(1))),
        ("unpaid", told(Status::Unpaid, day(1))),
        ("paused", told(Status::Paused, day(1))),
        ("canceled", told(Status::Canceled, day(1))),
    ]
}

fn paid_back() -> Vec<Event> {
    vec![
        activated(),
        Event::PaymentRefunded {
            charge_id: "ch_1".to_owned(),
            amount_refunded: 2,
            currency: "usd".to_owned(),
        },
        Event::PaymentDisputed {
            dispute_id: "dp_1".to_owned(),
            charge_id: "ch_2".to_owned(),
            amount: 5,
            currency: "usd".to_owned(),
            reason: "fraudulent".to_owned(),
        },
    ]
}

fn commands() -> Samples<Command> {
    let later = |status| {
        apply(Snapshot {
            status,
            as_of: day(5),
            ..active()
        })
    };
    let terms = Terms {
        photos_per_period: 9,
        ..terms()
    };
    vec![
        ("checkout", start_checkout("cs_1", day(5))),
        ("checkout after grace", start_checkout("cs_9", day(20))),
        ("incomplete", later(Status::Incomplete)),
        ("incomplete_expired", later(Status::IncompleteExpired)),
        ("trialing", later(Status::Trialing)),
        ("active", later(Status::Active)),
        ("past_due", later(Status::PastDue)),
        ("canceled", later(Status::Canceled)),
        ("unpaid", later(Status::Unpaid)),
        ("paused", later(Status::Paused)),
        (
            "active, older",
            apply(Snapshot {
                as_of: day(-1),
                ..active()
            }),
        ),
        ("active, next period", apply(renewed())),
        ("past_due, next period", apply(past_due())),
        (
            "active, other plan",
            apply(Snapshot {
                terms,
                as_of: day(5),
                ..active()
            }),
        ),
        (
            "active, ending",
            apply(Snapshot {
                cancel_at_period_end: true,
                as_of: day(5),
                ..active()
            }),
        ),
        ("active, another id", apply(second())),
        (
            "canceled, another id",
            apply(Snapshot {
                status: Status::Canceled,
                ..second()
            }),
        ),
        (
            "invoice in_1 failed",
            Command::RecordPaymentFailure {
                invoice_id: "in_1".to_owned(),
            },
        ),
        (
            "page cs_1 closed",
            Command::CloseCheckout {
                session_id: "cs_1".to_owned(),
            },
        ),
        ("refunded 3 of ch_1", refund("ch_1", 3)),
        ("refunded 2 of ch_1", refund("ch_1", 2)),
        ("disputed dp_1", dispute("dp_1")),
        (
            "schedule cancellation",
            Command::ScheduleCancellation { survey: None },
        ),
        (
            "cancel, with a reason",
            Command::ScheduleCancellation {
                survey: Some(survey()),
            },
        ),
        ("resume", Command::ResumeSubscription),
        ("reserve 1", reserve(1)),
        ("reserve 3", reserve(3)),
        (
            "reserve 3 after grace",
            Command::ReservePhoto {
                photo_id: photo(3),
                at: day(20),
            },
        ),
        ("release 1", Command::ReleasePhoto { photo_id: photo(1) }),
        ("release 9", Command::ReleasePhoto { photo_id: photo(9) }),
    ]
}
