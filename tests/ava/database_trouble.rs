//! What people see of a database that is there and does not serve: all connections in use, and sessions that are ended again and
//! again.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use infrastructure::{limits, scratch_database::ScratchDatabase};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

use crate::{
    person::Person,
    running::{RunningAva, ava, data_dir, until_ready},
};

/// How long things may take to be well again.
pub const PATIENCE: Duration = Duration::from_secs(60);

fn on(database: &ScratchDatabase, directory: &Path) -> RunningAva {
    let mut command = ava(directory, &["up", "--json"]);
    // A few people do here what nobody does.
    command.env("RATE_LIMITS", "off");
    command.env("DATABASE_URL", database.url());
    RunningAva::start_from(command, directory)
}

pub async fn with_companion(running: &RunningAva, email: &str) -> Person {
    let person = Person::sign_in(running, email).await;
    let avatar = json!({
        "name": "Ava", "age": 25, "gender": "woman", "nationality": "French",
        "appearance": "long auburn hair, green eyes", "personality": "caring",
    });
    let url = format!("{}/avatars", running.api);
    person.post(&url, &avatar).await;
    person
}

fn look(person: &Person) -> RequestBuilder {
    let look = person.client.get(format!("{}/avatars/me", person.api));
    look.bearer_auth(person.token())
}

pub fn rename(person: &Person, key: &str, name: &str) -> RequestBuilder {
    let change = person.client.patch(format!("{}/avatars/me", person.api));
    let change = change.bearer_auth(person.token());
    let change = change.header("Idempotency-Key", key);
    change.json(&json!({ "name": name }))
}

/// Whether it is done; if not, it must say when to come back.
pub async fn is_done(request: RequestBuilder) -> Result<bool, String> {
    let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.text().await.map_err(|error| format!("{error:?}"))?;
    match status {
        StatusCode::OK => Ok(true),
        StatusCode::SERVICE_UNAVAILABLE if headers.contains_key("retry-after") => Ok(false),
        _ => Err(format!("{status}: {body}")),
    }
}

pub async fn rename_at_last(person: &Person, name: &str) -> Result<(), String> {
    let (key, begun) = (Uuid::now_v7().to_string(), Instant::now());
    while !is_done(rename(person, &key, name)).await? {
        assert!(begun.elapsed() < PATIENCE, "{name} is never taken");
        sleep(Duration::from_millis(30)).await;
    }
    Ok(())
}

pub async fn renamings(database: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = 'ProfileChanged'")
        .fetch_one(database)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_no_connection_is_put_off_in_time_and_loses_nothing() {
    let (database, directory) = (ScratchDatabase::create().await, data_dir());
    let running = on(&database, directory.path());
    let person = Arc::new(with_companion(&running, "ada@example.com").await);

    // What a careless migration does: whoever reads that table keeps their connection, and all are in use soon.
    let pool = database.pool();
    let mut blocker = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE avatars IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *blocker)
        .await
        .unwrap();
    let most = limits::POOL_CONNECTIONS as usize;
    let mut asking = JoinSet::new();
    for _ in 0..3 * most {
        let person = Arc::clone(&person);
        asking.spawn(async move {
            let begun = Instant::now();
            (is_done(look(&person)).await, begun.elapsed())
        });
    }
    for _ in 0..most {
        let (done, after) = asking.join_next().await.unwrap().unwrap();
        assert_eq!(done, Ok(false));
        assert!(after < limits::LOCK_TIME, "put off after {after:?}");
    }
    // It is in the log, and its answer has to wait for the read model, which has to wait for the table.
    let key = Uuid::now_v7().to_string();
    assert_eq!(is_done(rename(&person, &key, "Eva")).await, Ok(false));

    blocker.rollback().await.unwrap();
    for (done, _) in asking.join_all().await {
        done.unwrap();
    }
    let begun = Instant::now();
    while is_done(rename(&person, &key, "Eva")).await != Ok(true) {
        assert!(begun.elapsed() < PATIENCE, "{}", running.log());
    }
    assert_eq!(person.get("/avatars/me").await["name"], "Eva");
    assert_eq!(renamings(&database.pool()).await, 1);
    running.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_ended_again_and_again_cost_no_command_and_double_none() {
    let (database, directory) = (ScratchDatabase::create().await, data_dir());
    let running = on(&database, directory.path());
    let stop = Arc::<AtomicBool>::default();
    let mut people = JoinSet::new();
    for number in 0..4 {
        let email = format!("person-{number}@example.com");
        let (person, stop) = (with_companion(&running, &email).await, Arc::clone(&stop));
        people.spawn(async move {
            let mut renamed = 0;
            while !stop.load(Ordering::Relaxed) {
                renamed += 1;
                rename_at_last(&person, &format!("Ava {renamed}")).await?;
                is_done(look(&person)).await?;
            }
            Ok::<_, String>((person, renamed))
        });
    }

    let mut ended = 0;
    for _ in 0..20 {
        sleep(Duration::from_millis(100)).await;
        let of_ours: Vec<bool> = sqlx::query_scalar(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name LIKE 'ava%'",
        )
        .fetch_all(&database.pool())
        .await
        .unwrap();
        ended += of_ours.len();
    }
    stop.store(true, Ordering::Relaxed);
    let mut renamed = 0;
    for person in people.join_all().await {
        let (person, times) = person.unwrap_or_else(|error| panic!("{error}: {}", running.log()));
        renamed += times;
        let begun = Instant::now();
        let name = json!(format!("Ava {times}"));
        while person
            .try_to("GET", "/avatars/me")
            .await
            .json::<Value>()
            .await
            .unwrap()["name"]
            != name
        {
            assert!(begun.elapsed() < PATIENCE, "{name} is not shown");
        }
        until_ready(&running.api).await;
    }
    assert_eq!(renamings(&database.pool()).await, renamed);
    println!("{renamed} commands while {ended} sessions were ended");
    running.terminate();
}
