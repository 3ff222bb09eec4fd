//! The end of a reference picture's request → `RecordReferenceImage` or `RecordReferenceFailure`.

use anyhow::Context as _;
use application::{avatars::Avatars, context::Context, photos::Photos};
use async_trait::async_trait;
use domain::{
    photo_request::{Event, FailureClass, Purpose},
    recorded::{AnyEvent, Recorded},
    values::PhotoId,
};
use projections::engine::Reaction;

use crate::parts::WorkerParts;

const NAME: &str = "record_reference_results";

/// Tells an avatar how its wish for a reference picture ended.
pub(crate) struct RecordReferenceResults {
    avatars: Avatars,
    photos: Photos,
}

/// How a request ended.
enum Result {
    Picture,
    Failure { class: FailureClass, reason: String },
}

impl RecordReferenceResults {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        Self {
            avatars: parts.avatars.clone(),
            photos: parts.photos.clone(),
        }
    }

    /// The event of the end does not say what the picture was for; its history does.
    async fn is_reference(&self, photo_id: PhotoId) -> anyhow::Result<bool> {
        let job = self.photos.job(photo_id).await?;
        let job = job.with_context(|| format!("photo {photo_id} has no history"))?;
        Ok(job.purpose == Purpose::Reference)
    }
}

#[async_trait]
impl Reaction for RecordReferenceResults {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn react(&self, recorded: &Recorded<AnyEvent>) -> anyhow::Result<()> {
        let Some(result) = result(&recorded.event) else {
            return Ok(());
        };
        let photo_id: PhotoId = recorded.aggregate_id.parse()?;
        if !self.is_reference(photo_id).await? {
            return Ok(());
        }
        let context = Context::of_reaction(NAME, recorded);
        let told = match result {
            Result::Picture => self.avatars.record_reference_image(context, photo_id).await,
            Result::Failure { class, reason } => {
                self.avatars
                    .record_reference_failure(context, photo_id, class, reason)
                    .await
            }
        };
        told.map(drop)
            .with_context(|| format!("while recording reference picture {photo_id}"))
    }
}

fn result(event: &AnyEvent) -> Option<Result> {
    match event {
        AnyEvent::PhotoRequest(Event::PhotoDelivered { .. }) => Some(Result::Picture),
        AnyEvent::PhotoRequest(Event::PhotoFailed { class, reason }) => Some(Result::Failure {
            class: *class,
            reason: reason.clone(),
        }),
        AnyEvent::PhotoRequest(Event::PhotoRefused { rules }) => Some(Result::Failure {
            class: FailureClass::Content,
            reason: format!("the content is against the rules {}", rules.join(", ")),
        }),
        AnyEvent::PhotoRequest(Event::PhotoCanceled) => Some(Result::Failure {
            class: FailureClass::Transient,
            reason: "the request was canceled".to_owned(),
        }),
        AnyEvent::PhotoRequest(
            Event::PhotoRequested { .. }
            | Event::GenerationStarted { .. }
            | Event::PredictionAccepted { .. }
            | Event::AttemptFailed { .. }
            | Event::PhotoReopened { .. }
            | Event::PhotoDeleted,
        )
        | AnyEvent::Avatar(_)
        | AnyEvent::Conduct(_)
        | AnyEvent::Conversation(_)
        | AnyEvent::Report(_)
        | AnyEvent::Person(_)
        | AnyEvent::Stewardship(_)
        | AnyEvent::Subscription(_) => None,
    }
}
