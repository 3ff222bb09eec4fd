//! `ava events show`: one event, and what it changed.

use ::projections::audit_index::{self, LoggedEvent};
use application::{
    past_states::{self, FieldChange, PastStateError, StateChange},
    ports::EventLog,
};
use domain::{stewardship, values::Position};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{failure::Failure, steward::Steward};

pub(super) async fn run(
    pool: &PgPool,
    log: &dyn EventLog,
    steward: &Steward,
    position: Position,
    json: bool,
) -> Result<(), Failure> {
    let event = audit_index::by_position(pool, position).await;
    let Some(event) = event.map_err(Failure::try_again)? else {
        let head = log.head().await.map_err(Failure::try_again)?;
        return Err(Failure::not_found(format!(
            "there is no event {position}; the log ends at {head}"
        )));
    };
    // An event that this version does not understand is shown all the same.
    let change = match change(log, &event).await {
        Err(PastStateError::Unavailable(away)) => return Err(Failure::try_again(away)),
        Err(error) => Err(error.to_string()),
        Ok(change) => Ok(change),
    };
    steward
        .record(stewardship::Command::ViewEvent { position })
        .await?;
    let text = if json {
        as_json(&event, change)?
    } else {
        as_text(&event, change)?
    };
    super::super::print(&text)
}

async fn change(
    log: &dyn EventLog,
    event: &LoggedEvent,
) -> Result<Option<StateChange>, PastStateError> {
    let stream = past_states::stream(&event.aggregate_type, &event.aggregate_id)?;
    past_states::change(log, &stream, event.position).await
}

type Change = Result<Option<StateChange>, String>;

fn as_json(event: &LoggedEvent, change: Change) -> Result<String, Failure> {
    let mut shown = json!(event);
    match change {
        Ok(Some(change)) => {
            shown["changes"] = json!(change.changes());
            shown["state_before"] = json!(change.before);
            shown["state_after"] = change.after;
        }
        Ok(None) => {}
        Err(error) => shown["state_error"] = json!(error),
    }
    Ok(format!("{shown}\n"))
}

fn as_text(event: &LoggedEvent, change: Change) -> Result<String, Failure> {
    let mut parts = vec![
        format!(
            "Event {}: {} (version {}), {}",
            event.position, event.event_type, event.event_version, event.recorded_at
        ),
        format!(
            "Number {} of {} {}",
            event.sequence, event.aggregate_type, event.aggregate_id
        ),
        part("What happened", &read(&event.payload)?),
        part("Who, and through what", &read(&event.metadata)?),
    ];
    match change {
        Ok(Some(change)) => {
            parts.push(format!("What it changed\n{}", lines(&change.changes())));
            let StateChange { before, after } = change;
            parts.push(match before {
                Some(before) => part("Before", &before),
                None => "Before\n  nothing: it began with this event".to_owned(),
            });
            parts.push(part("After", &after));
        }
        Ok(None) => {}
        Err(error) => parts.push(format!("What it changed cannot be told: {error}")),
    }
    Ok(parts.join("\n") + "\n")
}

/// A line for each field: where, from what, to what.
fn lines(changes: &[FieldChange]) -> String {
    if changes.is_empty() {
        return "  nothing of the state".to_owned();
    }
    let line = |FieldChange {
                    path,
                    before,
                    after,
                }: &FieldChange| match (before, after) {
        (Some(before), Some(after)) => format!("  {path}: {before} → {after}"),
        (None, Some(after)) => format!("  {path}: + {after}"),
        (before, None) => format!("  {path}: − {}", json!(before)),
    };
    changes.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn read(json: &str) -> Result<Value, Failure> {
    serde_json::from_str(json).map_err(Failure::other)
}

/// Some JSON below a heading, indented.
fn part(heading: &str, json: &Value) -> String {
    let json = format!("{json:#}").replace('\n', "\n  ");
    format!("{heading}\n  {json}")
}
