//! The whole story: the README's walk-through as it stands, and a picture that outlives its process.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    person::Person,
    running::{RunningAva, ava, data_dir},
};

/// The IPTC term that marks a picture as made by a trained model.
const MARK: &[u8] = b"trainedAlgorithmicMedia";

#[test]
fn every_step_of_the_readme_works_as_it_stands() {
    let directory = data_dir();
    let running = RunningAva::start(directory.path());
    let out = directory.path().join("walk");
    fs::create_dir(&out).unwrap();
    walk(&running.api, &out, || running.log());
    running.terminate();
}

/// Goes the README's way through a system that answers at `base`, and looks at what each step answers. What it fetches is
/// left in `out`; `log` is what the system has to say when something is wrong.
pub fn walk(base: &str, out: &Path, log: impl Fn() -> String) {
    let walked = Command::new("sh")
        .args(["-eu", "-c", &walkthrough()])
        .env("BASE", base)
        .env("OUT", out)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&walked.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&walked.stderr).into_owned();
    assert!(walked.status.success(), "{told}\n{complaints}\n{}", log());

    // What the page says that each step answers, in its order.
    let mut rest = told.as_str();
    for words in [
        r#""code":"avatar-not-found""#,
        r#""code":"invalid-body""#,
        r#""pointer":"/name""#,
        r#""pointer":"/age""#,
        r#""pointer":"/personality""#,
        r#""reference_image":{"status":"none""#,
        r#""reference_history":[{"#,
        r#""status":"approved""#,
        r#""code":"subscription-required""#,
        "active\n",
        r#""status":"delivered""#,
        r#""mode":"intimate""#,
        r#""role":"user""#,
        r#""role":"avatar""#,
        r#""status":"delivered""#,
        r#""kind":"disclosure""#,
        "event: photo\n",
        "event: subscription\n",
        "event: message\n",
        r#""age":26"#,
        r#""code":"precondition-failed""#,
        r#""event_type":"ProfileChanged""#,
        r#""event_type":"PhotoDelivered""#,
        r#""actor":"reaction:deliver_requested_photos""#,
        r#""state_before":null"#,
        r#""state":{"Delivered""#,
    ] {
        let Some(place) = rest.find(words) else {
            panic!("{words} does not come where it should:\n{told}\n{complaints}");
        };
        rest = &rest[place + words.len()..];
    }
    for name in ["ava.jpg", "cafe.jpg"] {
        let picture = fs::read(out.join(name)).unwrap();
        assert!(picture.starts_with(&[0xFF, 0xD8, 0xFF]), "{name} is a JPEG");
        assert!(
            picture.windows(MARK.len()).any(|bytes| bytes == MARK),
            "{name} is marked"
        );
    }
    let events = fs::read_to_string(out.join("events.jsonl")).unwrap();
    assert!(
        events.starts_with(r#"{"position":1,"#) && events.ends_with("}\n"),
        "{events}"
    );
}

/// The shell of the README, step after step.
fn walkthrough() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let steps: Vec<&str> = readme
        .split("```sh\n")
        .skip(1)
        .map(|step| step.split("```").next().unwrap())
        .collect();
    assert!(steps.len() >= 7, "the walk-through has shrunk");
    steps.concat()
}

#[tokio::test]
async fn a_picture_whose_process_was_killed_is_delivered_once_by_the_next_one() {
    let directory = data_dir();
    // The provider's address must outlive the process, as the real one's does.
    let sandbox = free_address();
    let start = || {
        let mut command = ava(directory.path(), &["up", "--json"]);
        command.env("SANDBOX_ADDR", &sandbox);
        RunningAva::start_from(command, directory.path())
    };
    let first = start();
    let mut person = Person::sign_in(&first, "ada@example.com").await;
    let slow = json!({ "behaviour": "ok_sync", "drawing_time_ms": 4000 });
    person
        .post(
            &format!("{}/control/replicate/default", first.sandbox),
            &slow,
        )
        .await;
    let avatar = json!({
        "name": "Ava", "age": 25, "gender": "woman", "nationality": "French",
        "appearance": "long auburn hair, green eyes", "personality": "caring",
    });
    person
        .post(&format!("{}/avatars", first.api), &avatar)
        .await;
    let wish = person
        .post(
            &format!("{}/avatars/me/reference-image", first.api),
            &json!({}),
        )
        .await;
    let photo = format!("/photos/{}", wish["id"].as_str().unwrap());
    person.wait_for(&photo, "generating").await;
    bought(&person, &first).await;
    first.kill();

    let second = start();
    person.api.clone_from(&second.api);
    let delivered = person.wait_for(&photo, "delivered").await;
    assert_eq!(
        delivered["attempts"], 1,
        "the attempt that was paid for was gone on with"
    );
    assert_eq!(
        bought(&person, &second).await,
        1,
        "nothing was bought twice"
    );
    let address = format!(
        "{}{}",
        person.api,
        delivered["image"]["url"].as_str().unwrap()
    );
    let picture = person.client.get(address).send().await.unwrap();
    assert_eq!(picture.status(), StatusCode::OK);
    let picture = picture.bytes().await.unwrap();
    assert!(picture.windows(MARK.len()).any(|bytes| bytes == MARK));
    second.terminate();
}

/// How many predictions the provider was asked for; waits until there is one.
async fn bought(person: &Person, running: &RunningAva) -> usize {
    let ledger = format!("{}/control/replicate/ledger", running.sandbox);
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let ledger: Value = person
            .client
            .get(&ledger)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let creates = ledger["creates"]
            .as_array()
            .or_else(|| ledger.as_array())
            .unwrap()
            .len();
        if creates > 0 {
            return creates;
        }
        assert!(
            Instant::now() < deadline,
            "nothing was asked of the provider"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}
