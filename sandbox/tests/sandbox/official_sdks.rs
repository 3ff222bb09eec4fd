//! The services' own SDKs for Node, pointed at the sandbox: what they can do here, they can do there.
//!
//! Each has a directory under `tests/sdks` with its version locked, and scripts that say one JSON object each. They need
//! Node, npm and its registry; where a program is missing, the test says so loudly and proves nothing.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::test_sandbox::started;

/// Signs the events that Stripe's SDK verifies.
const STRIPE_SECRET: &str = "whsec_of_the_official_sdk";

#[tokio::test(flavor = "multi_thread")]
async fn replicates_own_sdk_creates_waits_lists_cancels_and_believes_our_webhooks() {
    let sandbox = started().await;
    let Some(told) = told_by("replicate", "check.mjs", &[&sandbox.url("")]) else {
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
    let Some(told) = told_by("openai", "pictures.mjs", &[&sandbox.url("")]) else {
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

#[tokio::test(flavor = "multi_thread")]
async fn openais_own_sdk_streams_a_called_tool() {
    let sandbox = started().await;
    let Some(told) = told_by("openai", "chat.mjs", &[&sandbox.url("/v1")]) else {
        return;
    };

    let call = &told["call"];
    assert_eq!(call["choice"]["finish_reason"], "tool_calls");
    let function = &call["choice"]["message"]["tool_calls"][0]["function"];
    assert_eq!(function["name"], "send_photo");
    assert_eq!(function["arguments"], r#"{"scene":"at the beach"}"#);
    assert!(
        call["chunks"].as_u64().unwrap() >= 9,
        "it came in pieces: {call}"
    );
    assert!(call["usage"]["total_tokens"].as_u64().unwrap() > 0);

    assert!(
        told["text"]["choice"]["message"]["content"]
            .as_str()
            .unwrap()
            .contains("Amelie")
    );
    assert!(told["refusal"]["choice"]["message"]["refusal"].is_string());
    assert_eq!(told["after"]["finish_reason"], "stop");
    assert_eq!(
        told["throttled"]["choice"]["finish_reason"], "stop",
        "retried after Retry-After"
    );
    assert_eq!(told["unpaired"]["status"], 400);
    assert!(told["cut"].is_object(), "a cut stream is an error: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stripes_own_sdk_works_with_the_sandbox_as_with_stripe() {
    let sandbox = started().await;
    let addr = sandbox.running.addr();
    let (host, port) = (addr.ip().to_string(), addr.port().to_string());
    let Some(told) = told_by("stripe", "story.mjs", &[&host, &port, STRIPE_SECRET]) else {
        return;
    };
    assert_eq!(told["sdk"], "23.1.0", "not the version of the lockfile");
    assert!(told["events"].as_u64().unwrap() >= 8, "{told}");
}

/// What a script of the SDK's says; none where there is no Node.
fn told_by(sdk: &str, script: &str, arguments: &[&str]) -> Option<Value> {
    for program in ["node", "npm"] {
        if Command::new(program).arg("--version").output().is_err() {
            eprintln!(
                "SKIPPED: {program} is missing, so the official {sdk} SDK was NOT tried against the sandbox. \
                 Install Node.js 20 or newer and run this test again."
            );
            return None;
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("sdks")
        .join(sdk);
    fs::create_dir_all(&folder).unwrap();
    // The tests of one SDK share its folder, be they threads or processes: one after the other.
    let turn = File::create(folder.join(".turn")).unwrap();
    turn.lock().unwrap();
    install(sdk, &folder);
    let output = run(Command::new("node")
        .arg(script)
        .args(arguments)
        .current_dir(&folder));
    turn.unlock().unwrap();
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Puts the scripts there, and the SDK as its lock file says; the latter once for each lock file.
fn install(sdk: &str, folder: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sdks")
        .join(sdk);
    for entry in fs::read_dir(source).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    let lock = fs::read(folder.join("package-lock.json")).unwrap();
    // An install begins by removing the stamp, with all else that is in there.
    let stamp = folder.join("node_modules/.installed-from");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return;
    }
    run(Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .arg("--loglevel=error")
        .current_dir(folder));
    fs::write(stamp, lock).unwrap();
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
