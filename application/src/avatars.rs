//! What can be asked of avatars.

use cqrs_es::Aggregate;
use domain::{
    avatar::{Avatar, Command, Profile, ProfileChanges, Rejection},
    conduct::Stage,
    photo_request::{FailureClass, PhotoRequest},
    policy::Verdict,
    values::{AvatarId, PhotoId, UserId},
};

use crate::{
    conduct::{Conducts, CoolingDown, Watch},
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
    watch: Watch,
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
    /// Its words are against the rules about content. That they were refused is recorded, the words are not.
    #[error("{0}")]
    ContentRefused(Refusal),
    /// Too much of this person's had to be refused.
    #[error(transparent)]
    CoolingDown(CoolingDown),
    /// Anything else.
    #[error(transparent)]
    Command(#[from] CommandError<Rejection>),
}

impl Avatars {
    /// Over that dispatcher.
    pub const fn new(dispatcher: Dispatcher) -> Self {
        Self {
            dispatcher,
            watch: Watch(None),
        }
    }

    /// The same, but refused words are counted, and too many of them lead to a pause.
    pub fn watched_by(self, conducts: Conducts) -> Self {
        Self {
            watch: Watch(Some(conducts)),
            ..self
        }
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
        self.admit(&context).await?;
        let profile = match content::checked_profile(profile, &context.locale) {
            Ok(profile) => profile,
            Err(verdict) => return Err(self.refused(&context, &verdict).await),
        };
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
        self.admit(&context).await?;
        let changes = match content::checked_changes(changes, &context.locale) {
            Ok(changes) => changes,
            Err(verdict) => return Err(self.refused(&context, &verdict).await),
        };
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

    /// Refuses words unread while their person is to pause.
    async fn admit(&self, context: &Context) -> Result<(), ProfileError> {
        match self.watch.pause(context.owner).await? {
            None => Ok(()),
            Some(cooling_down) => Err(ProfileError::CoolingDown(cooling_down)),
        }
    }

    async fn refused(&self, context: &Context, verdict: &Verdict) -> ProfileError {
        let noted = self.watch.note(context, Stage::AvatarFields, verdict);
        if let Err(error) = noted.await {
            return error.into();
        }
        // Whoever is here was not let pass.
        let refusal = content::refusal(verdict);
        ProfileError::ContentRefused(refusal.unwrap_or_else(|| Refusal::by(verdict.rules.clone())))
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
