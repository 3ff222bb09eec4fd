//! `ava up` from start to end, and what is left of it.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::running::{Ended, RunningAva, ava, data_dir, processes_with, signal, until};

async fn get(url: String) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(url).send().await.unwrap()
}

async fn token(ava: &RunningAva) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({ "email": "mira@example.com" });
    let answer = client
        .post(format!("{}/dev/token", ava.api))
        .json(&body)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Nothing that this `ava up` started runs any more.
fn nothing_is_left(data_dir: &std::path::Path, postgres: u32) {
    let of_postgres = processes_with(data_dir.to_str().unwrap());
    assert!(of_postgres.is_empty(), "{of_postgres:?}");
    let watchdogs = processes_with(&format!("ava-postgres-watchdog {postgres}"));
    assert!(watchdogs.is_empty(), "{watchdogs:?}");
}

#[tokio::test]
async fn it_says_that_it_is_ready_when_it_is_and_sigterm_leaves_nothing_running() {
    install_tls();
    let directory = data_dir();
    let ava = RunningAva::start(directory.path());
    let ready = get(format!("{}/ready", ava.api)).await;
    assert_eq!(ready.status(), 200);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["status"], "ok", "{ready}");
    assert_eq!(get(format!("{}/docs/", ava.api)).await.status(), 200);
    let postgres = ava.postgres();
    let status = ava.terminate();
    assert_eq!(status.code(), Some(0));
    nothing_is_left(directory.path(), postgres);
}

#[tokio::test]
async fn prometheus_finds_the_figures_on_their_own_address_only() {
    install_tls();
    let directory = data_dir();
    let figures = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = figures.local_addr().unwrap().to_string();
    drop(figures);
    let mut command = ava(directory.path(), &["up", "--json"]);
    command.env("METRICS_ADDR", &address);
    let running = RunningAva::start_from(command, directory.path());
    let avatar = json!({
        "name": "Mira", "age": 27, "gender": "woman", "nationality": "Portuguese",
        "appearance": "short dark hair, green eyes", "personality": "caring",
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let made = client
        .post(format!("{}/avatars", running.api))
        .bearer_auth(token(&running).await)
        .json(&avatar)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);

    let answer = get(format!("http://{address}/metrics")).await;
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = answer.text().await.unwrap();
    for line in [
        "# TYPE ava_log_position gauge",
        "ava_database_up 1",
        "ava_log_position 1",
        "ava_follower_failed{follower=\"avatars\"} 0",
        "ava_follower_lag_events{follower=\"avatars\"} 0",
        "# TYPE ava_projection_check_rows_different gauge",
        "# TYPE ava_projection_check_timestamp_seconds gauge",
    ] {
        assert!(
            text.lines().any(|told| told == line),
            "{line} is not in:\n{text}"
        );
    }
    let public = get(format!("{}/metrics", running.api)).await;
    assert_eq!(public.status(), 404, "the public does not see them");
    running.terminate();
}

#[tokio::test]
async fn ctrl_c_stops_it_while_somebody_listens_to_updates() {
    install_tls();
    let directory = data_dir();
    let mut ava = RunningAva::start(directory.path());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let updates = client
        .get(format!("{}/updates", ava.api))
        .bearer_auth(token(&ava).await)
        .send()
        .await
        .unwrap();
    assert_eq!(updates.status(), 200);
    let postgres = ava.postgres();
    ava.signal("INT");
    assert_eq!(ava.wait().code(), Some(0), "{}", ava.log());
    nothing_is_left(directory.path(), postgres);
    drop(updates);
}

#[tokio::test]
async fn what_was_made_is_there_after_the_next_start_and_tokens_still_work() {
    install_tls();
    let directory = data_dir();
    let first = RunningAva::start(directory.path());
    let token = token(&first).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({
        "name": "Mira", "age": 27, "gender": "woman", "nationality": "Portuguese",
        "appearance": "short dark hair, green eyes", "personality": "caring",
    });
    let made = client
        .post(format!("{}/avatars", first.api))
        .bearer_auth(&token)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    first.terminate();

    let second = RunningAva::start(directory.path());
    let seen = client
        .get(format!("{}/avatars/me", second.api))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    assert_eq!(seen.status(), 200);
    let seen: Value = seen.json().await.unwrap();
    assert_eq!(seen["name"], "Mira");
    second.terminate();
}

#[tokio::test]
async fn after_sigkill_its_postgresql_stops_by_itself() {
    let directory = data_dir();
    let ava = RunningAva::start(directory.path());
    ava.kill();
    until("PostgreSQL is gone", || {
        processes_with(directory.path().to_str().unwrap()).is_empty()
    });
}

#[tokio::test]
async fn after_sigkill_it_starts_again_at_once_on_the_same_directory() {
    install_tls();
    let directory = data_dir();
    RunningAva::start(directory.path()).kill();
    let again = RunningAva::start(directory.path());
    assert_eq!(get(format!("{}/ready", again.api)).await.status(), 200);
    assert_eq!(again.terminate().code(), Some(0));
}

#[tokio::test]
async fn when_its_postgresql_dies_it_says_so_and_ends() {
    let directory = data_dir();
    let mut ava = RunningAva::start(directory.path());
    signal("QUIT", ava.postgres());
    assert_eq!(ava.wait().code(), Some(1));
    assert!(
        ava.log().contains("PostgreSQL ended unexpectedly"),
        "{}",
        ava.log()
    );
}

#[tokio::test]
async fn the_data_directory_keeps_its_secrets_to_itself() {
    let directory = data_dir();
    let ava = RunningAva::start(directory.path());
    for file in ["secrets.json", "postgres/password"] {
        let mode = fs::metadata(directory.path().join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
    let secrets: Value =
        serde_json::from_str(&fs::read_to_string(directory.path().join("secrets.json")).unwrap())
            .unwrap();
    let log = ava.log();
    for secret in secrets.as_object().unwrap().values() {
        assert!(
            !log.contains(secret.as_str().unwrap()),
            "a secret is in the log"
        );
    }
    let password = fs::read_to_string(directory.path().join("postgres/password")).unwrap();
    assert!(!log.contains(password.trim()), "the password is in the log");
    ava.terminate();
}

#[tokio::test]
async fn those_who_follow_the_log_can_be_listed_and_only_a_failed_one_resumed() {
    let directory = data_dir();
    let running = RunningAva::start(directory.path());
    let list = Ended::of(ava(directory.path(), &["projections", "list", "--json"]));
    assert_eq!(list.code, Some(0), "{}", list.stderr);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    let names: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    for name in [
        "avatars",
        "photos",
        "gate",
        "updates",
        "photo_work",
        "messages",
        "chat_work",
        "reports",
        "audit_index",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let table = Ended::of(ava(directory.path(), &["projections", "list"]));
    assert!(
        table.stdout.starts_with("NAME") && table.stdout.contains("\nphotos"),
        "{}",
        table.stdout
    );

    Ended::of(ava(directory.path(), &["projections", "resume", "photso"]))
        .refuses(3, &["photso", "photos"]);
    Ended::of(ava(directory.path(), &["projections", "resume", "photos"]))
        .refuses(4, &["photos has not failed"]);
    running.terminate();
}

#[tokio::test]
async fn each_role_runs_alone_beside_the_others() {
    install_tls();
    let directory = data_dir();
    let migrated = Ended::of(ava(directory.path(), &["migrate"]));
    assert_eq!(migrated.code, Some(0), "{}", migrated.stderr);
    assert!(
        migrated.stdout.starts_with("Applied "),
        "{}",
        migrated.stdout
    );
    let again = Ended::of(ava(directory.path(), &["migrate", "--json"]));
    assert_eq!(again.stdout, "{\"applied\":0}\n");
    assert!(
        processes_with(directory.path().to_str().unwrap()).is_empty(),
        "the private PostgreSQL was stopped"
    );

    let running = RunningAva::start(directory.path());
    for role in ["api", "worker", "projector", "sandbox"] {
        let mut child = ava(directory.path(), &[role])
            .env("DATA_DIR", directory.path())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = String::new();
        let mut lines = std::io::BufReader::new(child.stderr.take().unwrap());
        std::io::BufRead::read_line(&mut lines, &mut log).unwrap();
        assert!(log.contains("INFO"), "{role}: {log}");
        signal("TERM", child.id());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{role}");
    }
    running.terminate();
}
