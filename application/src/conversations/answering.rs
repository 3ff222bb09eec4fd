//! A message → the model → exactly one end of the turn, and at most one picture.
//!
//! The model is asked before anything is recorded, and everything that follows from its answer is recorded in one append:
//! the reply, the promise, the wish for the picture and its place in the quota. A process that dies before has said
//! nothing; one that dies after has said everything. Whoever comes second finds the turn ended.

use std::time::Duration;

use cqrs_es::Aggregate;
use domain::{
    avatar::Profile,
    conversation::{
        Command, Conversation, Decline, Event, FailureReason, Mode, Promise, Rejection, Reply,
        Segment, ToolCall, ToolOutcome, TurnStage,
    },
    personal::Personal,
    policy::{self, Field, Stage},
    recorded::UnreadableEvent,
    subscription,
    values::{MessageId, ReplyText, ToolArguments},
};

use super::{Conversations, past::turns_before, photo_id, reply_id, speaking::Speaking, stream};
use crate::{
    chatting::{self, MEMORY_CHARS},
    content,
    context::{CommandError, Context},
    crash_points::CrashPoint,
    dispatcher::back_off,
    photos::RequestPhotoError,
    ports::{
        CalledTool, ChatAnswer, ChatError, ChatErrorKind, ChatMessage, ChatOrder, Listener,
        StreamSlice,
    },
};

/// How often the model is asked when its service stumbles.
const ASKED_AT_MOST: u32 = 3;
/// How long a service that asks for patience is waited for within one answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often an answer that conflicts with something else in the conversation is decided anew.
const DECIDED_AT_MOST: u32 = 12;
/// The longest reply: a few sentences and a call.
const MAX_TOKENS: u32 = 400;

/// How the answering of a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The turn has its reply now.
    Replied,
    /// The turn failed now, with a kind text instead of a reply.
    Failed(FailureReason),
    /// The turn had ended before.
    Earlier,
}

/// Why a message is still not answered; it can be tried again.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// There is no avatar to answer.
    #[error("there is no avatar that could answer")]
    AvatarNotFound,
    /// Anything else.
    #[error(transparent)]
    Command(#[from] CommandError<Rejection>),
}

/// What the model's answer leads to, before it is recorded.
enum End {
    Reply {
        reply: Box<Reply>,
        called: Option<CalledTool>,
    },
    Failure {
        reason: FailureReason,
        detail: String,
    },
}

/// A turn as the log has it.
struct OpenTurn {
    profile: Profile,
    order: ChatOrder,
}

impl Conversations {
    /// Asks the model to answer a message, and records what comes of it. Twice changes nothing.
    ///
    /// # Errors
    /// As `AnswerError` says; then nothing was recorded.
    pub async fn answer(
        &self,
        context: &Context,
        segment: Segment,
        message_id: MessageId,
        listener: &mut dyn Listener,
    ) -> Result<Answered, AnswerError> {
        let Some(turn) = self.open_turn(context, segment, message_id).await? else {
            return Ok(Answered::Earlier);
        };
        CrashPoint::ReplyAsking.pass();
        let mut speaking = Speaking::new(listener, turn.profile.age, &context.locale);
        let end = match self.ask(&turn.order, &mut speaking).await {
            Ok(answer) => judged(answer, message_id, &turn.profile, &context.locale),
            Err(error) => failure(error),
        };
        CrashPoint::ReplyHeard.pass();
        for attempt in 0..DECIDED_AT_MOST {
            back_off(attempt).await;
            if let Some(answered) = self.record(context, segment, message_id, &end).await? {
                CrashPoint::ReplyRecorded.pass();
                return Ok(answered);
            }
        }
        Err(CommandError::Busy.into())
    }

    /// What the model has to know; none when the turn has ended.
    async fn open_turn(
        &self,
        context: &Context,
        segment: Segment,
        message_id: MessageId,
    ) -> Result<Option<OpenTurn>, AnswerError> {
        let events = self.events(segment).await?;
        let mut conversation = Conversation::default();
        for event in &events {
            conversation.apply(event.clone());
        }
        match conversation.turn(message_id).map(|turn| turn.stage) {
            None => return Err(CommandError::Rejected(Rejection::UnknownMessage).into()),
            Some(TurnStage::Open) => {}
            Some(TurnStage::Answered(_) | TurnStage::Failed | TurnStage::Intervened) => {
                return Ok(None);
            }
        }
        let avatar = self
            .dispatcher
            .load::<domain::avatar::Avatar>(crate::avatars::stream(segment.owner))
            .await
            .map_err(CommandError::without_rejection::<Rejection>)?;
        let profile = avatar
            .state
            .profile()
            .cloned()
            .ok_or(AnswerError::AvatarNotFound)?;
        let (mut past, said) = turns_before(&events, message_id);
        if let Some(yesterday) = segment.day.pred_opt() {
            let earlier = self
                .events(Segment {
                    day: yesterday,
                    ..segment
                })
                .await?;
            let (earlier, _) = turns_before(&earlier, message_id);
            past.splice(0..0, earlier);
        }
        // An erased person's words cannot be answered; nobody waits for it either.
        let Some(said) = said else { return Ok(None) };
        let order = order(&profile, segment, past, said, &context.locale);
        Ok(Some(OpenTurn { profile, order }))
    }

    async fn events(&self, segment: Segment) -> Result<Vec<Event>, CommandError<Rejection>> {
        let log = self.dispatcher.log();
        let stored = log.load(&stream(segment)).await?;
        stored
            .iter()
            .map(|event| event.decode(log.upcasters()))
            .collect::<Result<_, UnreadableEvent>>()
            .map_err(CommandError::Unreadable)
    }

    /// Asks, and asks again while the service only stumbles.
    async fn ask(
        &self,
        order: &ChatOrder,
        listener: &mut dyn Listener,
    ) -> Result<ChatAnswer, ChatError> {
        let mut asked = 1;
        loop {
            listener.begin();
            let error = match self.model.answer(order, listener).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let ChatErrorKind::Retryable { after } = error.kind else {
                return Err(error);
            };
            if asked == ASKED_AT_MOST || after.is_some_and(|after| after > PATIENCE) {
                return Err(error);
            }
            tracing::info!(%error, "The chat model stumbled; asking again");
            tokio::time::sleep(after.unwrap_or(Duration::from_millis(200) * asked)).await;
            asked += 1;
        }
    }

    /// Records the end; none on a conflict with something else.
    async fn record(
        &self,
        context: &Context,
        segment: Segment,
        message_id: MessageId,
        end: &End,
    ) -> Result<Option<Answered>, AnswerError> {
        let (command, mut slices, answered) = match end {
            End::Failure { reason, detail } => {
                let command = Command::RecordFailure {
                    message_id,
                    reason: *reason,
                    detail: detail.clone(),
                };
                (command, Vec::new(), Answered::Failed(*reason))
            }
            End::Reply { reply, called } => {
                let (outcome, slices) = match called {
                    Some(call) => {
                        let acted = self.act(context, segment.mode, message_id, call);
                        let (outcome, slices) = acted.await?;
                        (Some(outcome), slices)
                    }
                    None => (None, Vec::new()),
                };
                let reply = Reply {
                    outcome,
                    ..Reply::clone(reply)
                };
                let command = Command::RecordReply { message_id, reply };
                (command, slices, Answered::Replied)
            }
        };
        let decided = self
            .dispatcher
            .decide::<Conversation>(stream(segment), command, context)
            .await;
        let decided = match decided {
            Err(CommandError::Rejected(Rejection::AlreadyAnswered)) => {
                return Ok(Some(Answered::Earlier));
            }
            other => other?,
        };
        let Some(slice) = decided.slice else {
            return Ok(Some(Answered::Earlier));
        };
        slices.insert(0, slice);
        let outcome = self.dispatcher.append::<Rejection>(slices, context).await?;
        Ok(outcome.map(|outcome| match outcome {
            crate::dispatcher::Outcome::Appended(_) => answered,
            crate::dispatcher::Outcome::Replayed(_) => Answered::Earlier,
        }))
    }

    /// What a tool comes to that was called in that mode, and what is to be appended with the reply.
    async fn act(
        &self,
        context: &Context,
        mode: Mode,
        message_id: MessageId,
        call: &CalledTool,
    ) -> Result<(ToolOutcome, Vec<StreamSlice>), CommandError<Rejection>> {
        let declined = |decline| Ok((ToolOutcome::Declined(decline), Vec::new()));
        let scene = match chatting::understood(call, mode) {
            Ok(scene) => content::visible(scene),
            Err(decline) => return declined(decline),
        };
        let photo_id = photo_id(message_id);
        match self.photos.plan_scene(context, photo_id, &scene).await {
            Ok(plan) if plan.refusal.is_some() => declined(Decline::ContentRefused),
            Ok(plan) => {
                let promise = Promise {
                    photo_id,
                    scene: Personal::new(scene),
                };
                Ok((ToolOutcome::Promised(promise), plan.slices))
            }
            Err(RequestPhotoError::AvatarNotFound | RequestPhotoError::AvatarNotReady) => {
                declined(Decline::AvatarNotReady)
            }
            Err(RequestPhotoError::ContentRefused { .. } | RequestPhotoError::CoolingDown(_)) => {
                declined(Decline::ContentRefused)
            }
            Err(RequestPhotoError::Gate(
                subscription::Rejection::QuotaExhausted { .. }
                | subscription::Rejection::GateClosed(_)
                | subscription::Rejection::NoSubscription
                | subscription::Rejection::AlreadySubscribed,
            )) => declined(Decline::QuotaExhausted),
            Err(RequestPhotoError::Command(error)) => Err(error.without_rejection()),
        }
    }
}

fn order(
    profile: &Profile,
    segment: Segment,
    past: Vec<chatting::PastTurn>,
    said: String,
    locale: &str,
) -> ChatOrder {
    let fields = [Field {
        name: "text",
        text: &said,
    }];
    // Judged again for what it asks of the answer: obligations are no part of the recorded verdict.
    let verdict = content::judge(Stage::ChatUser, &fields, profile.age, locale);
    let instructions = chatting::instructions(profile, segment.mode, &verdict.obligations);
    let mut messages = vec![ChatMessage::Instructions(instructions)];
    messages.extend(chatting::remembered(past, MEMORY_CHARS));
    messages.push(ChatMessage::Person(said));
    ChatOrder {
        messages,
        tools: chatting::offered(segment.mode),
        max_tokens: MAX_TOKENS,
    }
}

/// The model's answer under our rules.
fn judged(answer: ChatAnswer, message_id: MessageId, profile: &Profile, locale: &str) -> End {
    let text: Option<ReplyText> = answer
        .text
        .and_then(|text| plain(&text, ReplyText::MAX_CHARS).parse().ok());
    let fields: Vec<_> = text
        .iter()
        .map(|text| Field {
            name: "text",
            text: text.as_str(),
        })
        .collect();
    let verdict = content::judge(Stage::ChatReply, &fields, profile.age, locale);
    if content::refusal(&verdict).is_some() {
        return End::Failure {
            reason: FailureReason::AgainstTheRules,
            detail: verdict.rules.join(", "),
        };
    }
    if text.is_none() && answer.call.is_none() {
        return End::Failure {
            reason: FailureReason::TooLong,
            detail: "the answer held no words".to_owned(),
        };
    }
    let reply = Reply {
        reply_id: reply_id(message_id),
        text: text.map(Personal::new),
        model: answer.model,
        usage: answer.usage,
        policy: verdict.on_record(),
        tool_call: answer.call.as_ref().map(kept),
        outcome: None,
    };
    End::Reply {
        reply: Box::new(reply),
        called: answer.call,
    }
}

fn failure(error: ChatError) -> End {
    let reason = match error.kind {
        ChatErrorKind::Retryable { .. } => FailureReason::Unavailable,
        ChatErrorKind::Refused => FailureReason::Refused,
        ChatErrorKind::Filtered => FailureReason::Filtered,
        ChatErrorKind::TooLong => FailureReason::TooLong,
        ChatErrorKind::Operator => {
            tracing::error!(%error, "The chat service does not take our requests");
            FailureReason::Operator
        }
    };
    End::Failure {
        reason,
        detail: error.detail,
    }
}

/// Without what nobody sees, and no longer than that.
fn plain(text: &str, max_chars: usize) -> String {
    policy::without_hidden(text)
        .replace(['\r', '\t'], " ")
        .chars()
        .take(max_chars)
        .collect()
}

/// The call as the log keeps it. Arguments that are no text at all are kept as an empty object.
fn kept(call: &CalledTool) -> ToolCall {
    let arguments = plain(&call.arguments, ToolArguments::MAX_CHARS).parse();
    let arguments = arguments.or_else(|_| "{}".parse::<ToolArguments>());
    ToolCall {
        call_id: call.call_id.clone(),
        name: call.name.clone(),
        arguments: arguments.map_or_else(|_| Personal::erased(), Personal::new),
    }
}
