//! A synchronous standby that stands still: who is waited for, and who is not.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _, time::Duration};

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

async fn lose_the_standby(pool: &PgPool) {
    for statement in [
        "ALTER SYSTEM SET synchronous_standby_names = 'nobody'",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
    let names = "SELECT current_setting('synchronous_standby_names')";
    while sqlx::query_scalar::<_, String>(names)
        .fetch_one(pool)
        .await
        .unwrap()
        != "nobody"
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
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

    // What waits for the disk waits for the standby as well, beyond every limit that PostgreSQL knows.
    let waiting =
        sqlx::query("INSERT INTO leases (name, holder, fence, until) VALUES ('a', 'b', 1, now())");
    let waited = tokio::time::timeout(LONG, waiting.execute(&pool)).await;
    assert!(
        waited.is_err(),
        "it should have waited for the standby: {waited:?}"
    );

    let said = answer("said");
    let keeping = log.remember("u", "k", [1; 32], Position(1), &said);
    tokio::time::timeout(IN_TIME, keeping)
        .await
        .expect("waits for nobody")
        .unwrap();
    let known = log.find("u", "k").await.unwrap().unwrap();
    assert_eq!(known.answer, Some(said));
}
