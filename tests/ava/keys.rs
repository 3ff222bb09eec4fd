//! `ava keys rotate`: a new master key, without touching what is sealed.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    person::Person,
    running::{Ended, RunningAva, ava, data_dir},
};

fn with_keys(mut command: Command, keys: &str) -> Command {
    command.env("AVA_MASTER_KEY", keys);
    command
}

fn as_json(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[tokio::test]
async fn after_a_rotation_the_new_master_key_alone_opens_everything() {
    let directory = data_dir();
    let path = directory.path();
    let (old, new) = ("1a".repeat(32), "2b".repeat(32));
    let running = RunningAva::start_from(with_keys(ava(path, &["up", "--json"]), &old), path);
    let person = Person::sign_in(&running, "mara@example.com").await;
    let avatar = json!({
        "name": "Wilhelmina", "age": 25, "gender": "woman", "nationality": "French", "appearance": "auburn hair",
        "personality": "caring",
    });
    person
        .post(&format!("{}/avatars", running.api), &avatar)
        .await;
    running.terminate();
    let run = |keys: &str, arguments: &[&str]| Ended::of(with_keys(ava(path, arguments), keys));

    let rotate = ["keys", "rotate", "--json"];
    let both = format!("{new},{old}");
    let without_the_old_one = run(&new, &rotate);
    without_the_old_one.refuses(2, &["AVA_MASTER_KEY"]);
    assert_eq!(as_json(&run(&both, &rotate))["rotated"], 1);
    assert_eq!(as_json(&run(&both, &rotate))["rotated"], 0);

    let list = ["events", "list", "--event-type", "AvatarCreated", "--json"];
    let listed = run(&new, &list);
    assert!(
        !listed.stdout.contains("Wilhelmina"),
        "auditors see what is stored"
    );
    let listed = as_json(&listed);
    let id = listed["items"][0]["aggregate_id"].as_str().unwrap();
    let state = ["state", "Avatar", id, "--json"];
    let opened = run(&new, &state);
    assert_eq!(opened.code, Some(0), "{}", opened.stderr);
    assert!(opened.stdout.contains("Wilhelmina"), "{}", opened.stdout);
    let closed = run(&old, &state);
    assert_ne!(closed.code, Some(0));
    assert!(
        closed.stderr.contains("AVA_MASTER_KEY"),
        "{}",
        closed.stderr
    );

    let list = ["events", "list", "--event-type", "KeysRotated", "--json"];
    let recorded = as_json(&run(&new, &list));
    assert_eq!(recorded["items"].as_array().unwrap().len(), 3, "each order");
}
