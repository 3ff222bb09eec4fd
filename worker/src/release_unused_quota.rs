//! A request that ended without a picture → `ReleasePhoto`.

use anyhow::Context as _;
use application::{context::Context, subscriptions::Subscriptions};
use async_trait::async_trait;
use domain::{
    photo_request::Event,
    recorded::{AnyEvent, Recorded},
    values::PhotoId,
};
use projections::engine::Reaction;

use crate::parts::WorkerParts;

const NAME: &str = "release_unused_quota";

/// Gives back to the period's quota what brought no picture.
pub(crate) struct ReleaseUnusedQuota {
    subscriptions: Subscriptions,
}

impl ReleaseUnusedQuota {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        Self {
            subscriptions: parts.subscriptions.clone(),
        }
    }
}

#[async_trait]
impl Reaction for ReleaseUnusedQuota {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn react(&self, recorded: &Recorded<AnyEvent>) -> anyhow::Result<()> {
        match &recorded.event {
            AnyEvent::PhotoRequest(
                Event::PhotoFailed { .. } | Event::PhotoRefused { .. } | Event::PhotoCanceled,
            ) => {}
            AnyEvent::PhotoRequest(
                Event::PhotoRequested { .. }
                | Event::GenerationStarted { .. }
                | Event::PredictionAccepted { .. }
                | Event::AttemptFailed { .. }
                | Event::PhotoDelivered { .. }
                | Event::PhotoReopened { .. }
                | Event::PhotoDeleted,
            )
            | AnyEvent::Avatar(_)
            | AnyEvent::Conduct(_)
            | AnyEvent::Conversation(_)
            | AnyEvent::Report(_)
            | AnyEvent::Person(_)
            | AnyEvent::Stewardship(_)
            | AnyEvent::Subscription(_) => return Ok(()),
        }
        // What was never reserved (a reference picture, a wish that the rules refused) changes nothing.
        let photo_id: PhotoId = recorded.aggregate_id.parse()?;
        let context = Context::of_reaction(NAME, recorded);
        let released = self.subscriptions.release_photo(context, photo_id).await;
        released
            .map(drop)
            .with_context(|| format!("while releasing photo {photo_id}"))
    }
}
