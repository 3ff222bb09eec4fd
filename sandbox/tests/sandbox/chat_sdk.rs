//! The official OpenAI SDK for JavaScript, pointed at the sandbox: it must understand every piece.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::test_sandbox::started;

const FILES: [&str; 3] = ["package.json", "package-lock.json", "talk.mjs"];

#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_streams_a_called_tool() {
    if !is_there("node") || !is_there("npm") {
        eprintln!(
            "SKIPPED: node and npm are not on this machine, so the official OpenAI SDK was not tried."
        );
        return;
    }
    let sandbox = started().await;
    let folder = tokio::task::spawn_blocking(installed).await.unwrap();
    let address = sandbox.url("/v1");
    let talk = move || {
        run(Command::new("node")
            .arg("talk.mjs")
            .arg(address)
            .current_dir(folder))
    };
    let output = tokio::task::spawn_blocking(talk).await.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();

    let call = &report["call"];
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
        report["text"]["choice"]["message"]["content"]
            .as_str()
            .unwrap()
            .contains("Amelie")
    );
    assert!(report["refusal"]["choice"]["message"]["refusal"].is_string());
    assert_eq!(report["after"]["finish_reason"], "stop");
    assert_eq!(
        report["throttled"]["choice"]["finish_reason"], "stop",
        "retried after Retry-After"
    );
    assert_eq!(report["unpaired"]["status"], 400);
    assert!(
        report["cut"].is_object(),
        "a cut stream is an error: {report}"
    );
}

/// The SDK in the versions of the lockfile, in a folder of this build's own.
fn installed() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openai-sdk");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openai-sdk");
    fs::create_dir_all(&folder).unwrap();
    let lock = fs::read(source.join("package-lock.json")).unwrap();
    let known = fs::read(folder.join("package-lock.json")).is_ok_and(|known| known == lock);
    let is_installed = known && folder.join("node_modules/openai").is_dir();
    for file in FILES {
        fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    if !is_installed {
        let mut install = Command::new("npm");
        install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
        run(install.current_dir(&folder));
    }
    folder
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output
}
