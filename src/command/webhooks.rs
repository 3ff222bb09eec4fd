//! `ava webhooks`: the payment provider's messages, and handing some out again.

use std::fmt::Write;

use application::ports::PaymentInbox;
use clap::{Args, Subcommand};
use domain::stewardship;
use infrastructure::{
    database::DatabaseRole,
    inbox::{InboxEntry, InboxState, WebhookInbox},
    settings::Settings,
};
use serde_json::json;

use crate::{
    database::{Database, must_be_migrated},
    failure::Failure,
    steward::{By, Steward},
};

pub const HELP: &str = "\
Examples:
  ava webhooks list                     the newest messages, and what became of each
  ava webhooks list --state parked      those that wait for an operator, and why
  ava webhooks replay evt_1Abc          let the worker look anew at what that message is about
  ava webhooks replay --parked          the same for all that wait for an operator

A message is only a hint: the worker asks the provider how its subscription stands now, so handing one out again never
brings back the past.";

/// What can be asked of the payment provider's messages.
#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// List messages, newest first.
    List {
        /// Only those that stand so: waiting, done or parked.
        #[arg(long)]
        state: Option<InboxState>,
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        #[command(flatten)]
        by: By,
    },
    /// Hand messages out again, whatever became of them.
    Replay {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        by: By,
    },
}

/// Some messages, or all that wait for an operator.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Their ids, as in the list.
    ids: Vec<String>,
    /// Every one that failed and waits for an operator.
    #[arg(long)]
    parked: bool,
}

pub async fn run(command: WebhooksCommand, settings: Settings, json: bool) -> Result<(), Failure> {
    let database = Database::running_or_started(&settings).await?;
    let answer = ask(command, &database, json).await;
    database.stop().await;
    super::print(&answer?)
}

async fn ask(command: WebhooksCommand, database: &Database, json: bool) -> Result<String, Failure> {
    let pool = database
        .connect("ava webhooks", DatabaseRole::Steward)
        .await?;
    must_be_migrated(&pool).await?;
    let log = database.log(&pool)?;
    let inbox = WebhookInbox::new(pool.clone());
    let answer = match command {
        WebhooksCommand::List { state, limit, by } => {
            let listed = inbox.list(state, limit).await;
            let listed = listed.map_err(Failure::try_again)?;
            let state = state.map(|state| state.as_str().to_owned());
            let view = stewardship::Command::ViewWebhooks { state };
            Steward::new(&log, by).record(view).await?;
            if json {
                as_json(&listed)
            } else {
                as_table(&listed)
            }
        }
        WebhooksCommand::Replay { which, by } => {
            let again = replay(&inbox, &which, &Steward::new(&log, by)).await?;
            if json {
                format!("{}\n", json!({ "replayed": again }))
            } else {
                format!("Handed out again: {again}.\n")
            }
        }
    };
    pool.close().await;
    Ok(answer)
}

/// How many were handed out again, each on record before it is.
async fn replay(inbox: &WebhookInbox, which: &Which, steward: &Steward) -> Result<u64, Failure> {
    let ids = if which.parked {
        let parked = inbox.list(Some(InboxState::Parked), u32::MAX).await;
        let parked = parked.map_err(Failure::try_again)?;
        parked.into_iter().map(|entry| entry.id).collect()
    } else {
        which.ids.clone()
    };
    let mut again = 0;
    for id in ids {
        if inbox
            .entry(&id)
            .await
            .map_err(Failure::try_again)?
            .is_none()
        {
            return Err(Failure::not_found(format!(
                "there is no message {id:?} ({again} before it were handed out again); `ava webhooks list` names them"
            )));
        }
        let deed = stewardship::Command::ReplayWebhook {
            webhook_id: id.clone(),
        };
        steward.record(deed).await?;
        inbox
            .hand_out_again(&id)
            .await
            .map_err(Failure::try_again)?;
        again += 1;
    }
    Ok(again)
}

fn as_json(entries: &[InboxEntry]) -> String {
    let items: Vec<_> = entries
        .iter()
        .map(|entry| {
            json!({
                "id": entry.id,
                "provider": entry.provider,
                "type": entry.kind,
                "state": entry.state.as_str(),
                "attempts": entry.attempts,
                "replays": entry.replays,
                "error": entry.error,
                "received_at": entry.received_at,
                "settled_at": entry.settled_at,
            })
        })
        .collect();
    format!("{}\n", json!({ "items": items }))
}

fn as_table(entries: &[InboxEntry]) -> String {
    if entries.is_empty() {
        return "No such message has come.\n".to_owned();
    }
    let width = |text: fn(&InboxEntry) -> &str| entries.iter().map(|entry| text(entry).len()).max();
    let ids = width(|entry| &entry.id).unwrap_or(0).max(2);
    let kinds = width(|entry| &entry.kind).unwrap_or(0).max(4);
    let mut table = format!(
        "{:ids$}  {:kinds$}  {:20}  {:7}  ATTEMPTS\n",
        "ID", "TYPE", "RECEIVED", "STATE"
    );
    for entry in entries {
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "{:ids$}  {:kinds$}  {:20}  {:7}  {}",
            entry.id,
            entry.kind,
            entry.received_at.format("%Y-%m-%dT%H:%M:%SZ"),
            entry.state.as_str(),
            entry.attempts,
        );
        if let Some(error) = &entry.error {
            let _ = writeln!(table, "{:ids$}  {error}", "");
        }
    }
    table
}
