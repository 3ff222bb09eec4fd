//! The appender's own connection: the one statement, and what to do when its answer is missing.

use std::{collections::HashMap, time::Duration};

use application::ports::{Append, Conflict, KnownKey, StreamId, StreamSlice};
use chrono::{DateTime, Utc};
use domain::values::Position;
use sqlx::{
    Connection as _, Executor, PgConnection, PgPool, Row, error::DatabaseError, postgres::PgRow,
};
use tokio::time::{error::Elapsed, timeout};
use uuid::Uuid;

use super::{
    alone::Alone,
    batch::{Batch, Verdict},
};
use crate::{
    database::{quoted, role_of},
    event_log::idempotency::{answer_from_json, hash_from_bytes},
    sealing::SealedAppend,
};

/// How long one statement may take.
const STATEMENT: Duration = Duration::from_secs(1);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(1);

/// How an append failed.
pub(super) enum Failure {
    /// The database refused it: nothing was written.
    Refused(String),
    /// The answer is missing: it may have been written, or still be on its way.
    Unknown(String),
}

/// The appender's connection, made when it is needed.
pub(super) struct Connection {
    pool: PgPool,
    session: Option<Session>,
    /// A session whose last statement has an unknown outcome, and which may still be at work.
    stray: Option<Backend>,
}

/// A connection and the server process at its other end.
pub(super) struct Session {
    connection: PgConnection,
    backend: Backend,
    healthy: bool,
}

/// A server process; its start time tells it from a later one with the same number.
#[derive(Clone, Copy)]
struct Backend {
    pid: i32,
    started: DateTime<Utc>,
}

impl Connection {
    pub(super) fn new(pool: PgPool) -> Self {
        Self {
            pool,
            session: None,
            stray: None,
        }
    }

    /// A healthy session; the reason when there is none.
    pub(super) async fn session(&mut self) -> Result<&mut Session, String> {
        if self
            .session
            .as_ref()
            .is_some_and(|session| !session.healthy)
        {
            self.stray = self
                .session
                .take()
                .map(|session| session.backend)
                .or(self.stray);
        }
        if self.session.is_none() {
            let opened = timeout(CONNECT, Session::open(&self.pool, &mut self.stray)).await;
            let session = opened
                .map_err(|_| "the database does not answer".to_owned())?
                .map_err(|error| error.to_string())?;
            self.session = Some(session);
            self.stray = None;
        }
        self.session.as_mut().ok_or_else(|| "no session".to_owned())
    }

    /// Which of these events are in the log, and where. Final: the session that may have written them is over.
    pub(super) async fn written(
        &mut self,
        events: Vec<Uuid>,
    ) -> Result<HashMap<Uuid, Position>, String> {
        let session = self.session().await?;
        let rows = sqlx::query("SELECT event_id, position FROM events WHERE event_id = ANY ($1)")
            .bind(events)
            .fetch_all(&mut session.connection);
        let rows = match timeout(STATEMENT, rows).await {
            Ok(Ok(rows)) => rows,
            Ok(Err(error)) => {
                session.healthy = false;
                return Err(error.to_string());
            }
            Err(_) => {
                session.healthy = false;
                return Err("the database does not answer".to_owned());
            }
        };
        rows.iter()
            .map(|row| {
                Ok((
                    row.try_get(0)?,
                    Position(row.try_get::<i64, _>(1)?.cast_unsigned()),
                ))
            })
            .collect::<sqlx::Result<_>>()
            .map_err(|error| error.to_string())
    }
}

/// What a session begins with, in one round trip. PostgreSQL shows sessions to those who logged in alike, whatever role
/// they act as; so the role is given up for the moment, and taken again behind it. An answer promises durability, whatever
/// the database's default is. And the few statements of this session are planned once: their plans do not depend on their
/// values.
const BEGIN_SESSION: &str = "
SET ROLE NONE;
SELECT pid, backend_start, set_config('plan_cache_mode', 'force_generic_plan', false),
       CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END
  FROM pg_stat_activity WHERE pid = pg_backend_pid();";

/// Returns once everything that was committed so far is as durable as an answer promises. A session that was ended on its way
/// through a commit does not wait for the synchronous standby any more: nobody may be told of its events before this
/// commit, which comes behind theirs, is there as well.
const SETTLE: &str = "SELECT pg_logical_emit_message(true, 'ava', 'settled')";

/// Makes sure that a former session no longer writes, over the connection of somebody who logged in alike. One that waits for
/// a synchronous standby is left to it: ended, it would show events to everybody that no standby has.
async fn end(connection: &mut PgConnection, stray: Backend) -> sqlx::Result<()> {
    sqlx::query("SET ROLE NONE")
        .execute(&mut *connection)
        .await?;
    let over: Option<bool> = sqlx::query_scalar(
        "SELECT CASE WHEN wait_event IS DISTINCT FROM 'SyncRep' THEN pg_terminate_backend(pid, 900) ELSE false END
           FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2",
    )
    .bind(stray.pid)
    .bind(stray.started)
    .fetch_optional(connection)
    .await?;
    if over == Some(false) {
        return Err(sqlx::Error::Protocol(
            "the former session is still at work".to_owned(),
        ));
    }
    Ok(())
}

impl Session {
    /// Connects, after making sure that a stray session no longer writes.
    async fn open(pool: &PgPool, stray: &mut Option<Backend>) -> sqlx::Result<Self> {
        let address = pool.connect_options();
        let mut connection = PgConnection::connect_with(&address).await?;
        if let Some(stray) = *stray {
            end(&mut connection, stray).await?;
        }
        let act = match role_of(&address) {
            Some(role) => format!("SET ROLE {}", quoted(role)),
            None => "RESET ROLE".to_owned(),
        };
        let begin = format!("{BEGIN_SESSION} {act}");
        let rows = (&mut connection).fetch_all(&*begin).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let backend = Backend {
            pid: row.try_get(0)?,
            started: row.try_get(1)?,
        };
        if stray.is_some() {
            // While it waits for a standby this one is a stray itself: the next one waits for it, so that they do not
            // become many.
            *stray = Some(backend);
            (&mut connection).execute(SETTLE).await?;
        }
        Ok(Self {
            connection,
            backend,
            healthy: true,
        })
    }

    /// Appends a batch; one verdict for each of its commands, in order.
    pub(super) async fn append(&mut self, batch: &Batch) -> Result<Vec<Verdict>, Failure> {
        if let Some(alone) = Alone::of(batch) {
            let appended = timeout(STATEMENT, alone.append(&mut self.connection)).await;
            match self.heard(appended)? {
                Ok(position) => return Ok(vec![Verdict::Appended(position)]),
                // Nothing is written. The long way tells what it is that stands in the way.
                Err(error) if error.is_unique_violation() => {}
                Err(error) => return Err(Failure::Refused(error.to_string())),
            }
        }
        let columns = Columns::of(batch);
        let rows = timeout(STATEMENT, columns.query().fetch_all(&mut self.connection)).await;
        let rows = self
            .heard(rows)?
            .map_err(|error| Failure::Refused(error.to_string()))?;
        columns
            .verdicts(batch, &rows)
            .map_err(|error| Failure::Unknown(error.to_string()))
    }

    /// What the database answered, be it that it refuses; when there is no answer, the session is over.
    fn heard<T>(
        &mut self,
        answer: Result<sqlx::Result<T>, Elapsed>,
    ) -> Result<Result<T, Box<dyn DatabaseError>>, Failure> {
        let reason = match answer {
            Ok(Ok(answer)) => return Ok(Ok(answer)),
            Ok(Err(sqlx::Error::Database(error))) if !ends_session(error.code().as_deref()) => {
                return Ok(Err(error));
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the database does not answer".to_owned(),
        };
        self.healthy = false;
        Err(Failure::Unknown(reason))
    }
}

/// Whether an SQLSTATE means that the session is over: connection exceptions, operator intervention, and a server
/// that takes no writes (25006): it was the primary once, and another connection finds the new one.
fn ends_session(code: Option<&str>) -> bool {
    code.is_none_or(|code| code.starts_with("08") || code.starts_with("57") || code == "25006")
}

/// A batch as the arrays that `append_events` takes.
#[derive(Default)]
struct Columns<'a> {
    slices: Vec<&'a StreamSlice>,
    slice_command: Vec<i32>,
    slice_type: Vec<&'a str>,
    slice_id: Vec<&'a str>,
    slice_expected: Vec<i64>,
    event_command: Vec<i32>,
    event_id: Vec<Uuid>,
    event_aggregate: Vec<&'a str>,
    event_stream: Vec<&'a str>,
    event_sequence: Vec<i64>,
    event_type: Vec<&'a str>,
    event_version: Vec<&'a str>,
    event_payload: Vec<&'a str>,
    event_metadata: Vec<&'a str>,
    key_command: Vec<i32>,
    key_scope: Vec<&'a str>,
    key_text: Vec<&'a str>,
    key_hash: Vec<&'a [u8]>,
    key_events: Vec<i32>,
    new_person: Vec<Uuid>,
    new_key: Vec<Uuid>,
    new_wrapped: Vec<&'a [u8]>,
    new_master: Vec<&'a str>,
    sealed_command: Vec<i32>,
    sealed_person: Vec<Uuid>,
    sealed_key: Vec<Uuid>,
    erased_command: Vec<i32>,
    erased_person: Vec<Uuid>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a Batch) -> Self {
        let mut columns = Self::default();
        for (number, command) in (1..).zip(batch.commands()) {
            columns.add(number, &command.append);
            columns.add_people(number, command);
        }
        columns
    }

    fn add(&mut self, command: i32, append: &'a Append) {
        for slice in &append.slices {
            self.slices.push(slice);
            self.slice_command.push(command);
            self.slice_type.push(slice.stream.aggregate_type);
            self.slice_id.push(&slice.stream.aggregate_id);
            self.slice_expected
                .push(slice.expected_sequence.cast_signed());
            for (sequence, event) in (slice.expected_sequence + 1..).zip(&slice.events) {
                self.event_command.push(command);
                self.event_id.push(event.event_id);
                self.event_aggregate.push(slice.stream.aggregate_type);
                self.event_stream.push(&slice.stream.aggregate_id);
                self.event_sequence.push(sequence.cast_signed());
                self.event_type.push(&event.event_type);
                self.event_version.push(&event.event_version);
                self.event_payload.push(&event.payload);
                self.event_metadata.push(&event.metadata);
            }
        }
        if let Some(claim) = &append.idempotency {
            self.key_command.push(command);
            self.key_scope.push(&claim.scope);
            self.key_text.push(&claim.key);
            self.key_hash.push(&claim.request_hash);
            self.key_events
                .push(i32::try_from(self.event_id.len()).unwrap_or(i32::MAX));
        }
    }

    fn add_people(&mut self, number: i32, command: &'a SealedAppend) {
        for key in &command.sealed_with {
            self.sealed_command.push(number);
            self.sealed_person.push(key.person.0);
            self.sealed_key.push(key.key.id);
            if let Some((wrapped, master)) = key.unstored() {
                self.new_person.push(key.person.0);
                self.new_key.push(key.key.id);
                self.new_wrapped.push(wrapped);
                self.new_master.push(master);
            }
        }
        for person in &command.erased {
            self.erased_command.push(number);
            self.erased_person.push(person.0);
        }
    }

    fn query(&self) -> sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments> {
        sqlx::query(
            "SELECT command, outcome, log_position, slice, current_sequence, request_hash, answer
               FROM append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                                  $19, $20, $21, $22, $23, $24, $25, $26, $27)",
        )
        .bind(&self.slice_command)
        .bind(&self.slice_type)
        .bind(&self.slice_id)
        .bind(&self.slice_expected)
        .bind(&self.event_command)
        .bind(&self.event_id)
        .bind(&self.event_aggregate)
        .bind(&self.event_stream)
        .bind(&self.event_sequence)
        .bind(&self.event_type)
        .bind(&self.event_version)
        .bind(&self.event_payload)
        .bind(&self.event_metadata)
        .bind(&self.key_command)
        .bind(&self.key_scope)
        .bind(&self.key_text)
        .bind(&self.key_hash)
        .bind(&self.key_events)
        .bind(&self.new_person)
        .bind(&self.new_key)
        .bind(&self.new_wrapped)
        .bind(&self.new_master)
        .bind(&self.sealed_command)
        .bind(&self.sealed_person)
        .bind(&self.sealed_key)
        .bind(&self.erased_command)
        .bind(&self.erased_person)
    }

    /// Reads the answer: what became of each command, in order.
    fn verdicts(&self, batch: &Batch, rows: &[PgRow]) -> Result<Vec<Verdict>, Unexpected> {
        let mut head = None;
        let mut refused = HashMap::new();
        for row in rows {
            match row.try_get::<&str, _>(1)? {
                "appended" => head = Some(position(row)?),
                "conflict" => {
                    let slice = usize::try_from(row.try_get::<i32, _>(3)? - 1)?;
                    let conflict = Conflict {
                        stream: self.stream(slice)?,
                        current_sequence: row.try_get::<i64, _>(4)?.cast_unsigned(),
                    };
                    refused.insert(command(row)?, Verdict::Conflict(conflict));
                }
                "key_lost" => drop(refused.insert(command(row)?, Verdict::KeyLost)),
                _ => {
                    let known = KnownKey {
                        position: position(row)?,
                        request_hash: hash_from_bytes(row.try_get(5)?)?,
                        answer: answer_from_json(row.try_get(6)?)?,
                    };
                    refused.insert(command(row)?, Verdict::KeyUsed(known));
                }
            }
        }
        let mut last = head.ok_or("the database does not say where the log ended")?;
        let verdict = |(command, append): (i32, &Append)| {
            refused.remove(&command).unwrap_or_else(|| {
                last.0 += events(append) as u64;
                Verdict::Appended(last)
            })
        };
        Ok((1..).zip(batch.appends()).map(verdict).collect())
    }

    fn stream(&self, slice: usize) -> Result<StreamId, &'static str> {
        self.slices
            .get(slice)
            .map(|slice| slice.stream.clone())
            .ok_or("the database names an unknown stream")
    }
}

type Unexpected = Box<dyn std::error::Error + Send + Sync>;

fn command(row: &PgRow) -> sqlx::Result<i32> {
    row.try_get(0)
}

fn position(row: &PgRow) -> sqlx::Result<Position> {
    Ok(Position(row.try_get::<i64, _>(2)?.cast_unsigned()))
}

fn events(append: &Append) -> usize {
    append.slices.iter().map(|slice| slice.events.len()).sum()
}
