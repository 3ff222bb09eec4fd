//! `ReferenceImageRequested` → `RequestPhoto`.

use anyhow::Context as _;
use application::{
    context::{CommandError, Context},
    photos::Photos,
};
use async_trait::async_trait;
use domain::{
    avatar, photo_request,
    recorded::{AnyEvent, Recorded},
};
use projections::engine::Reaction;

use crate::parts::WorkerParts;

const NAME: &str = "request_reference_images";

/// Wishes for the picture that an avatar asked for.
pub(crate) struct RequestReferenceImages {
    photos: Photos,
}

impl RequestReferenceImages {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        Self {
            photos: parts.photos.clone(),
        }
    }
}

#[async_trait]
impl Reaction for RequestReferenceImages {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn react(&self, recorded: &Recorded<AnyEvent>) -> anyhow::Result<()> {
        let photo_id = match &recorded.event {
            AnyEvent::Avatar(avatar::Event::ReferenceImageRequested { photo_id }) => *photo_id,
            AnyEvent::Avatar(
                avatar::Event::AvatarCreated { .. }
                | avatar::Event::ProfileChanged { .. }
                | avatar::Event::ReferenceImageReady { .. }
                | avatar::Event::ReferenceImageFailed { .. }
                | avatar::Event::ReferenceImageApproved { .. },
            )
            | AnyEvent::Conduct(_)
            | AnyEvent::Conversation(_)
            | AnyEvent::PhotoRequest(_)
            | AnyEvent::Report(_)
            | AnyEvent::Person(_)
            | AnyEvent::Stewardship(_)
            | AnyEvent::Subscription(_) => return Ok(()),
        };
        let context = Context::of_reaction(NAME, recorded);
        match self.photos.request_reference(context, photo_id).await {
            Ok(_) => Ok(()),
            Err(CommandError::Rejected(photo_request::Rejection::AlreadyRequested)) => {
                tracing::info!(photo.id = %photo_id, "Photo {photo_id} was requested before");
                Ok(())
            }
            Err(error) => Err(error).with_context(|| format!("while requesting photo {photo_id}")),
        }
    }
}
