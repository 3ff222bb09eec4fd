//! `ava events`: the event log, for whoever checks it.

mod flow;
mod show;

use ::projections::audit_index::{self, Selection, Stretch, Wanted};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use domain::{stewardship, values::Position};
use infrastructure::{database::DatabaseRole, settings::Settings};
use serde_json::json;
use sqlx::PgPool;
use std::path::PathBuf;
use uuid::Uuid;

use crate::{
    database::{Database, must_be_migrated},
    failure::Failure,
    steward::{By, Steward},
    stop,
};

pub const HELP: &str = "\
Examples:
  ava events list --aggregate-type PhotoRequest --from 2026-11-26T00:00:00Z
  ava events list --correlation-id 0193e7f9-44e0-…    all that followed from one request
  ava events show 41                                  one event, and what it changed
  ava events tail --event-type PhotoFailed            as they come, until Ctrl-C
  ava events export --out events.jsonl                the whole log, a line of JSON each
  ava events export --after 1000 | gzip > rest.jsonl.gz

Events are shown as they are stored, people's words included. Each look is recorded; say with --by USER_ID whose it is.";

/// What can be asked of the event log.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// List events in the order of the log.
    List {
        #[command(flatten)]
        filters: Filters,
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        #[command(flatten)]
        by: By,
    },
    /// Show one event, its metadata, and what its aggregate knew before and after it.
    Show {
        /// Its place in the log.
        #[arg(value_parser = position)]
        position: Position,
        #[command(flatten)]
        by: By,
    },
    /// Print events as they are recorded, until Ctrl-C; from now on, unless --after says from where.
    Tail {
        #[command(flatten)]
        filters: Filters,
        #[command(flatten)]
        by: By,
    },
    /// Write events as lines of JSON, up to where the log ends now.
    Export {
        #[command(flatten)]
        filters: Filters,
        /// Into this new file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        by: By,
    },
}

/// Which events.
#[derive(Debug, Clone, Args)]
pub struct Filters {
    /// Only those behind this position.
    #[arg(long, value_name = "POSITION", value_parser = position)]
    after: Option<Position>,
    /// Only those up to and including this position.
    #[arg(long, value_name = "POSITION", value_parser = position)]
    until: Option<Position>,
    /// Only those of this type of aggregate, as Avatar.
    #[arg(long, value_name = "TYPE")]
    aggregate_type: Option<String>,
    /// Only those of the aggregates with this id.
    #[arg(long, value_name = "ID")]
    aggregate_id: Option<String>,
    /// Only those with this name, as PhotoDelivered.
    #[arg(long, value_name = "NAME")]
    event_type: Option<String>,
    /// Only those that this one caused, as user:0193… or reaction:promise_photos.
    #[arg(long)]
    actor: Option<String>,
    /// Only those that followed from one request.
    #[arg(long, value_name = "UUID")]
    correlation_id: Option<Uuid>,
    /// Only those that were recorded then or later, as 2026-11-26T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,
    /// Only those that were recorded before then.
    #[arg(long, value_name = "TIME")]
    to: Option<DateTime<Utc>>,
}

impl From<Filters> for Selection {
    fn from(filters: Filters) -> Self {
        let Filters {
            after,
            until,
            aggregate_type,
            aggregate_id,
            event_type,
            actor,
            correlation_id,
            from,
            to,
        } = filters;
        Self {
            wanted: Wanted {
                aggregate_type,
                aggregate_id,
                event_type,
                actor,
                correlation_id,
            },
            after,
            until,
            from,
            to,
        }
    }
}

/// A place in the log, which the database counts in 64 bits with a sign.
pub(super) fn position(text: &str) -> Result<Position, String> {
    let number = text.parse().ok();
    let number = number.filter(|number| i64::try_from(*number).is_ok());
    number
        .map(Position)
        .ok_or_else(|| "it is a whole number from 0".to_owned())
}

pub async fn run(command: EventsCommand, settings: Settings, json: bool) -> Result<(), Failure> {
    // Before the server is started, so that its end is in order, too.
    let stop = stop::on_signals()?;
    let database = Database::running_or_started(&settings).await?;
    let done = async {
        let pool = database
            .connect("ava events", DatabaseRole::Steward)
            .await?;
        must_be_migrated(&pool).await?;
        let log = database.log(&pool)?;
        let done = match command {
            EventsCommand::List { filters, limit, by } => {
                let steward = Steward::new(&log, by).auditing();
                list(&pool, &steward, filters.into(), limit, json).await
            }
            EventsCommand::Show { position, by } => {
                let steward = Steward::new(&log, by).auditing();
                show::run(&pool, &log, &steward, position, json).await
            }
            EventsCommand::Tail { filters, by } => {
                let steward = Steward::new(&log, by).auditing();
                flow::tail(&pool, &log, &steward, filters.into(), json, stop).await
            }
            EventsCommand::Export { filters, out, by } => {
                let steward = Steward::new(&log, by).auditing();
                flow::export(&pool, &log, &steward, filters.into(), out, json, stop).await
            }
        };
        pool.close().await;
        done
    }
    .await;
    database.stop().await;
    done
}

async fn list(
    pool: &PgPool,
    steward: &Steward,
    selection: Selection,
    limit: u32,
    json: bool,
) -> Result<(), Failure> {
    let stretch = stretch(pool, &selection).await?;
    let found = audit_index::page(pool, &selection.wanted, stretch, limit + 1).await;
    let mut found = found.map_err(Failure::try_again)?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let filters = selection.filters();
    let view = stewardship::Command::ViewEvents { filters };
    steward.record(view).await?;
    let next = found.last().filter(|_| more).map(|last| last.position);
    if json {
        return super::print(&format!(
            "{}\n",
            json!({ "items": found, "next_after": next })
        ));
    }
    if found.is_empty() {
        return super::print("No event is like that.\n");
    }
    let mut table = flow::HEADER.to_owned();
    table.extend(found.iter().map(flow::row));
    if let Some(next) = next {
        table.push_str(&format!("There is more: --after {next}\n"));
    }
    super::print(&table)
}

async fn stretch(pool: &PgPool, selection: &Selection) -> Result<Stretch, Failure> {
    selection.stretch(pool).await.map_err(Failure::try_again)
}
