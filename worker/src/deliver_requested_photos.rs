//! `PhotoRequested` → attempt → provider → mark → store → re-read → `PhotoDelivered`: who works on which photo, and when.

mod assignment;
mod attempt;
mod next;
mod picture;
mod rereading;
mod setback;

use std::{sync::Arc, time::Duration};

use application::{
    context::CommandError,
    photos::Photos,
    ports::{
        Clock, EventLog, LogUnavailable, ObjectStorage, PictureFinisher, PictureInspector,
        PredictionNotices, ReadError,
    },
};
use domain::{
    photo_request::Rejection,
    recorded::{AnyEvent, Recorded},
    values::{PhotoId, Position},
};
use projections::engine::Checkpoints;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    leases::{Lease, Leases},
    pace::Pace,
    parts::{PhotoSettings, WorkerParts},
    providers::Providers,
    steps::{Step, StepObserver},
    stored_pictures::StoredPictures,
};
use assignment::{Assignment, Leaving};

/// As it stands in the metadata of the events that it causes.
const NAME: &str = "deliver_requested_photos";

/// The shortest and the longest pause between two looks at the to-do list, should no wake-up come.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

/// How long finished work is kept out of the way, while the to-do list catches up with the log.
const REST_AFTER_THE_END: Duration = Duration::from_secs(2);

/// How often leases that nobody gave back are swept away.
const SWEEP: Duration = Duration::from_secs(30);

/// Works on requested photos, some at a time.
pub(crate) struct DeliverRequestedPhotos {
    photos: Photos,
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    providers: Providers,
    notices: Arc<dyn PredictionNotices>,
    finisher: Arc<dyn PictureFinisher>,
    inspector: Arc<dyn PictureInspector>,
    storage: Arc<dyn ObjectStorage>,
    pictures: StoredPictures,
    leases: Leases,
    checkpoints: Checkpoints,
    settings: PhotoSettings,
    stop_within: Duration,
    observer: Option<Arc<dyn StepObserver>>,
}

impl DeliverRequestedPhotos {
    pub(crate) fn new(parts: &WorkerParts) -> Arc<Self> {
        let settings = parts.settings.photos.clone();
        Arc::new(Self {
            photos: parts.photos.clone(),
            log: Arc::clone(&parts.log),
            clock: Arc::clone(&parts.clock),
            providers: Providers::new(parts),
            notices: Arc::clone(&parts.notices),
            finisher: Arc::clone(&parts.finisher),
            inspector: Arc::clone(&parts.inspector),
            storage: Arc::clone(&parts.storage),
            pictures: StoredPictures::new(parts),
            leases: Leases::new(parts.pool.clone(), parts.node.clone(), settings.lease),
            checkpoints: parts.checkpoints.clone(),
            settings,
            stop_within: parts.settings.stop_within,
            observer: parts.observer.clone(),
        })
    }

    /// Claims and works until `stop`; then waits for what is under way to end or to be given back.
    pub(crate) async fn run(self: Arc<Self>, stop: &CancellationToken) {
        match self.leases.take_back().await {
            Ok(0) => {}
            Ok(freed) => {
                tracing::info!(freed, "Took back {freed} leases of a process that died");
            }
            Err(error) => tracing::warn!(%error, "Leases of a former life run out by themselves"),
        }
        let mut hint = self.checkpoints.subscribe("photo_work");
        let mut pace = Pace::new(LOOK_AGAIN.0, LOOK_AGAIN.1);
        let mut working = JoinSet::new();
        let mut swept = Instant::now();
        while !stop.is_cancelled() {
            hint.mark_unchanged();
            if self.claim_into(&mut working, stop).await {
                pace.reset();
            }
            if swept.elapsed() > SWEEP {
                swept = Instant::now();
                self.sweep().await;
            }
            let full = working.len() >= self.settings.slots;
            tokio::select! {
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

    /// Fills the free slots; true when there was work.
    async fn claim_into(
        self: &Arc<Self>,
        working: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> bool {
        let free = self.settings.slots.saturating_sub(working.len());
        if free == 0 {
            return false;
        }
        match self.leases.claim_photos(free).await {
            Ok(claimed) => {
                let any = !claimed.is_empty();
                for (photo_id, lease) in claimed {
                    working.spawn(Arc::clone(self).work(photo_id, lease, stop.clone()));
                }
                any
            }
            Err(error) => {
                tracing::warn!(%error, "Could not look for requested photos");
                false
            }
        }
    }

    /// Works on one claimed photo and gives the lease back, however it goes. Dropping this future is a crash.
    async fn work(self: Arc<Self>, photo_id: PhotoId, lease: Lease, stop: CancellationToken) {
        let mut assignment = Assignment::new(&self, photo_id, &lease, &stop);
        let patience = async {
            stop.cancelled().await;
            tokio::time::sleep(self.stop_within).await;
        };
        let leaving = tokio::select! {
            leaving = assignment.work() => leaving,
            () = lease.keep() => Leaving::TakenOver,
            () = patience => Leaving::Stopped,
        };
        let given_back = match leaving {
            Leaving::Over => lease.release_after(REST_AFTER_THE_END).await,
            Leaving::Later(pause) => lease.release_after(pause).await,
            Leaving::Stopped => lease.release().await,
            Leaving::TakenOver => {
                tracing::info!(photo.id = %photo_id, "Somebody else works on photo {photo_id}");
                lease.release().await
            }
        };
        if let Err(error) = given_back {
            tracing::warn!(photo.id = %photo_id, %error, "Could not give back photo {photo_id}; its lease runs out");
        }
    }

    /// The event at that position.
    async fn wish(&self, at: Position) -> Result<Recorded<AnyEvent>, CommandError<Rejection>> {
        let before = Position(at.0.saturating_sub(1));
        let read = self.log.read(before, 1).await.map_err(|error| match error {
            ReadError::Unavailable(error) => CommandError::Unavailable(error),
            // The photo's own history was read a moment ago, so this cannot be the wish.
            ReadError::Unreadable { source, .. } => {
                CommandError::Unavailable(LogUnavailable(source.into()))
            }
        });
        read?.pop().ok_or_else(|| {
            CommandError::Unavailable(LogUnavailable(format!("there is no event at {at}").into()))
        })
    }

    async fn sweep(&self) {
        if let Err(error) = self.leases.forget_expired().await {
            tracing::warn!(%error, "Could not sweep old leases away");
        }
        if let Err(error) = self.providers.forget_old_calls().await {
            tracing::warn!(%error, "Could not sweep old calls out of the ledger");
        }
    }

    async fn at(&self, photo_id: PhotoId, step: Step) {
        if let Some(observer) = &self.observer {
            observer.at(photo_id, step).await;
        }
    }
}

/// A photo whose work panicked keeps its lease until it runs out, and is then tried again.
fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "The work on a photo broke off");
    }
}
