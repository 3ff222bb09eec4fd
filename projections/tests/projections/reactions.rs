//! Reactions: every event at least once and in order.

use std::sync::atomic::Ordering;

use domain::values::Position;
use projections::engine::FollowerState;

use crate::{
    process::{PATIENCE, Process, Witness, status},
    test_log::{TestLog, eventually},
};

#[tokio::test]
async fn a_reaction_is_given_every_event_in_order_from_the_first_one() {
    let mut log = TestLog::start().await;
    log.small_talk(150).await;
    let witness = Witness::create();
    let process = Process::start(&log, "one", vec![witness.follower()]);
    let end = log.small_talk(150).await;
    process.reaches("witness", end).await;

    assert_eq!(witness.seen(), (1..=end.0).collect::<Vec<_>>());
    process.stop().await;
}

#[tokio::test]
async fn a_reaction_that_stops_in_order_does_nothing_twice() {
    let mut log = TestLog::start().await;
    let witness = Witness::create();
    for _ in 0..3 {
        let end = log.small_talk(10).await;
        let process = Process::start(&log, "one", vec![witness.follower()]);
        process.reaches("witness", end).await;
        process.stop().await;
    }
    assert_eq!(witness.seen(), (1..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reaction_that_died_before_its_checkpoint_reacts_again() {
    let mut log = TestLog::start().await;
    let end = log.small_talk(5).await;
    let died = Witness::create();
    died.hangs_after.store(3, Ordering::SeqCst);
    let process = Process::start(&log, "one", vec![died.follower()]);
    eventually("it has done its work on event 3", PATIENCE, || async {
        died.seen().ends_with(&[3])
    })
    .await;
    process.kill().await;
    assert!(status(&log, "witness").await.unwrap().position < Position(3));

    let successor = Witness::create();
    let process = Process::start(&log, "two", vec![successor.follower()]);
    process.reaches("witness", end).await;

    assert_eq!(died.seen(), [1, 2, 3]);
    let seen = successor.seen();
    assert!(seen.contains(&3), "event 3 was not acknowledged");
    assert_eq!(seen, (seen[0]..=5).collect::<Vec<_>>());
    process.stop().await;
}

#[tokio::test]
async fn a_slow_reaction_that_died_repeats_only_its_last_moments() {
    let mut log = TestLog::start().await;
    log.small_talk(6).await;
    let died = Witness::create();
    died.slow.store(true, Ordering::SeqCst);
    died.hangs_after.store(5, Ordering::SeqCst);
    let process = Process::start(&log, "one", vec![died.follower()]);
    eventually("it is at event 5", PATIENCE, || async {
        died.seen().ends_with(&[5])
    })
    .await;
    process.kill().await;
    // Events 1 and 2 took more than 100 ms.
    assert!(status(&log, "witness").await.unwrap().position >= Position(2));
}

#[tokio::test]
async fn a_reaction_parks_at_the_event_that_it_fails_on_and_has_done_what_came_before() {
    let mut log = TestLog::start().await;
    let end = log.small_talk(6).await;
    let witness = Witness::create();
    witness.stumbles_at.store(4, Ordering::SeqCst);
    let process = Process::start(&log, "one", vec![witness.follower()]);
    eventually("it parks", PATIENCE, || async {
        status(&log, "witness")
            .await
            .is_some_and(|status| status.state == FollowerState::Failed)
    })
    .await;

    let parked = status(&log, "witness").await.unwrap();
    assert_eq!(
        (parked.position, parked.failed_position),
        (Position(3), Some(Position(4)))
    );
    assert_eq!(parked.error.as_deref(), Some("the view is blocked"));
    assert_eq!(witness.seen(), [1, 2, 3]);

    witness.stumbles_at.store(0, Ordering::SeqCst);
    process.checkpoints.resume("witness").await.unwrap();
    process.reaches("witness", end).await;
    assert_eq!(witness.seen(), [1, 2, 3, 4, 5, 6]);
    process.stop().await;
}

#[tokio::test]
async fn a_reaction_waits_as_long_as_patience_helps() {
    let mut log = TestLog::start().await;
    let end = log.small_talk(2).await;
    let witness = Witness::create();
    witness.stumbles_at.store(2, Ordering::SeqCst);
    witness.patient.store(true, Ordering::SeqCst);
    let process = Process::start(&log, "one", vec![witness.follower()]);
    // Longer than any event is tried before a follower parks here.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let waiting = status(&log, "witness").await.unwrap();
    assert_eq!(
        (waiting.state, waiting.position),
        (FollowerState::Retrying, Position(1))
    );

    witness.stumbles_at.store(0, Ordering::SeqCst);
    process.reaches("witness", end).await;
    assert_eq!(witness.seen(), [1, 2]);
    assert_eq!(
        status(&log, "witness").await.unwrap().state,
        FollowerState::Running
    );
    process.stop().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever_for_what_hangs() {
    let mut log = TestLog::start().await;
    log.small_talk(1).await;
    let witness = Witness::create();
    witness.hangs_after.store(1, Ordering::SeqCst);
    let process = Process::start(&log, "one", vec![witness.follower()]);
    eventually("it hangs", PATIENCE, || async { witness.seen() == [1] }).await;

    tokio::time::timeout(PATIENCE, process.stop())
        .await
        .unwrap();
    assert_eq!(
        status(&log, "witness").await.unwrap().holder,
        None,
        "the lease is given back"
    );
}
