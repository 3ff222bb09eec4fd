//! One shadow in this process: fill tables beside the live ones as far as those are, compare, swap.

use std::time::Duration;

use domain::values::Position;
use tokio::time::Instant;
use tracing::info;

use super::{Lease, Trouble, checkpoints::FollowedHere, following::Following, progress::Progress};
use crate::rebuild::{Comparison, Ended, Live, Purpose, Shadow, Snapshot, conclude, swap, tables};

/// Tables that lack no more events than that are nearly filled: indexes are made, and rows compared.
const NEAR: u64 = 1000;
/// Between two attempts to swap.
const BETWEEN_SWAPS: Duration = Duration::from_millis(500);

/// How far the tables are.
struct Filling {
    progress: Progress,
    began: Instant,
    /// The version that the tables' rows are of.
    version: i32,
    /// Whether the tables are known to be there.
    made: bool,
    /// Whether the indexes are.
    indexed: bool,
    /// Whether they had all events a moment ago: what fails on the rest must not fail first while others are locked out.
    caught_up: bool,
    comparison: Option<Comparison>,
}

/// What a turn has brought.
enum Turn {
    /// It goes on.
    Done,
    /// It goes on after a pause.
    Pause(Duration),
    Ended(Ended),
}

impl Following {
    /// Fills a shadow's tables until it has ended, the stop, or until the lease is lost. Answers whether it has ended.
    pub(super) async fn fill(&self, shadow: &Shadow, lease: &Lease) -> bool {
        let name = shadow.name();
        info!(follower = name, position = %lease.position, "{name} fills tables after position {}", lease.position);
        let version = shadow.projector().version();
        let here = self.checkpoints.follow_here(name, version, lease.position);
        let mut filling = Filling {
            progress: Progress::at(lease.position),
            began: Instant::now(),
            version: lease.version,
            made: false,
            indexed: false,
            caught_up: false,
            comparison: None,
        };
        filling.progress.at_most = shadow.pace().at_most();
        while !self.is_over(lease) {
            if lease.is_parked() {
                self.stop.run_until_cancelled(lease.resumed()).await;
                filling.progress.attempts = 0;
                continue;
            }
            match self.turn(shadow, lease, &mut filling, &here).await {
                Ok(Turn::Done) => self.note_recovery(lease, &mut filling.progress).await,
                Ok(Turn::Pause(pause)) => {
                    self.note_recovery(lease, &mut filling.progress).await;
                    self.rest(lease, pause).await;
                }
                Ok(Turn::Ended(ended)) => {
                    shadow.end(ended);
                    return true;
                }
                Err(Trouble::LostLease) => return false,
                Err(trouble) => self.endure(lease, &mut filling.progress, trouble).await,
            }
        }
        false
    }

    /// Whether this process has to leave off.
    fn is_over(&self, lease: &Lease) -> bool {
        self.stop.is_cancelled() || !lease.is_held()
    }

    /// Does what is next.
    async fn turn(
        &self,
        shadow: &Shadow,
        lease: &Lease,
        filling: &mut Filling,
        here: &FollowedHere<'_>,
    ) -> Result<Turn, Trouble> {
        if !filling.made {
            self.make_tables(shadow, lease, filling).await?;
        }
        if std::mem::take(&mut filling.progress.uncertain) {
            filling.progress.position = lease.checkpoint().await?;
        }
        let Some(live) = shadow.live(&self.pool).await? else {
            return Err(Trouble::Stuck(anyhow::anyhow!(
                "nobody has ever filled the live tables"
            )));
        };
        let alike = live.version == shadow.projector().version();
        let goal = self.goal(&live, alike).await?;
        let missing = goal.0.saturating_sub(filling.progress.position.0);
        if missing > NEAR {
            return self.fill_page(shadow, lease, filling, here, goal).await;
        }
        if !tables::are_alike(&self.pool, shadow).await? {
            // A migration has changed the live ones meanwhile.
            filling.made = false;
            return Ok(Turn::Done);
        }
        match shadow.purpose() {
            Purpose::Check => self.check(shadow, lease, filling, here, alike).await,
            Purpose::Rebuild if !filling.indexed => {
                tables::make_indexes(&self.pool, shadow, lease).await?;
                filling.indexed = true;
                Ok(Turn::Done)
            }
            Purpose::Rebuild if alike && filling.comparison.is_none() => {
                filling.comparison = self.compare(shadow, lease, filling, here).await?;
                Ok(Turn::Done)
            }
            Purpose::Rebuild
                if missing > swap::REMAINDER || (missing > 0 && !filling.caught_up) =>
            {
                self.fill_page(shadow, lease, filling, here, goal).await
            }
            Purpose::Rebuild => self.swap(shadow, lease, filling).await,
        }
    }

    /// Makes the tables, or finds those that an interruption has left.
    async fn make_tables(
        &self,
        shadow: &Shadow,
        lease: &Lease,
        filling: &mut Filling,
    ) -> Result<(), Trouble> {
        shadow.find_home(&self.pool).await?;
        let version = shadow.projector().version();
        let begun = filling.version == version && filling.progress.position > Position(0);
        if !(begun && tables::are_alike(&self.pool, shadow).await?) {
            tables::make(&self.pool, shadow, lease).await?;
            filling.version = version;
            filling.indexed = false;
            filling.comparison = None;
            filling.progress.uncertain = true;
        }
        filling.made = true;
        Ok(())
    }

    /// How far to fill the tables. Those that are to be compared must not be ahead of the live ones.
    async fn goal(&self, live: &Live, alike: bool) -> Result<Position, Trouble> {
        if alike {
            return Ok(live.position);
        }
        let head = self
            .log
            .head()
            .await
            .map_err(|away| Trouble::Away(away.into()))?;
        Ok(head.max(live.position))
    }

    async fn fill_page(
        &self,
        shadow: &Shadow,
        lease: &Lease,
        filling: &mut Filling,
        here: &FollowedHere<'_>,
        goal: Position,
    ) -> Result<Turn, Trouble> {
        let began = Instant::now();
        filling.progress.until = Some(goal);
        self.step(lease, &mut filling.progress, here).await?;
        filling.caught_up = filling.progress.position >= goal;
        Ok(Turn::Pause(shadow.pace().pause_after(began.elapsed())))
    }

    /// Compares the tables with the live ones as those are now; none when those are of another version by now, and
    /// when this process has to leave off.
    async fn compare(
        &self,
        shadow: &Shadow,
        lease: &Lease,
        filling: &mut Filling,
        here: &FollowedHere<'_>,
    ) -> Result<Option<Comparison>, Trouble> {
        let snapshot = Snapshot::take(&self.pool, shadow).await?;
        if snapshot.live.version != shadow.projector().version() {
            return Ok(None);
        }
        let goal = snapshot.live.position;
        filling.progress.until = Some(goal);
        while filling.progress.position < goal {
            if self.is_over(lease) {
                return Ok(None);
            }
            self.step(lease, &mut filling.progress, here).await?;
        }
        let comparison = snapshot
            .compare(&self.pool, shadow, filling.began.elapsed())
            .await?;
        // Whoever asked for it judges it.
        info!(
            projector = shadow.projector().name(),
            rows = comparison.rows,
            rows_different = comparison.rows_different,
            "{} is compared with the log",
            shadow.projector().name()
        );
        Ok(Some(comparison))
    }

    async fn check(
        &self,
        shadow: &Shadow,
        lease: &Lease,
        filling: &mut Filling,
        here: &FollowedHere<'_>,
        alike: bool,
    ) -> Result<Turn, Trouble> {
        let comparison = if alike {
            self.compare(shadow, lease, filling, here).await?
        } else {
            None
        };
        if comparison.is_none() && self.is_over(lease) {
            return Ok(Turn::Done);
        }
        conclude(&self.pool, shadow, lease, comparison.as_ref()).await?;
        Ok(Turn::Ended(
            comparison.map_or(Ended::Incomparable, Ended::Compared),
        ))
    }

    async fn swap(
        &self,
        shadow: &Shadow,
        lease: &Lease,
        filling: &mut Filling,
    ) -> Result<Turn, Trouble> {
        let name = shadow.name();
        filling.progress.uncertain = true;
        filling.caught_up = false;
        let comparison = filling.comparison.as_ref();
        let swapped = swap::swap(&self.pool, &*self.log, shadow, lease, comparison).await?;
        let Some(position) = swapped else {
            info!(
                follower = name,
                "{name} could not lock the live tables; tries again"
            );
            return Ok(Turn::Pause(BETWEEN_SWAPS));
        };
        info!(follower = name, %position, "{name} is done: the new tables are the live ones, at position {position}");
        let comparison = filling.comparison.take();
        Ok(Turn::Ended(Ended::Swapped {
            position,
            comparison,
        }))
    }
}
