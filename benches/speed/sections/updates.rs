//! From a commit to the server-sent event at the client.

use std::{collections::HashMap, time::Duration};

use anyhow::Context;
use chrono::{DateTime, Utc};
use reqwest::{Method, Response};
use serde_json::json;
use sqlx::PgPool;
use tokio::task::JoinHandle;

use crate::{
    Effort,
    report::{Goal, Measured, Row, Table, Unit},
    rounds::percentile,
    running::{Ava, data_dir},
    scratch::Scratch,
};

/// Between two commands: twenty a second.
const PAUSE: Duration = Duration::from_millis(50);

const HOW: &str = "`ava up`, one client that follows `/updates`, and one that sends `PATCH /avatars/me` twenty times a \
second. From the event's `recorded_at`, which the database takes while it writes the event, just before the commit, to the \
arrival of the event with that position at the client, by the clock of the one machine: so the commit's own wait for the disk \
is in it, as are projector, query and transport. (The answer to the command comes after the projector, and so often after \
the server-sent event.)";

/// Measures.
pub async fn measure(effort: Effort) -> anyhow::Result<Measured> {
    let scratch = Scratch::create().await?;
    let directory = data_dir()?;
    let ava = Ava {
        role: "up",
        data_dir: directory.path(),
        database: Some(scratch.url()),
        secret: None,
    };
    let ava = ava.start_and_wait().await?;
    let person = ava.person().await?;
    person.design_companion().await?;
    let commands = effort.or_quick(400, 20);
    let stream = person.ask(Method::GET, "/updates", None).await?;
    let arrivals = listen(stream, usize::try_from(commands)?);

    let mut answers = Vec::new();
    let mut ticks = tokio::time::interval(PAUSE);
    for nth in 0..commands {
        ticks.tick().await;
        let sent = Utc::now();
        let change = json!({"age": 20 + nth % 60});
        let answer = person
            .ask(Method::PATCH, "/avatars/me", Some(&change))
            .await?;
        let position = answer
            .headers()
            .get("Log-Position")
            .context("no Log-Position")?;
        answers.push((position.to_str()?.parse::<i64>()?, sent, Utc::now()));
    }
    let arrivals = tokio::time::timeout(Duration::from_secs(10), arrivals).await???;
    ava.stop().await?;

    let recorded = recorded(&scratch.pool).await?;
    let (mut from_commit, mut from_command, mut answered) = (Vec::new(), Vec::new(), Vec::new());
    for (position, sent, answer) in answers {
        let arrived = *arrivals
            .get(&position)
            .context("an update did not arrive")?;
        let recorded = *recorded
            .get(&position)
            .context("an event is not in the log")?;
        from_commit.push(milliseconds(recorded, arrived));
        from_command.push(milliseconds(sent, arrived));
        answered.push(milliseconds(sent, answer));
    }
    Ok(told([from_commit, from_command, answered]))
}

fn told(mut latencies: [Vec<f64>; 3]) -> Measured {
    for latencies in &mut latencies {
        latencies.sort_by(f64::total_cmp);
    }
    let mut measured = Measured::new("Updates", HOW);
    let p99 = percentile(&latencies[0], 99);
    measured.rows.push(Row::amount(
        "Commit → server-sent event at the client, p99, light load",
        format!(
            "p50 {:.2} ms, p99 {p99:.2} ms",
            percentile(&latencies[0], 50)
        ),
        (p99, Unit::Milliseconds),
        Goal::AtMost(50.0),
    ));
    let mut table = Table::new(
        "More of it",
        &["from", "to", "p50 ms", "p99 ms", "worst ms"],
    );
    let names = [
        ("commit", "event at the client"),
        ("command sent", "event at the client"),
        ("command sent", "its answer"),
    ];
    for ((from, to), latencies) in names.iter().zip(&latencies) {
        let mut line = vec![(*from).to_owned(), (*to).to_owned()];
        line.extend([50, 99, 100].map(|percent| format!("{:.2}", percentile(latencies, percent))));
        table.lines.push(line);
    }
    measured.tables.push(table);
    measured
}

fn milliseconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).as_seconds_f64() * 1000.0
}

/// When each event arrived, by its position; ends when there are so many.
fn listen(
    mut stream: Response,
    events: usize,
) -> JoinHandle<anyhow::Result<HashMap<i64, DateTime<Utc>>>> {
    tokio::spawn(async move {
        let (mut arrivals, mut text) = (HashMap::new(), String::new());
        while arrivals.len() < events {
            let chunk = stream
                .chunk()
                .await?
                .context("the stream of updates ended")?;
            let now = Utc::now();
            text.push_str(std::str::from_utf8(&chunk)?);
            while let Some(end) = text.find("\n\n") {
                let event: String = text.drain(..end + 2).collect();
                if let Some(position) = position(&event) {
                    arrivals.insert(position, now);
                }
            }
        }
        Ok(arrivals)
    })
}

/// The position of an event that tells of something; the first one, which only tells the position, is none.
fn position(event: &str) -> Option<i64> {
    event.lines().find(|line| line.starts_with("event: "))?;
    event
        .lines()
        .find_map(|line| line.strip_prefix("id: "))?
        .parse()
        .ok()
}

async fn recorded(pool: &PgPool) -> sqlx::Result<HashMap<i64, DateTime<Utc>>> {
    let rows: Vec<(i64, DateTime<Utc>)> =
        sqlx::query_as("SELECT position, recorded_at FROM events")
            .fetch_all(pool)
            .await?;
    Ok(rows.into_iter().collect())
}
