//! The followers' leases and checkpoints, as the engine of the projections keeps them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::values::Position;

/// How long a follower's lease lasts without being renewed.
pub const LASTS: Duration = Duration::from_millis(2_500);

/// Who follows what, and how far they are.
#[derive(Default)]
pub struct Seats(Mutex<BTreeMap<&'static str, Seat>>);

#[derive(Debug, Clone, Copy, Default)]
struct Seat {
    fence: u64,
    until: Duration,
    checkpoint: Position,
}

/// A lease that was taken.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// By which a later holder is told from an earlier one.
    pub fence: u64,
    /// How far the follower is.
    pub checkpoint: Position,
}

impl Seats {
    /// The follower has followed until there.
    pub fn begin_at(&self, follower: &'static str, checkpoint: Position) {
        self.seats().entry(follower).or_default().checkpoint = checkpoint;
    }

    /// Takes the lease of a follower; none while somebody else holds it.
    pub fn take(&self, follower: &'static str, now: Duration) -> Option<Taken> {
        let mut seats = self.seats();
        let seat = seats.entry(follower).or_default();
        if seat.until > now {
            return None;
        }
        seat.fence += 1;
        seat.until = now + LASTS;
        Some(Taken {
            fence: seat.fence,
            checkpoint: seat.checkpoint,
        })
    }

    /// Renews the lease; false when somebody else has it.
    pub fn renew(&self, follower: &'static str, fence: u64, now: Duration) -> bool {
        let mut seats = self.seats();
        let seat = seats.entry(follower).or_default();
        if seat.fence == fence {
            seat.until = now + LASTS;
        }
        seat.fence == fence
    }

    /// Moves the checkpoint; false when somebody else has the lease, or the checkpoint is not at `from`.
    pub fn advance(
        &self,
        follower: &'static str,
        fence: u64,
        from: Position,
        to: Position,
    ) -> bool {
        let mut seats = self.seats();
        let seat = seats.entry(follower).or_default();
        let may = seat.fence == fence && seat.checkpoint == from;
        if may {
            seat.checkpoint = to;
        }
        may
    }

    /// How far the follower is that is furthest behind.
    pub fn furthest_behind(&self) -> Position {
        let seats = self.seats();
        let checkpoints = seats.values().map(|seat| seat.checkpoint);
        checkpoints.min().unwrap_or_default()
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<&'static str, Seat>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
