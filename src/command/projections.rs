//! `ava projections`: what follows the event log, how far it is, and whether it is what the log says.

mod as_json;
mod list;
mod progress;
mod rebuild;
mod verify;

use std::{fmt::Write, sync::Arc};

use ::projections::{
    engine::{Checkpoints, Projector, ProjectorStatus, ShadowStatus},
    rebuild::{Comparison, DifferenceKind, NotDone, Order, Purpose},
};
use application::ports::EventLog;
use clap::{Args, Subcommand};
use domain::stewardship;
use infrastructure::{database::DatabaseRole, event_log::PostgresEventLog, settings::Settings};
use serde_json::json;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    database::{Database, must_be_migrated},
    failure::Failure,
    steward::{By, Steward},
    stop,
};

use progress::Progress;

pub const HELP: &str = "\
Examples:
  ava projections list                 every projector and reaction, how far it is, and what stopped it
  ava projections list --json          the same for a script
  ava projections resume photos        go on with a failed one, once its cause is mended
  ava projections verify --all         compare every read model with the log; 1 when one differs
  ava projections rebuild photos       fill its tables again beside the live ones, then swap; reads never stop

A rebuild that was interrupted goes on where it was when it is asked for again. Both work beside a system that runs.
Lists, comparisons and rebuilds are recorded; say with --by USER_ID whose they are.";

const VERIFY_HELP: &str = "\
A difference means that something else than the projector has written its tables (a hand, a restore, a disk), or that \
the projector gives other rows than it gave then: it was changed without a new version, or depends on more than the \
events. The log is right in each case: `ava projections rebuild NAME` mends the rows. Exit code 1 when any row differs.";

/// What can be asked of those who follow the log.
#[derive(Debug, Subcommand)]
pub enum ProjectionsCommand {
    /// List projectors and reactions: position, lag, state, last error, rebuild, last check.
    List {
        #[command(flatten)]
        by: By,
    },
    /// Let a failed one try its event again.
    Resume {
        /// Its name, as in the list.
        name: String,
    },
    /// Fill a projector's tables again from the log, beside the live ones, and swap.
    Rebuild {
        #[command(flatten)]
        which: Which,
        /// Begin at the log's beginning, whatever an interrupted rebuild has left.
        #[arg(long)]
        restart: bool,
        #[command(flatten)]
        by: By,
    },
    /// Compare a projector's tables with what the log says, and name the rows that differ.
    #[command(after_help = VERIFY_HELP)]
    Verify {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        by: By,
    },
}

/// One projector, or all of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Its name, as in the list.
    name: Option<String>,
    /// Every projector, one after the other.
    #[arg(long)]
    all: bool,
}

impl Which {
    fn projectors(&self) -> Result<Vec<Arc<dyn Projector>>, Failure> {
        let all = ::projections::all();
        let Some(name) = &self.name else {
            return Ok(all);
        };
        let names: Vec<&str> = all.iter().map(|projector| projector.name()).collect();
        let unknown = Failure::not_found(format!(
            "there is no projector {name:?}; there are: {}",
            names.join(", ")
        ));
        let named = all.into_iter().find(|projector| projector.name() == name);
        Ok(vec![named.ok_or(unknown)?])
    }
}

pub async fn run(
    command: ProjectionsCommand,
    settings: Settings,
    json: bool,
) -> Result<(), Failure> {
    // Before the server is started, so that its end is in order, too.
    let stop = stop::on_signals()?;
    let database = Database::running_or_started(&settings).await?;
    let answer = ask(command, &database, json, stop).await;
    database.stop().await;
    let (answer, verdict) = answer?;
    super::print(&answer)?;
    verdict
}

/// Answers with what is to be printed, and with how the command ends nevertheless.
async fn ask(
    command: ProjectionsCommand,
    database: &Database,
    json: bool,
    stop: CancellationToken,
) -> Result<(String, Result<(), Failure>), Failure> {
    let pool = database
        .connect("ava projections", DatabaseRole::Projector)
        .await?;
    must_be_migrated(&pool).await?;
    let log = database.log(&pool)?;
    let job = Job::new(pool.clone(), log.clone(), json, stop);
    let mut verdict = Ok(());
    let answer = match command {
        ProjectionsCommand::List { by } => {
            let followers = job.list().await?;
            look(database, by).await?;
            if json {
                format!("{}\n", list::as_json(&followers))
            } else {
                list::as_table(&followers)
            }
        }
        ProjectionsCommand::Resume { name } => job.resume(&name).await?,
        ProjectionsCommand::Rebuild { which, restart, by } => {
            let projectors = which.projectors()?;
            let steward = steward(database, by).await?;
            for projector in &projectors {
                let projection = projector.name().to_owned();
                let deed = stewardship::Command::RebuildProjection { projection };
                steward.record(deed).await?;
            }
            rebuild::run(&job, projectors, restart).await?
        }
        ProjectionsCommand::Verify { which, by } => {
            let projectors = which.projectors()?;
            look(database, by).await?;
            let (answer, equal) = verify::run(&job, projectors).await?;
            if !equal {
                verdict = Err(Failure::other(
                    "not everything is what the log says; `ava projections rebuild NAME` mends it",
                ));
            }
            answer
        }
    };
    pool.close().await;
    Ok((answer, verdict))
}

/// Who orders or looks, over connections of their own: the projector records nothing.
async fn steward(database: &Database, by: By) -> Result<Steward, Failure> {
    let pool = database
        .connect("ava projections, record", DatabaseRole::Steward)
        .await?;
    Ok(Steward::new(&database.log(&pool)?, by))
}

/// Records that somebody looks at how the read models stand.
async fn look(database: &Database, by: By) -> Result<(), Failure> {
    let steward = steward(database, by).await?;
    steward.record(stewardship::Command::ViewProjections).await
}

/// What the commands need.
pub struct Job {
    log: Arc<PostgresEventLog>,
    checkpoints: Checkpoints,
    order: Order,
    node: String,
    json: bool,
    stop: CancellationToken,
}

impl Job {
    fn new(pool: PgPool, log: PostgresEventLog, json: bool, stop: CancellationToken) -> Self {
        let log = Arc::new(log);
        let node = format!("operator-{}", Uuid::now_v7().simple());
        Self {
            order: Order::new(pool.clone(), log.clone(), node.clone()),
            checkpoints: Checkpoints::new(pool),
            log,
            node,
            json,
            stop,
        }
    }

    async fn list(&self) -> Result<Vec<ProjectorStatus>, Failure> {
        let head = self.log.head().await.map_err(Failure::try_again)?;
        let listed = self.checkpoints.list(head).await;
        listed.map_err(Failure::try_again)
    }

    /// What there is of a rebuild or a check that is under way or was interrupted.
    async fn left(&self, name: &str, purpose: Purpose) -> Result<Option<ShadowStatus>, Failure> {
        let mut followers = self.list().await?.into_iter();
        let follower = followers.find(|follower| follower.name == name);
        Ok(follower.and_then(|follower| match purpose {
            Purpose::Rebuild => follower.rebuild,
            Purpose::Check => follower.checking,
        }))
    }

    fn progress<'a>(&'a self, projector: &'a str, purpose: Purpose) -> Progress<'a> {
        Progress {
            checkpoints: &self.checkpoints,
            log: &*self.log,
            projector,
            purpose,
            node: &self.node,
        }
    }

    async fn resume(&self, name: &str) -> Result<String, Failure> {
        let followers = self.list().await?;
        let names: Vec<&str> = followers
            .iter()
            .flat_map(|follower| {
                let shadows = [&follower.rebuild, &follower.checking]
                    .into_iter()
                    .flatten();
                std::iter::once(&follower.name).chain(shadows.map(|shadow| &shadow.name))
            })
            .map(String::as_str)
            .collect();
        if !names.contains(&name) {
            return Err(Failure::not_found(format!(
                "nothing named {name:?} follows the log; there are: {}",
                names.join(", ")
            )));
        }
        let resumed = self.checkpoints.resume(name).await;
        if !resumed.map_err(Failure::try_again)? {
            return Err(Failure::conflict(format!(
                "{name} has not failed, so there is nothing to resume"
            )));
        }
        Ok(if self.json {
            format!("{}\n", json!({ "resumed": name }))
        } else {
            format!("{name} goes on.\n")
        })
    }
}

/// Why a projector was not rebuilt or verified, and what to do.
fn failed(done: &str, name: &str, error: NotDone) -> Failure {
    let what = format!("{name} was not {done}: {error}");
    match error {
        NotDone::NeverFilled => Failure::conflict(format!(
            "{what}; `ava up` or `ava projector` fills them for the first time"
        )),
        NotDone::AnotherVersion { live, ours } if live < ours => Failure::conflict(format!(
            "{what}; `ava projections rebuild {name}` brings them to it"
        )),
        NotDone::AnotherVersion { .. } => {
            Failure::conflict(format!("{what}; use the newer program"))
        }
        NotDone::Held { .. } => Failure::conflict(format!(
            "{what}; stop that one, or leave `--restart` out to watch it"
        )),
        NotDone::Failed { .. } => Failure::other(format!(
            "{what}. The live tables serve as before; the same command goes on there once the cause is mended"
        )),
        NotDone::Stopped => {
            Failure::try_again(format!("{what}; the same command goes on where it was"))
        }
        NotDone::Database(_) => Failure::try_again(what),
    }
}

/// The first rows that differ, a line each.
fn named_differences(comparison: &Comparison) -> String {
    let mut text = String::new();
    for difference in &comparison.differences {
        let kind = match &difference.kind {
            DifferenceKind::Changed(columns) => format!("differs in {}", columns.join(", ")),
            DifferenceKind::Missing => "is missing".to_owned(),
            DifferenceKind::Extra => "should not be there".to_owned(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {} {} {kind}", difference.table, difference.key);
    }
    let unnamed = comparison.rows_different - comparison.differences.len() as u64;
    if unnamed > 0 {
        let _ = writeln!(text, "  and {unnamed} more");
    }
    text
}
