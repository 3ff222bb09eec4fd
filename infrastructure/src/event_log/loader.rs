//! Grouped loads: whatever waits is read with one statement.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use application::ports::{LogUnavailable, StoredEvent, StreamId};
use domain::values::Position;
use sqlx::{PgPool, Row, postgres::PgRow};
use tokio::sync::{mpsc, oneshot};

use super::unavailable;

/// The most streams that one statement reads.
const MOST_STREAMS: usize = 512;
/// How long a load may take before its command is told that the log is away, which it is to hear within 2 s.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How many grouped statements may run at once: one is read while the next one gathers.
const CONCURRENT: usize = 2;

type Loaded = Result<Vec<StoredEvent>, LogUnavailable>;

/// What is wanted of a stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Part {
    stream: StreamId,
    /// The sequence of the first event.
    from: u64,
}

/// The way to the tasks that load.
pub(super) struct Loader {
    queue: mpsc::Sender<Wanted>,
}

struct Wanted {
    what: Part,
    until: Instant,
    answer: oneshot::Sender<Loaded>,
}

impl Loader {
    pub(super) fn start(pool: PgPool) -> Self {
        let (queue, waiting) = mpsc::channel(4 * MOST_STREAMS);
        tokio::spawn(serve(pool, waiting));
        Self { queue }
    }

    /// The events of one stream from that sequence on, in order.
    pub(super) async fn load(&self, stream: StreamId, from: u64) -> Loaded {
        let (answer, loaded) = oneshot::channel();
        let until = Instant::now() + PATIENCE;
        let wanted = Wanted {
            what: Part { stream, from },
            until,
            answer,
        };
        let waiting = async {
            self.queue
                .send(wanted)
                .await
                .map_err(|_| unavailable("the loader has stopped"))?;
            loaded
                .await
                .map_err(|_| unavailable("the loader has stopped"))?
        };
        tokio::time::timeout_at(until.into(), waiting)
            .await
            .map_err(unavailable)?
    }
}

/// Lets the streams that wait gather while earlier ones are read.
async fn serve(pool: PgPool, mut waiting: mpsc::Receiver<Wanted>) {
    let running = std::sync::Arc::new(tokio::sync::Semaphore::new(CONCURRENT));
    loop {
        let Ok(permit) = running.clone().acquire_owned().await else {
            return;
        };
        let mut group = Vec::new();
        if waiting.recv_many(&mut group, MOST_STREAMS).await == 0 {
            return;
        }
        let pool = pool.clone();
        tokio::spawn(async move {
            answer(&pool, group).await;
            drop(permit);
        });
    }
}

async fn answer(pool: &PgPool, mut group: Vec<Wanted>) {
    group.retain(|wanted| !wanted.answer.is_closed());
    let Some(until) = group.iter().map(|wanted| wanted.until).max() else {
        return;
    };
    let reading = read(pool, group.iter().map(|wanted| &wanted.what));
    match tokio::time::timeout_at(until.into(), reading).await {
        Ok(Ok(mut parts)) => {
            let mut left: HashMap<Part, usize> = HashMap::new();
            for wanted in &group {
                *left.entry(wanted.what.clone()).or_default() += 1;
            }
            for Wanted { what, answer, .. } in group {
                let shared = left.entry(what.clone()).or_default();
                *shared -= 1;
                let events = if *shared == 0 {
                    parts.remove(&what)
                } else {
                    parts.get(&what).cloned()
                };
                let _ = answer.send(Ok(events.unwrap_or_default()));
            }
        }
        Ok(Err(error)) => refuse(group, &error.to_string()),
        Err(_) => refuse(group, "the database did not answer in time"),
    }
}

fn refuse(group: Vec<Wanted>, reason: &str) {
    for Wanted { answer, .. } in group {
        let _ = answer.send(Err(unavailable(reason)));
    }
}

async fn read(
    pool: &PgPool,
    parts: impl Iterator<Item = &Part>,
) -> sqlx::Result<HashMap<Part, Vec<StoredEvent>>> {
    let mut wanted: Vec<&Part> = parts.collect();
    wanted.sort_unstable();
    wanted.dedup();
    let types: Vec<&str> = wanted
        .iter()
        .map(|part| part.stream.aggregate_type)
        .collect();
    let ids: Vec<&str> = wanted
        .iter()
        .map(|part| part.stream.aggregate_id.as_str())
        .collect();
    let sequences: Vec<i64> = wanted.iter().map(|part| part.from.cast_signed()).collect();
    let rows = sqlx::query(
        "SELECT nth, position, sequence, event_type, event_version, payload, metadata, recorded_at
           FROM load_streams_from($1, $2, $3)",
    )
    .bind(types)
    .bind(ids)
    .bind(sequences)
    .fetch_all(pool)
    .await?;

    let mut loaded: HashMap<Part, Vec<StoredEvent>> = HashMap::new();
    for row in rows {
        let nth = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default();
        if let Some(part) = wanted.get(nth.wrapping_sub(1)) {
            loaded
                .entry((*part).clone())
                .or_default()
                .push(stored(&row)?);
        }
    }
    Ok(loaded)
}

fn stored(row: &PgRow) -> sqlx::Result<StoredEvent> {
    Ok(StoredEvent {
        position: Position(row.try_get::<i64, _>(1)?.cast_unsigned()),
        sequence: row.try_get::<i64, _>(2)?.cast_unsigned(),
        event_type: row.try_get(3)?,
        event_version: row.try_get(4)?,
        payload: row.try_get(5)?,
        metadata: row.try_get(6)?,
        recorded_at: row.try_get(7)?,
    })
}
