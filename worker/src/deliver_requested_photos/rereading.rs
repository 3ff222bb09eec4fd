//! The last look at a picture before anybody sees it: what is stored must say what is about to be put on record.

use application::ports::{FinishedPicture, PictureError, StorageError};
use domain::photo_request::Marks;

use super::DeliverRequestedPhotos;

/// Why a stored picture was not confirmed.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotConfirmed {
    /// It must not be shown: it is not what was made, or not marked.
    #[error("the {what} failed the check before delivery: {why}")]
    Bad { what: &'static str, why: String },
    /// It is not known yet.
    #[error("the {what} could not be read again: {source}")]
    Unknown {
        what: &'static str,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl DeliverRequestedPhotos {
    /// Reads full picture and thumbnail back from the storage, and every mark of both.
    pub(super) async fn confirm_marks(
        &self,
        picture: &FinishedPicture,
    ) -> Result<(), NotConfirmed> {
        let image = &picture.image;
        self.confirm("picture", &image.key, &picture.marks).await?;
        self.confirm("thumbnail", &image.thumbnail_key, &picture.thumbnail_marks)
            .await
    }

    async fn confirm(
        &self,
        what: &'static str,
        key: &str,
        wanted: &Marks,
    ) -> Result<(), NotConfirmed> {
        let stored = self
            .storage
            .get(key, None)
            .await
            .map_err(|error| match error {
                StorageError::NotFound(_) => NotConfirmed::Bad {
                    what,
                    why: error.to_string(),
                },
                StorageError::Unavailable(source) => NotConfirmed::Unknown { what, source },
            })?;
        let found = match self.inspector.inspect(stored.bytes).await {
            Ok(found) => found,
            Err(PictureError::Unusable(why)) => return Err(NotConfirmed::Bad { what, why }),
            Err(PictureError::Internal(source)) => {
                return Err(NotConfirmed::Unknown { what, source });
            }
        };
        found.confirm(wanted).map_err(|differ| NotConfirmed::Bad {
            what,
            why: differ.to_string(),
        })
    }
}
