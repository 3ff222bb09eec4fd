//! `ava events` and `ava state`: the log at the command line, the same as over HTTP, and on record.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::{
    person::Person,
    running::{Ended, RunningAva, ava, data_dir},
};

const AUDREY: &str = "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d";

fn read(running: &RunningAva, arguments: &[&str]) -> Ended {
    Ended::of(ava(&running.data_dir, arguments))
}

fn as_json(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

async fn designs(running: &RunningAva, email: &str) {
    let avatar = json!({
        "name": "Ava", "age": 25, "gender": "woman", "nationality": "French", "appearance": "auburn hair",
        "personality": "caring",
    });
    let person = Person::sign_in(running, email).await;
    person
        .post(&format!("{}/avatars", running.api), &avatar)
        .await;
}

#[tokio::test]
async fn the_log_is_read_at_the_command_line_and_each_look_is_recorded() {
    let directory = data_dir();
    let running = RunningAva::start(directory.path());
    for email in ["mara@example.com", "otto@example.com"] {
        designs(&running, email).await;
    }

    let list = &["events", "list", "--event-type", "AvatarCreated"];
    let listed = read(&running, &[list, &["--limit", "1", "--json"][..]].concat());
    let listed = as_json(&listed);
    let first = listed["items"][0].clone();
    assert_eq!(
        (&first["event_type"], &listed["next_after"]),
        (&json!("AvatarCreated"), &first["position"])
    );
    let table = read(&running, list);
    assert_eq!(table.stdout.lines().count(), 3, "{}", table.stdout);

    let position = first["position"].to_string();
    let shown = as_json(&read(&running, &["events", "show", &position, "--json"]));
    assert_eq!(
        (&shown["state_before"], &shown["payload"]),
        (&Value::Null, &first["payload"])
    );
    assert_eq!(
        shown["changes"][0],
        json!({"path": "/kind", "after": "Created"})
    );
    let told = read(&running, &["events", "show", &position]).stdout;
    assert!(told.contains(r#"/kind: + "Created""#), "{told}");
    assert!(told.contains("it began with this event"), "{told}");

    let id = first["aggregate_id"].as_str().unwrap();
    let at = ["--as-of-position", &position, "--json", "--by", AUDREY];
    let state = read(&running, &[&["state", "Avatar", id], &at[..]].concat());
    assert_eq!(as_json(&state)["state"], shown["state_after"]);

    let file = directory.path().join("events.jsonl");
    let out = file.to_str().unwrap();
    let exported = read(&running, &["events", "export", "--out", out, "--json"]);
    let exported = as_json(&exported);
    let lines = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(exported["events"], lines.len());
    assert_eq!(exported["until"], lines.last().unwrap()["position"]);
    for (line, position) in lines.iter().zip(1u64..) {
        assert_eq!(line["position"], position);
    }
    let views: Vec<_> = lines
        .iter()
        .filter(|line| line["aggregate_type"] == "Stewardship")
        .map(|line| {
            (
                line["event_type"].as_str().unwrap(),
                line["metadata"]["actor"].as_str().unwrap(),
            )
        })
        .collect();
    let keeper = "auditor:00000000-0000-0000-0000-000000000000";
    let by = format!("auditor:{AUDREY}");
    assert_eq!(
        views,
        [
            ("EventsViewed", keeper),
            ("EventsViewed", keeper),
            ("EventViewed", keeper),
            ("EventViewed", keeper),
            ("StateViewed", by.as_str()),
        ]
    );
    read(&running, &["events", "export", "--out", out]).refuses(1, &["cannot be created"]);
    running.terminate();
}

#[tokio::test]
async fn a_tail_tells_what_happens_as_it_happens() {
    let directory = data_dir();
    let running = RunningAva::start(directory.path());
    designs(&running, "mara@example.com").await;
    let arguments = [
        "events",
        "tail",
        "--json",
        "--aggregate-type",
        "Avatar",
        "--after",
        "0",
    ];
    let mut tail = ava(directory.path(), &arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let first = next();
    designs(&running, "otto@example.com").await;
    let second = next();
    assert_eq!(second["event_type"], "AvatarCreated");
    assert!(first["position"].as_u64() < second["position"].as_u64());
    let pid = rustix::process::Pid::from_child(&tail);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(tail.wait().unwrap().code(), Some(0));
    running.terminate();
}

#[tokio::test]
async fn what_is_not_there_is_told_apart_from_what_was_asked_wrongly() {
    let directory = data_dir();
    let running = RunningAva::start(directory.path());
    let refused = |arguments: &[&str], code, words: &[&str]| {
        read(&running, arguments).refuses(code, words);
    };
    refused(&["events", "show", "7"], 3, &["no event 7", "ends at 0"]);
    refused(
        &["state", "Avatar", "nobody"],
        3,
        &["nothing had happened to Avatar nobody"],
    );
    refused(
        &["state", "Riddle", "sphinx"],
        2,
        &["Riddle", "PhotoRequest"],
    );
    refused(
        &["state", "Avatar", "nobody", "--as-of-position", "7"],
        2,
        &["which is 0"],
    );
    refused(
        &[
            "state",
            "Avatar",
            "nobody",
            "--as-of",
            "3000-01-01T00:00:00Z",
        ],
        2,
        &["future"],
    );
    let wrong = read(&running, &["events", "list", "--from", "yesterday"]);
    assert_eq!(wrong.code, Some(2));
    let nothing = read(&running, &["events", "list"]);
    assert_eq!(nothing.stdout, "No event is like that.\n");
    running.terminate();
}
