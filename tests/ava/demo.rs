//! Made-up people, through the API alone.

use serde_json::{Value, json};

use crate::{
    person::Person,
    running::{Ended, RunningAva, ava, data_dir},
};

/// The first five show a long history, a talk, the paywall, a failed payment and a choice of pictures.
const ARGUMENTS: [&str; 6] = ["demo", "--people", "5", "--seed", "3", "--json"];

#[tokio::test]
async fn made_up_people_come_once_however_often_they_are_called() {
    let directory = data_dir();
    let running = RunningAva::start(directory.path());
    let somebody = Person::sign_in(&running, "somebody@example.com").await;
    for (service, quick) in [
        ("replicate", json!({"drawing_time_ms": 10})),
        ("chat", json!({"pause_ms": 0})),
    ] {
        let switch = format!("{}/control/{service}/default", running.sandbox);
        somebody.post(&switch, &quick).await;
    }

    let first = demo(&running);
    let guests = first["items"].as_array().unwrap();
    let subscriptions: Vec<_> = guests.iter().map(|one| &one["subscription"]).collect();
    assert_eq!(
        subscriptions,
        ["active", "active", "none", "past_due", "none"]
    );
    assert!(guests[0]["photos"].as_u64().unwrap() >= 11, "{first}");
    assert!(guests[0]["messages"].as_u64().unwrap() >= 30, "{first}");

    let before = length_of_the_log(&running);
    assert_eq!(demo(&running), first);
    // The look itself is one more.
    assert_eq!(length_of_the_log(&running), before + 1);

    let email = guests[1]["email"].as_str().unwrap();
    let guest = Person::sign_in(&running, email).await;
    let said = guest.get("/chat/messages?limit=100").await;
    let said = said["items"].as_array().unwrap();
    assert!(said.iter().any(|one| one["mode"] == "friendly"));
    assert!(said.iter().any(|one| one["photo"]["status"] == "delivered"));
    running.terminate();
}

#[test]
fn without_a_system_that_runs_it_is_said_how_to_start_one() {
    let directory = data_dir();
    let mut command = ava(directory.path(), &["demo"]);
    command.env("HTTP_ADDR", "127.0.0.1:1");
    Ended::of(command).refuses(75, &["ava up", "HTTP_ADDR"]);
}

fn demo(running: &RunningAva) -> Value {
    let mut command = ava(&running.data_dir, &ARGUMENTS);
    command
        .env("HTTP_ADDR", running.api.trim_start_matches("http://"))
        .env(
            "SANDBOX_ADDR",
            running.sandbox.trim_start_matches("http://"),
        );
    let ended = Ended::of(command);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stderr, running.log());
    serde_json::from_str(&ended.stdout).unwrap()
}

/// The position that every follower has reached, once all have.
fn length_of_the_log(running: &RunningAva) -> u64 {
    let listed = Ended::of(ava(&running.data_dir, &["projections", "list", "--json"]));
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let positions = listed["items"].as_array().unwrap().iter();
    positions
        .map(|follower| {
            follower["position"].as_u64().unwrap() + follower["lag_events"].as_u64().unwrap()
        })
        .max()
        .unwrap()
}
