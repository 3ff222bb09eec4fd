//! From the wish for a picture to its delivery, less what the provider takes.

use std::time::Instant;

use anyhow::Context;
use chrono::{DateTime, Utc};
use sandbox::portrait::{self, Format, Order};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    Effort,
    report::{Goal, Measured, Row, Table, Unit},
    rounds::percentile,
    running::{Ava, RunningAva, client, data_dir},
    scratch::Scratch,
};

const SIDE: u32 = 1024;

/// The sandbox, which plays the provider, believes any token.
const TOKEN: &str = "r8_sandbox";

const HOW: &str = "`ava up` with its sandbox as the provider: a companion, a subscription, then pictures of 1024 by 1024 \
pixels, one after another. From the `recorded_at` of `PhotoRequested` to that of `PhotoDelivered`, less the provider's own \
time: from the prediction's `created_at` to its `completed_at`, and the drawing of the file, which the sandbox does when it is \
fetched (timed by drawing the same picture once more). What is left is claiming, polling, fetching, marking, storing and the \
four commits.";

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
    person.subscribe().await?;
    let (mut whole, mut providers, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for nth in 0..effort.or_quick(20, 2) {
        let scene = format!("at a café in Paris, morning light, table {nth}");
        let photo: Uuid = person.photo(&scene).await?.parse()?;
        let story = Delivery::of(&scratch.pool, photo).await?;
        anyhow::ensure!(
            story.width == i64::from(SIDE),
            "the picture is {} wide",
            story.width
        );
        let took = milliseconds(story.delivered - story.requested);
        let provider = provider_time(&ava, &story.prediction).await?;
        whole.push(took);
        providers.push(provider);
        ours.push(took - provider);
    }
    ava.stop().await?;
    Ok(told(whole, providers, ours))
}

fn told(whole: Vec<f64>, providers: Vec<f64>, ours: Vec<f64>) -> Measured {
    let mut measured = Measured::new("Pictures", HOW);
    let mut table = Table::new(
        format!("{} pictures", ours.len()),
        &["", "p50 ms", "p90 ms", "worst ms"],
    );
    let named = [
        ("wish to delivery", whole),
        ("the provider's own", providers),
        ("ours", ours),
    ];
    for (name, mut times) in named {
        times.sort_by(f64::total_cmp);
        let p50 = percentile(&times, 50);
        if name == "ours" {
            measured.rows.push(Row::amount(
                "`PhotoRequested` → `PhotoDelivered` less the provider's own time, p50, 1024² picture",
                format!("p50 {p50:.0} ms, p90 {:.0} ms", percentile(&times, 90)),
                (p50, Unit::Milliseconds),
                Goal::AtMost(150.0),
            ));
        }
        let figures = [50, 90, 100].map(|percent| format!("{:.0}", percentile(&times, percent)));
        table
            .lines
            .push(std::iter::once(name.to_owned()).chain(figures).collect());
    }
    measured.tables.push(table);
    measured
}

fn milliseconds(time: chrono::TimeDelta) -> f64 {
    time.as_seconds_f64() * 1000.0
}

/// What the log knows of a delivered picture.
struct Delivery {
    requested: DateTime<Utc>,
    delivered: DateTime<Utc>,
    prediction: String,
    width: i64,
}

impl Delivery {
    async fn of(pool: &PgPool, photo: Uuid) -> anyhow::Result<Self> {
        let row: (DateTime<Utc>, DateTime<Utc>, String, i64) = sqlx::query_as(
            "SELECT r.recorded_at, d.recorded_at, a.payload ->> 'provider_id', (d.payload #>> '{image,width}')::bigint
               FROM events r
               JOIN events a ON a.aggregate_id = r.aggregate_id AND a.event_type = 'PredictionAccepted'
               JOIN events d ON d.aggregate_id = r.aggregate_id AND d.event_type = 'PhotoDelivered'
              WHERE r.aggregate_id = $1 AND r.event_type = 'PhotoRequested'",
        )
        .bind(photo.to_string())
        .fetch_one(pool)
        .await?;
        let (requested, delivered, prediction, width) = row;
        Ok(Self {
            requested,
            delivered,
            prediction,
            width,
        })
    }
}

/// How long the provider took for itself, in milliseconds.
async fn provider_time(ava: &RunningAva, prediction: &str) -> anyhow::Result<f64> {
    let url = format!("{}/v1/predictions/{prediction}", ava.sandbox);
    let told: Value = client()?
        .get(url)
        .bearer_auth(TOKEN)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    let at = |field: &str| {
        let text = told[field]
            .as_str()
            .context("the prediction has no such time")?;
        anyhow::Ok(DateTime::parse_from_rfc3339(text)?)
    };
    let waited = milliseconds(at("completed_at")? - at("created_at")?);
    let order = Order {
        prompt: told["input"]["prompt"]
            .as_str()
            .context("no prompt")?
            .to_owned(),
        variation: told["input"]["seed"].as_u64().context("no seed")?,
        width: SIDE,
        height: SIDE,
        format: Format::Png,
    };
    let drawn = tokio::task::spawn_blocking(move || {
        let begun = Instant::now();
        portrait::draw(&order).map(|_| begun.elapsed())
    });
    Ok(waited + drawn.await??.as_secs_f64() * 1000.0)
}
