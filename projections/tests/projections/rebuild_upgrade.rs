//! A projector that writes something new: its tables are rebuilt by themselves, and the old ones serve until then.

use domain::values::Position;
use projections::engine::FollowerState;
use tokio_util::sync::CancellationToken;

use crate::{
    mixed_log::order,
    process::{Diary, PATIENCE, Process, authors, entries, status},
    test_log::{TestLog, eventually},
};

#[tokio::test]
async fn the_old_tables_serve_and_an_older_process_follows_until_the_swap() {
    let mut log = TestLog::start().await;
    let old = Diary::create(&log, "old").await;
    let end = log.small_talk(5).await;
    let older = Process::start(&log, "old", vec![old.follower()]);
    older.reaches("diary", end).await;

    let new = Diary::named("diary", "diary", "new", 2);
    new.stumble_at(4);
    let newer = Process::start(&log, "new", vec![new.follower()]);
    parks(&log).await;
    let diary = status(&log, "diary").await.unwrap();
    assert!(diary.is_outdated());
    assert_eq!((diary.version, diary.holder.as_deref()), (1, Some("old")));
    assert_eq!(
        diary.state,
        FollowerState::Running,
        "the live tables are well"
    );
    let rebuild = diary.rebuild.unwrap();
    assert_eq!(
        (rebuild.name.as_str(), rebuild.version),
        ("diary:rebuild", 2)
    );
    assert_eq!(rebuild.failed_position, Some(Position(4)));
    assert!(rebuild.error.unwrap().contains("division by zero"));
    assert_eq!((rebuild.position.0, rebuild.lag_events), (3, 2));

    // What is read goes on, by the older process.
    let end = log.small_talk(2).await;
    older.reaches("diary", end).await;
    assert_eq!(authors(&log).await, ["old"]);
    assert_eq!(entries(&log).await, (1..=7).collect::<Vec<_>>());

    new.stumble_at(0);
    assert!(newer.checkpoints.resume("diary:rebuild").await.unwrap());
    swapped(&log).await;
    let end = log.small_talk(3).await;
    newer.reaches("diary", end).await;
    older.reaches("diary", end).await;
    assert_eq!(
        authors(&log).await,
        ["new"],
        "the older one leaves it alone"
    );
    assert_eq!(entries(&log).await, (1..=10).collect::<Vec<_>>());
    let diary = status(&log, "diary").await.unwrap();
    assert_eq!(
        (diary.version, diary.holder.as_deref(), diary.rebuild),
        (2, Some("new"), None)
    );
    newer.stop().await;
    older.stop().await;
}

#[tokio::test]
async fn without_an_older_process_the_old_tables_stand_still_and_serve() {
    let mut log = TestLog::start().await;
    let old = Diary::create(&log, "old").await;
    let end = log.small_talk(5).await;
    let older = Process::start(&log, "old", vec![old.follower()]);
    older.reaches("diary", end).await;
    older.stop().await;
    log.small_talk(5).await;

    let new = Diary::named("diary", "diary", "new", 2);
    new.stumble_at(7);
    let newer = Process::start(&log, "new", vec![new.follower()]);
    parks(&log).await;
    assert_eq!(entries(&log).await, [1, 2, 3, 4, 5]);
    let diary = status(&log, "diary").await.unwrap();
    assert_eq!(
        (diary.position.0, diary.lag_events, diary.holder),
        (5, 5, None)
    );

    // Another process takes the rebuild over, where it is.
    newer.stop().await;
    let heir = Diary::named("diary", "diary", "heir", 2);
    let newer = Process::start(&log, "heir", vec![heir.follower()]);
    assert!(newer.checkpoints.resume("diary:rebuild").await.unwrap());
    swapped(&log).await;
    newer.reaches("diary", Position(10)).await;
    assert_eq!(entries(&log).await, (1..=10).collect::<Vec<_>>());
    assert_eq!(authors(&log).await, ["heir", "new"]);
    newer.stop().await;
}

#[tokio::test]
async fn what_an_older_version_has_begun_is_begun_again() {
    let mut log = TestLog::start().await;
    let first = Diary::create(&log, "first").await;
    let end = log.small_talk(4).await;
    let process = Process::start(&log, "first", vec![first.follower()]);
    process.reaches("diary", end).await;
    process.stop().await;
    let second = Diary::named("diary", "diary", "second", 2);
    second.stumble_at(3);
    let process = Process::start(&log, "second", vec![second.follower()]);
    parks(&log).await;
    process.stop().await;

    let third = Diary::named("diary", "diary", "third", 3);
    let process = Process::start(&log, "third", vec![third.follower()]);
    // What failed then may work now.
    process.checkpoints.resume("diary:rebuild").await.unwrap();
    eventually("it is of version 3", PATIENCE, || async {
        status(&log, "diary").await.unwrap().version == 3
    })
    .await;
    process.reaches("diary", end).await;
    assert_eq!(authors(&log).await, ["third"]);
    assert_eq!(entries(&log).await, [1, 2, 3, 4]);
    process.stop().await;
}

#[tokio::test]
async fn somebody_may_do_the_rebuild_before_the_new_version_starts() {
    let mut log = TestLog::start().await;
    let old = Diary::create(&log, "old").await;
    let end = log.small_talk(5).await;
    let older = Process::start(&log, "old", vec![old.follower()]);
    older.reaches("diary", end).await;

    let new = Diary::named("diary", "diary", "operator", 2);
    let ended = order(&log, "operator")
        .rebuild(new, &CancellationToken::new())
        .await;
    assert!(ended.unwrap().is_some());
    assert_eq!(authors(&log).await, ["operator"]);
    log.small_talk(1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(
        entries(&log).await,
        [1, 2, 3, 4, 5],
        "the older one leaves it alone"
    );
    older.stop().await;
}

async fn parks(log: &TestLog) {
    eventually("the rebuild parks", PATIENCE, || async {
        let diary = status(log, "diary").await.unwrap();
        diary
            .rebuild
            .is_some_and(|rebuild| rebuild.state == FollowerState::Failed)
    })
    .await;
}

async fn swapped(log: &TestLog) {
    eventually("it is swapped", PATIENCE, || async {
        status(log, "diary").await.unwrap().version == 2
    })
    .await;
}
