//! The steps of the photo pipeline, for whoever wants to watch it: tests that stop it there, crash points.

use async_trait::async_trait;
use domain::values::PhotoId;

/// A place in the photo pipeline, between two effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The lease is held; nothing was done yet.
    Claimed,
    /// The attempt is on record; the provider was not asked yet.
    AttemptStarted,
    /// The provider accepted; its prediction is not on record yet.
    ProviderAnswered,
    /// The prediction is on record.
    PredictionRecorded,
    /// The provider's picture is here.
    PictureFetched,
    /// The picture is marked, not stored yet.
    PictureFinished,
    /// Picture and thumbnail are stored.
    PictureStored,
    /// The last look at cancellation and lease is over; the delivery is not on record yet.
    Delivering,
    /// The delivery is on record.
    Delivered,
}

impl Step {
    /// Every step, in the order of a picture that goes well.
    pub const ALL: [Self; 9] = [
        Self::Claimed,
        Self::AttemptStarted,
        Self::ProviderAnswered,
        Self::PredictionRecorded,
        Self::PictureFetched,
        Self::PictureFinished,
        Self::PictureStored,
        Self::Delivering,
        Self::Delivered,
    ];
}

/// Watches the photo pipeline. The pipeline waits for it, so an observer that never returns is a worker that hangs.
#[async_trait]
pub trait StepObserver: Send + Sync {
    /// The pipeline of that photo is at that step.
    async fn at(&self, photo_id: PhotoId, step: Step);
}
