//! Group commit: one task carries whatever waits in one statement, and so in one durable commit.

mod batch;
mod connection;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use application::ports::{Append, AppendError, Appended};
use domain::values::Position;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot, watch};

use self::{
    batch::{Batch, Verdict},
    connection::{Connection, Failure, Session},
};
use super::unavailable;

/// How long a command waits for the log before it is told that the log is away.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long it is tried at least to find out what became of a batch.
const SETTLE: Duration = Duration::from_millis(1500);
/// How long the task waits before it tries to connect again.
const RECONNECT: Duration = Duration::from_millis(50);
/// How many commands may queue before callers wait to enter the queue.
const QUEUE: usize = 4096;

type Outcome = Result<Appended, AppendError>;

/// The way to the task that appends.
pub(super) struct Appender {
    queue: mpsc::Sender<Waiting>,
}

/// A command that waits for its events to be durable.
struct Waiting {
    append: Append,
    until: Instant,
    answer: oneshot::Sender<Outcome>,
}

impl Waiting {
    fn finish(self, outcome: Outcome) {
        // The caller may have gone; what was written stays written.
        let _ = self.answer.send(outcome);
    }

    fn refuse(self, reason: &str) {
        self.finish(Err(unavailable(reason).into()));
    }

    fn expired(&self) -> bool {
        Instant::now() >= self.until
    }
}

impl Appender {
    pub(super) fn start(pool: PgPool, hint: watch::Sender<Position>) -> Self {
        let (queue, arriving) = mpsc::channel(QUEUE);
        let task = Task {
            connection: Connection::new(pool),
            arriving,
            pending: VecDeque::new(),
            hint,
        };
        tokio::spawn(task.run());
        Self { queue }
    }

    /// Appends one command's events; returns once they are durable.
    pub(super) async fn append(&self, append: Append) -> Outcome {
        let (answer, outcome) = oneshot::channel();
        let until = Instant::now() + PATIENCE;
        let waiting = Waiting {
            append,
            until,
            answer,
        };
        // Only the way into a full queue is cut short here: once a command is in, the task alone
        // decides what became of it.
        match tokio::time::timeout_at(until.into(), self.queue.send(waiting)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(unavailable("the appender has stopped").into()),
            Err(_) => return Err(unavailable("too many commands wait for the log").into()),
        }
        outcome
            .await
            .unwrap_or_else(|_| Err(unavailable("the appender has stopped").into()))
    }
}

struct Task {
    connection: Connection,
    arriving: mpsc::Receiver<Waiting>,
    /// What waits, oldest first.
    pending: VecDeque<Waiting>,
    hint: watch::Sender<Position>,
}

impl Task {
    async fn run(mut self) {
        while self.gather().await {
            match self.connection.session().await {
                Ok(session) => {
                    let batch = Batch::take(&mut self.pending);
                    if let Err(failed) = write(session, batch, &self.hint).await {
                        self.settle(failed).await;
                    }
                }
                Err(reason) => {
                    self.refuse_expired(&reason);
                    tokio::time::sleep(RECONNECT).await;
                }
            }
        }
    }

    /// Takes in everything that has arrived, waiting only while there is nothing; false at the end.
    async fn gather(&mut self) -> bool {
        if self.pending.is_empty() {
            let Some(first) = self.arriving.recv().await else {
                return false;
            };
            self.pending.push_back(first);
        }
        while self.pending.len() < QUEUE {
            let Ok(next) = self.arriving.try_recv() else {
                break;
            };
            self.pending.push_back(next);
        }
        true
    }

    fn refuse_expired(&mut self, reason: &str) {
        let (expired, waiting) = self.pending.drain(..).partition(Waiting::expired);
        self.pending = waiting;
        let expired: VecDeque<Waiting> = expired;
        expired
            .into_iter()
            .for_each(|waiting| waiting.refuse(reason));
    }

    /// Finds out what became of a batch whose answer never came: by its event ids, never by guessing.
    async fn settle(&mut self, Failed { batch, reason }: Failed) {
        tracing::warn!(error = %reason, commands = batch.len(), "The event log's answer to an append is missing");
        // The commands' own patience may be over by now; even so they are owed one honest try.
        let until = batch.latest().max(Instant::now() + SETTLE);
        let mut settled = None;
        while settled.is_none() && Instant::now() < until {
            settled = self.connection.written(batch.last_event_ids()).await.ok();
            if settled.is_none() {
                tokio::time::sleep(RECONNECT).await;
            }
        }
        let Some(written) = settled else {
            return batch.refuse(&reason);
        };
        for waiting in batch.into_waiting().rev() {
            match batch::last_event_id(&waiting.append).and_then(|id| written.get(&id)) {
                Some(&position) => {
                    announce(&self.hint, position);
                    waiting.finish(Ok(Appended { position }));
                }
                // Surely not written, so it may be tried again.
                None if !waiting.expired() => self.pending.push_front(waiting),
                None => waiting.refuse(&reason),
            }
        }
    }
}

/// A batch of which it is not known whether it was written.
struct Failed {
    batch: Batch,
    reason: String,
}

/// Writes a batch and answers its commands.
async fn write(
    session: &mut Session,
    batch: Batch,
    hint: &watch::Sender<Position>,
) -> Result<(), Failed> {
    match session.append(&batch).await {
        Ok(verdicts) => {
            answer(batch, verdicts, hint);
            Ok(())
        }
        Err(Failure::Unknown(reason)) => Err(Failed { batch, reason }),
        // One command's events were not acceptable to the database: the others must not suffer.
        Err(Failure::Refused(_)) if batch.len() > 1 => {
            let mut singles = batch.into_singles();
            while let Some(single) = singles.pop_front() {
                if let Err(mut failed) = Box::pin(write(session, single, hint)).await {
                    failed.batch.absorb(singles);
                    return Err(failed);
                }
            }
            Ok(())
        }
        Err(Failure::Refused(reason)) => {
            tracing::error!(error = %reason, "The database refused an append");
            batch.refuse(&reason);
            Ok(())
        }
    }
}

fn answer(batch: Batch, mut verdicts: Vec<Option<Verdict>>, hint: &watch::Sender<Position>) {
    let mut head = None;
    for (waiting, verdict) in batch.into_waiting().zip(verdicts.drain(..)) {
        let outcome = match verdict {
            Some(Verdict::Appended(position)) => {
                head = head.max(Some(position));
                Ok(Appended { position })
            }
            Some(Verdict::Conflict(conflict)) => Err(AppendError::Conflict(conflict)),
            Some(Verdict::KeyUsed(known)) => Err(AppendError::KeyUsed(known)),
            None => Err(unavailable("the database gave no verdict").into()),
        };
        waiting.finish(outcome);
    }
    if let Some(position) = head {
        announce(hint, position);
    }
}

fn announce(hint: &watch::Sender<Position>, position: Position) {
    hint.send_if_modified(|head| {
        let newer = position > *head;
        *head = (*head).max(position);
        newer
    });
}
