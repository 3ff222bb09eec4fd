//! What stewards do is recorded, each time.

use std::collections::BTreeMap;

use domain::{
    report::Decision,
    stewardship::{Command, Event, Shift, Stewardship},
    values::{PhotoId, Position, ReportId, UserId},
};
use uuid::Uuid;

use crate::{
    given::given,
    table::{Samples, assert_table, variants},
};

#[test]
fn every_command_in_every_state_is_answered_as_the_table_says() {
    let states = vec![("absent", vec![]), ("some", vec![Event::FiguresViewed])];
    assert_table::<Stewardship>(
        include_str!("tables/stewardship.txt"),
        &states,
        &commands(),
        variants!(Command: ViewFigures ViewProjections ViewPhotos ViewUser ViewReports ViewReport ViewWebhooks
            ViewEvents ExportEvents ViewEvent ViewHistory ViewState ViewCheckpoint ProveInclusion ProveConsistency
            ExportBundle RetryPhoto CancelPhoto TakeDecision RebuildProjection ReplayWebhook ErasePerson
            RotateKeys),
    );
}

#[test]
fn who_looks_twice_is_recorded_twice() {
    let look = Command::ViewUser {
        user_id: UserId(Uuid::from_u128(2)),
    };
    let seen = Event::UserViewed {
        user_id: UserId(Uuid::from_u128(2)),
    };
    let after = given::<Stewardship>([seen.clone()])
        .when(look)
        .then_expect_events([seen]);
    assert_eq!(after.recorded, 2);
}

#[test]
fn a_shift_is_a_day_and_a_steward() {
    let text = "2026-11-26.0199f0c0-0000-7000-8000-000000000002";
    assert_eq!(text.parse::<Shift>().unwrap().to_string(), text);
    for bad in [
        "2026-11-26",
        "2026-13-26.0199f0c0-0000-7000-8000-000000000002",
        "2026-11-26.me",
    ] {
        assert!(bad.parse::<Shift>().is_err(), "{bad}");
    }
}

fn filters() -> BTreeMap<String, String> {
    BTreeMap::from([("event_type".to_owned(), "PhotoFailed".to_owned())])
}

fn commands() -> Samples<Command> {
    let photo_id = PhotoId(Uuid::from_u128(1));
    let report_id = ReportId(Uuid::from_u128(1));
    vec![
        ("view figures", Command::ViewFigures),
        ("view projections", Command::ViewProjections),
        (
            "view photos",
            Command::ViewPhotos {
                status: Some("failed".to_owned()),
            },
        ),
        (
            "view user",
            Command::ViewUser {
                user_id: UserId(Uuid::from_u128(2)),
            },
        ),
        ("view reports", Command::ViewReports { status: None }),
        ("view report", Command::ViewReport { report_id }),
        ("view webhooks", Command::ViewWebhooks { state: None }),
        ("view events", Command::ViewEvents { filters: filters() }),
        (
            "export events",
            Command::ExportEvents { filters: filters() },
        ),
        (
            "view event",
            Command::ViewEvent {
                position: Position(7),
            },
        ),
        (
            "view history",
            Command::ViewHistory {
                aggregate_type: "Avatar".to_owned(),
                aggregate_id: "1".to_owned(),
            },
        ),
        (
            "view state",
            Command::ViewState {
                aggregate_type: "Avatar".to_owned(),
                aggregate_id: "1".to_owned(),
                position: Position(7),
            },
        ),
        ("view checkpoint", Command::ViewCheckpoint),
        (
            "prove inclusion",
            Command::ProveInclusion {
                position: 3,
                size: 5,
            },
        ),
        (
            "prove consistency",
            Command::ProveConsistency { from: 3, to: 5 },
        ),
        ("export bundle", Command::ExportBundle { size: 5 }),
        ("retry photo", Command::RetryPhoto { photo_id }),
        ("cancel photo", Command::CancelPhoto { photo_id }),
        (
            "take decision",
            Command::TakeDecision {
                report_id,
                decision: Decision::Dismissed,
            },
        ),
        (
            "rebuild projection",
            Command::RebuildProjection {
                projection: "photos".to_owned(),
            },
        ),
        (
            "replay webhook",
            Command::ReplayWebhook {
                webhook_id: "evt_1".to_owned(),
            },
        ),
        (
            "erase person",
            Command::ErasePerson {
                user_id: UserId(Uuid::from_u128(2)),
            },
        ),
        (
            "rotate keys",
            Command::RotateKeys {
                master_key_id: "0123456789abcdef".to_owned(),
            },
        ),
    ]
}
