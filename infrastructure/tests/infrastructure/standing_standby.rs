//! A synchronous standby that stands still: who is waited for, and who is not.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use application::ports::IdempotencyStore as _;
use domain::values::Position;
use infrastructure::{
    database::{self, DatabaseOptions},
    event_log::PostgresEventLog,
    scratch_database::master_keys,
    scratch_server::ScratchServer,
};
use sqlx::PgPool;

use crate::event_log_contract::answer;

/// How long a commit hangs before we believe that it hangs.
const LONG: Duration = Duration::from_secs(2);
const IN_TIME: Duration = Duration::from_secs(20);

/// Until a write hangs: what waits for the disk waits for the standby as well, beyond every limit that PostgreSQL knows.
/// Connections know the new setting before the checkpointer does, which is who lets them wait.
async fn lose_the_standby(pool: &PgPool) {
    for statement in [
        "ALTER SYSTEM SET synchronous_standby_names = 'nobody'",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
    let begun = Instant::now();
    let write =
        "INSERT INTO leases (name, holder, fence, until) VALUES (gen_random_uuid(), 'b', 1, now())";
    while let Ok(written) = tokio::time::timeout(LONG, sqlx::query(write).execute(pool)).await {
        written.unwrap();
        assert!(begun.elapsed() < IN_TIME, "nothing waits for the standby");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_without_waiting_for_it() {
    let directory = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o755))
        .tempdir()
        .unwrap();
    let server = ScratchServer::start(&directory.path().join("server")).unwrap();
    let pool = database::open(&server.url("postgres"), &DatabaseOptions::named("test")).unwrap();
    database::migrate(&pool).await.unwrap();
    let log = PostgresEventLog::start(pool.clone(), master_keys());
    lose_the_standby(&pool).await;

    let said = answer("said");
    let keeping = log.remember("u", "k", [1; 32], Position(1), &said);
    tokio::time::timeout(IN_TIME, keeping)
        .await
        .expect("waits for nobody")
        .unwrap();
    let known = log.find("u", "k").await.unwrap().unwrap();
    assert_eq!(known.answer, Some(said));
}
