//! The databases that tests are given.

use infrastructure::{database, scratch_database::ScratchDatabase};

#[tokio::test]
async fn a_scratch_database_is_migrated_and_empty() {
    let db = ScratchDatabase::create().await;
    assert_eq!(database::pending_migrations(&db.pool()).await.unwrap(), 0);
    let events: i64 = sqlx::query_scalar("SELECT count(*) FROM events")
        .fetch_one(&db.pool())
        .await
        .unwrap();
    assert_eq!(events, 0);
    database::migrate(&db.pool()).await.unwrap();
}

#[tokio::test]
async fn two_tests_never_share_a_database() {
    let (one, other) = tokio::join!(ScratchDatabase::create(), ScratchDatabase::create());
    assert_ne!(one.name(), other.name());
    sqlx::query("CREATE TABLE mine ()")
        .execute(&one.pool())
        .await
        .unwrap();
    let seen: bool = sqlx::query_scalar("SELECT to_regclass('mine') IS NOT NULL")
        .fetch_one(&other.pool())
        .await
        .unwrap();
    assert!(!seen);
}

#[tokio::test]
async fn a_durable_scratch_database_waits_for_the_disk() {
    let quick = ScratchDatabase::create().await;
    let durable = ScratchDatabase::durable().await;
    for (db, expected) in [(&quick, "off"), (&durable, "on")] {
        let fsync: String = sqlx::query_scalar("SELECT current_setting('fsync')")
            .fetch_one(&db.pool())
            .await
            .unwrap();
        assert_eq!(fsync, expected);
    }
}
