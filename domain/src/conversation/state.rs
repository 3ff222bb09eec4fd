//! What a day of a conversation remembers, and how it answers each command.

use std::collections::BTreeMap;

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

use super::{
    Command, Event, Intervention, InterventionKind, Mode, Rejection, Reply, ToolOutcome,
    WithheldReason,
};
use crate::{
    personal::Personal,
    policy::recorded::{Decision, Verdict},
    values::{MessageId, MessageText, PhotoId},
};

/// One day of what a person and the companion said to each other in one mode.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// The mode, once anything happened.
    mode: Option<Mode>,
    turns: BTreeMap<MessageId, Turn>,
    photos: BTreeMap<PhotoId, PhotoStage>,
    /// Whether the person was told that the companion is an AI.
    disclosed: bool,
    /// How often something was shown beside the turns, and how often the person turned to this mode.
    asides: u32,
}

/// A message and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the types say it")]
pub struct Turn {
    pub text: Personal<MessageText>,
    pub stage: TurnStage,
}

/// How far a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnStage {
    /// The companion has not answered yet.
    Open,
    /// The companion has answered, with this reply.
    Answered(MessageId),
    /// There will be no answer.
    Failed,
    /// It was ended for the person's safety.
    Intervened,
}

/// How far a promised picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum PhotoStage {
    Promised,
    Attached,
    Withheld,
}

impl Conversation {
    /// Answers a command with the events that follow from it.
    ///
    /// # Errors
    /// The [`Rejection`] says which rule stands against it.
    pub fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::SendMessage {
                message_id,
                mode,
                text,
                policy,
                intervention,
                disclosure,
            } => {
                let said = self.send(message_id, mode, text, policy, intervention)?;
                Ok(self.begun(disclosure, said))
            }
            Command::RecordReply { message_id, reply } => self.reply(message_id, reply),
            Command::RecordFailure {
                message_id,
                reason,
                detail,
            } => match self.stage(message_id)? {
                TurnStage::Open => Ok(vec![Event::ReplyFailed {
                    message_id,
                    reason,
                    detail,
                }]),
                TurnStage::Failed => Ok(Vec::new()),
                TurnStage::Answered(_) | TurnStage::Intervened => Err(Rejection::AlreadyAnswered),
            },
            Command::AttachPhoto { photo_id } => self.attach(photo_id),
            Command::WithholdPhoto { photo_id, reason } => self.withhold(photo_id, reason),
            Command::ChangeMode { mode } => {
                self.only_in(mode)?;
                Ok(vec![Event::ModeChanged { mode }])
            }
            Command::ShowIntervention { intervention } => {
                Ok(vec![Event::SafetyInterventionShown {
                    message_id: None,
                    intervention,
                }])
            }
        }
    }

    /// The turn that a message began.
    pub fn turn(&self, message_id: MessageId) -> Option<&Turn> {
        self.turns.get(&message_id)
    }

    /// Whether the person or the companion said it here.
    pub fn was_said(&self, message_id: MessageId) -> bool {
        let reply = TurnStage::Answered(message_id);
        self.turns.contains_key(&message_id) || self.turns.values().any(|turn| turn.stage == reply)
    }

    /// How far a promised picture is; `None` when it was never promised here.
    pub fn photo(&self, photo_id: PhotoId) -> Option<PhotoStage> {
        self.photos.get(&photo_id).copied()
    }

    fn send(
        &self,
        message_id: MessageId,
        mode: Mode,
        text: Personal<MessageText>,
        policy: Verdict,
        intervention: Option<Intervention>,
    ) -> Result<Vec<Event>, Rejection> {
        self.only_in(mode)?;
        if let Some(known) = self.turns.get(&message_id) {
            return if known.text == text {
                Ok(Vec::new())
            } else {
                Err(Rejection::AlreadySent)
            };
        }
        // What was refused never stays without an answer of ours, and never reaches the model.
        if policy.decision == Decision::Refuse && intervention.is_none() {
            return Err(Rejection::AgainstTheRules);
        }
        let sent = Event::MessageSent {
            message_id,
            mode,
            text,
            policy,
        };
        let shown = intervention.map(|intervention| Event::SafetyInterventionShown {
            message_id: Some(message_id),
            intervention,
        });
        Ok([Some(sent), shown].into_iter().flatten().collect())
    }

    /// Puts the disclosure before the first words of a day.
    fn begun(&self, disclosure: String, said: Vec<Event>) -> Vec<Event> {
        if self.disclosed || said.is_empty() {
            return said;
        }
        let disclosed = Event::SafetyInterventionShown {
            message_id: None,
            intervention: Intervention {
                kind: InterventionKind::Disclosure,
                rules: Vec::new(),
                text: Personal::new(disclosure),
            },
        };
        std::iter::once(disclosed).chain(said).collect()
    }

    fn reply(&self, message_id: MessageId, reply: Reply) -> Result<Vec<Event>, Rejection> {
        match self.stage(message_id)? {
            TurnStage::Open => {}
            TurnStage::Answered(known) if known == reply.reply_id => return Ok(Vec::new()),
            TurnStage::Answered(_) | TurnStage::Failed | TurnStage::Intervened => {
                return Err(Rejection::AlreadyAnswered);
            }
        }
        if reply.text.is_none() && reply.tool_call.is_none() {
            return Err(Rejection::SaysNothing);
        }
        if reply.policy.decision == Decision::Refuse {
            return Err(Rejection::AgainstTheRules);
        }
        if let Some(ToolOutcome::Promised(promise)) = &reply.outcome
            && self.photos.contains_key(&promise.photo_id)
        {
            return Err(Rejection::AlreadyPromised);
        }
        let reply_id = reply.reply_id;
        let (promise, declined) = match reply.outcome {
            Some(ToolOutcome::Promised(promise)) => (Some(promise), None),
            Some(ToolOutcome::Declined(decline)) => (None, Some(decline)),
            None => (None, None),
        };
        let recorded = Event::ReplyRecorded {
            message_id,
            reply_id,
            text: reply.text,
            model: reply.model,
            usage: reply.usage,
            policy: reply.policy,
            tool_call: reply.tool_call,
            declined,
        };
        let promised = promise.map(|promise| Event::PhotoPromised {
            message_id,
            reply_id,
            promise,
        });
        Ok([Some(recorded), promised].into_iter().flatten().collect())
    }

    fn attach(&self, photo_id: PhotoId) -> Result<Vec<Event>, Rejection> {
        match self.photo(photo_id).ok_or(Rejection::UnknownPhoto)? {
            PhotoStage::Promised => Ok(vec![Event::PhotoAttached { photo_id }]),
            PhotoStage::Attached => Ok(Vec::new()),
            PhotoStage::Withheld => Err(Rejection::AlreadyWithheld),
        }
    }

    fn withhold(&self, photo_id: PhotoId, reason: WithheldReason) -> Result<Vec<Event>, Rejection> {
        match self.photo(photo_id).ok_or(Rejection::UnknownPhoto)? {
            PhotoStage::Promised => Ok(vec![Event::PhotoWithheld { photo_id, reason }]),
            PhotoStage::Withheld => Ok(Vec::new()),
            PhotoStage::Attached => Err(Rejection::AlreadyAttached),
        }
    }

    fn stage(&self, message_id: MessageId) -> Result<TurnStage, Rejection> {
        self.turns
            .get(&message_id)
            .map(|turn| turn.stage)
            .ok_or(Rejection::UnknownMessage)
    }

    fn only_in(&self, mode: Mode) -> Result<(), Rejection> {
        match self.mode {
            Some(known) if known != mode => Err(Rejection::WrongMode),
            Some(_) | None => Ok(()),
        }
    }

    fn end(&mut self, message_id: MessageId, stage: TurnStage) {
        if let Some(turn) = self.turns.get_mut(&message_id) {
            turn.stage = stage;
        }
    }
}

impl Aggregate for Conversation {
    const TYPE: &'static str = "Conversation";
    type Command = Command;
    type Event = Event;
    type Error = Rejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Rejection> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::MessageSent {
                message_id,
                mode,
                text,
                policy: _,
            } => {
                self.mode = Some(mode);
                let stage = TurnStage::Open;
                self.turns.insert(message_id, Turn { text, stage });
            }
            Event::ReplyRecorded {
                message_id,
                reply_id,
                ..
            } => self.end(message_id, TurnStage::Answered(reply_id)),
            Event::PhotoPromised { promise, .. } => {
                self.photos.insert(promise.photo_id, PhotoStage::Promised);
            }
            Event::PhotoAttached { photo_id } => {
                self.photos.insert(photo_id, PhotoStage::Attached);
            }
            Event::PhotoWithheld {
                photo_id,
                reason: _,
            } => {
                self.photos.insert(photo_id, PhotoStage::Withheld);
            }
            Event::ReplyFailed { message_id, .. } => self.end(message_id, TurnStage::Failed),
            Event::ModeChanged { mode } => {
                self.mode = Some(mode);
                self.asides += 1;
            }
            Event::SafetyInterventionShown {
                message_id,
                intervention,
            } => {
                self.disclosed |= intervention.kind == InterventionKind::Disclosure;
                match message_id {
                    Some(message_id) => self.end(message_id, TurnStage::Intervened),
                    None => self.asides += 1,
                }
            }
        }
    }
}
