//! `ava erase` on a whole running system: the person is forgotten, and the log still proves itself.

use std::{fs, path::Path};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    person::Person,
    projections::database,
    running::{Ended, RunningAva, ava, data_dir, until},
};

const EMAIL: &str = "canary-mail@example.com";
const STRANGER: &str = "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d";

fn run(data_dir: &Path, arguments: &[&str]) -> Ended {
    Ended::of(ava(data_dir, arguments))
}

fn start(data_dir: &Path) -> RunningAva {
    let mut command = ava(data_dir, &["up", "--json"]);
    command.env("AUDIT_CHECKPOINT_SECONDS", "1");
    RunningAva::start_from(command, data_dir)
}

/// The published checkpoint, once it is over so many events.
fn checkpoint(data_dir: &Path, size: u64) -> String {
    let said = || {
        let note = fs::read_to_string(data_dir.join("checkpoints/checkpoint")).ok()?;
        let of: u64 = note.lines().nth(1)?.parse().ok()?;
        (of >= size).then_some(note)
    };
    until("the checkpoint is published", || said().is_some());
    said().unwrap()
}

/// Mara has a companion with a face; her id.
async fn mara(running: &RunningAva) -> (Person, String) {
    let mara = Person::sign_in(running, EMAIL).await;
    let design = json!({
        "name": "canary-name", "age": 25, "gender": "woman", "nationality": "Portuguese",
        "appearance": "canary-appearance", "personality": "caring",
    });
    mara.post(&format!("{}/avatars", running.api), &design)
        .await;
    let face = format!("{}/avatars/me/reference-image", running.api);
    let photo = mara.post(&face, &json!({})).await;
    mara.wait_for(
        &format!("/photos/{}", photo["id"].as_str().unwrap()),
        "delivered",
    )
    .await;
    let data = mara.get("/me/export").await;
    assert_eq!(data["avatar"]["name"], "canary-name");
    let id = data["person"]["id"].as_str().unwrap().to_owned();
    (mara, id)
}

#[tokio::test]
async fn somebody_is_erased_from_the_command_line_and_every_proof_still_verifies() {
    let directory = data_dir();
    let data_dir = directory.path();
    let running = start(data_dir);
    let (mara, id) = mara(&running).await;
    let database = database(&running).await;
    let head: i64 = sqlx::query_scalar("SELECT position FROM log_head")
        .fetch_one(&database)
        .await
        .unwrap();
    let before = data_dir.join("before.txt");
    fs::write(&before, checkpoint(data_dir, head.unsigned_abs())).unwrap();
    let before = before.to_str().unwrap();

    assert_eq!(run(data_dir, &["erase"]).code, Some(2), "nobody is named");
    run(data_dir, &["erase", &id]).refuses(2, &["say --yes"]);
    run(data_dir, &["erase", STRANGER, "--yes"]).refuses(3, &["nothing is known"]);
    let erased = run(data_dir, &["erase", "--email", EMAIL, "--yes", "--json"]);
    assert_eq!(erased.code, Some(0), "{}", erased.stderr);
    let told: Value = serde_json::from_str(&erased.stdout).unwrap();
    assert_eq!(
        (&told["erased"], &told["erased_before"]),
        (&json!(id), &json!(false))
    );
    let again = run(data_dir, &["erase", &id, "--yes"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(
        again.stdout.contains("was erased before"),
        "{}",
        again.stdout
    );

    let refused = mara.try_to("DELETE", "/me").await;
    assert_eq!(refused.status(), StatusCode::GONE);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "person-erased");
    until("the files are gone", || {
        files(&data_dir.join("objects")) == 0
    });

    let position = told["log_position"].as_u64().unwrap();
    checkpoint(data_dir, position);
    let verified = run(
        data_dir,
        &["audit", "verify", "--checkpoint", before, "--json"],
    );
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
    let bundle = data_dir.join("bundle");
    let bundle = bundle.to_str().unwrap();
    let written = run(data_dir, &["audit", "bundle", bundle]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let alone = run(data_dir, &["audit", "verify", "--bundle", bundle]);
    assert_eq!(alone.code, Some(0), "{}", alone.stderr);
    let events = fs::read_to_string(Path::new(bundle).join("events.jsonl")).unwrap();
    assert!(
        !events.contains("canary"),
        "the bundle has what was forgotten"
    );

    // Whoever looks at the past sees that something was there, and not what.
    let state = run(data_dir, &["state", "Avatar", &id, "--json"]);
    assert_eq!(state.code, Some(0), "{}", state.stderr);
    assert!(state.stdout.contains("\"erased\""), "{}", state.stdout);
    assert!(!state.stdout.contains("canary"), "{}", state.stdout);

    let rebuilt = run(data_dir, &["projections", "rebuild", "--all", "--json"]);
    assert_eq!(
        rebuilt.code,
        Some(0),
        "{}{}",
        rebuilt.stdout,
        rebuilt.stderr
    );
    let alike = run(data_dir, &["projections", "verify", "--all", "--json"]);
    assert_eq!(alike.code, Some(0), "{}{}", alike.stdout, alike.stderr);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM avatars")
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(left, 0, "a rebuild brings nobody back");
    database.close().await;
    running.terminate();
}

fn files(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path) } else { 1 }
        })
        .sum()
}
