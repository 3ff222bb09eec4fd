//! `PersonErased` → what is theirs outside of the log goes, and what runs for them ends.
//!
//! The read models let go of the person by themselves, as they follow the same event. Here goes what no projector writes:
//! idempotency keys with their answers, the payment provider's messages, calls to image providers, pictures' files; and
//! the subscription ends at once. Each step can be done again, so that it does not matter after which of them a process dies.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use application::{
    context::{CommandError, Context},
    people::People,
    photos::Photos,
    ports::{IdempotencyStore, PaymentInbox, PredictionNotices},
    subscriptions::{ApplyNoticeError, Subscriptions},
};
use async_trait::async_trait;
use domain::{
    person,
    photo_request::{Command, Rejection},
    recorded::{AnyEvent, Recorded},
    values::{PhotoId, UserId},
};
use projections::engine::{Reaction, TryLater};

use crate::{
    parts::WorkerParts, provider_books::ProviderBooks, sights::Sights,
    stored_pictures::StoredPictures,
};

const NAME: &str = "forget_erased_people";

/// How long the read models are waited for that say what is the person's.
const PATIENCE: Duration = Duration::from_secs(5);

/// Cleans up after people who were erased.
pub(crate) struct ForgetErasedPeople {
    people: People,
    photos: Photos,
    stored: StoredPictures,
    subscriptions: Subscriptions,
    idempotency: Arc<dyn IdempotencyStore>,
    inbox: Arc<dyn PaymentInbox>,
    notices: Arc<dyn PredictionNotices>,
    books: Arc<dyn ProviderBooks>,
    sights: Arc<dyn Sights>,
}

impl ForgetErasedPeople {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        Self {
            people: parts.people.clone(),
            photos: parts.photos.clone(),
            stored: StoredPictures::new(parts),
            subscriptions: parts.subscriptions.clone(),
            idempotency: Arc::clone(&parts.idempotency),
            inbox: Arc::clone(&parts.inbox),
            notices: Arc::clone(&parts.notices),
            books: Arc::clone(&parts.ground.books),
            sights: Arc::clone(&parts.ground.sights),
        }
    }

    /// The ids of all pictures that the person ever wished for.
    async fn pictures(&self, owner: UserId) -> anyhow::Result<Vec<PhotoId>> {
        let pictures = self.sights.pictures_of(owner).await?;
        pictures
            .ok_or_else(|| TryLater("the read model audit_index is being rebuilt".into()).into())
    }

    /// Nobody waits for the picture any more, and its files go: that is the reaction to `PhotoDeleted`.
    async fn remove_picture(&self, context: &Context, photo_id: PhotoId) -> anyhow::Result<()> {
        for command in [Command::Cancel, Command::DeletePhoto] {
            let done = self
                .photos
                .execute(context.clone(), photo_id, command)
                .await;
            match done {
                // It had ended otherwise; that it is deleted is all that counts.
                Ok(_)
                | Err(CommandError::Rejected(
                    Rejection::AlreadyDelivered
                    | Rejection::AlreadyFailed
                    | Rejection::AlreadyRefused
                    | Rejection::AlreadyCanceled
                    | Rejection::Deleted,
                )) => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("while removing photo {photo_id}"));
                }
            }
        }
        Ok(())
    }

    async fn forget(&self, cause: &Recorded<AnyEvent>) -> anyhow::Result<()> {
        let owner = cause.metadata.owner;
        self.people.forget_what_is_remembered();
        self.idempotency.forget(&format!("user:{owner}")).await?;

        self.sights
            .await_position(&["audit_index", "gate"], cause.position, PATIENCE)
            .await
            .map_err(|behind| TryLater(behind.into()))?;
        // A command changes a picture once, so that none of them needs a key.
        let context = Context {
            idempotency: None,
            ..Context::of_reaction(NAME, cause)
        };
        let pictures = self.pictures(owner).await?;
        for photo_id in &pictures {
            self.remove_picture(&context, *photo_id).await?;
        }
        // Also of pictures that were deleted long ago.
        for photo_id in &pictures {
            self.stored.remove_noted(*photo_id).await?;
        }
        self.notices.forget(&pictures).await?;
        self.books.forget_calls(&pictures).await?;

        let mut names = self.sights.customers_of(owner).await?;
        names.push(owner.to_string());
        self.inbox.forget_mentioning(&names).await?;

        match self.subscriptions.end_at_once(owner).await {
            Ok(()) => Ok(()),
            // The payment provider is away: whoever is erased must not be charged again, however long it takes.
            Err(error) if error.is_worth_retrying() => Err(TryLater(error.into()).into()),
            Err(error) => Err::<(), ApplyNoticeError>(error)
                .with_context(|| format!("while ending what {owner} pays for")),
        }
    }
}

#[async_trait]
impl Reaction for ForgetErasedPeople {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn react(&self, recorded: &Recorded<AnyEvent>) -> anyhow::Result<()> {
        match &recorded.event {
            AnyEvent::Person(person::Event::PersonErased) => {}
            AnyEvent::Person(person::Event::DataExported)
            | AnyEvent::Avatar(_)
            | AnyEvent::Conduct(_)
            | AnyEvent::Conversation(_)
            | AnyEvent::PhotoRequest(_)
            | AnyEvent::Report(_)
            | AnyEvent::Stewardship(_)
            | AnyEvent::Subscription(_) => return Ok(()),
        }
        self.forget(recorded).await?;
        let owner = recorded.metadata.owner;
        tracing::info!(user.id = %owner, "Person {owner} is forgotten");
        Ok(())
    }
}
