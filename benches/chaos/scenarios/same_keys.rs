//! Many identical requests at once under one key: it is carried out once, and all are told the same.

use futures::future::try_join_all;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::{person::Answer, run::Run};

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let mut differing = Vec::new();
    for number in 0..run.scale.shared_keys {
        let person = &run.people[number as usize % run.people.len()];
        let (key, text) = (
            Uuid::now_v7().to_string(),
            format!("Do you like the number {number}?"),
        );
        let body = json!({"text": text});
        let twins = (0..run.scale.twins)
            .map(|_| person.command_under(&key, Method::POST, "/chat/messages", &body));
        let answers = try_join_all(twins).await?;
        let mut messages: Vec<_> = answers
            .iter()
            .map(|answer| match answer {
                Answer::Done(message) => message["id"].to_string(),
                Answer::Refused(status, code) => format!("{status} {code}"),
            })
            .collect();
        messages.sort_unstable();
        messages.dedup();
        if messages.len() != 1 {
            differing.push(format!("one key gave {messages:?}"));
        }
    }
    let (keys, twins) = (run.scale.shared_keys, run.scale.twins);
    run.verdicts
        .count("keys used by many at once", u64::from(keys));
    run.verdicts.no_exception(
        "twins are told the same",
        format!("{keys} keys, each used {twins} times at once"),
        &differing,
    );
    Ok(())
}
