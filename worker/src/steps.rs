//! The steps of the photo pipeline, for whoever wants to watch it, and the crash points among them.

use application::crash_points::CrashPoint;
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
    /// It is noted that picture and thumbnail are about to be stored.
    PictureNoted,
    /// Picture and thumbnail are stored.
    PictureStored,
    /// The last look at cancellation and lease is over; the delivery is not on record yet.
    Delivering,
    /// The delivery is on record.
    Delivered,
}

impl Step {
    /// Every step, in the order of a picture that goes well.
    pub const ALL: [Self; 10] = [
        Self::Claimed,
        Self::AttemptStarted,
        Self::ProviderAnswered,
        Self::PredictionRecorded,
        Self::PictureFetched,
        Self::PictureFinished,
        Self::PictureNoted,
        Self::PictureStored,
        Self::Delivering,
        Self::Delivered,
    ];

    /// The place where a process may be told to die.
    pub(crate) const fn crash_point(self) -> CrashPoint {
        match self {
            Self::Claimed => CrashPoint::PhotoClaimed,
            Self::AttemptStarted => CrashPoint::PhotoAttemptStarted,
            Self::ProviderAnswered => CrashPoint::PhotoProviderAnswered,
            Self::PredictionRecorded => CrashPoint::PhotoPredictionRecorded,
            Self::PictureFetched => CrashPoint::PhotoFetched,
            Self::PictureFinished => CrashPoint::PhotoFinished,
            Self::PictureNoted => CrashPoint::PhotoNoted,
            Self::PictureStored => CrashPoint::PhotoStored,
            Self::Delivering => CrashPoint::PhotoDelivering,
            Self::Delivered => CrashPoint::PhotoDelivered,
        }
    }
}

/// Watches the photo pipeline. The pipeline waits for it, so an observer that never returns is a worker that hangs.
#[async_trait]
pub trait StepObserver: Send + Sync {
    /// The pipeline of that photo is at that step.
    async fn at(&self, photo_id: PhotoId, step: Step);
}
