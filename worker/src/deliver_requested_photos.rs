//! `PhotoRequested` → attempt → provider → mark → store → re-read → `PhotoDelivered`: who works on which photo, and when.

mod assignment;
mod attempt;
mod next;
mod picture;
mod rereading;
mod setback;

use std::{sync::Arc, time::Duration};

use application::{
    photos::Photos,
    ports::{Clock, EventLog, ObjectStorage, PictureFinisher, PictureInspector, PredictionNotices},
};
use async_trait::async_trait;
use domain::values::PhotoId;
use tokio_util::sync::CancellationToken;

use crate::{
    claimed_work::{self, Desk, Leaving, Shift},
    leases::{Lease, Leases, ToDo},
    parts::{PhotoSettings, WorkerParts},
    providers::Providers,
    sights::Sights,
    steps::{Step, StepObserver},
    stored_pictures::StoredPictures,
};
use assignment::Assignment;

/// As it stands in the metadata of the events that it causes.
const NAME: &str = "deliver_requested_photos";

/// The shortest and the longest pause between two looks at the to-do list, should no wake-up come.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

/// How long finished work is kept out of the way, while the to-do list catches up with the log.
const REST_AFTER_THE_END: Duration = Duration::from_secs(2);

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
    sights: Arc<dyn Sights>,
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
            leases: Leases::new(
                Arc::clone(&parts.ground.leases),
                parts.node.clone(),
                settings.lease,
            ),
            sights: Arc::clone(&parts.ground.sights),
            settings,
            stop_within: parts.settings.stop_within,
            observer: parts.observer.clone(),
        })
    }

    /// Claims and works until `stop`; then waits for what is under way to end or to be given back.
    pub(crate) async fn run(self: Arc<Self>, stop: &CancellationToken) {
        match self.leases.take_back(ToDo::Photos).await {
            Ok(0) => {}
            Ok(freed) => {
                tracing::info!(freed, "Took back {freed} leases of a process that died");
            }
            Err(error) => tracing::warn!(%error, "Leases of a former life run out by themselves"),
        }
        let shift = Shift {
            slots: self.settings.slots,
            look_again: LOOK_AGAIN,
            rest: REST_AFTER_THE_END,
            stop_within: self.stop_within,
        };
        let hint = self.sights.moves("photo_work");
        claimed_work::work(&self, shift, hint, stop).await;
    }

    async fn at(&self, photo_id: PhotoId, step: Step) {
        step.crash_point().pass();
        if let Some(observer) = &self.observer {
            observer.at(photo_id, step).await;
        }
    }
}

#[async_trait]
impl Desk for DeliverRequestedPhotos {
    type Piece = PhotoId;

    const NOUN: &'static str = "photo";

    async fn claim(&self, most: usize) -> sqlx::Result<Vec<(PhotoId, Lease)>> {
        self.leases.claim_photos(most).await
    }

    async fn work(&self, photo_id: &PhotoId, lease: &Lease, stop: &CancellationToken) -> Leaving {
        Assignment::new(self, *photo_id, lease, stop).work().await
    }

    async fn sweep(&self) {
        if let Err(error) = self.leases.forget_expired().await {
            tracing::warn!(%error, "Could not sweep old leases away");
        }
        if let Err(error) = self.providers.forget_old_calls().await {
            tracing::warn!(%error, "Could not sweep old calls out of the ledger");
        }
    }
}
