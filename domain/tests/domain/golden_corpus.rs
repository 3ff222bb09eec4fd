//! The files of `tests/golden`: what every version of every event looks like. They are only ever added to.
//!
//! A sample is called `Aggregate.Event.vN.json`; a word before `.json` tells samples of one event apart. A sample of an
//! old version has a twin of the next version with the same word: what the upcaster makes of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use domain::{
    avatar, conduct, conversation, event_versions::VersionedEvent, person, photo_request, report,
    stewardship, subscription,
};

/// Where a sample belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) aggregate: String,
    pub(crate) event: String,
    pub(crate) version: String,
    pub(crate) word: Option<String>,
}

impl Name {
    pub(crate) fn parse(file: &str) -> Option<Self> {
        let parts: Vec<&str> = file.strip_suffix(".json")?.split('.').collect();
        let (aggregate, event, version, word) = match parts[..] {
            [aggregate, event, version] => (aggregate, event, version, None),
            [aggregate, event, version, word] => (aggregate, event, version, Some(word.to_owned())),
            _ => return None,
        };
        Some(Self {
            aggregate: aggregate.to_owned(),
            event: event.to_owned(),
            version: version.strip_prefix('v')?.to_owned(),
            word,
        })
    }

    /// The event and its version, as `Avatar.AvatarCreated v1`.
    pub(crate) fn versioned(&self) -> String {
        let Self {
            aggregate,
            event,
            version,
            word: _,
        } = self;
        format!("{aggregate}.{event} v{version}")
    }
}

/// Every sample with its JSON.
pub(crate) fn samples() -> BTreeMap<Name, String> {
    files()
        .into_iter()
        .filter(|(file, _)| file.ends_with(".json"))
        .map(|(file, json)| {
            let name =
                Name::parse(&file).unwrap_or_else(|| panic!("{file} is not a golden file's name"));
            (name, json)
        })
        .collect()
}

/// Every file of the corpus by its path in it, but for the checksums themselves.
pub(crate) fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for folder in ["", "shapes/"] {
        for entry in fs::read_dir(folder_path().join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_file() && name != CHECKSUMS {
                files.insert(name, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    files
}

/// The file that locks all others, as `sha256sum` writes it.
pub(crate) const CHECKSUMS: &str = "SHA256SUMS";

pub(crate) fn folder_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Whether missing shapes and checksums are to be added; what is there is never changed.
///
/// `ADD_GOLDEN=1 cargo test -p domain --test domain golden`
pub(crate) fn adding() -> bool {
    std::env::var_os("ADD_GOLDEN").is_some()
}

/// Every event with the version that is written today: aggregate, event, version.
pub(crate) fn written_today() -> BTreeSet<(&'static str, &'static str, &'static str)> {
    fn of<E: VersionedEvent>() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        E::VERSIONS
            .iter()
            .map(|(event, version)| (E::AGGREGATE_TYPE, *event, *version))
    }
    of::<avatar::Event>()
        .chain(of::<conduct::Event>())
        .chain(of::<person::Event>())
        .chain(of::<conversation::Event>())
        .chain(of::<photo_request::Event>())
        .chain(of::<report::Event>())
        .chain(of::<stewardship::Event>())
        .chain(of::<subscription::Event>())
        .collect()
}
