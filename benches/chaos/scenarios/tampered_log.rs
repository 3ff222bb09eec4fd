//! Somebody who has all rights in the database changes the log behind Ava's back: it is found, and where. And a person who
//! is erased leaves a log that still fits.

use std::time::Duration;

use anyhow::Context as _;
use rand::RngExt as _;
use reqwest::Method;
use serde_json::json;
use tokio::task::block_in_place;
use transparency::{Evidence, Tree, Verification, VerifierKey};

use crate::{
    person::Person,
    run::Run,
    system::{System, told},
    tampering::{Change, CopiedLog},
};

/// How long until everything that was written is signed.
const SIGNED_WITHIN: Duration = Duration::from_secs(60);
/// Every so many changes the command line is asked as well.
const ASK_COMMAND_LINE: u32 = 50;

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    erase_somebody(run).await?;
    let size = until_signed(run).await?;
    let copy = CopiedLog::make(&run.system).await?;
    let keys = verifier_keys(&run.system)?;
    let evidence = [Evidence {
        kept_in: "a file".to_owned(),
        note: copy.newest_checkpoint().await?,
    }];
    let tree = Tree::new(copy.pool.clone());
    let verification = Verification {
        tree: &tree,
        keys: &keys,
        evidence: &evidence,
    };
    let verified = verification.run(|_, _| {}).await?;
    anyhow::ensure!(verified.size == size, "the copy has other events");

    let (mut unnoticed, mut asked) = (Vec::new(), 0);
    for number in 0..run.scale.tamperings {
        let change = copy.change(&mut run.dice).await?;
        let found = verification.run(|_, _| {}).await;
        let found = found.map_or_else(|found| found.to_string(), |_| "it fits".to_owned());
        if !change.is_named_by(&found) {
            unnoticed.push(format!("{}: {found}", change.what));
        }
        if number % ASK_COMMAND_LINE == 0 {
            asked += 1;
            unnoticed.extend(asked_on_command_line(&run.system, &copy, &change)?);
        }
        copy.undo(&change).await?;
    }
    let verified = verification.run(|_, _| {}).await?;
    anyhow::ensure!(verified.size == size, "the copy is not what it was");
    copy.close().await;
    let tamperings = run.scale.tamperings;
    run.verdicts.count(
        "changes of the log behind Ava's back",
        u64::from(tamperings),
    );
    run.verdicts.no_exception(
        "whatever is changed in the log is found, and where",
        format!(
            "{tamperings} changes of {size} events, {asked} of them by `ava audit verify` as well"
        ),
        &unnoticed,
    );
    Ok(())
}

/// Somebody signs in, designs, and has themselves erased; afterwards the log fits as before.
async fn erase_somebody(run: &mut Run) -> anyhow::Result<()> {
    let email = format!("erased-{}@example.com", run.dice.random::<u32>());
    let person = Person::sign_in(run.system.api_urls(), &email, run.journal.clone()).await?;
    person.design_companion().await?;
    person.order(Method::DELETE, "/me", &json!({})).await?;
    drop(run.rest().await);
    let size = until_signed(run).await?;
    let output = block_in_place(|| run.system.command(&["audit", "verify"]).output())?;
    let (promise, seen) = (
        "the log fits after somebody was erased",
        format!("{size} events"),
    );
    if output.status.success() {
        run.verdicts.kept(promise, seen);
    } else {
        run.verdicts.broken(promise, told(&output));
    }
    Ok(())
}

/// Waits until a checkpoint is over everything; over how many events.
async fn until_signed(run: &Run) -> anyhow::Result<u64> {
    let waiting = async {
        loop {
            let (head, signed): (i64, Option<i64>) = sqlx::query_as(
                "SELECT position, (SELECT max(size) FROM log_checkpoints) FROM log_head",
            )
            .fetch_one(&run.system.pool)
            .await?;
            if signed == Some(head) {
                return anyhow::Ok(head.cast_unsigned());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let signed = tokio::time::timeout(SIGNED_WITHIN, waiting).await;
    signed.context("what was written is not signed")?
}

fn verifier_keys(system: &System) -> anyhow::Result<Vec<VerifierKey>> {
    let output = block_in_place(|| system.command(&["audit", "key"]).output())?;
    let text = String::from_utf8(output.stdout)?;
    let keys = text.lines().map(|line| line.trim().parse());
    keys.collect::<Result<_, _>>().context("not a key")
}

/// What the command line did not say of the change.
fn asked_on_command_line(
    system: &System,
    copy: &CopiedLog,
    change: &Change,
) -> anyhow::Result<Option<String>> {
    let mut command = system.command(&["audit", "verify"]);
    command.env("DATABASE_URL", &copy.url);
    let output = block_in_place(|| command.output())?;
    let said = told(&output);
    let is_told = !output.status.success() && said.lines().any(|line| change.is_named_by(line));
    Ok((!is_told).then(|| format!("{}, by the command line: {said}", change.what)))
}
