//! What can be asked of conversations.

mod answering;
mod past;
mod speaking;

use std::{sync::Arc, time::Duration};

use cqrs_es::Aggregate;
use domain::{
    avatar::Avatar,
    conduct,
    conversation::{
        Command, Conversation, Event, Intervention, InterventionKind, Mode, Rejection, Segment,
        WithheldReason,
    },
    personal::Personal,
    policy::{Decision, Field, Stage, Verdict},
    recorded::UnreadableEvent,
    values::{Age, MessageId, MessageText, PhotoId, UserId},
};
use uuid::Uuid;

pub use answering::{AnswerError, Answered};

use crate::{
    avatars, chatting,
    conduct::{Conducts, CoolingDown, Watch},
    content::{self, Refusal},
    context::{CommandError, Context, Receipt},
    crisis::CrisisAnswers,
    dispatcher::Dispatcher,
    photos::Photos,
    ports::{ChatModel, Clock, StreamId},
};

/// The use cases of conversations. Cheap to clone.
#[derive(Clone)]
pub struct Conversations {
    dispatcher: Dispatcher,
    photos: Photos,
    clock: Arc<dyn Clock>,
    model: Arc<dyn ChatModel>,
    crisis: Arc<CrisisAnswers>,
    break_after: Option<Duration>,
    watch: Watch,
}

/// The stream of one day of a conversation.
pub fn stream(segment: Segment) -> StreamId {
    StreamId {
        aggregate_type: Conversation::TYPE,
        aggregate_id: segment.to_string(),
    }
}

/// The id of the reply to a message: however often it is asked for, it is one reply.
pub fn reply_id(message_id: MessageId) -> MessageId {
    MessageId(Uuid::new_v5(&message_id.0, b"reply"))
}

/// The id of the picture that the reply to a message may promise: one a turn.
pub fn photo_id(message_id: MessageId) -> PhotoId {
    PhotoId(Uuid::new_v5(&message_id.0, b"photo"))
}

type Outcome = Result<Receipt, CommandError<Rejection>>;

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is nobody to talk to yet.
    #[error("there is no avatar with an approved reference picture yet")]
    AvatarNotReady,
    /// Too much had to be refused of late.
    #[error(transparent)]
    CoolingDown(CoolingDown),
    /// Anything else.
    #[error(transparent)]
    Command(#[from] CommandError<Rejection>),
}

impl Conversations {
    /// Over that dispatcher, clock and model.
    pub const fn new(
        dispatcher: Dispatcher,
        photos: Photos,
        clock: Arc<dyn Clock>,
        model: Arc<dyn ChatModel>,
        crisis: Arc<CrisisAnswers>,
    ) -> Self {
        Self {
            dispatcher,
            photos,
            clock,
            model,
            crisis,
            break_after: None,
            watch: Watch(None),
        }
    }

    /// The same, but what is refused counts, and too much of it leads to a pause.
    pub fn watched_by(self, conducts: Conducts) -> Self {
        Self {
            watch: Watch(Some(conducts)),
            ..self
        }
    }

    /// The same, but people are reminded of a break after so much talk.
    pub fn reminding_after(self, break_after: Option<Duration>) -> Self {
        Self {
            break_after,
            ..self
        }
    }

    /// The person says something. What the rules refuse is recorded with what is shown instead of a reply, and counts
    /// towards a pause; who may be in danger is heard even during one.
    ///
    /// # Errors
    /// As `SendError` says.
    pub async fn send(
        &self,
        context: Context,
        message_id: MessageId,
        mode: Mode,
        text: MessageText,
    ) -> Result<Receipt, SendError> {
        let text = content::visible(text);
        let fields = [Field {
            name: "text",
            text: text.as_str(),
        }];
        let verdict = content::judge(Stage::ChatUser, &fields, Age::YOUNGEST, &context.locale);
        // Read together; that there is nobody to talk to comes before a pause.
        let (disclosure, admitted) = tokio::join!(
            self.disclosure(context.owner),
            self.admit(context.owner, &verdict)
        );
        let disclosure = disclosure?;
        admitted?;
        let intervention = self.intervention(&verdict, &context.locale);
        let segment = Segment {
            owner: context.owner,
            mode,
            day: self.clock.now().date_naive(),
        };
        let command = Command::SendMessage {
            message_id,
            mode,
            text: Personal::new(text),
            policy: verdict.on_record(),
            intervention,
            disclosure,
        };
        let receipt = self.execute(context.clone(), segment, command).await?;
        // After the message, so that a repeated request counts once.
        if receipt.events > 0 && content::refusal(&verdict).is_some() {
            self.watch
                .note::<Rejection>(&context, conduct::Stage::Chat, &verdict)
                .await?;
        }
        Ok(receipt)
    }

    /// Refuses words while their person is to pause, unless they call for help.
    async fn admit(&self, owner: UserId, verdict: &Verdict) -> Result<(), SendError> {
        if verdict.decision == Decision::Crisis {
            return Ok(());
        }
        match self.watch.pause::<Rejection>(owner).await? {
            None => Ok(()),
            Some(cooling_down) => Err(SendError::CoolingDown(cooling_down)),
        }
    }

    /// The person turns to a mode. Whether it is not the one that holds already, the caller knows from the read model.
    ///
    /// # Errors
    /// As `CommandError` says.
    pub async fn change_mode(&self, context: Context, mode: Mode) -> Outcome {
        let segment = Segment {
            owner: context.owner,
            mode,
            day: self.clock.now().date_naive(),
        };
        self.execute(context, segment, Command::ChangeMode { mode })
            .await
    }

    /// What the owner's companion says about itself before anything else.
    async fn disclosure(&self, owner: UserId) -> Result<String, SendError> {
        let avatar = self
            .dispatcher
            .load::<Avatar>(avatars::stream(owner))
            .await
            .map_err(CommandError::without_rejection::<Rejection>)?;
        let profile = avatar
            .state
            .profile()
            .filter(|_| avatar.state.approved_reference().is_some())
            .ok_or(SendError::AvatarNotReady)?;
        Ok(chatting::disclosure(&profile.name.to_string()))
    }

    /// Reminds the person of a break when the talk has gone on for long; answers whether it was due.
    ///
    /// # Errors
    /// As `CommandError` says.
    pub async fn remind_of_break(
        &self,
        context: Context,
        segment: Segment,
    ) -> Result<bool, CommandError<Rejection>> {
        let Some(after) = self.break_after else {
            return Ok(false);
        };
        let log = self.dispatcher.log();
        let stored = log.load(&stream(segment)).await?;
        let events: Vec<(_, Event)> = stored
            .iter()
            .map(|stored| Ok((stored.recorded_at, stored.decode(log.upcasters())?)))
            .collect::<Result<_, UnreadableEvent>>()
            .map_err(CommandError::Unreadable)?;
        let due = chatting::break_is_due(events.iter().map(|(at, event)| (*at, event)), after);
        if due {
            let intervention = Intervention {
                kind: InterventionKind::Break,
                rules: Vec::new(),
                text: Personal::new(chatting::BREAK_REMINDER.to_owned()),
            };
            let command = Command::ShowIntervention { intervention };
            self.execute(context, segment, command).await?;
        }
        Ok(due)
    }

    /// A promised picture was delivered.
    ///
    /// # Errors
    /// As `CommandError` says.
    pub async fn attach(&self, context: Context, segment: Segment, photo_id: PhotoId) -> Outcome {
        self.execute(context, segment, Command::AttachPhoto { photo_id })
            .await
    }

    /// A promised picture does not come.
    ///
    /// # Errors
    /// As `CommandError` says.
    pub async fn withhold(
        &self,
        context: Context,
        segment: Segment,
        photo_id: PhotoId,
        reason: WithheldReason,
    ) -> Outcome {
        let command = Command::WithholdPhoto { photo_id, reason };
        self.execute(context, segment, command).await
    }

    /// What is shown instead of a reply; none when the words may be answered.
    fn intervention(&self, verdict: &Verdict, locale: &str) -> Option<Intervention> {
        let refusal = content::refusal(verdict)?;
        let (kind, text) = match verdict.decision {
            Decision::Crisis => (InterventionKind::Crisis, self.crisis.to(locale).to_owned()),
            Decision::Escalate => (InterventionKind::Escalation, stop(&refusal)),
            Decision::Allow | Decision::Rewrite | Decision::Refuse => {
                (InterventionKind::Stop, stop(&refusal))
            }
        };
        Some(Intervention {
            kind,
            rules: refusal.rules,
            text: Personal::new(text),
        })
    }

    async fn execute(&self, context: Context, segment: Segment, command: Command) -> Outcome {
        self.dispatcher
            .execute::<Conversation>(stream(segment), command, context)
            .await
    }
}

fn stop(refusal: &Refusal) -> String {
    format!(
        "I won't go there with you. {} Let's talk about something else.",
        refusal.explanation()
    )
}
