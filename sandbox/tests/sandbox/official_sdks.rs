//! The services' own SDKs, pointed at the sandbox: what they can do here, they can do there.
//!
//! Each has a directory under `tests/sdks` with its version locked. They need Node and the npm registry; where there is
//! no Node, the test says so and proves nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::test_sandbox::started;

#[tokio::test(flavor = "multi_thread")]
async fn replicates_own_sdk_creates_waits_lists_cancels_and_believes_our_webhooks() {
    let sandbox = started().await;
    let Some(told) = run("replicate", &sandbox.url("")) else {
        return;
    };
    let ledger = sandbox.get("/control/replicate/ledger").await;
    let ids: Vec<_> = ledger["creates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|create| create["id"].clone())
        .collect();
    assert!(ids.contains(&told["prediction"]), "{ledger}");
    assert!(ids.contains(&told["canceled"]), "{ledger}");
}

#[tokio::test(flavor = "multi_thread")]
async fn openais_own_sdk_draws_edits_and_understands_our_errors() {
    let sandbox = started().await;
    let Some(told) = run("openai", &sandbox.url("")) else {
        return;
    };
    let ledger = sandbox.get("/control/images/ledger").await;
    assert_eq!(ledger["pictures_drawn"], told["pictures"], "{ledger}");
    let edits: Vec<_> = ledger["orders"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|order| order["route"] == "edits")
        .collect();
    assert_eq!(edits.len(), 1);
    assert_eq!(edits[0]["pictures"].as_array().unwrap().len(), 1);
}

/// What the SDK's script says; none where there is no Node.
fn run(sdk: &str, url: &str) -> Option<serde_json::Value> {
    if Command::new("node").arg("--version").output().is_err() {
        eprintln!(
            "SKIPPED: node is missing, so the official {sdk} SDK was not tried against the sandbox"
        );
        return None;
    }
    let directory = installed(sdk);
    let output = Command::new("node")
        .arg("check.mjs")
        .arg(url)
        .current_dir(directory)
        .output()
        .unwrap();
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}\n{complained}");
    Some(serde_json::from_str(&said).unwrap())
}

/// The script beside its installed SDK, out of the checkout.
fn installed(sdk: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sdks")
        .join(sdk);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("sdks")
        .join(sdk);
    fs::create_dir_all(&target).unwrap();
    for file in ["package.json", "package-lock.json", "check.mjs"] {
        fs::copy(source.join(file), target.join(file)).unwrap();
    }
    let output = Command::new("npm")
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefer-offline",
        ])
        .current_dir(&target)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "npm ci of {sdk}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    target
}
