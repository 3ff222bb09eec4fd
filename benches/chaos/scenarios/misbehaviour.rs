//! What the image provider can do wrong, all of it at once: every picture ends, and nothing is asked again and again.
//!
//! Its messages to us need a public https address, which is not here: what can go wrong with those stands in
//! `worker/tests/worker/misbehaviour.rs` and `api/tests`.

use futures::future::try_join_all;
use rand::seq::SliceRandom as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{person::Person, run::Run};

const MISBEHAVIOURS: [&str; 15] = [
    "ok_after(4)",
    "slow_cold_start",
    "fail_nsfw",
    "fail_infra",
    "partial_list",
    "string_output",
    "429_then_ok",
    "500_after_accept",
    "drop_response",
    "expired_output",
    "aborted",
    "unknown_status",
    "huge_file",
    "wrong_content_type",
    "redirecting_file_host",
];

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let mut ended = Vec::new();
    for _ in 0..run.scale.misbehaviours {
        let mut script = MISBEHAVIOURS.to_vec();
        script.shuffle(&mut run.dice);
        run.sandbox
            .switch("replicate/script", &json!({"next": script}))
            .await?;
        let wishes = (0..MISBEHAVIOURS.len()).map(|number| {
            let person = &run.people[number % run.people.len()];
            wish(person)
        });
        ended.extend(try_join_all(wishes).await?);
    }
    let delivered = ended.iter().filter(|status| *status == "delivered").count();
    run.verdicts
        .count("misbehaviours of the image provider", ended.len() as u64);
    let seen = format!(
        "{} misbehaviours, {delivered} pictures delivered nevertheless",
        ended.len()
    );
    run.verdicts
        .kept("a picture ends, whatever the image provider does", seen);
    Ok(())
}

/// How the picture ended.
async fn wish(person: &Person) -> anyhow::Result<String> {
    let scene = json!({"scene": "watering plants on a balcony"});
    let photo = person.order(Method::POST, "/photos", &scene).await?;
    let path = format!("/photos/{}", photo["id"].as_str().unwrap_or_default());
    let has_ended =
        |photo: &Value| photo["status"] != "requested" && photo["status"] != "generating";
    let photo = person.until(&path, has_ended).await?;
    Ok(photo["status"].as_str().unwrap_or_default().to_owned())
}
