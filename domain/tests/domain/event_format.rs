//! The stored JSON of every version of every event. These files are never edited, only added to.
//!
//! A file is called `Aggregate.Event.vN.json`; a word before `.json` tells samples of one event apart.

use std::{collections::BTreeSet, fs, path::Path};

use domain::{
    avatar, photo_request,
    recorded::{AnyEvent, Metadata},
    subscription,
};

#[test]
fn every_stored_event_still_reads_and_writes_as_it_always_did() {
    for (name, json) in golden_files() {
        let [aggregate, event_type, version] = parts(&name);
        let event =
            AnyEvent::decode(aggregate, &json).unwrap_or_else(|error| panic!("{name}: {error:?}"));

        assert_eq!(event.aggregate_type(), aggregate, "{name}");
        assert_eq!(event.event_type(), event_type, "{name}");
        if written_today().contains(&format!("{aggregate}.{event_type}.{version}")) {
            assert_eq!(encoded(&event), json.trim_end(), "{name}");
        }
    }
}

#[test]
fn every_event_that_is_written_today_has_a_golden_file() {
    let files: BTreeSet<_> = golden_files()
        .iter()
        .map(|(name, _)| parts(name).join("."))
        .collect();
    let missing: Vec<_> = written_today().difference(&files).cloned().collect();

    assert!(missing.is_empty(), "no golden file for {missing:?}");
}

#[test]
fn an_aggregate_or_an_event_of_a_newer_version_is_an_error_and_no_panic() {
    let unknown = AnyEvent::decode("Conversation", r#"{"type":"MessageSent"}"#).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        r#"unknown aggregate type "Conversation"; a newer version of Ava wrote this log"#
    );

    let newer = AnyEvent::decode("Avatar", r#"{"type":"AvatarCloned"}"#).unwrap_err();
    assert_eq!(newer.to_string(), "event of Avatar is not readable");
}

#[test]
fn metadata_keeps_what_a_newer_version_added() {
    let json = r#"{"actor":"user:1","owner":"00000000-0000-0000-0000-000000000001",
        "correlation_id":"00000000-0000-0000-0000-000000000002",
        "causation_id":"00000000-0000-0000-0000-000000000003",
        "command":"CreateAvatar","shard":"7"}"#;
    let metadata: Metadata = serde_json::from_str(json).unwrap();

    assert_eq!(metadata.more.get("shard").map(String::as_str), Some("7"));
    assert_eq!(
        serde_json::to_value(&metadata).unwrap(),
        serde_json::from_str::<serde_json::Value>(json).unwrap()
    );
}

fn written_today() -> BTreeSet<String> {
    [
        ("Avatar", avatar::Event::VERSIONS),
        ("PhotoRequest", photo_request::Event::VERSIONS),
        ("Subscription", subscription::Event::VERSIONS),
    ]
    .into_iter()
    .flat_map(|(aggregate, events)| {
        events
            .iter()
            .map(move |(event, version)| format!("{aggregate}.{event}.v{version}"))
    })
    .collect()
}

fn golden_files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn parts(name: &str) -> [&str; 3] {
    let mut parts = name.split('.');
    [(); 3].map(|()| {
        parts
            .next()
            .unwrap_or_else(|| panic!("{name} is not a golden file's name"))
    })
}

fn encoded(event: &AnyEvent) -> String {
    match event {
        AnyEvent::Avatar(event) => serde_json::to_string_pretty(event),
        AnyEvent::PhotoRequest(event) => serde_json::to_string_pretty(event),
        AnyEvent::Subscription(event) => serde_json::to_string_pretty(event),
    }
    .unwrap()
}
