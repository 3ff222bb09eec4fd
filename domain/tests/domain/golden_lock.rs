//! No file of the golden corpus is ever edited or removed: the log keeps what it was written in.

use std::{collections::BTreeMap, fs};

use sha2::{Digest, Sha256};

use crate::golden_corpus::{CHECKSUMS, adding, files, folder_path};

#[test]
fn golden_files_are_only_ever_added() {
    let files = files();
    let mut locked = locked();
    if adding() {
        for (file, text) in &files {
            locked.entry(file.clone()).or_insert_with(|| checksum(text));
        }
        let lines = locked.iter().map(|(file, sum)| format!("{sum}  {file}\n"));
        fs::write(folder_path().join(CHECKSUMS), lines.collect::<String>()).unwrap();
    }

    let broken = complaints(&files, &locked);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn an_edited_a_removed_and_an_unlisted_file_are_noticed() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let locked = BTreeMap::from([
        file("kept.json", &checksum("{}")),
        file("edited.json", &checksum("{}")),
        file("removed.json", &checksum("{}")),
    ]);
    let files = BTreeMap::from([
        file("kept.json", "{}"),
        file("edited.json", "{ }"),
        file("added.json", "{}"),
    ]);

    let broken = complaints(&files, &locked);
    let told: Vec<_> = broken
        .iter()
        .map(|complaint| complaint.split(':').next().unwrap())
        .collect();
    assert_eq!(
        told,
        [
            "edited.json was edited",
            "removed.json is gone",
            "added.json has no checksum"
        ]
    );
}

fn complaints(files: &BTreeMap<String, String>, locked: &BTreeMap<String, String>) -> Vec<String> {
    let kept = locked.iter().filter_map(|(file, sum)| match files.get(file) {
        Some(text) if checksum(text) == *sum => None,
        Some(_) => Some(format!(
            "{file} was edited: golden files are only ever added, since the log keeps what was written; restore it, \
             and give the changed event a new version with files of its own"
        )),
        None => Some(format!(
            "{file} is gone: golden files are only ever added; restore it"
        )),
    });
    let new = files.keys().filter(|file| !locked.contains_key(*file));
    let unlisted = new.map(|file| {
        format!(
            "{file} has no checksum: lock it with `ADD_GOLDEN=1 cargo test -p domain --test domain golden`"
        )
    });
    kept.chain(unlisted).collect()
}

fn locked() -> BTreeMap<String, String> {
    fs::read_to_string(folder_path().join(CHECKSUMS))
        .unwrap_or_default()
        .lines()
        .map(|line| {
            let (sum, file) = line.split_once("  ").unwrap();
            (file.to_owned(), sum.to_owned())
        })
        .collect()
}

fn checksum(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}
