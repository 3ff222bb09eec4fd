//! Reading what one wrote, and seeing how far everybody is.

use infrastructure::database::DatabaseRole;
use std::time::Duration;

use application::ports::EventLog;
use domain::values::Position;
use projections::engine::{Behind, Checkpoints, FollowerState};

use crate::{
    process::{Diary, PATIENCE, Process},
    test_log::TestLog,
};

#[tokio::test]
async fn a_position_can_be_awaited_where_the_projectors_run_and_elsewhere() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    let process = Process::start(&log, "one", vec![diary.follower()]);
    let elsewhere = Checkpoints::new(log.pool_as(DatabaseRole::Api));

    for _ in 0..20 {
        let position = log.small_talk(3).await;
        let (here, there) = tokio::join!(
            process
                .checkpoints
                .await_position(&["diary"], position, PATIENCE),
            elsewhere.await_position(&["diary"], position, PATIENCE),
        );
        assert_eq!((here, there), (Ok(()), Ok(())));
        let seen: i64 = sqlx::query_scalar("SELECT max(position) FROM diary")
            .fetch_one(&log.pool())
            .await
            .unwrap();
        assert!(Position(seen.cast_unsigned()) >= position);
    }
    process.stop().await;
}

#[tokio::test]
async fn the_one_who_is_behind_is_named_with_how_far_it_is() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    let process = Process::start(&log, "one", vec![diary.follower()]);
    let end = log.small_talk(4).await;
    process.reaches("diary", end).await;

    let soon = Duration::from_millis(200);
    let awaited = Position(end.0 + 1);
    for checkpoints in [
        process.checkpoints.clone(),
        Checkpoints::new(log.pool_as(DatabaseRole::Api)),
    ] {
        let behind = checkpoints
            .await_position(&["diary"], awaited, soon)
            .await
            .unwrap_err();
        assert_eq!(
            behind,
            Behind {
                projector: "diary",
                reached: end,
                awaited
            }
        );
        assert_eq!(
            behind.to_string(),
            "the projector diary has reached position 4, not yet 5"
        );

        let behind = checkpoints
            .await_position(&["diary", "nobody"], end, soon)
            .await
            .unwrap_err();
        assert_eq!(
            behind,
            Behind {
                projector: "nobody",
                reached: Position(0),
                awaited: end
            }
        );
    }
    process.stop().await;
}

#[tokio::test]
async fn a_subscriber_hears_when_a_projector_moves_on() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    let process = Process::start(&log, "one", vec![diary.follower()]);
    let mut position = process.checkpoints.subscribe("diary");
    let end = log.small_talk(2).await;
    tokio::time::timeout(PATIENCE, position.wait_for(|seen| *seen == end))
        .await
        .unwrap()
        .unwrap();
    process.stop().await;
}

#[tokio::test]
async fn the_list_shows_who_follows_how_far_and_how_late() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    let end = log.small_talk(3).await;
    let process = Process::start(&log, "one", vec![diary.follower()]);
    process.reaches("diary", end).await;
    let all = process
        .checkpoints
        .list(log.log.head().await.unwrap())
        .await
        .unwrap();
    let [status] = &all[..] else {
        panic!("one follower")
    };
    assert_eq!(
        (status.name.as_str(), status.version, status.position),
        ("diary", 1, end)
    );
    assert_eq!((status.lag_events, status.lag_seconds), (0, 0.0));
    assert_eq!(
        (status.state, status.holder.as_deref()),
        (FollowerState::Running, Some("one"))
    );
    process.stop().await;

    log.small_talk(2).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let late = Checkpoints::new(log.pool_as(DatabaseRole::Api))
        .list(log.log.head().await.unwrap())
        .await
        .unwrap();
    assert_eq!((late[0].lag_events, late[0].holder.as_deref()), (2, None));
    assert!(late[0].lag_seconds >= 0.02);
}
