//! Benchmarks in programs of their own, run by the same cargo.

use tokio::process::Command;

/// What cargo tells the programs that it runs. A cargo inside of another would take it for its own surroundings, and
/// build scripts that look at it would compile half of the dependencies anew, each time.
const OF_THE_OUTER_ONE: [&str; 4] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
];

/// Runs a benchmark and answers what it printed, or what was wrong, in its words.
///
/// # Errors
/// When cargo cannot be started.
pub async fn bench(
    selected: &[&str],
    arguments: &[String],
) -> anyhow::Result<Result<String, String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["bench", "--locked", "--quiet"])
        .args(selected)
        .arg("--")
        .args(arguments);
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if OF_THE_OUTER_ONE.iter().any(|start| told.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    let output = command.output().await?;
    if output.status.success() {
        return Ok(Ok(String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    Ok(Err(String::from_utf8_lossy(&output.stderr).into_owned()))
}
