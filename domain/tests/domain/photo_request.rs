//! One picture, from wish to delivery.

mod every_cell;
pub(crate) mod samples;

use domain::{
    personal::Personal,
    photo_request::{Command, Event, FailureClass, Marks, PhotoRequest, Rejection},
    policy::recorded::{Decision, Verdict},
};
use every_cell::states;
use samples::*;

use crate::given::given;

#[test]
fn a_wish_that_the_rules_refuse_ends_at_once_and_stays_on_record() {
    let refused = Verdict {
        decision: Decision::Refuse,
        rules: vec!["R3".to_owned(), "R9".to_owned()],
        pack: "cafe".to_owned(),
    };

    let state = given::<PhotoRequest>([])
        .when(request_judged(refused.clone()))
        .then_expect_events([
            requested_judged(refused),
            Event::PhotoRefused {
                rules: vec!["R3".to_owned(), "R9".to_owned()],
            },
        ]);

    assert!(matches!(state, PhotoRequest::Refused { .. }));
}

#[test]
fn a_repeated_wish_changes_nothing_even_when_its_prompt_was_built_anew() {
    let Command::RequestPhoto {
        photo_id,
        owner,
        purpose,
        avatar_id,
        scene,
        policy,
        ..
    } = request()
    else {
        unreachable!("it is a wish")
    };
    let rebuilt = Command::RequestPhoto {
        photo_id,
        owner,
        purpose,
        avatar_id,
        avatar_sequence: 99,
        scene,
        prompt: Personal::new("a newer prompt".parse().unwrap()),
        reference: None,
        policy,
    };

    for (_, history) in states().into_iter().skip(1) {
        given::<PhotoRequest>(history)
            .when(rebuilt.clone())
            .then_nothing_happened();
    }
}

#[test]
fn another_wish_cannot_take_the_same_id() {
    for (_, history) in states().into_iter().skip(1) {
        given::<PhotoRequest>(history)
            .when(request_another())
            .then_expect_error(Rejection::AlreadyRequested);
    }
}

#[test]
fn a_second_worker_fences_the_first_one_off() {
    let history = [requested(), started(1), accepted(1, "p1"), started(2)];
    let stale = Rejection::StaleAttempt {
        given: 1,
        current: 2,
    };

    for late in [
        predict(1, "p1"),
        fail_attempt(1),
        deliver(1, "aa"),
        fail(1),
        Command::Refuse {
            attempt: 1,
            rules: vec![],
        },
        start(1),
    ] {
        given::<PhotoRequest>(history.clone())
            .when(late)
            .then_expect_error(stale);
    }
    given::<PhotoRequest>(history)
        .when(deliver(2, "bb"))
        .then_expect_events([delivered(2, "bb")]);
}

#[test]
fn the_same_prediction_may_be_told_twice_but_not_another_one() {
    let history = [requested(), started(1), accepted(1, "p1")];

    given::<PhotoRequest>(history.clone())
        .when(predict(1, "p1"))
        .then_nothing_happened();
    given::<PhotoRequest>(history)
        .when(predict(1, "p2"))
        .then_expect_error(Rejection::PredictionAlreadyRecorded);
}

#[test]
fn a_new_attempt_gets_its_own_prediction() {
    given::<PhotoRequest>([requested(), started(1), accepted(1, "p1"), started(2)])
        .when(predict(2, "p2"))
        .then_expect_events([accepted(2, "p2")]);
}

#[test]
fn nothing_is_delivered_without_marks_on_the_same_bytes() {
    let sound = marks("aa");
    for marks in [
        Marks {
            visible: false,
            ..sound.clone()
        },
        Marks {
            xmp: String::new(),
            ..sound.clone()
        },
        Marks {
            sha256: "bb".to_owned(),
            ..sound
        },
    ] {
        given::<PhotoRequest>([requested(), started(1)])
            .when(Command::Deliver {
                attempt: 1,
                image: image("aa"),
                marks,
            })
            .then_expect_error(Rejection::NotMarked);
    }
}

#[test]
fn a_worker_that_did_not_hear_of_its_success_may_deliver_again() {
    let history = [requested(), started(1), delivered(1, "aa")];

    given::<PhotoRequest>(history.clone())
        .when(deliver(1, "aa"))
        .then_nothing_happened();
    given::<PhotoRequest>(history.clone())
        .when(deliver(1, "bb"))
        .then_expect_error(Rejection::AlreadyDelivered);
    given::<PhotoRequest>(history)
        .when(deliver(2, "aa"))
        .then_expect_error(Rejection::AlreadyDelivered);
}

#[test]
fn a_request_whose_deadline_passes_before_anybody_starts_fails() {
    let state = given::<PhotoRequest>([requested()])
        .when(Command::Fail {
            attempt: 0,
            class: FailureClass::Deadline,
            reason: "too late".to_owned(),
        })
        .then_expect_events([Event::PhotoFailed {
            class: FailureClass::Deadline,
            reason: "too late".to_owned(),
        }]);

    assert!(matches!(state, PhotoRequest::Failed { .. }));
}

#[test]
fn after_a_failed_attempt_only_the_next_one_may_bring_a_picture() {
    let history = [requested(), started(1), attempt_failed(1)];

    given::<PhotoRequest>(history.clone())
        .when(deliver(1, "aa"))
        .then_expect_error(Rejection::NoAttempt);
    given::<PhotoRequest>(history.into_iter().chain([started(2)]))
        .when(deliver(2, "aa"))
        .then_expect_events([delivered(2, "aa")]);
}

#[test]
fn attempts_are_counted_without_a_gap() {
    given::<PhotoRequest>([requested()])
        .when(start(2))
        .then_expect_error(Rejection::StaleAttempt {
            given: 2,
            current: 0,
        });
    given::<PhotoRequest>([requested(), started(u32::MAX)])
        .when(start(0))
        .then_expect_error(Rejection::StaleAttempt {
            given: 0,
            current: u32::MAX,
        });
}

#[test]
fn a_request_that_runs_must_be_canceled_before_it_can_be_deleted() {
    for history in [
        vec![requested()],
        vec![requested(), started(1)],
        vec![requested(), started(1), attempt_failed(1)],
    ] {
        given::<PhotoRequest>(history.clone())
            .when(Command::DeletePhoto)
            .then_expect_error(Rejection::StillRunning);
        given::<PhotoRequest>(history.into_iter().chain([Event::PhotoCanceled]))
            .when(Command::DeletePhoto)
            .then_expect_events([Event::PhotoDeleted]);
    }
}
