//! `ava audit`: check the log, prove what is in it, and hand it out with proofs.

mod bundle;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::stewardship;
use infrastructure::{database::DatabaseRole, event_log::PostgresEventLog, settings::Settings};
use serde_json::json;
use transparency::{ProofError, StoredCheckpoint, Tree, VerifierKey};

use crate::{
    database::{Database, must_be_migrated},
    failure::Failure,
    steward::{By, Steward},
    stop,
    wiring::{Secrets, audit::publish_dir},
};

pub const HELP: &str = "\
Examples:
  ava audit key                              the keys that checkpoints are checked with; hand them to auditors
  ava audit checkpoint > monday.txt          the newest signed checkpoint; who keeps it can prove later changes
  ava audit verify --checkpoint monday.txt   every event against tree, checkpoints, and the one that was kept
  ava audit prove 17                         that the event at position 17 is among those of the newest checkpoint
  ava audit prove --from 100 --to 1742       that the first 100 events are the beginning of the first 1742
  ava audit bundle log-of-monday             the whole log as files, with proofs
  ava audit verify --bundle log-of-monday    the files, on a machine that has nothing else

docs/AUDIT.md explains what is proven and how, byte by byte.";

/// What auditors do.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Print the verifier keys: the present one first, then the older ones.
    Key,
    /// Print the newest signed checkpoint.
    Checkpoint {
        #[command(flatten)]
        by: By,
    },
    /// Prove that an event is in the log, or that the log only ever grew.
    Prove {
        #[command(flatten)]
        what: What,
        #[command(flatten)]
        by: By,
    },
    /// Check the whole log, and name the first position that does not fit; exit code 1 then.
    Verify(VerifyArgs),
    /// Write the log up to the newest checkpoint into a directory, with everything that is needed to check it.
    Bundle {
        /// Where; it must not hold anything yet.
        dir: PathBuf,
        /// Leave out `events.parquet`, the same events for whoever asks them questions (pandas, DuckDB, Spark).
        #[arg(long)]
        no_parquet: bool,
        #[command(flatten)]
        by: By,
    },
}

/// An event, or two sizes.
#[derive(Debug, Args)]
pub struct What {
    /// The position of an event.
    #[arg(required_unless_present = "from", conflicts_with_all = ["from", "to"], value_parser = clap::value_parser!(u64).range(1..))]
    position: Option<u64>,
    /// How many events the tree has; those of the newest checkpoint when it is left out.
    #[arg(long, requires = "position", value_parser = clap::value_parser!(u64).range(1..))]
    size: Option<u64>,
    /// How many events the earlier tree has.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    from: Option<u64>,
    /// How many events the later tree has; those of the newest checkpoint when it is left out.
    #[arg(long, requires = "from", value_parser = clap::value_parser!(u64).range(1..))]
    to: Option<u64>,
}

/// What is checked, and against what.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A bundle instead of the database: its directory.
    #[arg(long, value_name = "DIR", conflicts_with = "checkpoint")]
    bundle: Option<PathBuf>,
    /// A verifier key, as `ava audit key` prints it, got from elsewhere; may be given again. Without any: the configured
    /// ones, or for a bundle those that it names itself.
    #[arg(long, value_name = "NAME+ID+KEY")]
    key: Vec<VerifierKey>,
    /// A checkpoint that you kept: the file; may be given again.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
}

/// Checks a bundle, which needs nothing but its files; none when something else is asked.
pub fn without_settings(command: &AuditCommand, json: bool) -> Option<Result<(), Failure>> {
    match command {
        AuditCommand::Verify(VerifyArgs {
            bundle: Some(directory),
            key,
            ..
        }) => Some(verify::bundle(directory, key, json)),
        AuditCommand::Key
        | AuditCommand::Checkpoint { .. }
        | AuditCommand::Prove { .. }
        | AuditCommand::Verify(_)
        | AuditCommand::Bundle { .. } => None,
    }
}

pub async fn run(command: AuditCommand, settings: Settings, json: bool) -> Result<(), Failure> {
    let secrets = Secrets::of(&settings)?;
    if let AuditCommand::Key = command {
        return super::print(&keys(&secrets.audit.verifiers(), json));
    }
    // Before the server is started, so that its end is in order, too.
    let stop = stop::on_signals()?;
    let database = Database::running_or_started(&settings).await?;
    let asked = async {
        let pool = database.connect("ava audit", DatabaseRole::Steward).await?;
        must_be_migrated(&pool).await?;
        let job = Job {
            tree: Tree::new(pool.clone()),
            log: database.log(&pool)?,
            secrets: &secrets,
            published_to: publish_dir(&settings),
            json,
        };
        let answer = job.answer(command).await;
        pool.close().await;
        answer
    };
    let answer = stop.run_until_cancelled(asked).await;
    database.stop().await;
    let answer = answer.unwrap_or_else(|| Err(Failure::try_again("stopped before it was done")))?;
    super::print(&answer.text)?;
    answer.verdict
}

/// What is to be printed, and how the command ends nevertheless.
struct Answer {
    text: String,
    verdict: Result<(), Failure>,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self {
            text,
            verdict: Ok(()),
        }
    }
}

/// What the commands need.
struct Job<'a> {
    tree: Tree,
    log: PostgresEventLog,
    secrets: &'a Secrets,
    published_to: PathBuf,
    json: bool,
}

impl Job<'_> {
    async fn answer(&self, command: AuditCommand) -> Result<Answer, Failure> {
        match command {
            AuditCommand::Key => Ok(keys(&self.secrets.audit.verifiers(), self.json).into()),
            AuditCommand::Checkpoint { by } => self.checkpoint(by).await.map(Answer::from),
            AuditCommand::Prove { what, by } => self.prove(what, by).await.map(Answer::from),
            AuditCommand::Verify(against) => verify::log(self, against).await,
            AuditCommand::Bundle {
                dir,
                no_parquet,
                by,
            } => {
                let written = bundle::write(self, &dir, !no_parquet, by).await;
                written.map(Answer::from)
            }
        }
    }

    async fn newest(&self) -> Result<StoredCheckpoint, Failure> {
        let newest = self.tree.newest_checkpoint().await;
        newest.map_err(Failure::try_again)?.ok_or_else(|| {
            Failure::not_found(
                "no checkpoint was signed yet; a running `ava up` or `ava projector` signs within seconds",
            )
        })
    }

    async fn record(&self, by: By, view: stewardship::Command) -> Result<(), Failure> {
        let steward = Steward::new(&self.log, by).auditing();
        steward.record(view).await
    }

    async fn checkpoint(&self, by: By) -> Result<String, Failure> {
        let newest = self.newest().await?;
        self.record(by, stewardship::Command::ViewCheckpoint)
            .await?;
        if !self.json {
            return Ok(newest.note);
        }
        let told = json!({
            "size": newest.size,
            "root": hex(&newest.root),
            "signed_at": newest.signed_at,
            "note": newest.note,
        });
        Ok(format!("{told}\n"))
    }

    /// The same JSON as over HTTP, whether it is asked for or not.
    async fn prove(&self, what: What, by: By) -> Result<String, Failure> {
        let size = match what.size.or(what.to) {
            Some(size) => size,
            None => self.newest().await?.size,
        };
        let first = what.position.or(what.from).unwrap_or_default();
        if first > size {
            return Err(Failure::usage(format!(
                "{first} is more than the {size} events of the tree"
            )));
        }
        let (view, proof) = if let Some(position) = what.position {
            let proof = self.tree.inclusion(position, size).await;
            let proof = serde_json::to_string(&proof.map_err(no_proof)?);
            let view = stewardship::Command::ProveInclusion { position, size };
            (view, proof)
        } else {
            let proof = self.tree.consistency(first, size).await;
            let proof = serde_json::to_string(&proof.map_err(no_proof)?);
            let (from, to) = (first, size);
            let view = stewardship::Command::ProveConsistency { from, to };
            (view, proof)
        };
        self.record(by, view).await?;
        Ok(format!("{}\n", proof.map_err(Failure::other)?))
    }
}

fn no_proof(error: ProofError) -> Failure {
    match error {
        ProofError::Beyond(_) => {
            Failure::not_found(format!("{error} so far; ask for the size of a checkpoint"))
        }
        ProofError::Damaged(_) => Failure::other(format!("{error}; `ava audit verify` says more")),
        ProofError::Database(_) => Failure::try_again(error),
    }
}

fn keys(keys: &[VerifierKey], json: bool) -> String {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    if json {
        format!("{}\n", json!({ "keys": keys }))
    } else {
        keys.iter().map(|key| format!("{key}\n")).collect()
    }
}

fn hex(hash: &transparency::Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
