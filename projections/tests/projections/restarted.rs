//! A database that was killed: read models may be behind what they were before.

use std::time::Duration;

use domain::values::Position;
use infrastructure::{
    database::{self, DatabaseOptions},
    scratch_server::ScratchServer,
};
use projections::engine::Checkpoints;
use sqlx::PgPool;

const AT_ONCE: Duration = Duration::from_millis(200);
const IN_TIME: Duration = Duration::from_secs(20);

async fn move_to(pool: &PgPool, position: i64) {
    sqlx::query(
        "INSERT INTO followers (name, version, position) VALUES ('photos', 1, $1)
             ON CONFLICT (name) DO UPDATE SET position = excluded.position",
    )
    .bind(position)
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_database_forgot_is_not_taken_for_seen() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(
        directory.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let mut server = ScratchServer::start(&directory.path().join("server")).unwrap();
    let pool = database::open(&server.url("postgres"), &DatabaseOptions::named("test")).unwrap();
    database::migrate(&pool).await.unwrap();
    let checkpoints = Checkpoints::new(pool.clone());
    let tenth = Position(10);
    let seen = async |within| checkpoints.await_position(&["photos"], tenth, within).await;
    move_to(&pool, 10).await;
    seen(IN_TIME).await.unwrap();

    // While it lives, followers only move forward: whatever says otherwise was overtaken.
    move_to(&pool, 8).await;
    checkpoints.doubt(tenth).await.unwrap();
    seen(AT_ONCE).await.unwrap();

    server.kill(true);
    server.start_again().unwrap();
    // The pool may have to find out first that its connections are gone.
    while checkpoints.doubt(tenth).await.is_err() {}
    assert_eq!(seen(AT_ONCE).await.unwrap_err().reached, Position(8));
    move_to(&pool, 10).await;
    seen(IN_TIME).await.unwrap();
}
