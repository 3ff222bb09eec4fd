//! The stored JSON of every version of every event reads as the event that it is today.

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use domain::{
    recorded::{AnyEvent, Metadata},
    upcasting::Upcasters,
};
use serde_json::Value;

use crate::{
    golden_corpus::{Name, samples, written_today},
    invented_versions,
};

#[test]
fn every_stored_event_still_reads_and_writes_as_it_always_did() {
    let broken = complaints(&samples(), Upcasters::OURS);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_version_that_was_ever_written_has_a_golden_file() {
    let kept: BTreeSet<_> = samples().keys().map(Name::versioned).collect();
    let today = written_today()
        .into_iter()
        .map(|(aggregate, event, version)| format!("{aggregate}.{event} v{version}"));
    let old = Upcasters::OURS.steps().iter().map(|step| {
        let (event, version) = step.from;
        format!("{}.{event} v{version}", step.aggregate_type)
    });
    let missing: Vec<_> = today
        .chain(old)
        .filter(|written| !kept.contains(written))
        .collect();

    assert!(
        missing.is_empty(),
        "no file `Aggregate.Event.vN.json` in tests/golden for {missing:?}"
    );
}

#[test]
fn a_sample_of_an_old_version_is_held_against_its_twin_of_the_next_one() {
    let sample = |name: &str, json: Value| {
        let json = serde_json::to_string_pretty(&json).unwrap();
        (Name::parse(name).unwrap(), json)
    };
    let (born, newborn, created) = (
        invented_versions::born(),
        invented_versions::newborn(),
        invented_versions::created(),
    );
    let created = (
        Name::parse("Avatar.AvatarCreated.v2.json").unwrap(),
        serde_json::to_string_pretty(&created).unwrap(),
    );
    let whole = BTreeMap::from([
        sample("Avatar.AvatarBorn.v0.json", born.clone()),
        sample("Avatar.AvatarBorn.v1.json", newborn),
        created.clone(),
    ]);
    let none: [&str; 0] = [];
    assert_eq!(complaints(&whole, invented_versions::UPCASTERS), none);

    let alone = BTreeMap::from([sample("Avatar.AvatarBorn.v0.json", born.clone()), created]);
    assert_eq!(
        complaints(&alone, invented_versions::UPCASTERS),
        ["Avatar.AvatarBorn v0: there is no twin Avatar.AvatarBorn v1"]
    );

    let mut wrong = whole;
    wrong.extend([sample("Avatar.AvatarBorn.v1.json", born)]);
    let told = complaints(&wrong, invented_versions::UPCASTERS);
    assert!(
        told[0].starts_with("Avatar.AvatarBorn v0: its upcaster does not make its twin"),
        "{told:?}"
    );
    let lost = complaints(&wrong, Upcasters::OURS);
    assert_eq!(
        lost.len(),
        2,
        "without the list nothing reads them: {lost:?}"
    );
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
        serde_json::from_str::<Value>(json).unwrap()
    );
}

/// What is wrong with the samples of a corpus, read with that list.
fn complaints(samples: &BTreeMap<Name, String>, upcasters: Upcasters) -> Vec<String> {
    samples
        .iter()
        .filter_map(|(name, json)| {
            let complaint = complaint(samples, upcasters, name, json).err()?;
            Some(format!("{}: {complaint}", name.versioned()))
        })
        .collect()
}

fn complaint(
    samples: &BTreeMap<Name, String>,
    upcasters: Upcasters,
    name: &Name,
    json: &str,
) -> Result<(), String> {
    let Name {
        aggregate,
        event,
        version,
        word,
    } = name;
    let decoded = AnyEvent::decode(upcasters, aggregate, event, version, json)
        .map_err(|error| format!("{error} ({error:?})"))?;
    let written_today = written_today().contains(&(&**aggregate, &**event, &**version));
    if written_today {
        let again = encoded(&decoded);
        return (again == json.trim_end())
            .then_some(())
            .ok_or_else(|| format!("it is now written as {again}"));
    }

    let step = upcasters
        .steps()
        .iter()
        .find(|step| step.aggregate_type == aggregate && step.can_upcast(event, version))
        .ok_or("it is decoded, but no upcaster starts there")?;
    let twin = Name {
        aggregate: aggregate.clone(),
        event: step.to.0.to_owned(),
        version: step.to.1.to_owned(),
        word: word.clone(),
    };
    let expected = samples
        .get(&twin)
        .ok_or_else(|| format!("there is no twin {}", twin.versioned()))?;
    let made = step.upcast(serialized(name, json)).payload;
    let expected: Value = serde_json::from_str(expected).unwrap();
    (made == expected)
        .then_some(())
        .ok_or_else(|| format!("its upcaster does not make its twin, but {made:#}"))
}

fn serialized(name: &Name, json: &str) -> SerializedEvent {
    SerializedEvent::new(
        "an id".to_owned(),
        1,
        name.aggregate.clone(),
        name.event.clone(),
        name.version.clone(),
        serde_json::from_str(json).unwrap(),
        Value::Null,
    )
}

pub(crate) fn encoded(event: &AnyEvent) -> String {
    match event {
        AnyEvent::Avatar(event) => serde_json::to_string_pretty(event),
        AnyEvent::Conduct(event) => serde_json::to_string_pretty(event),
        AnyEvent::Conversation(event) => serde_json::to_string_pretty(event),
        AnyEvent::Person(event) => serde_json::to_string_pretty(event),
        AnyEvent::PhotoRequest(event) => serde_json::to_string_pretty(event),
        AnyEvent::Report(event) => serde_json::to_string_pretty(event),
        AnyEvent::Stewardship(event) => serde_json::to_string_pretty(event),
        AnyEvent::Subscription(event) => serde_json::to_string_pretty(event),
    }
    .unwrap()
}
