//! Pictures' files: named by their content, so that two photos may share one; removed when no photo shows it.
//!
//! Whoever stores or removes a picture holds the lease of its name: nobody removes what somebody else is
//! about to put on record.

use std::{sync::Arc, time::Duration};

use application::ports::{EventLog, FinishedPicture, LogUnavailable, ObjectStorage, StorageError};
use domain::photo_request::Image;
use projections::engine::{Behind, TryLater};
use tokio::time::Instant;

use crate::{
    leases::{Lease, Leases},
    parts::WorkerParts,
    sights::Sights,
};

/// How often a taken lease is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Where pictures' files are stored and removed.
#[derive(Clone)]
pub(crate) struct StoredPictures {
    storage: Arc<dyn ObjectStorage>,
    log: Arc<dyn EventLog>,
    sights: Arc<dyn Sights>,
    leases: Leases,
    /// A lease that nobody renews is over by then.
    patience: Duration,
}

/// Files that are stored, and that nobody removes meanwhile.
#[must_use = "its lease wants to be given back"]
pub(crate) struct Kept {
    lease: Lease,
}

/// Why files were not stored or removed. All of it mends with time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the leases cannot be reached")]
    Leases(#[from] sqlx::Error),
    #[error("somebody else works on the same files")]
    Taken,
    #[error(transparent)]
    Log(#[from] LogUnavailable),
    #[error("not every photo that may show the files is known yet")]
    Behind(#[from] Behind),
}

impl FilesError {
    /// For a reaction, which is then tried again until it succeeds.
    fn try_later(self) -> anyhow::Error {
        TryLater(self.into()).into()
    }
}

impl StoredPictures {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        let times = parts.settings.photos.lease;
        Self {
            storage: Arc::clone(&parts.storage),
            log: Arc::clone(&parts.log),
            sights: Arc::clone(&parts.ground.sights),
            leases: Leases::new(Arc::clone(&parts.ground.leases), parts.node.clone(), times),
            patience: times.lasts + times.heartbeat,
        }
    }

    /// Stores a picture and its thumbnail. Nobody removes them before the answer is settled, by one of
    /// `confirm`, `withdraw` and `let_go`.
    pub(crate) async fn keep(&self, picture: &FinishedPicture) -> Result<Kept, FilesError> {
        let lease = self.lease(&picture.image).await?;
        self.put(picture).await?;
        Ok(Kept { lease })
    }

    /// The delivery is on record.
    pub(crate) async fn confirm(
        &self,
        kept: Kept,
        picture: &FinishedPicture,
    ) -> Result<(), FilesError> {
        if !kept.lease.is_held() {
            // This process was paused, and somebody may have removed the files.
            self.put(picture).await?;
        }
        Ok(kept.lease.release().await?)
    }

    /// The delivery was refused: the files go, unless a photo shows them.
    pub(crate) async fn withdraw(&self, kept: Kept, image: &Image) -> Result<(), FilesError> {
        self.remove_unless_shown(&kept.lease, image).await?;
        Ok(kept.lease.release().await?)
    }

    /// Nobody knows yet what becomes of the files.
    pub(crate) async fn let_go(&self, kept: Kept) -> Result<(), FilesError> {
        Ok(kept.lease.release().await?)
    }

    /// Removes the files of a deleted photo, unless another photo shows them.
    ///
    /// # Errors
    /// When something is away or somebody else is at it: try later.
    pub(crate) async fn remove(&self, image: &Image) -> anyhow::Result<()> {
        let removed = async {
            let lease = self.lease(image).await?;
            self.remove_unless_shown(&lease, image).await?;
            lease.release().await?;
            Ok(())
        };
        removed.await.map_err(FilesError::try_later)
    }

    async fn put(&self, picture: &FinishedPicture) -> Result<(), StorageError> {
        let image = &picture.image;
        tokio::try_join!(
            self.storage.put(&image.key, picture.full.clone()),
            self.storage
                .put(&image.thumbnail_key, picture.thumbnail.clone()),
        )?;
        Ok(())
    }

    /// While the lease is held nobody delivers these files; what was delivered before is in the log by now.
    async fn remove_unless_shown(&self, lease: &Lease, image: &Image) -> Result<(), FilesError> {
        let head = self.log.head().await?;
        self.sights
            .await_position(&["photos"], head, self.patience)
            .await?;
        if self.sights.any_photo_shows(&image.key).await? {
            return Ok(());
        }
        if !lease.is_held() && !lease.renew().await? {
            return Err(FilesError::Taken);
        }
        self.storage.delete(&image.key).await?;
        Ok(self.storage.delete(&image.thumbnail_key).await?)
    }

    async fn lease(&self, image: &Image) -> Result<Lease, FilesError> {
        let patient_until = Instant::now() + self.patience;
        loop {
            if let Some(lease) = self.leases.claim(format!("picture:{}", image.key)).await? {
                return Ok(lease);
            }
            if Instant::now() >= patient_until {
                return Err(FilesError::Taken);
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}
