//! The end of a picture that was promised in a chat → `AttachPhoto` or `WithholdPhoto`.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use application::{
    context::{CommandError, Context},
    conversations::Conversations,
};
use async_trait::async_trait;
use domain::{
    conversation::{Rejection, WithheldReason},
    photo_request::Event,
    recorded::{AnyEvent, Recorded},
    values::PhotoId,
};
use projections::engine::{Reaction, TryLater};

use crate::{parts::WorkerParts, sights::Sights};

const NAME: &str = "attach_promised_photos";

/// How long the read model of messages is waited for before the event is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells a conversation how the picture ended that was promised in it.
pub(crate) struct AttachPromisedPhotos {
    conversations: Conversations,
    sights: Arc<dyn Sights>,
}

/// How a request ended.
#[derive(Clone, Copy)]
enum End {
    Picture,
    None(WithheldReason),
}

impl AttachPromisedPhotos {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        Self {
            conversations: parts.conversations.clone(),
            sights: Arc::clone(&parts.ground.sights),
        }
    }
}

#[async_trait]
impl Reaction for AttachPromisedPhotos {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn react(&self, recorded: &Recorded<AnyEvent>) -> anyhow::Result<()> {
        let Some(end) = end(&recorded.event) else {
            return Ok(());
        };
        let photo_id: PhotoId = recorded.aggregate_id.parse()?;
        // A promise stands in the log right before the wish for its picture, so the read model tells it by then.
        let caught_up = self
            .sights
            .await_position(&["messages"], recorded.position, PATIENCE);
        caught_up.await.map_err(|behind| TryLater(behind.into()))?;
        let Some(segment) = self.sights.conversation_of_photo(photo_id).await? else {
            return Ok(());
        };
        let context = Context::of_reaction(NAME, recorded);
        let told = match end {
            End::Picture => self.conversations.attach(context, segment, photo_id).await,
            End::None(reason) => {
                self.conversations
                    .withhold(context, segment, photo_id, reason)
                    .await
            }
        };
        match told {
            // Of two ends of one request the log knows the first one only; a promise has one end, too.
            Ok(_)
            | Err(CommandError::Rejected(
                Rejection::AlreadyAttached | Rejection::AlreadyWithheld,
            )) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("while telling of photo {photo_id}")),
        }
    }
}

fn end(event: &AnyEvent) -> Option<End> {
    match event {
        AnyEvent::PhotoRequest(Event::PhotoDelivered { .. }) => Some(End::Picture),
        AnyEvent::PhotoRequest(Event::PhotoFailed { .. }) => {
            Some(End::None(WithheldReason::Failed))
        }
        AnyEvent::PhotoRequest(Event::PhotoRefused { .. }) => {
            Some(End::None(WithheldReason::Refused))
        }
        AnyEvent::PhotoRequest(Event::PhotoCanceled) => Some(End::None(WithheldReason::Canceled)),
        AnyEvent::PhotoRequest(
            Event::PhotoRequested { .. }
            | Event::GenerationStarted { .. }
            | Event::PredictionAccepted { .. }
            | Event::AttemptFailed { .. }
            | Event::PhotoDeleted
            | Event::PhotoReopened { .. },
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
