//! Tools that others wrote: the C2PA project's library for Python, ExifTool, OpenSSL.
//!
//! The library stands in `tests/readers` with its version, and is installed from PyPI once. Where a program is missing,
//! a test says so loudly and proves nothing.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

/// A folder of a test's own.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("content-credentials")
        .join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What a script says; none where there is no Python.
pub fn told_by(script: &str, arguments: &[&Path]) -> Option<Value> {
    let python = python()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/readers")
        .join(script);
    let output = run(Command::new(python).arg(script).args(arguments));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// A Python that has the library, made once for each list of requirements.
fn python() -> Option<PathBuf> {
    let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/requirements.txt");
    let there = Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "SKIPPED: python3 with venv is missing, so that our manifests were NOT read by others. \
             Install it (Debian: python3-venv) and run this test again."
        );
        return None;
    }
    let folder = folder("python");
    // Tests share it, be they threads or processes: one after the other.
    let turn = File::create(folder.join(".turn")).unwrap();
    turn.lock().unwrap();
    let python = folder.join("venv/bin/python");
    let stamp = folder.join("venv/.installed-from");
    let requirements = fs::read(&wanted).unwrap();
    if fs::read(&stamp).is_ok_and(|installed| installed == requirements) {
        return Some(python);
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder.join("venv")));
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(wanted));
    fs::write(stamp, requirements).unwrap();
    Some(python)
}

/// Whether a program is there; says so where it is not.
pub fn is_there(program: &str, arguments: &[&str]) -> bool {
    let there = Command::new(program).args(arguments).output().is_ok();
    if !there {
        eprintln!(
            "SKIPPED: {program} is missing, so that this was NOT tested. Install it and run this test again."
        );
    }
    there
}

pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
