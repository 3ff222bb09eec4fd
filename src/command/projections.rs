//! `ava projections`: what follows the event log, and how far it is.

use ::projections::engine::{Checkpoints, ProjectorStatus};
use application::ports::EventLog;
use clap::Subcommand;
use infrastructure::{event_log::PostgresEventLog, settings::Settings};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    database::{Database, must_be_migrated},
    failure::Failure,
};

pub const HELP: &str = "\
Examples:
  ava projections list                 every projector and reaction, how far it is, and what stopped it
  ava projections list --json          the same for a script
  ava projections resume photos        go on with a failed one, once its cause is mended";

/// What can be asked of those who follow the log.
#[derive(Debug, Subcommand)]
pub enum ProjectionsCommand {
    /// List projectors and reactions: position, lag, state, last error.
    List,
    /// Let a failed one try its event again.
    Resume {
        /// Its name, as in the list.
        name: String,
    },
}

pub async fn run(
    command: ProjectionsCommand,
    settings: Settings,
    json: bool,
) -> Result<(), Failure> {
    let database = Database::running_or_started(&settings).await?;
    let answer = ask(command, &database, json).await;
    database.stop().await;
    super::print(&answer?)
}

async fn ask(
    command: ProjectionsCommand,
    database: &Database,
    json: bool,
) -> Result<String, Failure> {
    let pool = database.connect("ava projections").await?;
    must_be_migrated(&pool).await?;
    let followers = list(&pool).await?;
    let answer = match command {
        ProjectionsCommand::List if json => format!("{}\n", as_json(&followers)),
        ProjectionsCommand::List => as_table(&followers),
        ProjectionsCommand::Resume { name } => resume(&pool, &followers, &name, json).await?,
    };
    pool.close().await;
    Ok(answer)
}

async fn list(pool: &PgPool) -> Result<Vec<ProjectorStatus>, Failure> {
    let log = PostgresEventLog::start(pool.clone());
    let head = log.head().await.map_err(Failure::try_again)?;
    Checkpoints::new(pool.clone())
        .list(head)
        .await
        .map_err(Failure::try_again)
}

async fn resume(
    pool: &PgPool,
    followers: &[ProjectorStatus],
    name: &str,
    json: bool,
) -> Result<String, Failure> {
    if !followers.iter().any(|follower| follower.name == name) {
        let names: Vec<&str> = followers
            .iter()
            .map(|follower| follower.name.as_str())
            .collect();
        return Err(Failure::not_found(format!(
            "nothing named {name:?} follows the log; there are: {}",
            names.join(", ")
        )));
    }
    let resumed = Checkpoints::new(pool.clone())
        .resume(name)
        .await
        .map_err(Failure::try_again)?;
    if !resumed {
        return Err(Failure::conflict(format!(
            "{name} has not failed, so there is nothing to resume"
        )));
    }
    Ok(if json {
        format!("{}\n", json!({ "resumed": name }))
    } else {
        format!("{name} goes on.\n")
    })
}

fn as_json(followers: &[ProjectorStatus]) -> Value {
    let items: Vec<Value> = followers
        .iter()
        .map(|follower| {
            json!({
                "name": follower.name,
                "version": follower.version,
                "position": follower.position.0,
                "lag_events": follower.lag_events,
                "lag_seconds": follower.lag_seconds,
                "state": follower.state.as_str(),
                "error": follower.error,
                "failed_position": follower.failed_position.map(|position| position.0),
                "holder": follower.holder,
            })
        })
        .collect();
    json!({ "items": items })
}

fn as_table(followers: &[ProjectorStatus]) -> String {
    if followers.is_empty() {
        return "Nothing has followed the log yet; `ava up` or `ava projector` starts it.\n"
            .to_owned();
    }
    let width = followers
        .iter()
        .map(|follower| follower.name.len())
        .max()
        .unwrap_or(0)
        .max(4);
    let mut table = format!(
        "{:width$}  {:>8}  {:>6}  {:>8}  {:8}  HELD BY\n",
        "NAME", "POSITION", "BEHIND", "SECONDS", "STATE"
    );
    for follower in followers {
        table.push_str(&format!(
            "{:width$}  {:>8}  {:>6}  {:>8.1}  {:8}  {}\n",
            follower.name,
            follower.position.0,
            follower.lag_events,
            follower.lag_seconds,
            follower.state.as_str(),
            follower.holder.as_deref().unwrap_or("nobody"),
        ));
        if let Some(error) = &follower.error {
            let place = follower
                .failed_position
                .map_or_else(String::new, |position| format!("event {}: ", position.0));
            table.push_str(&format!("{:width$}  {place}{error}\n", ""));
        }
    }
    table
}
