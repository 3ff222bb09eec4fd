//! The log against the journal: what was acknowledged is there, once.

use std::collections::{BTreeSet, HashMap};

use application::ports::IdempotencyClaim;
use serde_json::Value;
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use crate::{
    journal::{Entry, Told},
    verdicts::Verdicts,
};

/// An event as the checker sees it.
pub struct Stored {
    pub position: u64,
    pub aggregate_id: String,
    pub event_type: String,
    pub payload: Value,
    /// The hash of the key that a person's command was given under.
    key: Option<String>,
    correlation_id: String,
}

/// The whole log.
pub struct Log {
    pub events: Vec<Stored>,
    head: u64,
}

impl Log {
    /// Reads it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn read(pool: &PgPool) -> sqlx::Result<Self> {
        let head: i64 = sqlx::query_scalar("SELECT position FROM log_head")
            .fetch_one(pool)
            .await?;
        let rows = sqlx::query(
            "SELECT position, aggregate_id, event_type, payload, metadata->>'idempotency_key_sha256' AS key,
                    metadata->>'correlation_id' AS correlation_id
               FROM events ORDER BY position",
        );
        let rows = rows.fetch_all(pool).await?;
        let events = rows.iter().map(|row| {
            Ok(Stored {
                position: row.try_get::<i64, _>("position")?.cast_unsigned(),
                aggregate_id: row.try_get("aggregate_id")?,
                event_type: row.try_get("event_type")?,
                payload: row.try_get("payload")?,
                key: row.try_get("key")?,
                correlation_id: row.try_get("correlation_id")?,
            })
        });
        Ok(Self {
            events: events.collect::<sqlx::Result<_>>()?,
            head: head.cast_unsigned(),
        })
    }

    /// The events of a kind.
    pub fn of_type<'a>(&'a self, event_type: &'a str) -> impl Iterator<Item = &'a Stored> {
        self.events
            .iter()
            .filter(move |event| event.event_type == event_type)
    }
}

/// Looks whether the log is what people were told.
pub fn look(verdicts: &mut Verdicts, log: &Log, journal: &[Entry]) {
    verdicts.count("events in the log", log.events.len() as u64);
    let seen = format!("{} events", log.events.len());
    verdicts.no_exception("positions have no gaps", seen, &gaps(log));

    let mut by_key = ByKey::new();
    for event in &log.events {
        if let Some(key) = &event.key {
            by_key.entry(key).or_default().push(event);
        }
    }
    let promise = "what was acknowledged is in the log, where it was said to be";
    let (keys, lost) = lost(log, &by_key, journal);
    verdicts.no_exception(promise, format!("{keys} commands"), &lost);
    let seen = format!("{} keys", by_key.len());
    verdicts.no_exception("no command is carried out twice", seen, &twice(&by_key));
}

/// The events of each person's key, in order.
type ByKey<'a> = HashMap<&'a str, Vec<&'a Stored>>;

fn gaps(log: &Log) -> Vec<String> {
    let numbered = (1..).zip(&log.events);
    let mut gaps: Vec<String> = numbered
        .filter(|(number, event)| *number != event.position)
        .take(1)
        .map(|(number, event)| format!("event {} stands at place {number}", event.position))
        .collect();
    if log.head != log.events.len() as u64 {
        gaps.push(format!("the head is at {}", log.head));
    }
    gaps
}

/// How many commands were acknowledged, and what the log does not know of them.
fn lost(log: &Log, by_key: &ByKey<'_>, journal: &[Entry]) -> (usize, Vec<String>) {
    let (mut keys, mut lost) = (BTreeSet::new(), Vec::new());
    for entry in journal {
        let (Some(key), Told::Done { position, .. }) = (&entry.key, &entry.told) else {
            continue;
        };
        keys.insert(key);
        let written = by_key.get(&*hash_of(entry.user.0, key));
        let last = written.and_then(|events| events.last());
        let is_there = match last {
            Some(last) => last.position == *position,
            // A command that found nothing to do is answered with where its stream ends.
            None => *position <= log.head && !changes_something(entry),
        };
        if !is_there {
            let last = last.map(|last| last.position);
            lost.push(format!(
                "{} was told {position}, the log has {last:?}",
                entry.what
            ));
        }
    }
    (keys.len(), lost)
}

/// The keys whose events are not those of one request, in one append.
fn twice(by_key: &ByKey<'_>) -> Vec<String> {
    let is_twice = |events: &[&Stored]| {
        let requests: BTreeSet<_> = events.iter().map(|event| &event.correlation_id).collect();
        let mut pairs = events.windows(2);
        requests.len() > 1 || !pairs.all(|pair| pair[0].position + 1 == pair[1].position)
    };
    let twice = by_key.values().filter(|events| is_twice(events));
    twice
        .map(|events| {
            let places = events
                .iter()
                .map(|event| (event.position, &event.event_type));
            format!("one key's events are {:?}", places.collect::<Vec<_>>())
        })
        .collect()
}

/// Whether a command that was done must have left an event: a change gives a name that was not there before.
fn changes_something(entry: &Entry) -> bool {
    [
        "PATCH /avatars/me",
        "POST /photos",
        "POST /chat/messages",
        "POST /avatars",
    ]
    .contains(&&*entry.what)
}

/// What the log keeps of a person's key.
fn hash_of(user: Uuid, key: &str) -> String {
    let claim = IdempotencyClaim {
        scope: format!("user:{user}"),
        key: key.to_owned(),
        request_hash: [0; 32],
    };
    claim.sha256()
}
