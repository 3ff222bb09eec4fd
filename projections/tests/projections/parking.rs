//! What happens when an event cannot be followed.

use infrastructure::database::DatabaseRole;
use std::sync::atomic::Ordering;

use domain::values::Position;
use projections::engine::{FollowerState, Retries};

use crate::{
    process::{Diary, PATIENCE, Process, entries, holds, status},
    test_log::{TestLog, eventually},
};

#[tokio::test]
async fn a_projector_that_fails_on_an_event_parks_there_and_the_others_go_on() {
    let mut log = TestLog::start().await;
    let broken = Diary::create(&log, "one").await;
    log.make_read_model("CREATE TABLE journal (LIKE diary INCLUDING ALL)", "journal")
        .await;
    let sound = Diary::named("journal", "journal", "one", 1);
    broken.stumble_at(42);
    let end = log.small_talk(60).await;

    let process = Process::start(&log, "one", vec![broken.follower(), sound.follower()]);
    parks(&log, "diary").await;

    let parked = status(&log, "diary").await.unwrap();
    assert_eq!(
        (parked.position, parked.failed_position),
        (Position(41), Some(Position(42)))
    );
    assert!(parked.error.unwrap().contains("division by zero"));
    assert_eq!(parked.lag_events, 19);
    assert_eq!(entries(&log).await, (1..=41).collect::<Vec<_>>());
    let sound = status(&log, "journal").await.unwrap();
    assert_eq!((sound.position, sound.state), (end, FollowerState::Running));

    // It stays parked, also for another process, until somebody resumes it.
    process.stop().await;
    broken.stumble_at(0);
    let process = Process::start(&log, "two", vec![broken.follower()]);
    holds(&log, "diary", "two", PATIENCE).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(
        status(&log, "diary").await.unwrap().state,
        FollowerState::Failed
    );

    assert!(process.checkpoints.resume("diary").await.unwrap());
    process.reaches("diary", end).await;
    assert_eq!(entries(&log).await, (1..=end.0).collect::<Vec<_>>());
    let resumed = status(&log, "diary").await.unwrap();
    assert_eq!(
        (resumed.state, resumed.error, resumed.failed_position),
        (FollowerState::Running, None, None)
    );
    process.stop().await;
}

#[tokio::test]
async fn a_failure_that_mends_itself_is_tried_again() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    diary.stumble_at(2);
    let end = log.small_talk(3).await;
    let (followers, patient) = (vec![diary.follower()], Retries::default());
    let process = Process::start_on(
        log.log.clone(),
        log.pool_as(DatabaseRole::Projector),
        "one",
        followers,
        patient,
    );
    eventually("it is tried again", PATIENCE, || async {
        status(&log, "diary")
            .await
            .is_some_and(|diary| diary.state == FollowerState::Retrying)
    })
    .await;
    assert_eq!(
        status(&log, "diary").await.unwrap().failed_position,
        Some(Position(2))
    );

    diary.stumble_at(0);
    process.reaches("diary", end).await;
    assert_eq!(entries(&log).await, [1, 2, 3]);
    assert_eq!(
        status(&log, "diary").await.unwrap().state,
        FollowerState::Running
    );
    process.stop().await;
}

#[tokio::test]
async fn a_projector_that_panics_parks_like_any_other() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    diary.stumble_at(1);
    diary.panics.store(true, Ordering::SeqCst);
    log.small_talk(1).await;
    let process = Process::start(&log, "one", vec![diary.follower()]);
    parks(&log, "diary").await;
    assert_eq!(
        status(&log, "diary").await.unwrap().error.unwrap(),
        "panicked: the pen broke"
    );
    process.stop().await;
}

#[tokio::test]
async fn an_event_that_this_version_cannot_read_parks_the_followers_right_there() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    log.small_talk(3).await;
    let riddle = log.riddle().await;
    log.small_talk(3).await;

    let process = Process::start(&log, "one", vec![diary.follower()]);
    parks(&log, "diary").await;

    let parked = status(&log, "diary").await.unwrap();
    assert_eq!(
        (parked.position, parked.failed_position),
        (Position(3), Some(riddle))
    );
    assert!(parked.error.unwrap().contains("Riddle"));
    assert_eq!(entries(&log).await, [1, 2, 3]);
    process.stop().await;
}

#[tokio::test]
async fn a_follower_that_runs_cannot_be_resumed() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    let process = Process::start(&log, "one", vec![diary.follower()]);
    let end = log.small_talk(1).await;
    process.reaches("diary", end).await;
    assert!(!process.checkpoints.resume("diary").await.unwrap());
    assert!(!process.checkpoints.resume("nobody").await.unwrap());
    process.stop().await;
}

async fn parks(log: &TestLog, name: &str) {
    eventually("it parks", PATIENCE, || async {
        status(log, name)
            .await
            .is_some_and(|status| status.state == FollowerState::Failed)
    })
    .await;
}
