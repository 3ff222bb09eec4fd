//! SECURITY.md: every requirement has its line, and every test that it names is there; and what it says of the sources.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The requirements of level 1 of ASVS 5.0.0: chapter and section, and how many of them from 1 on.
const LEVEL_1: [(&str, &[u8]); 36] = [
    ("1.2", &[1, 2, 3, 4, 5]),
    ("1.3", &[1, 2]),
    ("1.5", &[1]),
    ("2.1", &[1]),
    ("2.2", &[1, 2]),
    ("2.3", &[1]),
    ("3.2", &[1, 2]),
    ("3.3", &[1]),
    ("3.4", &[1, 2]),
    ("3.5", &[1, 2, 3]),
    ("4.1", &[1]),
    ("4.4", &[1]),
    ("5.2", &[1, 2]),
    ("5.3", &[1, 2]),
    ("6.1", &[1]),
    ("6.2", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("6.3", &[1, 2]),
    ("6.4", &[1, 2]),
    ("7.2", &[1, 2, 3, 4]),
    ("7.4", &[1, 2]),
    ("8.1", &[1]),
    ("8.2", &[1, 2]),
    ("8.3", &[1]),
    ("9.1", &[1, 2, 3]),
    ("9.2", &[1]),
    ("10.4", &[1, 2, 3, 4, 5]),
    ("11.3", &[1, 2]),
    ("11.4", &[1]),
    ("12.1", &[1]),
    ("12.2", &[1, 2]),
    ("13.4", &[1]),
    ("14.2", &[1]),
    ("14.3", &[1]),
    ("15.1", &[1]),
    ("15.2", &[1]),
    ("15.3", &[1]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    fs::read_to_string(root().join("SECURITY.md")).unwrap()
}

#[test]
fn every_requirement_has_its_line() {
    let page = page();
    let first_cells: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .collect();
    let listed: Vec<&str> = first_cells
        .iter()
        .copied()
        .filter(|cell| cell.starts_with('V') && cell[1..].starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let wanted: Vec<String> = LEVEL_1
        .iter()
        .flat_map(|(section, numbers)| {
            numbers
                .iter()
                .map(move |number| format!("V{section}.{number}"))
        })
        .collect();
    assert_eq!(wanted.len(), 70);
    assert_eq!(listed, wanted);
    for number in 1..=10 {
        let item = format!("API{number}:2023 ");
        assert!(
            first_cells.iter().any(|cell| cell.starts_with(&item)),
            "{item}"
        );
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let page = page();
    let named: BTreeSet<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|words| words.contains(".rs") || words.contains(".ts"))
        .collect();
    assert!(named.len() > 40, "the page was not understood");
    for name in named {
        let (file, test) = name.split_once("::").unwrap_or((name, ""));
        let text =
            fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let is_there = if file.ends_with(".rs") {
            test.is_empty() || text.contains(&format!("fn {test}("))
        } else {
            test.is_empty() || text.contains(&format!("test('{test}'"))
        };
        assert!(is_there && text.contains("test"), "{name}");
    }
}

/// Every file below a folder with one of these endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if ending.is_some_and(|ending| endings.contains(&ending)) {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_web_client_never_renders_text_as_html() {
    let sources = files(&root().join("web/src"), &["ts", "tsx"]);
    assert!(sources.len() > 50, "{}", sources.len());
    for file in sources {
        let text = fs::read_to_string(&file).unwrap();
        for way in [
            "dangerouslySetInnerHTML",
            "innerHTML",
            "outerHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!text.contains(way), "{way} in {}", file.display());
        }
    }
}

/// What others bring for protocols of their own is another matter: UUIDs of version 5, the handshake of Redis.
#[test]
fn no_crate_of_ours_hashes_with_what_is_broken() {
    let mut manifests = vec![root().join("Cargo.toml")];
    for entry in fs::read_dir(root()).unwrap() {
        manifests
            .extend(Some(entry.unwrap().path().join("Cargo.toml")).filter(|path| path.is_file()));
    }
    assert!(manifests.len() > 8);
    for manifest in manifests {
        let text = fs::read_to_string(&manifest).unwrap();
        for line in text.lines() {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            assert!(
                !["md5", "md-5", "sha1", "sha-1", "des", "rc4"].contains(&name),
                "{line} in {}",
                manifest.display()
            );
        }
    }
}
