//! Read models check themselves from time to time.

use infrastructure::database::DatabaseRole;
use std::{sync::Arc, time::Duration};

use projections::{engine::CheckStatus, rebuild::SelfCheck};
use tokio_util::sync::CancellationToken;

use crate::{
    mixed_log::{all_follow, much_happens},
    process::{PATIENCE, status},
    test_log::{TestLog, eventually},
};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn every_read_model_is_checked_when_it_is_due_and_a_difference_is_kept_until_it_is_mended() {
    let mut log = TestLog::start().await;
    much_happens(&mut log, 250, 13).await;
    let process = all_follow(&log).await;
    sqlx::query("UPDATE photos SET attempts = attempts + 1 WHERE photo_id = (SELECT min(photo_id::text)::uuid FROM photos)")
        .execute(&log.pool())
        .await
        .unwrap();
    let stop = CancellationToken::new();
    let checks: Vec<_> = ["one", "two"]
        .map(|node| tokio::spawn(run(&log, node, stop.clone())))
        .into();
    let mut first = Vec::new();
    for projector in projections::all() {
        let name = projector.name();
        eventually(&format!("{name} is checked"), PATIENCE, || async {
            checked(&log, name).await.is_some()
        })
        .await;
        let check = checked(&log, name).await.unwrap();
        assert_eq!((check.position.0, check.rows > 0), (250, true), "{name}");
        assert_eq!(check.rows_different, u64::from(name == "photos"), "{name}");
        first.push((name, check.checked_at));
    }
    // It is not due again for an hour.
    tokio::time::sleep(Duration::from_millis(300)).await;
    for (name, at) in &first {
        assert_eq!(checked(&log, name).await.unwrap().checked_at, *at);
    }

    sqlx::query("UPDATE photos SET attempts = attempts - 1 WHERE photo_id = (SELECT min(photo_id::text)::uuid FROM photos)")
        .execute(&log.pool())
        .await
        .unwrap();
    sqlx::query("UPDATE projection_checks SET checked_at = checked_at - interval '2 h' WHERE name = 'photos'")
        .execute(&log.pool())
        .await
        .unwrap();
    eventually("it is clean again", PATIENCE, || async {
        checked(&log, "photos").await.unwrap().rows_different == 0
    })
    .await;
    stop.cancel();
    for check in checks {
        check.await.unwrap();
    }
    process.stop().await;
}

fn run(log: &TestLog, node: &str, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
    let check = SelfCheck::new(
        log.pool_as(DatabaseRole::Projector),
        log.log.clone(),
        node.to_owned(),
        projections::all(),
        HOUR,
    )
    .looking_every(Duration::from_millis(20));
    let check = Arc::new(check);
    async move { check.run(stop).await }
}

async fn checked(log: &TestLog, name: &str) -> Option<CheckStatus> {
    status(log, name).await.unwrap().check
}
