//! One follower in this process: wait for the lease, then read, follow, and move the checkpoint.

use std::time::Duration;

use application::ports::ReadError;
use domain::{
    recorded::{AnyEvent, Recorded},
    values::Position,
};
use sqlx::PgPool;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    Follower, Projector, Reaction,
    checkpoints::{Checkpoints, FollowedHere, FollowerState},
    feed::Feed,
    leases::{LEASE, Lease, Leases},
    progress::Progress,
    trouble::{Retries, Trouble, guarded, is_passing, pause_while_away},
};

/// Between two looks at whether a lease has become free.
const STANDBY: Duration = Duration::from_millis(500);
const _: () = assert!(
    LEASE.as_millis() + STANDBY.as_millis() < 5000,
    "a standby takes over within 5 s"
);
/// A reaction's checkpoint is written at least that often, so that little is done twice after a crash.
const REACTION_CHECKPOINT: Duration = Duration::from_millis(100);
/// A head that is known before its events can be read is no reason to spin.
const UNREADABLE_YET: Duration = Duration::from_millis(25);

/// What is under way at the stop has that long to end.
const GRACE: Duration = Duration::from_secs(5);

/// Begins a projector's transaction.
///
/// It commits asynchronously: a crash of the database can lose its last moments, but always rows
/// and checkpoint together, so that the events are projected again (decision 5). And a process
/// that is paused in the middle loses its transaction before its lease, so that its locks never
/// stand in its successor's way.
const PROJECTION: &str = "BEGIN; SET LOCAL synchronous_commit = off; \
     SET LOCAL idle_in_transaction_session_timeout = '2s'";

/// A follower with what it needs.
pub(super) struct Following {
    pub pool: PgPool,
    pub feed: Feed,
    pub leases: Leases,
    pub head: watch::Receiver<Position>,
    pub checkpoints: Checkpoints,
    pub stop: CancellationToken,
    pub retries: Retries,
    pub follower: Follower,
}

impl Following {
    /// Works whenever this process has the lease, until the stop.
    pub async fn run(&self) {
        let name = self.follower.name();
        let mut away = false;
        while !self.stop.is_cancelled() {
            let taken = tokio::select! {
                taken = self.take_lease() => taken,
                () = self.stopped_for(GRACE) => return,
            };
            match taken {
                Ok(Some(lease)) => {
                    away = false;
                    self.work(lease).await;
                    continue;
                }
                Ok(None) => away = false,
                Err(error) => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(follower = name, error = ?error, "{name} cannot ask for its lease");
                    }
                }
            }
            self.stop
                .run_until_cancelled(tokio::time::sleep(STANDBY))
                .await;
        }
    }

    async fn take_lease(&self) -> sqlx::Result<Option<Lease>> {
        let (name, version) = (self.follower.name(), self.follower.version());
        if let Some(lease) = self.leases.take(name, version).await? {
            return Ok(Some(lease));
        }
        if self.leases.register(name, version).await? {
            return self.leases.take(name, version).await;
        }
        Ok(None)
    }

    /// Uses the lease, and gives it back at the stop.
    async fn work(&self, lease: Lease) {
        let name = self.follower.name();
        tokio::select! {
            () = self.follow(&lease) => {}
            () = self.stopped_for(GRACE) => {}
        }
        if self.stop.is_cancelled() {
            match tokio::time::timeout(GRACE, lease.release()).await {
                Ok(Ok(())) => info!(follower = name, "{name} stops"),
                Ok(Err(_)) | Err(_) => info!(follower = name, "{name} stops; its lease runs out"),
            }
        }
    }

    async fn stopped_for(&self, time: Duration) {
        self.stop.cancelled().await;
        tokio::time::sleep(time).await;
    }

    /// Follows the log until the stop or until the lease is lost.
    async fn follow(&self, lease: &Lease) {
        let name = self.follower.name();
        let start = match self.start(lease).await {
            Ok(start) => start,
            Err(trouble) => {
                warn!(follower = name, trouble = ?trouble, "{name} could not start");
                return self.rest(lease, STANDBY).await;
            }
        };
        info!(follower = name, position = %start, "{name} follows the log after position {start}");
        let version = self.follower.version();
        let here = self.checkpoints.follow_here(name, version, start);
        let mut progress = Progress::at(start);
        while lease.is_held() && !self.stop.is_cancelled() {
            if lease.is_parked() {
                self.stop.run_until_cancelled(lease.resumed()).await;
                progress.attempts = 0;
                continue;
            }
            match self.step(lease, &mut progress, &here).await {
                Ok(0) => {
                    self.note_recovery(lease, &mut progress).await;
                    self.wait_for_events(lease, progress.position).await;
                }
                Ok(_) => self.note_recovery(lease, &mut progress).await,
                Err(Trouble::LostLease) => return,
                Err(trouble) => self.endure(lease, &mut progress, trouble).await,
            }
        }
    }

    /// Where to begin. A projector that writes something else now than what fills its tables empties them first.
    async fn start(&self, lease: &Lease) -> Result<Position, Trouble> {
        let Follower::Projector(projector) = &self.follower else {
            return Ok(lease.position);
        };
        let (name, old, new) = (projector.name(), lease.version, projector.version());
        if old == new {
            return Ok(lease.position);
        }
        info!(
            follower = name,
            "Rebuilds {name}: its tables have version {old}, not {new}"
        );
        let mut transaction = self.pool.begin().await?;
        let truncate = format!("TRUNCATE {}", projector.tables().join(", "));
        sqlx::query(&truncate).execute(&mut *transaction).await?;
        lease.start_again(&mut transaction, new).await?;
        transaction.commit().await?;
        Ok(Position(0))
    }

    /// Follows the next page; answers how many events it had.
    async fn step(
        &self,
        lease: &Lease,
        progress: &mut Progress,
        here: &FollowedHere<'_>,
    ) -> Result<usize, Trouble> {
        if std::mem::replace(&mut progress.uncertain, true) {
            progress.position = lease.checkpoint().await?;
            here.moved(progress.position);
        }
        let page = self.feed.page(progress.position, progress.limit()).await?;
        let began = Instant::now();
        if !page.is_empty() {
            match &self.follower {
                Follower::Projector(projector) => {
                    self.project(&**projector, lease, progress, &page).await?;
                    here.moved(progress.position);
                }
                Follower::Reaction(reaction) => {
                    self.react(&**reaction, lease, progress, here, &page)
                        .await?;
                }
            }
        }
        progress.uncertain = false;
        if progress.position >= progress.one_by_one_until {
            progress.page_size.adapt(page.len(), began.elapsed());
        }
        Ok(page.len())
    }

    async fn project(
        &self,
        projector: &dyn Projector,
        lease: &Lease,
        progress: &mut Progress,
        page: &[Recorded<AnyEvent>],
    ) -> Result<(), Trouble> {
        let [first, ..] = page else { return Ok(()) };
        let end = page.last().unwrap_or(first).position;
        let mut transaction = self.pool.begin_with(PROJECTION).await?;
        if let Err(error) = guarded(projector.project(&mut transaction, page)).await {
            return Err(if is_passing(&error) {
                Trouble::Away(error)
            } else if page.len() > 1 {
                Trouble::Page { end, error }
            } else {
                Trouble::Event {
                    position: end,
                    worth_retrying: true,
                    error,
                }
            });
        }
        lease
            .move_checkpoint(&mut transaction, progress.position, end)
            .await?;
        transaction.commit().await?;
        progress.moved_to(end);
        Ok(())
    }

    async fn react(
        &self,
        reaction: &dyn Reaction,
        lease: &Lease,
        progress: &mut Progress,
        here: &FollowedHere<'_>,
        page: &[Recorded<AnyEvent>],
    ) -> Result<(), Trouble> {
        let mut outcome = Ok(());
        let mut done = progress.position;
        let mut noted = Instant::now();
        for recorded in page {
            if self.stop.is_cancelled() || !lease.is_held() {
                break;
            }
            if let Err(error) = guarded(reaction.react(recorded)).await {
                outcome = Err(if is_passing(&error) {
                    Trouble::Away(error)
                } else {
                    let position = recorded.position;
                    Trouble::Event {
                        position,
                        worth_retrying: true,
                        error,
                    }
                });
                break;
            }
            done = recorded.position;
            if noted.elapsed() >= REACTION_CHECKPOINT {
                self.note_reacted(lease, progress, here, done).await?;
                noted = Instant::now();
            }
        }
        self.note_reacted(lease, progress, here, done).await?;
        outcome
    }

    async fn note_reacted(
        &self,
        lease: &Lease,
        progress: &mut Progress,
        here: &FollowedHere<'_>,
        done: Position,
    ) -> Result<(), Trouble> {
        if done > progress.position {
            let mut db = self.pool.acquire().await?;
            lease
                .move_checkpoint(&mut db, progress.position, done)
                .await?;
            progress.moved_to(done);
            here.moved(done);
        }
        Ok(())
    }

    /// Does what a trouble asks for: be patient, look closer, try again, or park.
    async fn endure(&self, lease: &Lease, progress: &mut Progress, trouble: Trouble) {
        let name = self.follower.name();
        match trouble {
            Trouble::LostLease => {}
            Trouble::Away(error) => {
                progress.away += 1;
                progress.page_size.halve();
                if progress.away == 1 {
                    warn!(follower = name, error = ?error, "{name} waits: something that it needs is away");
                    self.note_trouble(lease, FollowerState::Retrying, 0, None, &error)
                        .await;
                }
                self.rest(lease, pause_while_away(progress.away)).await;
            }
            Trouble::Page { end, error } => {
                info!(follower = name, error = ?error, "{name} fails on a page up to {end}; looks for the event");
                progress.one_by_one_until = end;
            }
            Trouble::Event {
                position,
                worth_retrying,
                error,
            } => {
                progress.attempts += 1;
                let attempts = progress.attempts;
                if worth_retrying && attempts < self.retries.attempts {
                    warn!(follower = name, %position, attempts, error = ?error, "{name} fails on event {position}; tries again");
                    let state = FollowerState::Retrying;
                    self.note_trouble(lease, state, attempts, Some(position), &error)
                        .await;
                    self.rest(lease, self.retries.pause_after(attempts)).await;
                } else {
                    error!(follower = name, %position, attempts, error = ?error, "{name} is parked: event {position} cannot be followed");
                    let state = FollowerState::Failed;
                    self.note_trouble(lease, state, attempts, Some(position), &error)
                        .await;
                }
            }
        }
    }

    /// Shows the trouble in the follower's row; when even that fails, the next attempt notes it again.
    async fn note_trouble(
        &self,
        lease: &Lease,
        state: FollowerState,
        attempts: u32,
        position: Option<Position>,
        error: &anyhow::Error,
    ) {
        if let Err(cause) = lease.note_trouble(state, attempts, position, error).await {
            let name = self.follower.name();
            warn!(follower = name, error = ?cause, "Could not note the trouble of {name}");
            self.rest(lease, STANDBY).await;
        }
    }

    async fn note_recovery(&self, lease: &Lease, progress: &mut Progress) {
        if progress.away == 0 {
            return;
        }
        let name = self.follower.name();
        match lease.note_recovery().await {
            Ok(()) => {
                progress.away = 0;
                info!(follower = name, "{name} goes on");
            }
            Err(error) => {
                warn!(follower = name, error = ?error, "Could not note the recovery of {name}");
            }
        }
    }

    /// Returns when there may be an event after `position`, at the stop, and when the lease is lost.
    async fn wait_for_events(&self, lease: &Lease, position: Position) {
        let mut head = self.head.clone();
        if *head.borrow() > position {
            return self.rest(lease, UNREADABLE_YET).await;
        }
        let nobody_looks = tokio::select! {
            () = self.stop.cancelled() => false,
            () = lease.lost() => false,
            seen = head.wait_for(|head| *head > position) => seen.is_err(),
        };
        if nobody_looks {
            self.rest(lease, STANDBY).await;
        }
    }

    async fn rest(&self, lease: &Lease, pause: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = lease.lost() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unreadable { position, .. } => Self::Event {
                position,
                worth_retrying: false,
                error: error.into(),
            },
            ReadError::Unavailable(away) => Self::Away(away.into()),
        }
    }
}
