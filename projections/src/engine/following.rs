//! One follower in this process: wait for the lease, then read, follow, and move the checkpoint.

use std::{borrow::Cow, sync::Arc, time::Duration};

use application::{crash_points::CrashPoint, figures::REACTIONS, ports::EventLog};
use domain::{
    recorded::{AnyEvent, Recorded},
    values::Position,
};
use futures::future::BoxFuture;
use sqlx::PgPool;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    Follower, Projector, Reaction,
    checkpoints::{Checkpoints, FollowedHere},
    feed::Feed,
    forgetting,
    leases::{LEASE, Lease, Leases},
    progress::Progress,
    trouble::{Retries, Trouble, guarded, is_about_somebody_erased, is_passing},
};
use crate::rebuild::Shadow;

/// Between two looks at whether a lease has become free.
pub(super) const STANDBY: Duration = Duration::from_millis(500);
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

/// What comes of asking for a lease.
enum Taken {
    Lease(Lease),
    /// Somebody else has it.
    Held,
    /// The tables were filled by an older version than ours.
    Outdated,
    /// There is nothing to do any more: another process has ended the shadow.
    Gone,
}

/// A follower with what it needs.
#[derive(Clone)]
pub(super) struct Following {
    pub pool: PgPool,
    pub log: Arc<dyn EventLog>,
    pub feed: Feed,
    pub leases: Leases,
    pub head: watch::Receiver<Position>,
    pub checkpoints: Checkpoints,
    pub stop: CancellationToken,
    pub retries: Retries,
    pub follower: Follower,
}

impl Following {
    /// Works whenever this process has the lease, until the stop; a shadow also until it has ended.
    pub async fn run(&self) {
        let name = self.follower.name();
        let mut away = false;
        while !self.stop.is_cancelled() {
            let taken = tokio::select! {
                taken = self.take_lease() => taken,
                () = self.stopped_for(GRACE) => return,
            };
            match taken {
                Ok(Taken::Lease(lease)) => {
                    away = false;
                    if self.work(lease).await {
                        return;
                    }
                    continue;
                }
                Ok(Taken::Gone) => return,
                Ok(Taken::Outdated) => {
                    away = false;
                    self.upgrade().await;
                }
                Ok(Taken::Held) => away = false,
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

    async fn take_lease(&self) -> sqlx::Result<Taken> {
        let (name, version) = (self.follower.name(), self.follower.version());
        let versions = match &self.follower {
            // One that an older version began is begun again.
            Follower::Shadow(shadow) => {
                shadow.begin(&self.pool).await?;
                0..=version
            }
            Follower::Projector(_) | Follower::Reaction(_) => version..=version,
        };
        if let Some(lease) = self.leases.take(name, versions.clone()).await? {
            return Ok(Taken::Lease(lease));
        }
        if let Follower::Shadow(shadow) = &self.follower {
            return Ok(if shadow.is_there(&self.pool).await? {
                Taken::Held
            } else {
                Taken::Gone
            });
        }
        if self.leases.register(name, version).await? {
            let taken = self.leases.take(name, versions).await?;
            return Ok(taken.map_or(Taken::Held, Taken::Lease));
        }
        Ok(if self.leases.version_of(name).await? < version {
            Taken::Outdated
        } else {
            Taken::Held
        })
    }

    /// Rebuilds the tables beside the live ones, which stay as they are; a process of their version may go on with
    /// them until the swap.
    fn upgrade(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Follower::Projector(projector) = &self.follower {
                let shadow = Shadow::upgrade(projector.clone());
                let follower = Follower::Shadow(Arc::new(shadow));
                Self {
                    follower,
                    ..self.clone()
                }
                .run()
                .await;
            }
        })
    }

    /// Uses the lease, and gives it back at the stop. Answers whether there is nothing left to do.
    async fn work(&self, lease: Lease) -> bool {
        let name = self.follower.name();
        let ended = tokio::select! {
            ended = self.use_lease(&lease) => ended,
            () = self.stopped_for(GRACE) => false,
        };
        if self.stop.is_cancelled() && !ended {
            match tokio::time::timeout(GRACE, lease.release()).await {
                Ok(Ok(())) => info!(follower = name, "{name} stops"),
                Ok(Err(_)) | Err(_) => info!(follower = name, "{name} stops; its lease runs out"),
            }
        }
        ended
    }

    async fn use_lease(&self, lease: &Lease) -> bool {
        match &self.follower {
            Follower::Shadow(shadow) => self.fill(shadow, lease).await,
            Follower::Projector(_) | Follower::Reaction(_) => {
                self.follow(lease).await;
                false
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
        let start = lease.position;
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

    /// Follows the next page; answers how many events it had.
    pub(super) async fn step(
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
                Follower::Shadow(shadow) => {
                    self.project(shadow.projector(), lease, progress, &page)
                        .await?;
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

    /// Begins a projector's transaction, which writes the tables that the follower is for.
    fn beginning(&self) -> Cow<'static, str> {
        match &self.follower {
            Follower::Shadow(shadow) => format!("{PROJECTION}; {}", shadow.enter()).into(),
            Follower::Projector(_) | Follower::Reaction(_) => PROJECTION.into(),
        }
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
        let mut transaction = self.pool.begin_with(self.beginning()).await?;
        if let Err(error) = guarded(forgetting::project(projector, &mut transaction, page)).await {
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
        CrashPoint::PageProjected.pass();
        lease
            .move_checkpoint(&mut transaction, progress.position, end)
            .await?;
        CrashPoint::PageMoved.pass();
        transaction.commit().await?;
        CrashPoint::PageCommitted.pass();
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
            let begun = Instant::now();
            let reacted = guarded(reaction.react(recorded)).await;
            let word = match &reacted {
                Ok(()) => "done",
                Err(error) if is_about_somebody_erased(error) => "let_be",
                Err(error) if is_passing(error) => "put_off",
                Err(_) => "failed",
            };
            REACTIONS.took([reaction.name(), word], begun.elapsed());
            if let Err(error) = reacted {
                if is_about_somebody_erased(&error) {
                    let (name, position) = (reaction.name(), recorded.position);
                    info!(follower = name, %position, "{name} lets event {position} be: its person was erased");
                    done = position;
                    continue;
                }
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
            CrashPoint::EventReacted.pass();
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
}
