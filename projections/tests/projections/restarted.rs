//! A database that was killed: read models may be behind what they were before.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    time::Duration,
};

use domain::values::Position;
use infrastructure::{
    database::{self, DatabaseOptions},
    scratch_server::ScratchServer,
};
use projections::engine::Checkpoints;
use sqlx::PgPool;
use tempfile::TempDir;

const AT_ONCE: Duration = Duration::from_millis(200);
const IN_TIME: Duration = Duration::from_secs(20);

const TENTH: Position = Position(10);

/// A database that can be killed.
struct Killable {
    server: ScratchServer,
    pool: PgPool,
    _directory: TempDir,
}

impl Killable {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let server = ScratchServer::start(&directory.path().join("server")).unwrap();
        let pool =
            database::open(&server.url("postgres"), &DatabaseOptions::named("test")).unwrap();
        database::migrate(&pool).await.unwrap();
        Self {
            server,
            pool,
            _directory: directory,
        }
    }

    fn restart(&mut self) {
        self.server.kill(true);
        self.server.start_again().unwrap();
    }
}

async fn move_to(pool: &PgPool, follower: &str, position: i64) {
    sqlx::query(
        "INSERT INTO followers (name, version, position) VALUES ($1, 1, $2)
             ON CONFLICT (name) DO UPDATE SET position = excluded.position",
    )
    .bind(follower)
    .bind(position)
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_database_forgot_is_not_taken_for_seen() {
    let mut database = Killable::start().await;
    let pool = database.pool.clone();
    let checkpoints = Checkpoints::new(pool.clone());
    assert_eq!(checkpoints.restarts(), 0);
    let seen = async |within| checkpoints.await_position(&["photos"], TENTH, within).await;
    move_to(&pool, "photos", 10).await;
    seen(IN_TIME).await.unwrap();

    // While it lives, followers only move forward: whatever says otherwise was overtaken.
    move_to(&pool, "photos", 8).await;
    checkpoints.doubt(TENTH).await.unwrap();
    seen(AT_ONCE).await.unwrap();

    database.restart();
    // The pool may have to find out first that its connections are gone.
    while checkpoints.doubt(TENTH).await.is_err() {}
    assert_eq!(checkpoints.restarts(), 1);
    assert_eq!(seen(AT_ONCE).await.unwrap_err().reached, Position(8));
    move_to(&pool, "photos", 10).await;
    seen(IN_TIME).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_while_another_read_model_is_waited_for_is_waited_for_again() {
    let mut database = Killable::start().await;
    let pool = database.pool.clone();
    let checkpoints = Checkpoints::new(pool.clone());
    move_to(&pool, "messages", 10).await;
    move_to(&pool, "photos", 9).await;
    let seen = checkpoints.await_position(&["messages"], TENTH, IN_TIME);
    seen.await.unwrap();
    move_to(&pool, "messages", 8).await;

    let waiting = tokio::spawn({
        let checkpoints = checkpoints.clone();
        async move {
            let both = &["messages", "photos"];
            checkpoints.await_position(both, TENTH, IN_TIME).await
        }
    });
    // It has seen the messages, and waits for the photos.
    tokio::time::sleep(AT_ONCE).await;
    database.restart();
    while checkpoints.restarts() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    move_to(&pool, "photos", 10).await;
    let photos = checkpoints.await_position(&["photos"], TENTH, IN_TIME);
    photos.await.unwrap();
    tokio::time::sleep(AT_ONCE).await;
    assert!(!waiting.is_finished(), "the messages are behind again");
    move_to(&pool, "messages", 10).await;
    waiting.await.unwrap().unwrap();
}
