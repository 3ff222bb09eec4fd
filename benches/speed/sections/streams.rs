//! What becomes of a command as its stream grows: somebody's pictures, for years.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::Context as _;
use application::{context::Context, dispatcher::Dispatcher, subscriptions::stream};
use chrono::{DateTime, Utc};
use domain::{
    subscription::{Command, Subscription},
    values::{PhotoId, UserId},
};
use infrastructure::{event_log::PostgresEventLog, scratch_database::master_keys};
use uuid::Uuid;

use crate::{
    Effort,
    report::{Goal, Measured, Row, Table},
    rounds::{Round, interleaved, median_round, thousands},
    scratch::Scratch,
    story::snapshot,
};

/// How many processes people's requests go to in turn.
const PROCESSES: usize = 2;
/// How many pictures are taken in a round: few, since they make the stream longer.
const IN_A_ROUND: u64 = 50;

const HOW: &str = "Subscriptions from which at least so many pictures were taken, on one server; each round adds 50. Each command takes the next one: the \
subscription is loaded, the quota decides, `PhotoReserved` is appended. One client; two processes (dispatcher and log) take turns, \
so that neither has seen the other's last event. *Read on*: as they do it, from what each has seen. *Read whole*: a process that \
never saw the stream, as every command did it before decision 66. The subjects take turns; the middle round counts.";

/// A subscription with a history, and the processes that take pictures from it.
struct Subject {
    owner: UserId,
    pictures: u64,
    log: Arc<PostgresEventLog>,
    processes: Vec<Dispatcher>,
    asked: AtomicUsize,
    /// The moment at which all pictures are taken.
    at: DateTime<Utc>,
}

/// Measures.
pub async fn measure(effort: Effort) -> anyhow::Result<Measured> {
    let scratch = Scratch::create().await?;
    let mut subjects = Vec::new();
    for pictures in [100, 1_000, effort.or_quick(10_000, 2_000)] {
        subjects.push(Subject::with(&scratch, pictures).await?);
    }
    scratch.settle().await?;
    let rounds = interleaved(effort.rounds(), 2 * subjects.len(), async |nth| {
        subjects[nth / 2].round(nth % 2 == 1, effort).await
    })
    .await?;
    let mut middle = Vec::new();
    for rounds in rounds {
        middle.push(median_round(rounds)?);
    }
    Ok(told(&subjects, &middle))
}

fn told(subjects: &[Subject], middle: &[Round]) -> Measured {
    let mut measured = Measured::new("Long streams", HOW);
    let p50 = |round: &Round| (round.told(), round.percentile(50));
    let head = ["pictures before", "", "commands/s, latency"];
    let mut table = Table::new("By the number of pictures before", &head);
    for (subject, rounds) in subjects.iter().zip(middle.chunks(2)) {
        for (round, how) in rounds.iter().zip(["read on", "read whole"]) {
            let pictures = thousands(subject.pictures as f64);
            table
                .lines
                .push(vec![pictures, how.to_owned(), round.told()]);
        }
    }
    if let ([few, .., many], [short, _, .., long, whole]) = (subjects, middle) {
        let what = format!(
            "p50 of taking a picture after {} others, to the same after {}",
            thousands(many.pictures as f64),
            thousands(few.pictures as f64)
        );
        measured
            .rows
            .push(Row::ratio(what, p50(long), p50(short), Goal::AtMost(1.5)));
        let what = format!(
            "… after {}, to reading the whole stream",
            thousands(many.pictures as f64)
        );
        measured
            .rows
            .push(Row::ratio(what, p50(long), p50(whole), Goal::None));
    }
    measured.tables.push(table);
    measured
}

impl Subject {
    async fn with(scratch: &Scratch, pictures: u64) -> anyhow::Result<Self> {
        let log = Arc::new(PostgresEventLog::start(scratch.pool.clone(), master_keys()));
        let mut snapshot = snapshot()?;
        snapshot.terms.photos_per_period = u32::MAX;
        let subject = Self {
            owner: UserId(Uuid::now_v7()),
            pictures,
            processes: (0..PROCESSES)
                .map(|_| Dispatcher::new(log.clone(), log.clone()))
                .collect(),
            log,
            asked: AtomicUsize::new(0),
            at: snapshot.as_of,
        };
        let first = subject.processes.first().context("there is none")?;
        first
            .execute::<Subscription>(
                stream(subject.owner),
                Command::ApplyProviderSnapshot { snapshot },
                Context::of_user(subject.owner, Uuid::now_v7()),
            )
            .await?;
        for _ in 0..pictures {
            subject.take(first).await?;
        }
        Ok(subject)
    }

    async fn round(&self, whole: bool, effort: Effort) -> anyhow::Result<Round> {
        let begun = Instant::now();
        let mut latencies = Vec::new();
        for _ in 0..effort.or_quick(IN_A_ROUND, 10) {
            let nth = self.asked.fetch_add(1, Ordering::Relaxed);
            let asked = Instant::now();
            if whole {
                self.take(&Dispatcher::new(self.log.clone(), self.log.clone()))
                    .await?;
            } else {
                self.take(&self.processes[nth % PROCESSES]).await?;
            }
            latencies.push(asked.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(Round::of(latencies, begun.elapsed()))
    }

    /// As a wish for a picture does it, without the picture.
    async fn take(&self, process: &Dispatcher) -> anyhow::Result<()> {
        let command = Command::ReservePhoto {
            photo_id: PhotoId(Uuid::now_v7()),
            at: self.at,
        };
        let context = Context::of_user(self.owner, Uuid::now_v7());
        let decided = process
            .decide::<Subscription>(stream(self.owner), command, &context)
            .await?;
        let slice = decided.slice.context("nothing was taken")?;
        let appended = process
            .append::<domain::subscription::Rejection>(vec![slice], &context)
            .await?;
        appended.context("somebody else was faster")?;
        Ok(())
    }
}
