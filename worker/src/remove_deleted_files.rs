//! `PhotoDeleted` → the files go, unless another photo shows the same bytes; also those that were never delivered.

use anyhow::Context as _;
use application::photos::Photos;
use async_trait::async_trait;
use domain::{
    photo_request::Event,
    recorded::{AnyEvent, Recorded},
    values::PhotoId,
};
use projections::engine::Reaction;

use crate::{parts::WorkerParts, stored_pictures::StoredPictures};

const NAME: &str = "remove_deleted_files";

/// Removes the files of photos that their users deleted.
pub(crate) struct RemoveDeletedFiles {
    photos: Photos,
    pictures: StoredPictures,
}

impl RemoveDeletedFiles {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        Self {
            photos: parts.photos.clone(),
            pictures: StoredPictures::new(parts),
        }
    }
}

#[async_trait]
impl Reaction for RemoveDeletedFiles {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn react(&self, recorded: &Recorded<AnyEvent>) -> anyhow::Result<()> {
        match &recorded.event {
            AnyEvent::PhotoRequest(Event::PhotoDeleted) => {}
            AnyEvent::PhotoRequest(
                Event::PhotoRequested { .. }
                | Event::PhotoRefused { .. }
                | Event::GenerationStarted { .. }
                | Event::PredictionAccepted { .. }
                | Event::AttemptFailed { .. }
                | Event::PhotoDelivered { .. }
                | Event::PhotoFailed { .. }
                | Event::PhotoReopened { .. }
                | Event::PhotoCanceled,
            )
            | AnyEvent::Avatar(_)
            | AnyEvent::Conduct(_)
            | AnyEvent::Conversation(_)
            | AnyEvent::Report(_)
            | AnyEvent::Person(_)
            | AnyEvent::Stewardship(_)
            | AnyEvent::Subscription(_) => return Ok(()),
        }
        let photo_id: PhotoId = recorded.aggregate_id.parse()?;
        let job = self.photos.job(photo_id).await?;
        let job = job.with_context(|| format!("photo {photo_id} has no history"))?;
        if let Some(image) = job.image {
            self.pictures.remove(&image).await?;
        }
        self.pictures.remove_noted(photo_id).await
    }
}
