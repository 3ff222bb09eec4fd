//! A subscription that its user ends, and does not end after all.

use domain::{
    personal::Personal,
    subscription::{Command, Event, Gate, Snapshot, Subscription, Survey},
};

use super::samples::*;
use crate::given::given;

#[test]
fn a_cancellation_shows_until_the_provider_says_otherwise() {
    let scheduled = given::<Subscription>([activated()])
        .when(Command::ScheduleCancellation { survey: None })
        .then_expect_events([Event::CancellationScheduled { ends_at: day(30) }]);
    assert!(scheduled.cancels_at_period_end());
    assert_eq!(scheduled.gate(day(29)), Gate::Open);

    let history = [
        activated(),
        Event::CancellationScheduled { ends_at: day(30) },
    ];
    given::<Subscription>(history.clone())
        .when(apply(active()))
        .then_nothing_happened();

    let confirmed = Snapshot {
        cancel_at_period_end: true,
        as_of: day(4),
        ..active()
    };
    let state = given::<Subscription>(history.clone())
        .when(apply(confirmed.clone()))
        .then_expect_events([Event::SnapshotRecorded {
            snapshot: confirmed,
        }]);
    assert!(state.cancels_at_period_end());

    let denied = Snapshot {
        as_of: day(4),
        ..active()
    };
    let state = given::<Subscription>(history)
        .when(apply(denied.clone()))
        .then_expect_events([
            Event::SnapshotRecorded { snapshot: denied },
            Event::CancellationRevoked,
        ]);
    assert!(!state.cancels_at_period_end());
}

#[test]
fn a_cancellation_can_be_taken_back() {
    let ending = Snapshot {
        cancel_at_period_end: true,
        ..active()
    };

    let state = given::<Subscription>([Event::SubscriptionActivated {
        snapshot: ending.clone(),
    }])
    .when(Command::ResumeSubscription)
    .then_expect_events([Event::CancellationRevoked]);
    assert!(!state.cancels_at_period_end());

    // The provider's old news arrive again.
    given::<Subscription>([
        Event::SubscriptionActivated {
            snapshot: ending.clone(),
        },
        Event::CancellationRevoked,
    ])
    .when(apply(ending))
    .then_nothing_happened();
}

#[test]
fn whoever_ends_it_may_say_why_and_may_skip_every_question() {
    let scheduled = Event::CancellationScheduled { ends_at: day(30) };
    let cancel = |survey| Command::ScheduleCancellation {
        survey: Some(survey),
    };
    let explained = Event::CancellationExplained {
        reason: survey().reason,
        comment: survey().comment,
    };
    given::<Subscription>([activated()])
        .when(cancel(survey()))
        .then_expect_events([scheduled.clone(), explained.clone()]);

    let skipped = Survey {
        reason: None,
        comment: None,
    };
    given::<Subscription>([activated()])
        .when(cancel(skipped))
        .then_expect_events([scheduled.clone()]);

    // Who asks again is not asked again.
    given::<Subscription>([activated(), scheduled.clone(), explained.clone()])
        .when(cancel(survey()))
        .then_nothing_happened();

    // The provider's own message of it may be faster; what was said is kept all the same.
    given::<Subscription>([activated(), scheduled.clone()])
        .when(cancel(survey()))
        .then_expect_events([explained.clone()]);

    // Who stayed after all may end it once more, for another reason.
    given::<Subscription>([
        activated(),
        scheduled.clone(),
        explained.clone(),
        Event::CancellationRevoked,
        scheduled,
    ])
    .when(cancel(survey()))
    .then_expect_events([explained]);
}

#[test]
fn what_somebody_wrote_stays_out_of_logs() {
    let comment: Personal<domain::values::SurveyComment> =
        Personal::new("my name is Mara".parse().unwrap());
    let said = format!(
        "{:?}",
        Survey {
            reason: None,
            comment: Some(comment)
        }
    );
    assert!(!said.contains("Mara"), "{said}");
}
