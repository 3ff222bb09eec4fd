//! The whole table of a photo request's commands and states.

use domain::photo_request::{Command, Event, Marks, PhotoRequest};

use super::samples::*;
use crate::{
    given::replay,
    table::{Samples, assert_complete, assert_table, variants},
};

#[test]
fn every_command_in_every_state_is_answered_as_the_table_says() {
    let states = states();
    let replayed: Vec<PhotoRequest> = states
        .iter()
        .map(|(_, history)| replay(history.clone()))
        .collect();
    assert_complete(
        replayed.iter(),
        variants!(PhotoRequest: Absent Requested Generating Waiting Delivered Failed Refused
            Canceled Deleted),
    );

    assert_table::<PhotoRequest>(
        include_str!("../tables/photo_request.txt"),
        &states,
        &commands(),
        variants!(Command: RequestPhoto StartAttempt RecordPrediction RecordAttemptFailure Deliver
            Fail Refuse Cancel Reopen DeletePhoto),
    );
}

#[test]
fn a_stored_state_reads_back_the_same() {
    for (_, history) in states() {
        let state: PhotoRequest = replay(history);
        let stored = serde_json::to_string(&state).unwrap();

        assert_eq!(
            serde_json::from_str::<PhotoRequest>(&stored).unwrap(),
            state
        );
    }
}

pub(crate) fn states() -> Samples<Vec<Event>> {
    vec![
        ("absent", vec![]),
        ("requested", vec![requested()]),
        ("generating 1", vec![requested(), started(1)]),
        (
            "predicted 1",
            vec![requested(), started(1), accepted(1, "p1")],
        ),
        ("generating 2", vec![requested(), started(1), started(2)]),
        (
            "waiting 1",
            vec![requested(), started(1), attempt_failed(1)],
        ),
        (
            "delivered 1",
            vec![requested(), started(1), delivered(1, "aa")],
        ),
        ("failed", vec![requested(), started(1), failed()]),
        ("failed before 1", vec![requested(), failed()]),
        (
            "failed by content",
            vec![requested(), started(1), failed_by_content()],
        ),
        (
            "reopened",
            vec![requested(), started(1), failed(), reopened(1)],
        ),
        (
            "reopened before 1",
            vec![requested(), failed(), reopened(0)],
        ),
        (
            "refused",
            vec![
                requested(),
                Event::PhotoRefused {
                    rules: vec!["R3".to_owned()],
                },
            ],
        ),
        ("canceled", vec![requested(), Event::PhotoCanceled]),
        (
            "deleted",
            vec![requested(), Event::PhotoCanceled, Event::PhotoDeleted],
        ),
    ]
}

fn commands() -> Samples<Command> {
    let unmarked = Marks {
        visible: false,
        ..marks("aa")
    };
    vec![
        ("request", request()),
        ("request another", request_another()),
        ("request without reference", request_without_reference()),
        ("start 1", start(1)),
        ("start 2", start(2)),
        ("start 3", start(3)),
        ("predict 1 p1", predict(1, "p1")),
        ("predict 1 p2", predict(1, "p2")),
        ("predict 2 p1", predict(2, "p1")),
        ("fail attempt 0", fail_attempt(0)),
        ("fail attempt 1", fail_attempt(1)),
        ("fail attempt 2", fail_attempt(2)),
        ("deliver 0", deliver(0, "aa")),
        ("deliver 1", deliver(1, "aa")),
        (
            "deliver 1 unmarked",
            Command::Deliver {
                attempt: 1,
                image: image("aa"),
                marks: unmarked,
            },
        ),
        ("deliver 1 other", deliver(1, "bb")),
        ("deliver 2", deliver(2, "aa")),
        ("fail 0", fail(0)),
        ("fail 1", fail(1)),
        ("fail 2", fail(2)),
        ("refuse 0", refuse(0)),
        ("refuse 1", refuse(1)),
        ("refuse 2", refuse(2)),
        ("cancel", Command::Cancel),
        ("reopen", Command::Reopen),
        ("delete", Command::DeletePhoto),
    ]
}
