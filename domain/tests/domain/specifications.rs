//! `docs/specifications`: the rules as auditors read them, made of what the tests of the aggregates did.
//!
//! `UPDATE_SPECIFICATIONS=1 cargo test -p domain --test domain specifications`

mod cells;
mod page;
mod problems;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::recording::{DIRECTORY, Recorded, Scenario, Table};
use page::Page;
use problems::Problems;

/// Tests that give no command to an aggregate, or thousands of them; there is nothing of theirs to write down.
const LEFT_OUT: [&str; 9] = [
    "specifications::",
    "policy",
    "golden",
    "event_",
    "upcasting",
    "disguises",
    "convergence",
    "invariants",
    "at_most_one_end",
];

#[test]
fn the_pages_say_what_the_tests_do() {
    let folder = folder();
    let expected = pages(&folder);
    if std::env::var_os("UPDATE_SPECIFICATIONS").is_some() {
        for name in pages_in(&folder) {
            fs::remove_file(folder.join(name)).unwrap();
        }
        for (name, text) in &expected {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let stale: Vec<&String> = expected
        .iter()
        .filter(|(name, text)| fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| name)
        .collect();
    let old: Vec<String> = pages_in(&folder)
        .into_iter()
        .filter(|name| !expected.contains_key(name))
        .collect();
    assert!(
        stale.is_empty() && old.is_empty(),
        "docs/specifications: {stale:?} are stale, {old:?} are of no aggregate; write them anew with \
         UPDATE_SPECIFICATIONS=1 cargo test -p domain --test domain specifications, and read what changed"
    );
}

/// Every page of ours by its file's name, as it should be.
fn pages(folder: &Path) -> BTreeMap<String, String> {
    let problems = Problems::read(folder);
    let tests = every_test();
    let mut pages = BTreeMap::new();
    let mut index = Vec::new();
    for (aggregate, (tables, scenarios)) in by_aggregate(recorded()) {
        let page = Page::new(&aggregate, &tables, scenarios, &tests, &problems);
        index.push(page.entry());
        pages.insert(page.file(), page.text());
    }
    pages.insert("README.md".to_owned(), page::index(&index));
    pages
}

/// Lets the tests of this very program run once more, written down; all of them have to pass.
fn recorded() -> Vec<Recorded> {
    let directory = std::env::temp_dir().join(format!("specifications-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let mut tests = Command::new(std::env::current_exe().unwrap());
    // With one thread it would be that of the program, which has no test's name.
    tests.arg("--test-threads=2").env(DIRECTORY, &directory);
    for left_out in LEFT_OUT {
        tests.args(["--skip", left_out]);
    }
    let ran = tests.output().unwrap();
    assert!(
        ran.status.success(),
        "the tests to be written down failed:\n{}",
        String::from_utf8_lossy(&ran.stdout)
    );
    let mut recorded = Vec::new();
    for file in fs::read_dir(&directory).unwrap() {
        let lines = fs::read_to_string(file.unwrap().path()).unwrap();
        recorded.extend(
            lines
                .lines()
                .map(|line| serde_json::from_str::<Recorded>(line).unwrap()),
        );
    }
    fs::remove_dir_all(&directory).unwrap();
    recorded
}

type Aggregate = (Vec<Table>, Vec<Scenario>);

fn by_aggregate(recorded: Vec<Recorded>) -> BTreeMap<String, Aggregate> {
    let mut aggregates = BTreeMap::<String, Aggregate>::new();
    for recorded in recorded {
        match recorded {
            Recorded::Table(table) => {
                let (tables, _) = aggregates.entry(table.aggregate.clone()).or_default();
                tables.push(table);
            }
            Recorded::Scenario(scenario) => {
                let (_, scenarios) = aggregates.entry(scenario.aggregate.clone()).or_default();
                scenarios.push(scenario);
            }
        }
    }
    for (tables, scenarios) in aggregates.values_mut() {
        tables.sort_by(|one, other| one.place.cmp(&other.place));
        // Stable: what one test does in a loop stays in its order.
        scenarios.sort_by(|one, other| {
            (&one.place.file, &one.test).cmp(&(&other.place.file, &other.test))
        });
    }
    aggregates
}

/// The name of every test of this program.
fn every_test() -> BTreeSet<String> {
    let listed = Command::new(std::env::current_exe().unwrap())
        .args(["--list", "--format", "terse"])
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/specifications")
}

/// The pages that there are, but for the one that is kept by the tests of `api`.
fn pages_in(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).into_iter().flatten();
    files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md") && name != problems::FILE)
        .collect()
}
