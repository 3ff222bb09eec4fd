//! The ledger of calls to image providers: who asked what, when, and what came of it (table `provider_calls`).
//!
//! An order's row is written before the order is sent (`provider_accounts`); everything else is written behind, a
//! bundle at a time, so that no picture waits for its bookkeeping.

use std::sync::Arc;

use application::figures::PROVIDER_CALLS;
use domain::values::PhotoId;
use sqlx::PgPool;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::provider_books::{Call, Entry, ProviderBooks};

/// How many entries are written with one statement.
const BUNDLE: usize = 128;

/// How long the calls that bought nothing stay, in days.
const KEPT_DAYS: i32 = 30;

/// Forgets old calls that bought nothing.
pub(crate) async fn forget_old_calls(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query(
        "DELETE FROM provider_calls
          WHERE kind <> 'order' AND began_at < now() - make_interval(days => $1)",
    )
    .bind(KEPT_DAYS)
    .execute(pool)
    .await
    .map(drop)
}

/// Forgets all calls for these pictures.
pub(crate) async fn forget_calls(pool: &PgPool, photos: &[PhotoId]) -> sqlx::Result<()> {
    let photos: Vec<Uuid> = photos.iter().map(|photo| photo.0).collect();
    sqlx::query("DELETE FROM provider_calls WHERE photo_id = ANY($1)")
        .bind(photos)
        .execute(pool)
        .await
        .map(drop)
}

/// Where calls are written down. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ProviderCalls {
    entries: mpsc::UnboundedSender<Entry>,
}

impl ProviderCalls {
    /// Starts the task that writes, which ends when the last clone is gone and all is written.
    pub(crate) fn start(books: Arc<dyn ProviderBooks>, node: String) -> Self {
        let (entries, written) = mpsc::unbounded_channel();
        tokio::spawn(write(books, node, written));
        Self { entries }
    }

    /// Writes down what came of a call.
    pub(crate) fn over(&self, call: Call, outcome: &'static str, job_id: Option<&str>) {
        let took = call.began.elapsed();
        PROVIDER_CALLS.took([&call.provider, call.kind.as_str(), outcome], took);
        let entry = Entry {
            took,
            call,
            outcome,
            job_id: job_id.map(str::to_owned),
        };
        // The task lives as long as this sender.
        let _ = self.entries.send(entry);
    }
}

async fn write(
    books: Arc<dyn ProviderBooks>,
    node: String,
    mut entries: mpsc::UnboundedReceiver<Entry>,
) {
    let mut bundle = Vec::with_capacity(BUNDLE);
    while entries.recv_many(&mut bundle, BUNDLE).await > 0 {
        if let Err(error) = books.write_down(&node, &bundle).await {
            tracing::warn!(%error, "{} calls to image providers are missing in the ledger", bundle.len());
        }
        bundle.clear();
    }
}

/// An order's row is there already and gets its outcome. A job that a search found belongs to the order before it.
const INSERT: &str = "
    WITH told AS (
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::int4[], $6::text[], $7::text[], $8::int4[])
            AS told (call_id, provider, kind, photo_id, attempt, outcome, job_id, took_ms)),
    found AS (
        UPDATE provider_calls calls SET job_id = told.job_id, outcome = 'accepted'
          FROM told
         WHERE told.kind = 'search' AND told.job_id IS NOT NULL AND calls.kind = 'order' AND calls.job_id IS NULL
           AND calls.photo_id = told.photo_id AND calls.attempt = told.attempt AND calls.provider = told.provider)
    INSERT INTO provider_calls AS calls (call_id, provider, kind, photo_id, attempt, outcome, job_id, took_ms, node, began_at)
    SELECT told.*, $9, clock_timestamp() - make_interval(secs => told.took_ms / 1000.0) FROM told
        ON CONFLICT (call_id) DO UPDATE
       SET outcome = excluded.outcome, job_id = coalesce(excluded.job_id, calls.job_id), took_ms = excluded.took_ms";

/// Writes down a bundle of calls that are over.
pub(crate) async fn insert(pool: &PgPool, node: &str, bundle: &[Entry]) -> sqlx::Result<()> {
    let column = |of: fn(&Entry) -> String| bundle.iter().map(of).collect::<Vec<_>>();
    let number = |of: fn(&Entry) -> i32| bundle.iter().map(of).collect::<Vec<_>>();
    let ids: Vec<Uuid> = bundle.iter().map(|entry| entry.call.id).collect();
    let photos: Vec<Uuid> = bundle.iter().map(|entry| entry.call.photo_id.0).collect();
    let jobs: Vec<Option<String>> = bundle.iter().map(|entry| entry.job_id.clone()).collect();
    sqlx::query(INSERT)
        .bind(ids)
        .bind(column(|entry| entry.call.provider.clone()))
        .bind(column(|entry| entry.call.kind.as_str().to_owned()))
        .bind(photos)
        .bind(number(|entry| {
            i32::try_from(entry.call.attempt).unwrap_or(i32::MAX)
        }))
        .bind(column(|entry| entry.outcome.to_owned()))
        .bind(jobs)
        .bind(number(|entry| {
            i32::try_from(entry.took.as_millis()).unwrap_or(i32::MAX)
        }))
        .bind(node)
        .execute(pool)
        .await
        .map(drop)
}
