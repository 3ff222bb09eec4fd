//! What can be asked of avatars.

use cqrs_es::Aggregate;
use domain::{
    avatar::{Avatar, Command, Profile, ProfileChanges, Rejection},
    photo_request::{FailureClass, PhotoRequest},
    values::{AvatarId, PhotoId, UserId},
};

use crate::{
    content::{self, Refusal},
    context::{CommandError, Context, Receipt},
    dispatcher::{Dispatcher, Loaded},
    photos,
    ports::StreamId,
};

/// The use cases of avatars. A user's avatar is found by the user's id.
#[derive(Clone)]
pub struct Avatars {
    dispatcher: Dispatcher,
}

/// The stream of a user's avatar.
pub fn stream(owner: UserId) -> StreamId {
    StreamId {
        aggregate_type: Avatar::TYPE,
        aggregate_id: owner.to_string(),
    }
}

type Outcome = Result<Receipt, CommandError<Rejection>>;

/// Why a profile was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Its words are against the rules about content. Nothing was recorded.
    #[error("{0}")]
    ContentRefused(Refusal),
    /// Anything else.
    #[error(transparent)]
    Command(#[from] CommandError<Rejection>),
}

impl Avatars {
    /// Over that dispatcher.
    pub const fn new(dispatcher: Dispatcher) -> Self {
        Self { dispatcher }
    }

    /// Designs the context's owner's companion.
    ///
    /// # Errors
    /// As `ProfileError` says.
    pub async fn create(
        &self,
        context: Context,
        avatar_id: AvatarId,
        profile: Profile,
    ) -> Result<Receipt, ProfileError> {
        let owner = context.owner;
        let profile = content::checked_profile(profile, &context.locale)
            .map_err(ProfileError::ContentRefused)?;
        self.execute(
            context,
            Command::CreateAvatar {
                avatar_id,
                owner,
                profile,
            },
        )
        .await
        .map_err(ProfileError::Command)
    }

    /// Changes some fields of the profile.
    ///
    /// # Errors
    /// As `ProfileError` says.
    pub async fn change(
        &self,
        context: Context,
        changes: ProfileChanges,
    ) -> Result<Receipt, ProfileError> {
        let changes = content::checked_changes(changes, &context.locale)
            .map_err(ProfileError::ContentRefused)?;
        Ok(self
            .execute(context, Command::ChangeProfile { changes })
            .await?)
    }

    /// Wishes for a (new) reference picture.
    pub async fn request_reference_image(&self, context: Context, photo_id: PhotoId) -> Outcome {
        self.execute(context, Command::RequestReferenceImage { photo_id })
            .await
    }

    /// A wished-for reference picture was delivered.
    pub async fn record_reference_image(&self, context: Context, photo_id: PhotoId) -> Outcome {
        self.execute(context, Command::RecordReferenceImage { photo_id })
            .await
    }

    /// A wished-for reference picture could not be made.
    pub async fn record_reference_failure(
        &self,
        context: Context,
        photo_id: PhotoId,
        class: FailureClass,
        reason: String,
    ) -> Outcome {
        self.execute(
            context,
            Command::RecordReferenceFailure {
                photo_id,
                class,
                reason,
            },
        )
        .await
    }

    /// The user likes a delivered reference picture. One that was deleted since can be followed no more.
    pub async fn approve_reference_image(&self, context: Context, photo_id: PhotoId) -> Outcome {
        if self.is_deleted(photo_id).await? {
            return Err(CommandError::Rejected(Rejection::ReferenceNotReady));
        }
        self.execute(context, Command::ApproveReferenceImage { photo_id })
            .await
    }

    /// The avatar as the log has it now.
    pub async fn load(&self, owner: UserId) -> Result<Loaded<Avatar>, CommandError<Rejection>> {
        self.dispatcher.load(stream(owner)).await
    }

    async fn is_deleted(&self, photo_id: PhotoId) -> Result<bool, CommandError<Rejection>> {
        let photo = self
            .dispatcher
            .load::<PhotoRequest>(photos::stream(photo_id))
            .await
            .map_err(CommandError::without_rejection)?;
        Ok(matches!(photo.state, PhotoRequest::Deleted { .. }))
    }

    async fn execute(&self, context: Context, command: Command) -> Outcome {
        self.dispatcher
            .execute::<Avatar>(stream(context.owner), command, context)
            .await
    }
}
