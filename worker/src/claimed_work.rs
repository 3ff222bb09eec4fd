//! Work that is claimed by leases: some pieces at a time, each given back however it goes.

use std::{fmt::Display, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::values::Position;
use tokio::{sync::watch, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{leases::Lease, pace::Pace};

/// How often leases that nobody gave back are swept away.
const SWEEP: Duration = Duration::from_secs(30);

/// Why the work on a claimed piece is over for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// There is nothing more to do.
    Over,
    /// Somebody else works on it, as the log or the lease says.
    TakenOver,
    /// Nothing can be done before that time has passed.
    Later(Duration),
    /// The process stops.
    Stopped,
}

/// Where a kind of work is claimed and done.
#[async_trait]
pub(crate) trait Desk: Send + Sync + 'static {
    /// What names a piece of it.
    type Piece: Display + Send + Sync + 'static;

    /// What a piece is, as logs call it.
    const NOUN: &'static str;

    /// Claims at most so many pieces.
    async fn claim(&self, most: usize) -> sqlx::Result<Vec<(Self::Piece, Lease)>>;

    /// Works on a claimed piece. It is dropped when the lease is lost, and when the stop has no more patience.
    async fn work(&self, piece: &Self::Piece, lease: &Lease, stop: &CancellationToken) -> Leaving;

    /// Tidies up from time to time.
    async fn sweep(&self) {}
}

/// How a desk works.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shift {
    /// How many pieces are worked on at once.
    pub(crate) slots: usize,
    /// The shortest and the longest pause between two looks at the to-do list, should no wake-up come.
    pub(crate) look_again: (Duration, Duration),
    /// How long finished work is kept out of the way, while the to-do list catches up with the log.
    pub(crate) rest: Duration,
    /// How long a stop may take before work is dropped and its lease released.
    pub(crate) stop_within: Duration,
}

/// Claims and works until `stop`; then waits for what is under way to end or to be given back. `hint` changes when there
/// may be work.
pub(crate) async fn work<D: Desk>(
    desk: &Arc<D>,
    shift: Shift,
    mut hint: watch::Receiver<Position>,
    stop: &CancellationToken,
) {
    let mut pace = Pace::new(shift.look_again.0, shift.look_again.1);
    let mut working = JoinSet::new();
    let mut swept = Instant::now();
    while !stop.is_cancelled() {
        hint.mark_unchanged();
        let free = shift.slots.saturating_sub(working.len());
        if free > 0 {
            match desk.claim(free).await {
                Ok(claimed) => {
                    if !claimed.is_empty() {
                        pace.reset();
                    }
                    for (piece, lease) in claimed {
                        working.spawn(one(Arc::clone(desk), shift, piece, lease, stop.clone()));
                    }
                }
                Err(error) => tracing::warn!(%error, "Could not look for a {} to work on", D::NOUN),
            }
        }
        if swept.elapsed() > SWEEP {
            swept = Instant::now();
            desk.sweep().await;
        }
        let full = working.len() >= shift.slots;
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            Some(ended) = working.join_next() => log_panic(ended),
            Ok(()) = hint.changed(), if !full => pace.reset(),
            () = tokio::time::sleep(pace.pause()), if !full => {}
        }
    }
    while let Some(ended) = working.join_next().await {
        log_panic(ended);
    }
}

/// Works on one claimed piece and gives the lease back, however it goes. Dropping this future is a crash.
async fn one<D: Desk>(
    desk: Arc<D>,
    shift: Shift,
    piece: D::Piece,
    lease: Lease,
    stop: CancellationToken,
) {
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(shift.stop_within).await;
    };
    let leaving = tokio::select! {
        biased;
        leaving = desk.work(&piece, &lease, &stop) => leaving,
        () = lease.keep() => Leaving::TakenOver,
        () = patience => Leaving::Stopped,
    };
    let noun = D::NOUN;
    let given_back = match leaving {
        Leaving::Over => lease.release_after(shift.rest).await,
        Leaving::Later(pause) => lease.release_after(pause).await,
        Leaving::Stopped => lease.release().await,
        Leaving::TakenOver => {
            tracing::info!(piece = %piece, "Somebody else works on {noun} {piece}");
            lease.release().await
        }
    };
    if let Err(error) = given_back {
        tracing::warn!(piece = %piece, %error, "Could not give back {noun} {piece}; its lease runs out");
    }
}

/// A piece whose work panicked keeps its lease until it runs out, and is then tried again.
fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "The work on a claimed piece broke off");
    }
}
