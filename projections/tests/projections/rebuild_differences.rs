//! What a comparison of the live tables with the log finds.

use std::time::Duration;

use projections::{
    engine::{FollowerState, Projector},
    rebuild::{DifferenceKind, NotDone, Pace},
};
use sqlx::PgPool;

use crate::{
    histories::{photo, requested, user},
    mixed_log::{all_follow, all_reach, everything, much_happens, order, projector, rebuild},
    process::{Diary, PATIENCE, status},
    test_log::{TestLog, eventually},
};

use domain::photo_request::Purpose;

#[tokio::test]
async fn a_changed_a_missing_and_an_extra_row_are_named_and_a_rebuild_mends_them() {
    let mut log = TestLog::start().await;
    for n in 0..40 {
        log.photo(
            user(n),
            photo(n),
            vec![requested(user(n), n, Purpose::Scene)],
        )
        .await;
    }
    let process = all_follow(&log).await;
    let sound = everything(&log.pool()).await;
    for tamper in [
        format!("UPDATE photos SET scene = 'elsewhere', attempts = 9 WHERE photo_id = '{}'", photo(7)),
        format!("DELETE FROM photos WHERE photo_id = '{}'", photo(8)),
        format!(
            "INSERT INTO photos SELECT '{}', owner, purpose, scene, status, attempts, image, failure, rules, sequence,
                                       position, requested_at, delivered_at FROM photos LIMIT 1",
            photo(99)
        ),
    ] {
        sqlx::query(&tamper).execute(&log.pool()).await.unwrap();
    }

    let found = check(&log, "photos").await;
    assert_eq!((found.rows, found.rows_different), (40, 3));
    let named: Vec<_> = found
        .differences
        .into_iter()
        .map(|found| (found.table, found.key, found.kind))
        .collect();
    let expected = [
        (
            7,
            DifferenceKind::Changed(vec!["scene".to_owned(), "attempts".to_owned()]),
        ),
        (8, DifferenceKind::Missing),
        (99, DifferenceKind::Extra),
    ];
    let expected =
        expected.map(|(n, kind)| ("photos".to_owned(), format!("photo_id={}", photo(n)), kind));
    assert_eq!(named, expected);
    let seen = status(&log, "photos").await.unwrap();
    assert_eq!(seen.check.unwrap().rows_different, 3);
    assert_eq!(seen.checking, None, "nothing is left of it");

    let (_, mended) = rebuild(&log, projector("photos")).await;
    assert_eq!(mended.rows_different, 3, "it says what it mended");
    assert_eq!(everything(&log.pool()).await, sound);
    let seen = status(&log, "photos").await.unwrap();
    assert_eq!(seen.check.unwrap().rows_different, 0);
    assert_eq!(check(&log, "photos").await.rows_different, 0);
    process.stop().await;
}

#[tokio::test]
async fn however_many_rows_differ_ten_are_named() {
    let mut log = TestLog::start().await;
    much_happens(&mut log, 300, 4).await;
    let process = all_follow(&log).await;
    let changed = sqlx::query("UPDATE updates SET resource_id = 'x'")
        .execute(&log.pool())
        .await
        .unwrap()
        .rows_affected();
    let found = check(&log, "updates").await;
    assert_eq!((found.rows, found.rows_different), (changed, changed));
    assert_eq!(found.differences.len(), 10);
    process.stop().await;
}

#[tokio::test]
async fn a_check_is_exact_while_events_come_in() {
    let mut log = TestLog::start().await;
    much_happens(&mut log, 200, 5).await;
    let process = all_follow(&log).await;
    let names = projections::all().into_iter().map(|one| one.name());
    let orders = names.map(|name| {
        let order = order(&log, name);
        tokio::spawn(async move {
            for _ in 0..3 {
                let found = order
                    .check(&projector(name), Pace::Full, &Default::default())
                    .await
                    .unwrap();
                assert_eq!(found.rows_different, 0, "{name}: {found:?}");
            }
        })
    });
    let orders: Vec<_> = orders.collect();
    let mut seed = 10;
    while !orders.iter().all(|order| order.is_finished()) {
        much_happens(&mut log, 20, seed).await;
        seed = seed.wrapping_add(1);
    }
    for order in orders {
        order.await.unwrap();
    }
    all_reach(&log, &process).await;
    process.stop().await;
}

#[tokio::test]
async fn what_another_version_has_filled_cannot_be_checked() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    let end = log.small_talk(3).await;
    let order = order(&log, "operator");
    let newer: std::sync::Arc<dyn Projector> = Diary::named("diary", "diary", "one", 2);
    let refused = order.check(&newer, Pace::Full, &Default::default()).await;
    assert!(matches!(refused, Err(NotDone::NeverFilled)));

    let process = crate::process::Process::start(&log, "one", vec![diary.follower()]);
    process.reaches("diary", end).await;
    let refused = order.check(&newer, Pace::Full, &Default::default()).await;
    assert!(matches!(
        refused,
        Err(NotDone::AnotherVersion { live: 1, ours: 2 })
    ));
    process.stop().await;
}

#[tokio::test]
async fn a_check_that_fails_says_where_and_leaves_nothing() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    let end = log.small_talk(5).await;
    let process = crate::process::Process::start(&log, "one", vec![diary.follower()]);
    process.reaches("diary", end).await;

    let broken = Diary::create(&log, "one").await;
    broken.stumble_at(4);
    let broken: std::sync::Arc<dyn Projector> = broken;
    let check = order(&log, "operator");
    let stop = Default::default();
    let failed = tokio::time::timeout(PATIENCE, check.check(&broken, Pace::Full, &stop)).await;
    let failed = failed.unwrap().unwrap_err();
    assert!(failed.to_string().starts_with("event 4: "), "{failed}");
    let live = status(&log, "diary").await.unwrap();
    assert_eq!((live.checking, live.state), (None, FollowerState::Running));
    let pool: PgPool = log.pool();
    eventually("its schema is gone", Duration::from_secs(5), || async {
        sqlx::query("SELECT FROM pg_namespace WHERE nspname = 'check_diary'")
            .fetch_optional(&pool)
            .await
            .unwrap()
            .is_none()
    })
    .await;
    process.stop().await;
}

async fn check(log: &TestLog, name: &str) -> projections::rebuild::Comparison {
    order(log, "operator")
        .check(&projector(name), Pace::Full, &Default::default())
        .await
        .unwrap()
}
