//! The shape of an event changes only together with its version.
//!
//! `tests/golden/shapes` keeps the shape of every version: `Aggregate.Event.vN.txt`.

use std::{collections::BTreeSet, fmt::Debug, fs};

use domain::{event_versions::VersionedEvent, upcasting::Upcasters};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    event_samples::{self, Samples},
    golden_corpus::{Name, adding, files, folder_path, samples},
    json_shape::shape,
};

#[test]
fn a_golden_shape_changes_only_with_its_version() {
    let broken: Vec<String> = complaints(event_samples::avatar())
        .chain(complaints(event_samples::conduct()))
        .chain(complaints(event_samples::conversation()))
        .chain(complaints(event_samples::person()))
        .chain(complaints(event_samples::photo_request()))
        .chain(complaints(event_samples::report()))
        .chain(complaints(event_samples::stewardship()))
        .chain(complaints(event_samples::subscription()))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_golden_file_has_the_shape_of_its_version() {
    let kept = files();
    for (name, json) in samples() {
        let path = shape_file(&name.aggregate, &name.event, &name.version);
        let kept = kept
            .get(&path)
            .unwrap_or_else(|| panic!("there is no {path} for {name:?}"));
        let known: BTreeSet<&str> = kept.lines().map(path_of).collect();
        let json = serde_json::from_str(&json).unwrap();
        for line in shape(&[json], |_| false) {
            assert!(
                known.contains(path_of(&line)),
                "{name:?} has {line}, which is not in {path}"
            );
        }
    }
}

#[test]
fn the_samples_leave_nothing_out() {
    fn of<E: VersionedEvent>(samples: &Samples<E>) {
        let shown: BTreeSet<_> = samples.full.iter().map(E::name).collect();
        let known: BTreeSet<_> = E::VERSIONS.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            shown,
            known,
            "each event of {} has a full sample",
            E::AGGREGATE_TYPE
        );
        for event in &samples.full {
            let shown = format!("{event:?}");
            let is_full = !shown.contains("None") && !shown.contains("[]");
            assert!(is_full, "a full sample has every optional field: {shown}");
        }
    }
    of(&event_samples::avatar());
    of(&event_samples::conduct());
    of(&event_samples::conversation());
    of(&event_samples::person());
    of(&event_samples::photo_request());
    of(&event_samples::report());
    of(&event_samples::stewardship());
    of(&event_samples::subscription());
}

#[derive(Serialize, Deserialize)]
struct Before {
    id: String,
    count: u32,
    class: OneWord,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OneWord {
    One,
}

#[derive(Serialize, Deserialize)]
struct After {
    id: uuid::Uuid,
    #[serde(default)]
    count: u8,
    class: TwoWords,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TwoWords {
    One,
    Two,
}

#[test]
fn a_shape_shows_what_is_read_and_what_is_written() {
    fn of<T: Serialize + DeserializeOwned>(samples: &[T]) -> Vec<String> {
        let samples: Vec<Value> = samples.iter().map(|sample| json!(sample)).collect();
        let reads = |json: &Value| serde_json::from_value::<T>(json.clone()).is_ok();
        shape(&samples, reads).into_iter().collect()
    }
    let before = Before {
        id: "any".to_owned(),
        count: 1,
        class: OneWord::One,
    };
    assert_eq!(of(&[before]), [r#"class: "one""#, "count: u32", "id: text"]);

    let id = uuid::Uuid::nil();
    let (noted, plain) = (Some("any".to_owned()), None);
    let after = [(TwoWords::One, noted), (TwoWords::Two, plain)].map(|(class, note)| After {
        id,
        count: 1,
        class,
        note,
    });
    assert_eq!(
        of(&after),
        [
            r#"class: "one" | "two""#,
            "count?: u8",
            "id: uuid",
            "note?: text"
        ]
    );
}

fn complaints<E: VersionedEvent + Debug>(generated: Samples<E>) -> impl Iterator<Item = String> {
    let events: Vec<E> = generated.full.into_iter().chain(generated.more).collect();
    let kept = files();
    E::VERSIONS.iter().filter_map(move |(event, version)| {
        let now = shape_of::<E>(&events, event, version);
        let path = shape_file(E::AGGREGATE_TYPE, event, version);
        let Some(kept) = kept.get(&path) else {
            if adding() {
                fs::write(folder_path().join(path), now).unwrap();
                return None;
            }
            return Some(format!(
                "there is no tests/golden/{path}; add it with \
                 `ADD_GOLDEN=1 cargo test -p domain --test domain golden`"
            ));
        };
        (*kept != now).then(|| changed::<E>(event, kept, &now))
    })
}

/// The shape of an event of today, over its golden files and the generated samples.
fn shape_of<E: VersionedEvent>(events: &[E], event: &str, version: &str) -> String {
    let generated = events.iter().filter(|sample| sample.name() == event);
    let golden = samples().into_iter().filter(|(name, _)| {
        let Name {
            aggregate,
            event: named,
            version: of,
            word: _,
        } = name;
        aggregate == E::AGGREGATE_TYPE && named == event && of == version
    });
    let jsons: Vec<Value> = generated
        .map(|sample| json!(sample))
        .chain(golden.map(|(_, json)| serde_json::from_str(&json).unwrap()))
        .collect();
    let reads = |json: &Value| {
        let read = Upcasters::OURS.decode::<E>(event, version, &json.to_string());
        read.is_ok()
    };
    let lines = shape(&jsons, reads).into_iter();
    lines.map(|line| line + "\n").collect()
}

fn changed<E: VersionedEvent>(event: &str, kept: &str, now: &str) -> String {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (kept, now) = (lines(kept), lines(now));
    let gone = kept.difference(&now).map(|line| format!("\n  - {line}"));
    let new = now.difference(&kept).map(|line| format!("\n  + {line}"));
    format!(
        "the shape of {}.{event} changed: raise its version in VERSIONS, add a golden file of the new version and an \
         upcaster from the old one; old golden files are never edited{}",
        E::AGGREGATE_TYPE,
        gone.chain(new).collect::<String>()
    )
}

fn shape_file(aggregate: &str, event: &str, version: &str) -> String {
    format!("shapes/{aggregate}.{event}.v{version}.txt")
}

/// The path of a line of a shape.
fn path_of(line: &str) -> &str {
    line.split([':', '?']).next().unwrap_or_default()
}
