//! What Ava's own programs say of it.

use std::time::{Duration, Instant};

use tokio::task::block_in_place;

use crate::{run::Run, system::told};

/// How long the tree may take to catch up with the log.
const TREE: Duration = Duration::from_secs(30);

/// Looks at the read models and the proofs as an operator and an auditor do.
pub async fn look(run: &mut Run) -> anyhow::Result<()> {
    let failed: Vec<(String, String, Option<String>)> =
        sqlx::query_as("SELECT name, state, error FROM followers WHERE state <> 'running'")
            .fetch_all(&run.system.pool)
            .await?;
    let failed: Vec<String> = failed.iter().map(|one| format!("{one:?}")).collect();
    run.verdicts.no_exception(
        "no follower of the log has given up",
        "all are running",
        &failed,
    );
    says_so(
        run,
        "every read model is what the log says",
        &["projections", "verify", "--all"],
    )?;
    wait_for_tree(run).await?;
    says_so(
        run,
        "the log is what was hashed and signed",
        &["audit", "verify"],
    )
}

fn says_so(run: &mut Run, promise: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let output = block_in_place(|| run.system.command(arguments).output())?;
    let command = format!("`ava {}`", arguments.join(" "));
    if output.status.success() {
        // How far it has come meanwhile is told apart from what it answers.
        let answer = String::from_utf8_lossy(&output.stdout);
        let answer: Vec<&str> = answer.lines().collect();
        run.verdicts
            .kept(promise, format!("{command}: {}", answer.join(" ")));
    } else {
        run.verdicts
            .broken(promise, format!("{command}:\n{}", told(&output)));
    }
    Ok(())
}

/// The tree grows a moment behind the log.
async fn wait_for_tree(run: &Run) -> anyhow::Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < TREE {
        let is_behind: bool = sqlx::query_scalar(
            "SELECT (SELECT size FROM log_tree) < (SELECT position FROM log_head)",
        )
        .fetch_one(&run.system.pool)
        .await?;
        if !is_behind {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
