//! What is looked at, again and again.

use std::time::{Duration, Instant};

use anyhow::Context;
use sqlx::PgPool;

use crate::{
    people::Load,
    processes::{Deployment, Held},
};

/// One look.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Seconds since the first look.
    pub at: f64,
    pub processes: Vec<(&'static str, Held)>,
    /// The last position of the log.
    pub events: f64,
    /// How many events the read model is behind that is furthest behind.
    pub lag: f64,
    /// Connections by process: open, and at work.
    pub connections: Vec<(String, f64, f64)>,
    /// The database on the disk, in millions of bytes.
    pub database: f64,
    /// Answers since the look before, and how long the middle one and the hundredth part took.
    pub answers: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// A table with its indexes.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct TableSize {
    pub name: String,
    pub live: i64,
    pub dead: i64,
    pub table_bytes: i64,
    pub index_bytes: i64,
}

/// Who looks.
pub struct Watch<'a> {
    deployment: &'a Deployment,
    pool: PgPool,
    load: &'a Load,
    client: reqwest::Client,
}

impl<'a> Watch<'a> {
    pub fn new(deployment: &'a Deployment, pool: PgPool, load: &'a Load) -> Self {
        Self {
            deployment,
            pool,
            load,
            client: reqwest::Client::new(),
        }
    }

    /// Looks.
    ///
    /// # Errors
    /// When something cannot be seen.
    pub async fn look(&self, at: Duration) -> anyhow::Result<Sample> {
        let (database, events): (i64, i64) = sqlx::query_as(
            "SELECT pg_database_size(current_database()), (SELECT max(position) FROM events)",
        )
        .fetch_one(&self.pool)
        .await?;
        let connections: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT split_part(application_name, ' ', 2), count(*), count(*) FILTER (WHERE state <> 'idle') \
             FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'ava %' \
             GROUP BY 1 ORDER BY 1",
        )
        .fetch_all(&self.pool)
        .await?;
        let waits = self.load.waits();
        let percentile = |part: usize| waits.get(waits.len() * part / 100).copied();
        Ok(Sample {
            at: at.as_secs_f64(),
            processes: self.deployment.held()?,
            events: events as f64,
            lag: self.lag().await?,
            connections: connections
                .into_iter()
                .map(|(name, open, active)| (name, open as f64, active as f64))
                .collect(),
            database: database as f64 / 1e6,
            answers: waits.len() as f64,
            p50_ms: percentile(50).unwrap_or_default(),
            p99_ms: percentile(99).unwrap_or_default(),
        })
    }

    async fn lag(&self) -> anyhow::Result<f64> {
        let figures = self.client.get(&self.deployment.metrics).send().await?;
        let figures = figures.error_for_status()?.text().await?;
        let lags = figures.lines().filter_map(|line| {
            let figure = line.strip_prefix("ava_follower_lag_events{")?;
            figure.rsplit(' ').next()?.parse::<f64>().ok()
        });
        lags.reduce(f64::max)
            .context("the projector tells no ava_follower_lag_events")
    }

    /// Waits until nothing is behind any more; answers how many seconds that took, or none when it does not happen.
    ///
    /// # Errors
    /// When nothing can be seen.
    pub async fn catch_up(&self, patience: Duration) -> anyhow::Result<Option<f64>> {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if self.lag().await? == 0.0 {
                return Ok(Some(begun.elapsed().as_secs_f64()));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(None)
    }

    /// The tables, the largest first.
    ///
    /// # Errors
    /// When the database does not say.
    pub async fn tables(&self) -> anyhow::Result<Vec<TableSize>> {
        Ok(sqlx::query_as(
            "SELECT relname AS name, n_live_tup AS live, n_dead_tup AS dead, \
             pg_table_size(relid) AS table_bytes, pg_indexes_size(relid) AS index_bytes \
             FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC",
        )
        .fetch_all(&self.pool)
        .await?)
    }
}
