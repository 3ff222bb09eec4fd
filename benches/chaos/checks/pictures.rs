//! Pictures and messages: each comes to one end, and what was delivered is there.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::log::{Log, Stored};
use crate::{run::Run, verdicts::Verdicts};

/// How many of each person's pictures are fetched.
const LOOKED_AT: usize = 8;

/// Each request for a picture has one end; what was not delivered has its place in the quota back.
pub fn look_at_ends(verdicts: &mut Verdicts, log: &Log) {
    let mut ends: HashMap<&str, Vec<&str>> = HashMap::new();
    for request in log.of_type("PhotoRequested") {
        ends.entry(&request.aggregate_id).or_default();
    }
    let is_end = |event: &&Stored| {
        [
            "PhotoDelivered",
            "PhotoFailed",
            "PhotoRefused",
            "PhotoCanceled",
        ]
        .contains(&&*event.event_type)
    };
    for event in log.events.iter().filter(is_end) {
        ends.entry(&event.aggregate_id)
            .or_default()
            .push(&event.event_type);
    }
    let exceptions = ends.iter().filter(|(_, ends)| ends.len() != 1);
    let exceptions: Vec<String> = exceptions
        .map(|(id, ends)| format!("photo {id}: {ends:?}"))
        .collect();
    let delivered = log.of_type("PhotoDelivered").count();
    verdicts.count("pictures requested", ends.len() as u64);
    verdicts.count("pictures delivered", delivered as u64);
    let seen = format!("{} requests, {delivered} of them delivered", ends.len());
    verdicts.no_exception("every picture comes to one end", seen, &exceptions);

    let (reserved, released) = (
        of_photos(log, "PhotoReserved"),
        of_photos(log, "PhotoReleased"),
    );
    let exceptions = reserved.iter().filter(|(id, times)| {
        let is_delivered = ends
            .get(&***id)
            .is_some_and(|ends| ends.contains(&"PhotoDelivered"));
        let given_back = released.get(&***id).copied().unwrap_or_default();
        **times != 1 || given_back != usize::from(!is_delivered)
    });
    let exceptions: Vec<String> = exceptions
        .map(|(id, times)| {
            format!(
                "photo {id}: reserved {times} times, released {:?}",
                released.get(id)
            )
        })
        .collect();
    let seen = format!("{} reserved, {} given back", reserved.len(), released.len());
    verdicts.no_exception(
        "every picture is paid for once, and only when it is delivered",
        seen,
        &exceptions,
    );
}

/// How often each photo is named by events of a kind.
fn of_photos(log: &Log, event_type: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for event in log.of_type(event_type) {
        let photo_id = event.payload["photo_id"].as_str().unwrap_or_default();
        *counts.entry(photo_id.to_owned()).or_default() += 1;
    }
    counts
}

/// Each message has one answer.
pub fn look_at_messages(verdicts: &mut Verdicts, log: &Log) {
    let mut answers: HashMap<&str, usize> = HashMap::new();
    for message in log.of_type("MessageSent") {
        let id = message.payload["message_id"].as_str().unwrap_or_default();
        answers.entry(id).or_default();
    }
    let sent = answers.len();
    for event in log
        .of_type("ReplyRecorded")
        .chain(log.of_type("ReplyFailed"))
    {
        let id = event.payload["message_id"].as_str().unwrap_or_default();
        *answers.entry(id).or_default() += 1;
    }
    let exceptions = answers.iter().filter(|(_, answers)| **answers != 1);
    let exceptions: Vec<String> = exceptions
        .map(|(id, answers)| format!("message {id} has {answers} answers"))
        .collect();
    verdicts.count("messages", sent as u64);
    verdicts.no_exception(
        "every message has one answer",
        format!("{sent} messages"),
        &exceptions,
    );
}

/// The files of the newest pictures are there, and are what was delivered.
pub async fn look_at_files(run: &mut Run) -> anyhow::Result<()> {
    let (mut exceptions, mut files) = (Vec::new(), 0);
    for person in &run.people {
        let path = format!("/photos?status=delivered&limit={LOOKED_AT}");
        let list = person.until(&path, |_| true).await?;
        for photo in list["items"].as_array().into_iter().flatten() {
            let image = &photo["image"];
            let file = person.file(image["url"].as_str().unwrap_or_default()).await;
            let seen = file.map(|file| hex_of(&Sha256::digest(file)));
            files += 1;
            match seen {
                Ok(hash) if image["sha256"] == hash => {}
                other => exceptions.push(format!("photo {}: {other:?}", photo["id"])),
            }
        }
    }
    run.verdicts.no_exception(
        "what was delivered can be looked at",
        format!("{files} files"),
        &exceptions,
    );
    Ok(())
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
