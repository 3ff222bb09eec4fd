//! Pictures' files: named by their content, so that two photos may share one; removed when no photo shows it.
//!
//! Whoever stores or removes a picture holds the lease of its name: nobody removes what somebody else is
//! about to put on record. Before anything is stored there is a note of it, which outlives a process that dies: whoever
//! finds the note removes what the process left.

use std::{sync::Arc, time::Duration};

use application::{
    context::CommandError,
    photos::Photos,
    ports::{EventLog, FinishedPicture, LogUnavailable, ObjectStorage, StorageError},
};
use domain::{
    photo_request::{Image, Rejection},
    values::PhotoId,
};
use projections::engine::{Behind, TryLater};
use tokio::time::Instant;

use crate::{
    file_notes::{FileNote, FileNotes, Looks},
    leases::{Lease, Leases},
    parts::WorkerParts,
    sights::Sights,
};

/// How often a taken lease is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Where pictures' files are stored and removed.
#[derive(Clone)]
pub(crate) struct StoredPictures {
    photos: Photos,
    storage: Arc<dyn ObjectStorage>,
    log: Arc<dyn EventLog>,
    sights: Arc<dyn Sights>,
    notes: Arc<dyn FileNotes>,
    leases: Leases,
    /// A lease that nobody renews is over by then.
    patience: Duration,
    looks: Looks,
    node: String,
}

/// Files that are stored, and that nobody removes meanwhile.
#[must_use = "its lease wants to be given back"]
pub(crate) struct Kept {
    lease: Lease,
    note: FileNote,
}

/// Why files were not stored or removed. All of it mends with time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("leases and notes of files cannot be reached")]
    Ground(#[from] sqlx::Error),
    #[error("somebody else works on the same files")]
    Taken,
    #[error(transparent)]
    Log(#[from] LogUnavailable),
    #[error("how a photo stands cannot be read")]
    Photo(#[from] CommandError<Rejection>),
    #[error("not every photo that may show the files is known yet")]
    Behind(#[from] Behind),
}

impl FilesError {
    /// For a reaction, which is then tried again until it succeeds.
    fn try_later(self) -> anyhow::Error {
        TryLater(self.into()).into()
    }
}

/// What a look at files came to that somebody noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looked {
    /// They may yet be delivered.
    Awaited,
    /// Nothing is there that no photo shows; so many files were removed.
    Clear { removed: usize },
}

impl StoredPictures {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        let times = parts.settings.photos.lease;
        Self {
            photos: parts.photos.clone(),
            storage: Arc::clone(&parts.storage),
            log: Arc::clone(&parts.log),
            sights: Arc::clone(&parts.ground.sights),
            notes: Arc::clone(&parts.ground.file_notes),
            leases: Leases::new(Arc::clone(&parts.ground.leases), parts.node.clone(), times),
            patience: times.lasts + times.heartbeat,
            looks: parts.settings.files.looks,
            node: parts.node.clone(),
        }
    }

    /// Notes that a photo's picture is about to be stored, so that its files are found whatever becomes of this process.
    pub(crate) async fn note(
        &self,
        photo_id: PhotoId,
        picture: &FinishedPicture,
    ) -> Result<FileNote, FilesError> {
        let note = FileNote::new(photo_id, &picture.image, &self.node);
        self.notes.note_down(&note, self.looks.first).await?;
        Ok(note)
    }

    /// Stores picture and thumbnail. Nobody removes them before the answer is settled, by one of `confirm`, `withdraw`
    /// and `let_go`.
    pub(crate) async fn keep(
        &self,
        note: FileNote,
        picture: &FinishedPicture,
    ) -> Result<Kept, FilesError> {
        let lease = self.lease(&note.image_key).await?;
        self.put(picture).await?;
        Ok(Kept { lease, note })
    }

    /// The delivery is on record.
    pub(crate) async fn confirm(
        &self,
        kept: Kept,
        picture: &FinishedPicture,
    ) -> Result<(), FilesError> {
        if kept.lease.is_held() {
            self.notes.settle(&kept.note).await?;
        } else {
            // This process was paused, and somebody may have removed the files. Perhaps because the photo was deleted:
            // the note stays.
            self.put(picture).await?;
        }
        Ok(kept.lease.release().await?)
    }

    /// The delivery was refused: the files go, unless a photo shows them.
    pub(crate) async fn withdraw(&self, kept: Kept) -> Result<(), FilesError> {
        let Kept { lease, note } = kept;
        let lease = match lease.is_held() {
            true => lease,
            false => self.lease(&note.image_key).await?,
        };
        let looked = self
            .remove_unless_shown(&lease, note.keys(), Some(&note))
            .await?;
        if matches!(looked, Looked::Clear { .. }) {
            self.notes.settle(&note).await?;
        }
        Ok(lease.release().await?)
    }

    /// Nobody knows yet what becomes of the files. The note tells of them.
    pub(crate) async fn let_go(&self, kept: Kept) -> Result<(), FilesError> {
        Ok(kept.lease.release().await?)
    }

    /// Removes the files of a deleted photo, unless another photo shows them.
    ///
    /// # Errors
    /// When something is away or somebody else is at it: try later.
    pub(crate) async fn remove(&self, image: &Image) -> anyhow::Result<()> {
        let removed = async {
            let lease = self.lease(&image.key).await?;
            let keys = [&*image.key, &*image.thumbnail_key];
            self.remove_unless_shown(&lease, keys, None).await?;
            lease.release().await?;
            Ok(())
        };
        removed.await.map_err(FilesError::try_later)
    }

    /// Removes what was stored for a photo that is over and never came to be shown.
    ///
    /// # Errors
    /// When something is away or somebody else is at it: try later.
    pub(crate) async fn remove_noted(&self, photo_id: PhotoId) -> anyhow::Result<()> {
        let removed = async {
            for note in self.notes.of_photo(photo_id).await? {
                self.look(&note).await?;
            }
            Ok(())
        };
        removed.await.map_err(FilesError::try_later)
    }

    /// Looks at files that somebody noted, and removes them when they can no longer be delivered.
    pub(crate) async fn look(&self, note: &FileNote) -> Result<Looked, FilesError> {
        if !self.is_over(note.photo_id).await? {
            return Ok(Looked::Awaited);
        }
        let lease = self.lease(&note.image_key).await?;
        let looked = self.remove_unless_shown(&lease, note.keys(), None).await;
        lease.release().await?;
        if let Ok(Looked::Clear { .. }) = looked {
            self.notes.found_clear(note, self.looks).await?;
        }
        looked
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

    /// Removes of the files what no photo shows. While the lease is held nobody delivers these files who begins now; who began before has noted it; and what was
    /// delivered before is in the log by now. A note goes only after its delivery: so notes are read first.
    async fn remove_unless_shown(
        &self,
        lease: &Lease,
        keys: [&str; 2],
        own: Option<&FileNote>,
    ) -> Result<Looked, FilesError> {
        if self.are_awaited(keys, own).await? {
            return Ok(Looked::Awaited);
        }
        let head = self.log.head().await?;
        self.sights
            .await_position(&["photos"], head, self.patience)
            .await?;
        let mut removed = 0;
        for key in keys {
            let is_shown = self.sights.any_photo_shows(key).await?;
            let is_there = !is_shown && self.is_there(key).await?;
            if !lease.is_held() && !lease.renew().await? {
                return Err(FilesError::Taken);
            }
            if is_shown {
                self.storage.tidy(key).await?;
                continue;
            }
            // Also where nothing seems to be: something may lie there half written.
            self.storage.delete(key).await?;
            removed += usize::from(is_there);
        }
        Ok(Looked::Clear { removed })
    }

    /// Whether a photo that is not over may still be delivered with one of these files, leaving aside what `own` says.
    async fn are_awaited(
        &self,
        keys: [&str; 2],
        own: Option<&FileNote>,
    ) -> Result<bool, FilesError> {
        for (note, writes) in self.notes.naming(keys).await? {
            let is_own = own == Some(&note) && writes == 1;
            if !is_own && !self.is_over(note.photo_id).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the log says that the photo will not be delivered any more. It takes no late delivery.
    async fn is_over(&self, photo_id: PhotoId) -> Result<bool, FilesError> {
        let job = self.photos.job(photo_id).await?;
        Ok(job.is_some_and(|job| job.ended))
    }

    async fn is_there(&self, key: &str) -> Result<bool, StorageError> {
        match self.storage.get(key, Some(0..1)).await {
            Ok(_) => Ok(true),
            Err(StorageError::NotFound(_)) => Ok(false),
            Err(error @ StorageError::Unavailable(_)) => Err(error),
        }
    }

    async fn lease(&self, image_key: &str) -> Result<Lease, FilesError> {
        let patient_until = Instant::now() + self.patience;
        loop {
            if let Some(lease) = self.leases.claim(format!("picture:{image_key}")).await? {
                return Ok(lease);
            }
            if Instant::now() >= patient_until {
                return Err(FilesError::Taken);
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}
