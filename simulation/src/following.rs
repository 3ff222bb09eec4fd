//! The followers of the log, by the protocol of the projections' engine: a lease for each, a checkpoint that only its
//! holder moves, a projector's rows with it and a reaction's effect before it; and what fails for good is parked.

use std::{sync::Arc, time::Duration};

use application::ports::EventLog;
use domain::{
    recorded::{AnyEvent, Recorded},
    values::Position,
};
use projections::{
    engine::{Reaction, Retries, is_about_somebody_erased, is_passing},
    in_memory::Table,
};

use tokio::time::Instant;

use crate::{seats::Taken, variant::Variant, wire::Wire, wired::WiredLog};

/// How long a follower rests that failed.
const REST: Duration = Duration::from_millis(500);

/// Between two looks at whether a lease has become free.
const STANDBY: Duration = Duration::from_millis(1_500);

/// How old a lease is when it is renewed.
const RENEWED: Duration = Duration::from_millis(1_000);

/// What follows.
#[derive(Clone)]
pub enum Follower {
    /// Writes a table.
    Projector(Table),
    /// Gives commands.
    Reaction(Arc<dyn Reaction>),
}

impl Follower {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Projector(table) => table.projector(),
            Self::Reaction(reaction) => reaction.name(),
        }
    }
}

/// A follower in one life of a process.
pub struct Following {
    /// Its way to everything.
    pub wire: Wire,
    /// The log at the end of it.
    pub log: Arc<WiredLog>,
    /// What follows.
    pub follower: Follower,
}

/// Somebody else has the lease.
struct Lost;

impl Following {
    /// Follows for ever.
    pub async fn run(self) {
        loop {
            let taken = self.take().await;
            if let Some(taken) = taken {
                let Lost = self.follow(taken).await;
            }
            tokio::time::sleep(STANDBY).await;
        }
    }

    async fn take(&self) -> Option<Taken> {
        let world = &self.wire.world;
        let take = async { Ok(world.seats.take(self.follower.name(), world.clock.passed())) };
        let taken: Result<_, ()> = self.wire.call("seats.take", || (), take).await;
        taken.unwrap_or_default()
    }

    async fn follow(&self, taken: Taken) -> Lost {
        let mut position = taken.checkpoint;
        let mut failures = 0;
        let mut renewed = Instant::now();
        loop {
            if renewed.elapsed() >= RENEWED {
                renewed = Instant::now();
                if !self.renew(taken).await {
                    return Lost;
                }
            }
            let mut appended = std::pin::pin!(self.wire.world.appended.notified());
            appended.as_mut().enable();
            // As the engine does, which knows the head by looking once for all followers.
            let head = self.wire.world.log.head().await.unwrap_or_default();
            if head <= position {
                tokio::select! {
                    biased;
                    () = appended => {}
                    () = tokio::time::sleep(RENEWED) => {}
                }
                continue;
            }
            let limit = 1 + self.wire.world.lot(12) as usize;
            let Ok(page) = self.log.read(position, limit).await else {
                tokio::time::sleep(REST).await;
                continue;
            };
            let reached = match &self.follower {
                Follower::Projector(table) => self.project(*table, taken, position, &page).await,
                Follower::Reaction(reaction) => {
                    self.react(&**reaction, taken, position, &page, &mut failures)
                        .await
                }
            };
            match reached {
                Ok(reached) => position = reached,
                Err(Lost) => return Lost,
            }
        }
    }

    async fn renew(&self, taken: Taken) -> bool {
        let world = &self.wire.world;
        let name = self.follower.name();
        let renew = async { Ok(world.seats.renew(name, taken.fence, world.clock.passed())) };
        let renewed: Result<_, ()> = self.wire.call("seats.renew", || (), renew).await;
        renewed.unwrap_or(false)
    }

    /// Rows and checkpoint in one transaction, which the lease's fence guards.
    async fn project(
        &self,
        table: Table,
        taken: Taken,
        from: Position,
        page: &[Recorded<AnyEvent>],
    ) -> Result<Position, Lost> {
        let world = &self.wire.world;
        let to = page.last().map_or(from, |last| last.position);
        let is_beside = world.variant == Variant::RowsBesideCheckpoint;
        if is_beside {
            let write = async { world.ground.write(table, page).map_err(drop) };
            let written = self.wire.call("tables.write", || (), write).await;
            written.map_err(|()| Lost)?;
        }
        let both = async {
            if !world
                .seats
                .advance(table.projector(), taken.fence, from, to)
            {
                return Ok(false);
            }
            if is_beside {
                world.ground.move_checkpoint(table, to);
                return Ok(true);
            }
            world.ground.project(table, from, page).map_err(|error| {
                world.wrong(format!("{} cannot follow: {error}", table.projector()));
            })
        };
        match self.wire.call("tables.project", || (), both).await {
            Ok(true) => Ok(to),
            Ok(false) | Err(()) => Err(Lost),
        }
    }

    /// One event after the other, then the checkpoint.
    async fn react(
        &self,
        reaction: &dyn Reaction,
        taken: Taken,
        from: Position,
        page: &[Recorded<AnyEvent>],
        failures: &mut u32,
    ) -> Result<Position, Lost> {
        let end = page.last().map_or(from, |last| last.position);
        if self.wire.world.variant == Variant::CheckpointBeforeEffect {
            self.advance(reaction.name(), taken, from, end).await?;
        }
        let mut done = from;
        for recorded in page {
            match reaction.react(recorded).await {
                Err(error) if !is_about_somebody_erased(&error) => {
                    self.endure(reaction.name(), recorded.position, &error, failures)
                        .await;
                    break;
                }
                Ok(()) | Err(_) => {
                    *failures = 0;
                    done = recorded.position;
                }
            }
        }
        if self.wire.world.variant == Variant::CheckpointBeforeEffect {
            return Ok(end);
        }
        if done > from {
            self.advance(reaction.name(), taken, from, done).await?;
        }
        Ok(done)
    }

    async fn advance(
        &self,
        name: &'static str,
        taken: Taken,
        from: Position,
        to: Position,
    ) -> Result<(), Lost> {
        let seats = &self.wire.world.seats;
        let advance = async { Ok(seats.advance(name, taken.fence, from, to)) };
        match self.wire.call("seats.advance", || (), advance).await {
            Ok(true) => Ok(()),
            Ok(false) | Err(()) => Err(Lost),
        }
    }

    /// Rests after a failure. What patience does not mend is parked after some attempts, which nobody wants to see.
    async fn endure(
        &self,
        name: &'static str,
        position: Position,
        error: &anyhow::Error,
        failures: &mut u32,
    ) {
        self.wire.note(name, "fails");
        let retries = Retries::default();
        if is_passing(error) {
            return tokio::time::sleep(REST).await;
        }
        *failures += 1;
        if *failures == retries.attempts {
            let world = &self.wire.world;
            world.wrong(format!("{name} parks at event {position}: {error:#}"));
        }
        let pause = retries.first_pause * 3_u32.saturating_pow((*failures - 1).min(4));
        tokio::time::sleep(pause).await;
    }
}
