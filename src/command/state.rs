//! `ava state`: anything as it stood at any point of the event log.

use ::projections::audit_index;
use application::{
    past_states::{self, PastStateError},
    ports::EventLog,
};
use chrono::{DateTime, Utc};
use clap::Args;
use domain::{stewardship, values::Position};
use infrastructure::{database::DatabaseRole, settings::Settings};
use serde_json::json;
use sqlx::PgPool;

use crate::{
    database::{Database, must_be_migrated},
    failure::Failure,
    steward::{By, Steward},
};

pub const HELP: &str = "\
Examples:
  ava state Avatar 0193e7f1-9d40-…                                 as it stands now
  ava state Subscription 0193e7f1-9d40-… --as-of-position 41       after that event
  ava state PhotoRequest 0193e7f9-44e0-… --as-of 2026-11-26T12:00:00Z

The type and the id are those of `ava events list`. It is folded from the events up to then, by the rules of this
version. Each look is recorded; say with --by USER_ID whose it is.";

/// Which aggregate, and when.
#[derive(Debug, Args)]
pub struct StateArgs {
    /// Its type, as Avatar.
    aggregate_type: String,
    /// Its id.
    aggregate_id: String,
    /// After the event at this position.
    #[arg(long, value_name = "POSITION", value_parser = super::events::position, conflicts_with = "as_of")]
    as_of_position: Option<Position>,
    /// After the last event that was recorded then or before.
    #[arg(long, value_name = "TIME")]
    as_of: Option<DateTime<Utc>>,
    #[command(flatten)]
    by: By,
}

pub async fn run(arguments: StateArgs, settings: Settings, json: bool) -> Result<(), Failure> {
    let database = Database::running_or_started(&settings).await?;
    let answer = ask(arguments, &database, json).await;
    database.stop().await;
    super::print(&answer?)
}

async fn ask(arguments: StateArgs, database: &Database, json: bool) -> Result<String, Failure> {
    let StateArgs {
        aggregate_type,
        aggregate_id,
        as_of_position,
        as_of,
        by,
    } = arguments;
    let Ok(stream) = past_states::stream(&aggregate_type, &aggregate_id) else {
        let types: Vec<_> = past_states::aggregate_types().collect();
        return Err(Failure::usage(format!(
            "there is no type {aggregate_type:?}; there are: {}",
            types.join(", ")
        )));
    };
    let pool = database.connect("ava state", DatabaseRole::Steward).await?;
    must_be_migrated(&pool).await?;
    let log = database.log(&pool)?;
    let point = point(&log, &pool, as_of_position, as_of).await?;
    let past = past_states::at(&log, &stream, point).await.map_err(told)?;
    let Some(past) = past else {
        return Err(Failure::not_found(format!(
            "nothing had happened to {aggregate_type} {aggregate_id} by position {point}"
        )));
    };
    let view = stewardship::Command::ViewState {
        aggregate_type: aggregate_type.clone(),
        aggregate_id: aggregate_id.clone(),
        position: past.position,
    };
    Steward::new(&log, by).auditing().record(view).await?;
    pool.close().await;
    if json {
        let told = json!({
            "aggregate_type": aggregate_type,
            "aggregate_id": aggregate_id,
            "as_of_position": point,
            "position": past.position,
            "sequence": past.sequence,
            "recorded_at": past.recorded_at,
            "state": past.state,
        });
        return Ok(format!("{told}\n"));
    }
    Ok(format!(
        "{aggregate_type} {aggregate_id} as of position {point}: after its event {}, at position {}, {}\n{:#}\n",
        past.sequence, past.position, past.recorded_at, past.state
    ))
}

/// The point that is asked for. What lies ahead of the log is refused: nobody knows yet how anything will stand then.
async fn point(
    log: &dyn EventLog,
    pool: &PgPool,
    position: Option<Position>,
    time: Option<DateTime<Utc>>,
) -> Result<Position, Failure> {
    if let Some(time) = time {
        if time > Utc::now() {
            return Err(Failure::usage("--as-of must not lie in the future"));
        }
        let position = audit_index::last_position_at(pool, time).await;
        return position.map_err(Failure::try_again);
    }
    let head = log.head().await.map_err(Failure::try_again)?;
    match position {
        Some(position) if position > head => Err(Failure::usage(format!(
            "--as-of-position must not lie behind the end of the log, which is {head}"
        ))),
        Some(position) => Ok(position),
        None => Ok(head),
    }
}

fn told(error: PastStateError) -> Failure {
    match error {
        PastStateError::Unavailable(away) => Failure::try_again(away),
        error @ (PastStateError::Unreadable(_) | PastStateError::Unwritable(_)) => {
            Failure::other(error)
        }
    }
}
