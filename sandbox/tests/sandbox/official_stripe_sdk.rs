//! The official Stripe SDK for Node, pointed at the sandbox: `tests/stripe_sdk/story.mjs` asks and checks everything.
//!
//! Its packages are those of the lockfile, installed by the test itself. Without node there is nothing to point, and the
//! test says so loudly.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::test_sandbox::started;

/// Signs the events of this test.
const SECRET: &str = "whsec_of_the_official_sdk";

#[tokio::test(flavor = "multi_thread")]
async fn the_official_stripe_sdk_works_with_the_sandbox_as_with_stripe() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/stripe_sdk");
    for program in ["node", "npm"] {
        if Command::new(program).arg("--version").output().is_err() {
            eprintln!(
                "SKIPPED: {program} is missing, so the official Stripe SDK was NOT tried against the sandbox. \
                 Install Node.js 20 or newer and run this test again."
            );
            return;
        }
    }
    let sandbox = started().await;
    let addr = sandbox.running.addr();
    let output = tokio::task::spawn_blocking(move || {
        install(&folder);
        run(Command::new("node")
            .arg("story.mjs")
            .arg(addr.ip().to_string())
            .arg(addr.port().to_string())
            .arg(SECRET)
            .current_dir(&folder))
    });
    let output = output.await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["sdk"], "23.1.0", "not the version of the lockfile");
    assert!(told["events"].as_u64().unwrap() >= 8, "{told}");
}

/// As the lockfile says, once for each lockfile.
fn install(folder: &Path) {
    let lock = std::fs::read(folder.join("package-lock.json")).unwrap();
    let stamp = folder.join("node_modules/.installed-from");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return;
    }
    run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(folder));
    std::fs::write(stamp, lock).unwrap();
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
