//! The command line: it teaches, it tells failures apart, and it keeps data and messages apart.

use std::{
    fs,
    io::Read,
    path::Path,
    process::{Command, Stdio},
};

use crate::running::{Ended, ava, data_dir};

fn run(arguments: &[&str]) -> Ended {
    Ended::of(ava(Path::new("/nonexistent"), arguments))
}

#[test]
fn help_names_every_command_and_shows_examples() {
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    let commands = [
        "up",
        "api",
        "worker",
        "projector",
        "sandbox",
        "migrate",
        "openapi",
        "audit",
        "projections",
        "events",
        "state",
        "completions",
    ];
    for command in commands {
        assert!(
            help.stdout.contains(&format!("\n  {command} ")),
            "{command} is not in:\n{}",
            help.stdout
        );
        let of_command = run(&[command, "--help"]);
        assert_eq!(of_command.code, Some(0));
        assert!(
            of_command.stdout.contains("Examples:"),
            "{command} shows no example"
        );
    }
    assert!(help.stdout.contains("Examples:") && help.stdout.contains("Exit codes:"));
}

#[test]
fn an_unknown_command_is_wrong_usage() {
    let ended = run(&["upp"]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("'up'"),
        "it names the likely one: {}",
        ended.stderr
    );
    assert_eq!(run(&["projections"]).code, Some(2));
}

#[test]
fn the_openapi_document_is_the_one_that_is_checked_in() {
    let printed = run(&["openapi"]);
    assert_eq!(printed.code, Some(0));
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let kept = fs::read_to_string(kept).unwrap();
    assert!(
        printed.stdout == kept,
        "docs/openapi.json is stale: `cargo run -- openapi > docs/openapi.json`"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = ava(Path::new("/nonexistent"), &["openapi"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(
        (child.wait().unwrap().code(), stderr.as_str()),
        (Some(0), "")
    );
}

#[test]
fn every_shell_is_given_a_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]);
        assert_eq!(script.code, Some(0));
        assert!(script.stdout.contains("projections"), "{shell}");
    }
    let script = run(&["completions", "bash"]).stdout;
    let file = data_dir();
    let path = file.path().join("ava.bash");
    fs::write(&path, script).unwrap();
    if let Ok(status) = Command::new("bash").arg("-n").arg(path).status() {
        assert!(status.success(), "bash does not understand it");
    }
}
