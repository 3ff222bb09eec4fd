//! The worker's list of pictures to make.

use chrono::TimeDelta;
use domain::{
    photo_request::{Event, Purpose},
    policy::recorded::Decision,
};
use infrastructure::database::DatabaseRole;
use projections::photo_work::{PhotoWorkProjector, PhotoWorkRow, due};

use crate::{
    histories::{at, attempt_failed, delivered, failed, photo, requested, started, user, verdict},
    test_log::TestLog,
};

#[tokio::test]
async fn a_requested_photo_is_to_be_made_at_once() {
    let mut log = TestLog::start().await;
    let position = log
        .photo(
            user(1),
            photo(1),
            vec![requested(user(1), 1, Purpose::Scene)],
        )
        .await;
    log.project(&PhotoWorkProjector).await;
    let recorded_at = log.recorded_at(position).await;
    let expected = PhotoWorkRow {
        photo_id: photo(1),
        owner: user(1),
        purpose: Purpose::Scene,
        attempts: 0,
        requested_at: recorded_at,
        available_at: recorded_at,
        position,
    };
    assert_eq!(
        due(&log.pool_as(DatabaseRole::Worker), recorded_at, 10)
            .await
            .unwrap(),
        [expected]
    );
    let before = recorded_at - TimeDelta::milliseconds(1);
    assert_eq!(
        due(&log.pool_as(DatabaseRole::Worker), before, 10)
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn a_failed_attempt_is_made_again_when_its_time_has_come() {
    let mut log = TestLog::start().await;
    let later = at(100_000_000);
    let request = requested(user(1), 1, Purpose::Scene);
    log.photo(
        user(1),
        photo(1),
        vec![request, started(1), attempt_failed(1, Some(later))],
    )
    .await;
    log.project(&PhotoWorkProjector).await;
    assert_eq!(
        due(
            &log.pool_as(DatabaseRole::Worker),
            later - TimeDelta::seconds(1),
            10
        )
        .await
        .unwrap(),
        []
    );
    let rows = due(&log.pool_as(DatabaseRole::Worker), later, 10)
        .await
        .unwrap();
    assert_eq!(
        (rows.len(), rows[0].attempts, rows[0].available_at),
        (1, 1, later)
    );
}

#[tokio::test]
async fn a_started_photo_stays_on_the_list_in_case_its_worker_dies() {
    assert_eq!(left_after(vec![started(1)]).await, 1);
}

#[tokio::test]
async fn an_ended_photo_is_no_work() {
    let refused = Event::PhotoRefused {
        rules: vec!["R1".to_owned()],
    };
    for end in [
        delivered(1),
        failed(),
        refused,
        Event::PhotoCanceled,
        Event::PhotoDeleted,
    ] {
        assert_eq!(left_after(vec![started(1), end]).await, 0);
    }
}

#[tokio::test]
async fn a_photo_that_the_policy_refused_never_was_work() {
    let mut log = TestLog::start().await;
    let mut event = requested(user(1), 1, Purpose::Scene);
    if let Event::PhotoRequested { policy, .. } = &mut event {
        *policy = verdict(Decision::Refuse);
    }
    log.photo(user(1), photo(1), vec![event]).await;
    log.project(&PhotoWorkProjector).await;
    assert_eq!(
        due(&log.pool_as(DatabaseRole::Worker), at(100_000_000), 10)
            .await
            .unwrap(),
        []
    );
}

async fn left_after(events: Vec<Event>) -> usize {
    let mut log = TestLog::start().await;
    let request = vec![requested(user(1), 1, Purpose::Scene)];
    log.photo(user(1), photo(1), [request, events].concat())
        .await;
    log.project(&PhotoWorkProjector).await;
    due(&log.pool_as(DatabaseRole::Worker), at(100_000_000), 10)
        .await
        .unwrap()
        .len()
}
