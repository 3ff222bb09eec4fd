//! Group commit: whatever waits is carried in one statement, and so in one durable commit.
//!
//! Two lanes take turns: while one's batch is on its way to the disk, the other's is sent, and waits at the log's head
//! (`log_head`) until the first has committed. So the database never waits for us to read an answer and to write the
//! next question.

mod alone;
mod batch;
mod connection;
mod statement;

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use application::{
    crash_points::CrashPoint,
    figures::{APPEND_BATCHES, APPENDS},
    ports::{AppendError, Appended, LogUnavailable},
};
use sqlx::PgPool;
use tokio::sync::{Mutex, mpsc, oneshot};

use self::{
    batch::{Batch, Verdict},
    connection::{Connection, Failure, Session},
};
use super::{Heads, unavailable};
use crate::sealing::SealedAppend;

/// How long a command waits for the log before it is told that the log is away, which it is to hear within 2 s.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long it is tried at least to find out what became of a batch.
const SETTLE: Duration = Duration::from_millis(1500);
/// How long the task waits before it tries to connect again.
const RECONNECT: Duration = Duration::from_millis(50);
/// How many batches may be on their way at once.
const LANES: usize = 2;
/// How many commands may queue before callers wait to enter the queue.
const QUEUE: usize = 4096;

type Outcome = Result<Appended, Refused>;

/// Why a command's events were not appended.
pub(super) enum Refused {
    /// Somebody whose values are in them has another key by now, or none any more.
    KeyLost,
    /// Whatever else.
    For(AppendError),
}

impl From<LogUnavailable> for Refused {
    fn from(away: LogUnavailable) -> Self {
        Self::For(away.into())
    }
}

impl From<Refused> for AppendError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::For(error) => error,
            Refused::KeyLost => unavailable("a person's key is another one each time").into(),
        }
    }
}

/// The way to the task that appends.
pub(super) struct Appender {
    queue: mpsc::Sender<Waiting>,
}

/// A command that waits for its events to be durable.
struct Waiting {
    command: SealedAppend,
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
    pub(super) fn start(pool: PgPool, heads: Heads) -> Self {
        let (queue, arriving) = mpsc::channel(QUEUE);
        let (returns, returned) = mpsc::unbounded_channel();
        let line = Arc::new(Mutex::new(Line {
            arriving,
            returned,
            pending: VecDeque::new(),
        }));
        for _ in 0..LANES {
            let lane = Lane {
                connection: Connection::new(pool.clone()),
                line: line.clone(),
                returns: returns.clone(),
                heads: heads.clone(),
            };
            tokio::spawn(lane.run());
        }
        Self { queue }
    }

    /// Appends one command's events; returns once they are durable.
    pub(super) async fn append(&self, command: SealedAppend) -> Outcome {
        let (answer, outcome) = oneshot::channel();
        let until = Instant::now() + PATIENCE;
        let waiting = Waiting {
            command,
            until,
            answer,
        };
        // Only the way into a full queue is cut short here: once a command is in, its lane alone
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

/// The commands that wait, for whichever lane comes next.
struct Line {
    arriving: mpsc::Receiver<Waiting>,
    /// What a lane had taken and could not carry, each time oldest first.
    returned: mpsc::UnboundedReceiver<Vec<Waiting>>,
    /// What waits, oldest first.
    pending: VecDeque<Waiting>,
}

impl Line {
    /// The next batch, as soon as there is anything to carry; none at the end.
    async fn next_batch(&mut self) -> Option<Batch> {
        loop {
            self.gather().await?;
            // However many wait: what has waited in vain is told so in time.
            let overdue = self.pending.iter().take_while(|waiting| waiting.expired());
            for waiting in self.pending.drain(..overdue.count()) {
                waiting.refuse("the log did not take the command in time");
            }
            if !self.pending.is_empty() {
                return Some(Batch::take(&mut self.pending));
            }
        }
    }

    /// Takes in everything that has arrived, waiting only while there is nothing; none at the end.
    async fn gather(&mut self) -> Option<()> {
        if self.pending.is_empty() {
            tokio::select! {
                biased;
                Some(returned) = self.returned.recv() => self.pending.extend(returned),
                first = self.arriving.recv() => self.pending.push_back(first?),
            }
        }
        while let Ok(returned) = self.returned.try_recv() {
            returned
                .into_iter()
                .rev()
                .for_each(|waiting| self.pending.push_front(waiting));
        }
        while self.pending.len() < QUEUE {
            let Ok(next) = self.arriving.try_recv() else {
                break;
            };
            self.pending.push_back(next);
        }
        Some(())
    }
}

/// Writes one batch after the other, on a connection of its own.
struct Lane {
    connection: Connection,
    line: Arc<Mutex<Line>>,
    returns: mpsc::UnboundedSender<Vec<Waiting>>,
    heads: Heads,
}

impl Lane {
    async fn run(mut self) {
        while let Some(batch) = self.next_batch().await {
            match self.connection.session().await {
                Ok(session) => {
                    if let Err(failed) = write(session, batch, &self.heads).await {
                        self.settle(failed).await;
                    }
                }
                Err(reason) => {
                    self.give_back(batch.into_waiting().collect(), &reason);
                    tokio::time::sleep(RECONNECT).await;
                }
            }
        }
    }

    /// The lanes take turns at the line: one waits in it while the other is on its way.
    async fn next_batch(&self) -> Option<Batch> {
        self.line.lock().await.next_batch().await
    }

    /// Lets commands wait again that surely were not written, but for those that have waited too long.
    fn give_back(&self, commands: Vec<Waiting>, reason: &str) {
        let (overdue, waiting): (Vec<_>, Vec<_>) = commands.into_iter().partition(Waiting::expired);
        overdue
            .into_iter()
            .for_each(|waiting| waiting.refuse(reason));
        // The line lives as long as any lane.
        let _ = self.returns.send(waiting);
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
        let mut unwritten = Vec::new();
        for waiting in batch.into_waiting() {
            match batch::last_event_id(&waiting.command.append).and_then(|id| written.get(&id)) {
                Some(&position) => {
                    self.heads.appended(position);
                    waiting.finish(Ok(Appended { position }));
                }
                None => unwritten.push(waiting),
            }
        }
        self.give_back(unwritten, &reason);
    }
}

/// A batch of which it is not known whether it was written.
struct Failed {
    batch: Batch,
    reason: String,
}

/// Writes a batch and answers its commands.
async fn write(session: &mut Session, batch: Batch, heads: &Heads) -> Result<(), Failed> {
    APPEND_BATCHES.observe([], batch.len() as f64);
    let begun = Instant::now();
    CrashPoint::AppendSending.pass();
    let appended = session.append(&batch).await;
    CrashPoint::AppendWritten.pass();
    let outcome = match &appended {
        Ok(_) => "done",
        Err(Failure::Refused(_)) => "refused",
        Err(Failure::Unknown(_)) => "unknown",
    };
    APPENDS.took([outcome], begun.elapsed());
    match appended {
        Ok(verdicts) => {
            answer(batch, verdicts, heads);
            Ok(())
        }
        Err(Failure::Unknown(reason)) => Err(Failed { batch, reason }),
        // One command's events were not acceptable to the database: the others must not suffer.
        Err(Failure::Refused(_)) if batch.len() > 1 => {
            let mut singles = batch.into_singles();
            while let Some(single) = singles.pop_front() {
                if let Err(mut failed) = Box::pin(write(session, single, heads)).await {
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

fn answer(batch: Batch, verdicts: Vec<Verdict>, heads: &Heads) {
    let mut head = None;
    for (waiting, verdict) in batch.into_waiting().zip(verdicts) {
        let outcome = match verdict {
            Verdict::Appended(position) => {
                head = head.max(Some(position));
                Ok(Appended { position })
            }
            Verdict::Conflict(conflict) => Err(Refused::For(AppendError::Conflict(conflict))),
            Verdict::KeyUsed(known) => Err(Refused::For(AppendError::KeyUsed(known))),
            Verdict::KeyLost => Err(Refused::KeyLost),
        };
        waiting.finish(outcome);
    }
    if let Some(position) = head {
        heads.appended(position);
    }
}
