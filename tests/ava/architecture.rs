//! Who may know whom: the table of crates in docs/ARCHITECTURE.md.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// A crate of ours, and those of ours that it may depend on (tests aside).
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("application", &["domain"]),
    ("projections", &["domain", "application"]),
    ("provenance", &["domain", "application", "badge"]),
    ("badge", &[]),
    ("infrastructure", &["domain", "application", "provenance"]),
    (
        "api",
        &["domain", "application", "projections", "transparency"],
    ),
    ("worker", &["domain", "application", "projections"]),
    ("sandbox", &[]),
    (
        "simulation",
        &["domain", "application", "projections", "worker"],
    ),
    ("transparency", &[]),
    (
        "ava",
        &[
            "domain",
            "application",
            "projections",
            "provenance",
            "infrastructure",
            "api",
            "worker",
            "sandbox",
            "transparency",
        ],
    ),
];

/// What must not be built: TLS is rustls with ring, everywhere.
const BANNED: &[&str] = &[
    "openssl",
    "openssl-sys",
    "native-tls",
    "aws-lc-rs",
    "aws-lc-sys",
];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version=1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages
        .iter()
        .map(|package| package["name"].as_str().unwrap())
        .collect();
    let of_package = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies
            .filter(|dependency| dependency["kind"] != "dev")
            .map(|dependency| dependency["name"].as_str().unwrap())
            .filter(|name| ours.contains(name))
            .map(str::to_owned)
            .collect()
    };
    packages
        .iter()
        .map(|package| {
            (
                package["name"].as_str().unwrap().to_owned(),
                of_package(package),
            )
        })
        .collect()
}

#[test]
fn every_crate_knows_only_those_that_it_may_know() {
    let actual = dependencies();
    let known: BTreeSet<&str> = MAY_DEPEND_ON.iter().map(|(name, _)| *name).collect();
    let existing: BTreeSet<&str> = actual.keys().map(String::as_str).collect();
    assert_eq!(existing, known, "a new crate needs a line in the table");
    for (name, allowed) in MAY_DEPEND_ON {
        for dependency in &actual[*name] {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

/// What everybody builds: the library that signs pictures takes longer than all that is ours.
#[test]
fn signing_is_built_only_where_it_is_asked_for() {
    let tree = |features: &[&str]| {
        let wanted = [
            &[
                "tree",
                "--package=ava",
                "--edges=normal,build",
                "--prefix=none",
            ],
            features,
        ];
        cargo(&wanted.concat())
    };
    let signs = |tree: &str| tree.lines().any(|line| line.starts_with("c2pa v"));
    assert!(!signs(&tree(&[])));
    assert!(signs(&tree(&["--features=c2pa"])));
}

#[test]
fn tls_is_rustls_with_ring_and_nothing_else() {
    let tree = cargo(&[
        "tree",
        "--workspace",
        // What the release is built with.
        "--features=ava/c2pa",
        "--edges=normal,build",
        "--prefix=none",
        "--format={p}",
    ]);
    let built: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(built.contains("ring"), "the tree was not read");
    for banned in BANNED {
        assert!(
            !built.contains(banned),
            "{banned} would be built: `cargo tree -i {banned}` says for whom"
        );
    }
}
