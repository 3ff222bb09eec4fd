//! Wishing for a picture: what the subscription, the avatar and the rules say to it.

use domain::{
    avatar::Avatar,
    conduct::Stage,
    personal::Personal,
    photo_request::{Command, PhotoRequest, Purpose, Rejection},
    policy::{self, Field, recorded::Verdict},
    prompt,
    subscription::{self, Subscription},
    values::{PhotoId, Position, Prompt, Scene},
};

use super::{CommandOutcome, Photos, stream};
use crate::{
    avatars,
    conduct::CoolingDown,
    content::{self, Refusal},
    context::{CommandError, Context, Receipt},
    dispatcher::{Decided, Loaded, Outcome, back_off},
    ports::StreamSlice,
    subscriptions,
};

/// How often a wish that conflicts with its user's other wishes is decided anew before it gives up as `Busy`.
const ATTEMPTS: u32 = 24;

/// Why a picture was not wished for.
#[derive(Debug, thiserror::Error)]
pub enum RequestPhotoError {
    /// There is no avatar to show.
    #[error("there is no avatar yet; create it first")]
    AvatarNotFound,
    /// The avatar has no approved reference picture to follow, or it was deleted.
    #[error("the avatar has no approved reference picture yet")]
    AvatarNotReady,
    /// The content is against the rules; the wish and the verdict are on record.
    #[error("{refusal}")]
    ContentRefused {
        /// What the rules say.
        refusal: Refusal,
        /// Where the refusal is recorded.
        position: Position,
    },
    /// Too much of this person's had to be refused.
    #[error(transparent)]
    CoolingDown(CoolingDown),
    /// The subscription does not allow it.
    #[error(transparent)]
    Gate(subscription::Rejection),
    /// Anything else.
    #[error(transparent)]
    Command(#[from] CommandError<Rejection>),
}

/// What a wish for a picture adds to the log.
pub(crate) struct ScenePlan {
    /// The wish, and its place in the quota.
    pub(crate) slices: Vec<StreamSlice>,
    /// The sequence of the photo's stream before it.
    sequence: u64,
    /// What the rules say.
    verdict: policy::Verdict,
    /// Why they refuse it.
    pub(crate) refusal: Option<Refusal>,
}

impl Photos {
    /// Wishes for a picture of the owner's avatar in a scene.
    ///
    /// The picture is taken out of the subscription's quota in the same append that records the wish, so
    /// that neither is ever there without the other. A wish that the rules refuse is recorded, costs
    /// nothing, and comes back as `ContentRefused`.
    ///
    /// # Errors
    /// As `RequestPhotoError` says.
    pub async fn request_scene(
        &self,
        context: Context,
        photo_id: PhotoId,
        scene: Scene,
    ) -> Result<Receipt, RequestPhotoError> {
        let scene = content::visible(scene);
        for attempt in 0..ATTEMPTS {
            back_off(attempt).await;
            let first = attempt == 0;
            match self
                .try_request_scene(&context, photo_id, &scene, first)
                .await
            {
                Ok(Some(receipt)) => return Ok(receipt),
                Ok(None) => {} // somebody else took a picture out of the quota meanwhile
                Err(refused @ RequestPhotoError::ContentRefused { .. }) => return Err(refused),
                // A twin with the same key may have been first: then its receipt is the answer.
                Err(refusal) => {
                    return match self.dispatcher.known_receipt(&context).await? {
                        Some(receipt) => Ok(receipt),
                        None => Err(refusal),
                    };
                }
            }
        }
        Err(CommandError::Busy.into())
    }

    async fn try_request_scene(
        &self,
        context: &Context,
        photo_id: PhotoId,
        scene: &Scene,
        first: bool,
    ) -> Result<Option<Receipt>, RequestPhotoError> {
        let anew = first && context.if_match.is_none();
        // Read together; a pause comes before whatever else stands against the wish.
        let (pause, plan) = tokio::join!(
            self.watch.pause::<Rejection>(context.owner),
            self.planned(context, photo_id, scene, anew)
        );
        if let Some(cooling_down) = pause? {
            return Err(RequestPhotoError::CoolingDown(cooling_down));
        }
        let ScenePlan {
            mut slices,
            sequence,
            verdict,
            refusal,
        } = plan?;
        let events = slices.first().map_or(0, |slice| slice.events.len());
        if refusal.is_some() {
            let noted = self
                .watch
                .plan::<Rejection>(context, Stage::Scene, &verdict)
                .await?;
            // The wish's own events come last: its key stands for their position.
            slices.splice(0..0, noted);
        }
        let receipt = match self.dispatcher.append::<Rejection>(slices, context).await? {
            None => return Ok(None),
            Some(Outcome::Appended(appended)) => Receipt {
                position: appended.position,
                sequence: sequence + events as u64,
                events,
                replayed: false,
            },
            Some(Outcome::Replayed(position)) => Receipt {
                position,
                sequence,
                events: 0,
                replayed: true,
            },
        };
        match refusal.filter(|_| !receipt.replayed) {
            None => Ok(Some(receipt)),
            Some(refusal) => Err(RequestPhotoError::ContentRefused {
                refusal,
                position: receipt.position,
            }),
        }
    }

    /// What a wish for a picture would add to the log, for a use case that appends it together with something else.
    pub(crate) async fn plan_scene(
        &self,
        context: &Context,
        photo_id: PhotoId,
        scene: &Scene,
    ) -> Result<ScenePlan, RequestPhotoError> {
        self.planned(context, photo_id, scene, false).await
    }

    async fn planned(
        &self,
        context: &Context,
        photo_id: PhotoId,
        scene: &Scene,
        anew: bool,
    ) -> Result<ScenePlan, RequestPhotoError> {
        // Read together; the subscription's answer comes first.
        let (reserved, subject) =
            tokio::join!(self.reserve(context, photo_id), self.subject(context));
        let (reserved, subject) = (reserved?, subject?);
        let Some(reference) = subject.state.approved_reference() else {
            return Err(RequestPhotoError::AvatarNotReady);
        };
        if self.job(reference).await?.is_some_and(|job| job.deleted) {
            return Err(RequestPhotoError::AvatarNotReady);
        }
        let profile = subject
            .state
            .profile()
            .ok_or(RequestPhotoError::AvatarNotFound)?;
        let prompt =
            prompt::scene_prompt(profile, scene).ok_or(RequestPhotoError::AvatarNotFound)?;
        let fields = [
            field("scene", scene.as_str()),
            field("prompt", prompt.as_str()),
        ];
        let verdict = content::judge(
            policy::Stage::FinalPrompt,
            &fields,
            profile.age,
            &context.locale,
        );
        let refusal = content::refusal(&verdict);
        let wish = request(
            context,
            photo_id,
            Purpose::Scene,
            &subject,
            Some(scene),
            prompt,
            Some(reference),
            verdict.on_record(),
        );
        let wish = wish.ok_or(RequestPhotoError::AvatarNotFound)?;
        let stream = stream(photo_id);
        let wished = if anew {
            self.dispatcher
                .decide_anew::<PhotoRequest>(stream, wish, context)
                .await?
        } else {
            self.dispatcher.decide(stream, wish, context).await?
        };
        // A refused wish takes nothing out of the quota.
        let taken = reserved
            .and_then(|reserved| reserved.slice)
            .filter(|_| refusal.is_none());
        Ok(ScenePlan {
            sequence: wished.sequence,
            slices: wished.slice.into_iter().chain(taken).collect(),
            verdict,
            refusal,
        })
    }

    /// Wishes for the picture that the avatar asked for under `photo_id`. Twice changes nothing.
    ///
    /// # Errors
    /// `NotFound` when there is no avatar.
    pub async fn request_reference(&self, context: Context, photo_id: PhotoId) -> CommandOutcome {
        let subject = match self.subject(&context).await {
            Ok(subject) => subject,
            Err(RequestPhotoError::Command(error)) => return Err(error),
            Err(_) => return Err(CommandError::Rejected(Rejection::NotFound)),
        };
        if subject
            .state
            .profile()
            .is_some_and(|profile| profile.name.known().is_none())
        {
            return Err(CommandError::OwnerErased);
        }
        let wish = subject.state.profile().and_then(|profile| {
            let prompt = prompt::reference_prompt(profile)?;
            let fields = [field("prompt", prompt.as_str())];
            let verdict = content::judge(
                policy::Stage::FinalPrompt,
                &fields,
                profile.age,
                &context.locale,
            );
            let verdict = verdict.on_record();
            request(
                &context,
                photo_id,
                Purpose::Reference,
                &subject,
                None,
                prompt,
                None,
                verdict,
            )
        });
        let wish = wish.ok_or(CommandError::Rejected(Rejection::NotFound))?;
        self.execute(context, photo_id, wish).await
    }

    async fn subject(&self, context: &Context) -> Result<Loaded<Avatar>, RequestPhotoError> {
        let loaded = self
            .dispatcher
            .load::<Avatar>(avatars::stream(context.owner))
            .await;
        let loaded =
            loaded.map_err(|error| RequestPhotoError::Command(error.without_rejection()))?;
        if loaded.sequence == 0 {
            return Err(RequestPhotoError::AvatarNotFound);
        }
        Ok(loaded)
    }

    async fn reserve(
        &self,
        context: &Context,
        photo_id: PhotoId,
    ) -> Result<Option<Decided<Subscription>>, RequestPhotoError> {
        if self.free_of_charge {
            return Ok(None);
        }
        let command = subscription::Command::ReservePhoto {
            photo_id,
            at: self.clock.now(),
        };
        // `If-Match` speaks of the resource that was asked for, not of the subscription.
        let context = Context {
            if_match: None,
            ..context.clone()
        };
        let stream = subscriptions::stream(context.owner);
        self.dispatcher
            .decide::<Subscription>(stream, command, &context)
            .await
            .map(Some)
            .map_err(|error| match error {
                CommandError::Rejected(rejection) => RequestPhotoError::Gate(rejection),
                other => RequestPhotoError::Command(other.without_rejection()),
            })
    }
}

const fn field<'a>(name: &'a str, text: &'a str) -> Field<'a> {
    Field { name, text }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the fields of the one command that it builds"
)]
fn request(
    context: &Context,
    photo_id: PhotoId,
    purpose: Purpose,
    subject: &Loaded<Avatar>,
    scene: Option<&Scene>,
    prompt: Prompt,
    reference: Option<PhotoId>,
    policy: Verdict,
) -> Option<Command> {
    Some(Command::RequestPhoto {
        photo_id,
        owner: context.owner,
        purpose,
        avatar_id: subject.state.avatar_id()?,
        avatar_sequence: subject.sequence,
        scene: scene.cloned().map(Personal::new),
        prompt: Personal::new(prompt),
        reference,
        policy,
    })
}
