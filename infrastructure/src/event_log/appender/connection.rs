//! The appender's own connection, and what to do when an answer of it is missing.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use domain::values::Position;
use sqlx::{Connection as _, Executor, PgConnection, PgPool, Row, error::DatabaseError};
use tokio::time::{error::Elapsed, timeout};
use uuid::Uuid;

use super::{
    alone::Alone,
    batch::{Batch, Verdict},
    statement::Columns,
};
use crate::database::{quoted, role_of};

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
