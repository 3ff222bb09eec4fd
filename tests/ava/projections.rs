//! `ava projections`: rebuild and verify beside a system that runs, on one that is stopped, and after a kill.

use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use infrastructure::embedded_postgres::EmbeddedPostgres;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::running::{Ended, PATIENCE, RunningAva, ava, data_dir};

fn projections(running: &RunningAva, arguments: &[&str]) -> Ended {
    let arguments: Vec<_> = ["projections"].iter().chain(arguments).copied().collect();
    Ended::of(ava(&running.data_dir, &arguments))
}

fn as_json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|_| panic!("{}{}", ended.stdout, ended.stderr))
}

pub async fn database(running: &RunningAva) -> PgPool {
    let url = EmbeddedPostgres::running(&running.data_dir).unwrap();
    PgPool::connect(&url).await.unwrap()
}

/// So many avatars, written into the log.
pub async fn avatars(database: &PgPool, many: i32) {
    sqlx::query(
        r#"WITH added AS (
               INSERT INTO events
               SELECT (SELECT position FROM log_head) + row_number() OVER (), gen_random_uuid(), 'Avatar', o, 1, 'AvatarCreated', '1',
                      json_build_object('type', 'AvatarCreated', 'avatar_id', o, 'owner', o,
                          'name', json_build_object('personal', 'Mira'), 'age', 27, 'gender', 'woman',
                          'nationality', 'Portuguese', 'appearance', json_build_object('personal', 'short dark hair'),
                          'personality', 'caring'),
                      json_build_object('actor', 'user:' || o, 'owner', o, 'correlation_id', o, 'causation_id', o, 'command', 'Create'),
                      now()
                 FROM (SELECT gen_random_uuid()::text FROM generate_series(1, $1)) AS owners (o)
               RETURNING position)
           UPDATE log_head SET position = (SELECT max(position) FROM added)"#,
    )
    .bind(many)
    .execute(database)
    .await
    .unwrap();
}

/// Waits until the followers whose names are like that have seen that much; without a look, which would be an event more.
async fn all_reach(database: &PgPool, names: &str, position: i64) {
    let reached = async || -> bool {
        sqlx::query_scalar("SELECT bool_and(position >= $2) FROM followers WHERE name LIKE $1")
            .bind(names)
            .bind(position)
            .fetch_one(database)
            .await
            .unwrap_or(false)
    };
    let deadline = Instant::now() + PATIENCE;
    while !reached().await {
        assert!(Instant::now() < deadline, "{names} do not reach {position}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Who looked at the read models, each time, in order.
async fn looks(database: &sqlx::PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT metadata ->> 'actor' FROM events WHERE event_type = 'ProjectionsViewed' ORDER BY position",
    )
    .fetch_all(database)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_row_that_somebody_changed_is_named_and_mended_while_the_system_runs() {
    let directory = data_dir();
    let running = RunningAva::start(directory.path());
    let database = database(&running).await;
    avatars(&database, 50).await;
    all_reach(&database, "%", 50).await;
    let looked = looks(&database).await;
    let verified = projections(&running, &["verify", "--all"]);
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
    assert_eq!(verified.stdout.lines().count(), 9, "{}", verified.stdout);
    let by = "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d";
    assert_eq!(projections(&running, &["list", "--by", by]).code, Some(0));
    let keeper = format!("operator:{}", uuid::Uuid::nil());
    let now = looks(&database).await;
    assert_eq!(now[looked.len()..], [keeper, format!("operator:{by}")]);

    sqlx::query(
        "UPDATE avatars SET name = 'Mallory' WHERE owner = (SELECT owner FROM avatars LIMIT 1)",
    )
    .execute(&database)
    .await
    .unwrap();
    let verified = projections(&running, &["verify", "avatars", "--json"]);
    assert_eq!(verified.code, Some(1));
    let found = as_json(&verified);
    assert_eq!(
        (&found["equal"], &found["items"][0]["rows"]),
        (&json!(false), &json!(50))
    );
    let difference = &found["items"][0]["differences"][0];
    assert_eq!(
        (&difference["kind"], &difference["columns"]),
        (&json!("changed"), &json!(["name"]))
    );
    let listed = projections(&running, &["list"]).stdout;
    assert!(listed.contains("NOT what the log says"), "{listed}");

    let rebuilt = projections(&running, &["rebuild", "avatars"]);
    assert_eq!(rebuilt.code, Some(0), "{}", rebuilt.stderr);
    assert!(
        rebuilt.stdout.contains("differs in name"),
        "{}",
        rebuilt.stdout
    );
    assert_eq!(projections(&running, &["verify", "avatars"]).code, Some(0));

    projections(&running, &["rebuild", "nobody"]).refuses(3, &["nobody", "avatars"]);
    assert_eq!(projections(&running, &["rebuild"]).code, Some(2));
    assert_eq!(
        projections(&running, &["verify", "avatars", "--all"]).code,
        Some(2)
    );
    database.close().await;
    running.terminate();
}

#[tokio::test]
async fn a_stopped_system_can_be_rebuilt() {
    let directory = data_dir();
    let running = RunningAva::start(directory.path());
    let database = database(&running).await;
    avatars(&database, 5).await;
    all_reach(&database, "avatars", 5).await;
    database.close().await;
    running.terminate();

    let stopped = Ended::of(ava(
        directory.path(),
        &["projections", "rebuild", "avatars", "--json"],
    ));
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    let stopped = as_json(&stopped);
    let compared = &stopped["rebuilt"][0]["compared"];
    assert_eq!(
        (&compared["rows"], &compared["rows_different"]),
        (&json!(5), &json!(0))
    );
}

#[tokio::test]
async fn a_killed_rebuild_is_gone_on_with_where_it_was() {
    let directory = data_dir();
    let running = RunningAva::start(directory.path());
    let database = database(&running).await;
    avatars(&database, 8_000).await;
    all_reach(&database, "updates", 8_000).await;
    let log = fs::File::create(directory.path().join("rebuild.log")).unwrap();
    let mut child = ava(directory.path(), &["projections", "rebuild", "updates"])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let killed_at: i64 = loop {
        let position: Option<i64> =
            sqlx::query_scalar("SELECT position FROM followers WHERE name = 'updates:rebuild'")
                .fetch_optional(&database)
                .await
                .unwrap();
        match position {
            Some(position) if position > 0 => break position,
            _ => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let list = as_json(&projections(&running, &["list", "--json"]));
    let items = list["items"].as_array().unwrap();
    let updates = items.iter().find(|item| item["name"] == "updates").unwrap();
    assert!(
        updates["rebuild"]["percent"].as_u64().unwrap() < 100,
        "{updates}"
    );

    let again = projections(&running, &["rebuild", "updates", "--json"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let rebuilt = as_json(&again)["rebuilt"][0].clone();
    assert!(
        rebuilt["resumed_after"].as_i64().unwrap() >= killed_at,
        "{rebuilt}"
    );
    // That it was ordered is on record, each time, and so is each look.
    let head: i64 = sqlx::query_scalar("SELECT position FROM log_head")
        .fetch_one(&database)
        .await
        .unwrap();
    assert!(head > 8_002, "{head}");
    assert_eq!(
        (&rebuilt["position"], &rebuilt["compared"]["rows_different"]),
        (&json!(head), &json!(0))
    );
    database.close().await;
    running.terminate();
}
