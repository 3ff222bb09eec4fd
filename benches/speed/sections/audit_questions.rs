//! How long an auditor waits for what happened, and for how things stood then.

use std::{sync::Arc, time::Instant};

use anyhow::Context;
use application::past_states;
use domain::{recorded::Metadata, values::Position};
use infrastructure::{
    database::{self, DatabaseOptions},
    event_log::PostgresEventLog,
};
use projections::audit_index::{LoggedEvent, Stretch, Wanted, by_position, page};
use sqlx::PgPool;

use super::catch_up::catch_up;
use crate::{
    report::Table,
    rounds::{median, percentile, thousands},
};

/// How often each question is asked, of events all over the log.
const QUESTIONS: u64 = 400;
/// How many events a page holds.
const PAGE: u32 = 50;

/// Asks an auditor's questions of a log with a full index; answers how long each took.
///
/// # Errors
/// When the log cannot be read, or holds no events.
pub async fn measure(url: &str, count: u64) -> anyhow::Result<Table> {
    let (_, took) = catch_up(url, &["audit_index"]).await?;
    let pool = database::connect(url, &DatabaseOptions::named("questions")).await?;
    let log = Arc::new(PostgresEventLog::start(
        pool.clone(),
        infrastructure::scratch_database::master_keys(),
    ));
    sqlx::raw_sql("ANALYZE audit_index, events")
        .execute(&pool)
        .await?;
    let mut table = Table::new(
        "Questions, one after the other",
        &["what", "p50 ms", "p99 ms"],
    );
    let mut line = |what: &str, took: Vec<f64>| {
        let mut sorted = took;
        sorted.sort_by(f64::total_cmp);
        table.lines.push(vec![
            what.to_owned(),
            format!("{:.2}", median(sorted.clone())),
            format!("{:.2}", percentile(&sorted, 99)),
        ]);
    };
    let asked = Asked { pool, log, count };
    line(
        "state of an aggregate as of a position",
        asked.states().await?,
    );
    line("an event, and what it changed", asked.changes().await?);
    for (what, of) in [
        (
            "50 events of one type behind a position",
            of_one_type as Filter,
        ),
        ("the first 50 events of one actor", of_one_actor),
        ("all events of one request", of_one_request),
        ("history of one aggregate", of_one_aggregate),
    ] {
        line(what, asked.pages(of).await?);
    }
    table.lines.push(vec![
        format!(
            "filling the index that finds them: {} events/s",
            thousands(count as f64 / took.as_secs_f64())
        ),
        String::new(),
        String::new(),
    ]);
    Ok(table)
}

/// What one looks for when an event made one curious.
type Filter = fn(&LoggedEvent) -> anyhow::Result<(Wanted, Stretch)>;

fn of_one_type(event: &LoggedEvent) -> anyhow::Result<(Wanted, Stretch)> {
    let wanted = Wanted {
        event_type: Some(event.event_type.clone()),
        ..Wanted::default()
    };
    let behind = Stretch {
        after: event.position,
        until: None,
    };
    Ok((wanted, behind))
}

fn of_one_actor(event: &LoggedEvent) -> anyhow::Result<(Wanted, Stretch)> {
    let metadata: Metadata = serde_json::from_str(&event.metadata)?;
    let wanted = Wanted {
        actor: Some(metadata.actor.to_string()),
        ..Wanted::default()
    };
    Ok((wanted, Stretch::default()))
}

fn of_one_request(event: &LoggedEvent) -> anyhow::Result<(Wanted, Stretch)> {
    let metadata: Metadata = serde_json::from_str(&event.metadata)?;
    let wanted = Wanted {
        correlation_id: Some(metadata.correlation_id),
        ..Wanted::default()
    };
    Ok((wanted, Stretch::default()))
}

fn of_one_aggregate(event: &LoggedEvent) -> anyhow::Result<(Wanted, Stretch)> {
    let wanted = Wanted {
        aggregate_type: Some(event.aggregate_type.clone()),
        aggregate_id: Some(event.aggregate_id.clone()),
        ..Wanted::default()
    };
    Ok((wanted, Stretch::default()))
}

/// A log that is asked, and how many events it holds.
struct Asked {
    pool: PgPool,
    log: Arc<PostgresEventLog>,
    count: u64,
}

impl Asked {
    /// Some event for each question, not in the log's order.
    async fn events(&self) -> anyhow::Result<Vec<LoggedEvent>> {
        let mut events = Vec::new();
        for nth in 0..QUESTIONS {
            let position = Position(1 + nth.wrapping_mul(0x9e37_79b9_7f4a_7c15) % self.count);
            let event = by_position(&self.pool, position).await?;
            events.push(event.with_context(|| format!("there is no event {position}"))?);
        }
        Ok(events)
    }

    async fn states(&self) -> anyhow::Result<Vec<f64>> {
        let mut took = Vec::new();
        for event in self.events().await? {
            let stream = past_states::stream(&event.aggregate_type, &event.aggregate_id)?;
            let begun = Instant::now();
            let state = past_states::at(&*self.log, &stream, event.position).await?;
            took.push(milliseconds(begun));
            anyhow::ensure!(state.is_some(), "{stream:?} has no state");
        }
        Ok(took)
    }

    async fn changes(&self) -> anyhow::Result<Vec<f64>> {
        let mut took = Vec::new();
        for event in self.events().await? {
            let begun = Instant::now();
            let event = by_position(&self.pool, event.position).await?;
            let event = event.context("the event is gone")?;
            let stream = past_states::stream(&event.aggregate_type, &event.aggregate_id)?;
            let change = past_states::change(&*self.log, &stream, event.position).await?;
            took.push(milliseconds(begun));
            anyhow::ensure!(change.is_some(), "{stream:?} was not changed");
        }
        Ok(took)
    }

    async fn pages(&self, filter: Filter) -> anyhow::Result<Vec<f64>> {
        let mut took = Vec::new();
        for event in self.events().await? {
            let (wanted, stretch) = filter(&event)?;
            let begun = Instant::now();
            page(&self.pool, &wanted, stretch, PAGE).await?;
            took.push(milliseconds(begun));
        }
        Ok(took)
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
