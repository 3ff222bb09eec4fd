//! `ava events tail` and `ava events export`: events by and by, in the memory of one page.

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    ops::ControlFlow,
    path::PathBuf,
    time::Duration,
};

use ::projections::audit_index::{self, LoggedEvent, Selection, Stretch};
use application::ports::EventLog;
use domain::{recorded::Metadata, stewardship, values::Position};
use serde_json::json;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::stretch;
use crate::{failure::Failure, steward::Steward};

/// How many events are read at once.
const PAGE: u32 = 500;

/// How often a tail looks for more.
const PAUSE: Duration = Duration::from_millis(250);

/// What stands above rows.
pub(super) const HEADER: &str =
    "  POSITION  RECORDED              EVENT                     AGGREGATE / ACTOR\n";

/// An event in one line.
pub(super) fn row(event: &LoggedEvent) -> String {
    let metadata = serde_json::from_str::<Metadata>(&event.metadata);
    let actor = metadata.map_or_else(|_| "?".to_owned(), |metadata| metadata.actor);
    format!(
        "{:>10}  {:20}  {:24}  {} {} by {actor}\n",
        event.position.0,
        event.recorded_at.format("%Y-%m-%dT%H:%M:%SZ"),
        event.event_type,
        event.aggregate_type,
        event.aggregate_id,
    )
}

/// An event as a line of JSON, the same as over HTTP.
fn line(event: &LoggedEvent) -> Result<String, Failure> {
    let json = serde_json::to_string(event).map_err(Failure::other)?;
    Ok(json + "\n")
}

/// Prints events as they come, until `stop`.
pub(super) async fn tail(
    pool: &PgPool,
    log: &dyn EventLog,
    steward: &Steward,
    selection: Selection,
    json: bool,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let mut stretch = stretch(pool, &selection).await?;
    if selection.after.is_none() && selection.from.is_none() {
        stretch.after = head(log).await?;
    }
    let filters = selection.filters();
    let view = stewardship::Command::ViewEvents { filters };
    steward.record(view).await?;
    let mut out = io::stdout();
    if !json && write(&mut out, HEADER)?.is_break() {
        return Ok(());
    }
    while !stop.is_cancelled() {
        let page = audit_index::page(pool, &selection.wanted, stretch, PAGE).await;
        let page = page.map_err(Failure::try_again)?;
        for event in &page {
            let text = if json { line(event)? } else { row(event) };
            if write(&mut out, &text)?.is_break() {
                return Ok(());
            }
            stretch.after = event.position;
        }
        if stretch.until.is_some_and(|until| until <= stretch.after) {
            return Ok(());
        }
        if page.is_empty() {
            stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }
    Ok(())
}

/// Writes all events up to where the log ends now.
pub(super) async fn export(
    pool: &PgPool,
    log: &dyn EventLog,
    steward: &Steward,
    selection: Selection,
    file: Option<PathBuf>,
    json: bool,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let Stretch { mut after, until } = stretch(pool, &selection).await?;
    let head = head(log).await?;
    let until = until.map_or(head, |until| until.min(head));
    let mut out: Box<dyn Write> = match &file {
        Some(path) => Box::new(File::create_new(path).map_err(|error| {
            Failure::other(format!("{} cannot be created: {error}", path.display()))
        })?),
        None => Box::new(io::stdout()),
    };
    let filters = selection.filters();
    let view = stewardship::Command::ExportEvents { filters };
    steward.record(view).await?;
    let mut written = 0;
    loop {
        if stop.is_cancelled() {
            return Err(Failure::try_again(format!(
                "interrupted behind event {after}; --after {after} goes on from there"
            )));
        }
        let stretch = Stretch {
            after,
            until: Some(until),
        };
        let page = audit_index::page(pool, &selection.wanted, stretch, PAGE).await;
        let page = page.map_err(Failure::try_again)?;
        let Some(last) = page.last() else { break };
        after = last.position;
        written += page.len();
        let lines: Result<String, Failure> = page.iter().map(line).collect();
        if write(&mut out, &lines?)?.is_break() {
            return Ok(());
        }
    }
    let Some(path) = file else { return Ok(()) };
    let path = path.display();
    super::super::print(&if json {
        format!(
            "{}\n",
            json!({ "events": written, "until": until, "file": path.to_string() })
        )
    } else {
        format!("Wrote {written} events, up to position {until}, into {path}.\n")
    })
}

async fn head(log: &dyn EventLog) -> Result<Position, Failure> {
    log.head().await.map_err(Failure::try_again)
}

/// Writes; breaks off when the reader has gone away, as in `ava events export | head`, which is no failure.
fn write(out: &mut dyn Write, text: &str) -> Result<ControlFlow<()>, Failure> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(Failure::other(error)),
    }
}
