//! Turns of a day: SendMessage ▶ Open ─ RecordReply | RecordFailure ▶ ended; SendMessage with an intervention ▶ ended.
//! A reply may promise a picture: Promised ─ AttachPhoto ▶ Attached | WithholdPhoto ▶ Withheld.
//!
//! What a person and the companion say to each other in one mode. The histories of the modes are separate, and a stream
//! holds one day of one of them ([`Segment`]), since one that never ended would be loaded for ever.

use serde::{Deserialize, Serialize};

mod segment;
mod state;

pub use segment::Segment;
pub use state::{Conversation, PhotoStage, Turn, TurnStage};

use crate::{
    event_versions::event_versions,
    personal::Personal,
    policy::recorded::Verdict,
    values::{MessageId, MessageText, PhotoId, ReplyText, Scene, ToolArguments},
};

/// How the companion behaves towards the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As a good friend.
    Friendly,
    /// Affectionate and romantic, never explicit. The companion can send pictures of itself.
    Intimate,
}

impl Mode {
    /// Both, in the order in which a form shows them.
    pub const ALL: [Self; 2] = [Self::Friendly, Self::Intimate];

    /// The word that stands for it in JSON, SQL and streams' names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Friendly => "friendly",
            Self::Intimate => "intimate",
        }
    }
}

/// What a model's answer cost, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// What it was given to read.
    pub prompt_tokens: u32,
    /// What it wrote.
    pub completion_tokens: u32,
}

/// A tool that the model called in its answer, kept so that the next answer knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The model's id of the call.
    pub call_id: String,
    /// The tool's name, as `send_photo`.
    pub name: String,
    /// The arguments as the model wrote them.
    pub arguments: Personal<ToolArguments>,
}

/// A picture that the companion promises in a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The picture, which is wished for in the same append.
    pub photo_id: PhotoId,
    /// What it will show.
    pub scene: Personal<Scene>,
}

/// Why a called tool did nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decline {
    /// There is no such tool.
    UnknownTool,
    /// Its arguments are not what the tool takes.
    BadArguments,
    /// The rules about content refuse the scene.
    ContentRefused,
    /// The subscription's pictures are used up.
    QuotaExhausted,
    /// There is no approved reference picture to follow.
    AvatarNotReady,
    /// There is a picture in this turn already.
    OneIsEnough,
}

/// Why there was no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// The model would not answer.
    Refused,
    /// The model's service filtered the answer.
    Filtered,
    /// What the model wrote is against our rules.
    AgainstTheRules,
    /// The answer was cut at its greatest length before it said anything.
    TooLong,
    /// The service did not answer in time, again and again.
    Unavailable,
    /// Our account, request or configuration is wrong; an operator must act.
    Operator,
}

/// What is shown for somebody's safety, instead of or beside a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterventionKind {
    /// The person may be in danger: where help is.
    Crisis,
    /// The conversation stops here: what was said is against the rules.
    Stop,
    /// An operator has to look at it; to the person it is a stop.
    Escalation,
    /// It has been long: a reminder to rest.
    Break,
    /// The companion is an AI: said when a conversation begins.
    Disclosure,
}

/// What is shown for somebody's safety.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intervention {
    /// What for.
    pub kind: InterventionKind,
    /// The rules that called for it, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// What the person reads: it may call the companion by its name.
    pub text: Personal<String>,
}

/// Why a promised picture does not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum WithheldReason {
    Failed,
    Refused,
    Canceled,
}

/// An order to a day of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
pub enum Command {
    /// The person says something. With an intervention the turn ends there. The same order twice changes nothing.
    /// The first message of a day is preceded by the disclosure.
    #[expect(missing_docs, reason = "the fields' types say it")]
    SendMessage {
        message_id: MessageId,
        mode: Mode,
        text: Personal<MessageText>,
        policy: Verdict,
        intervention: Option<Intervention>,
        disclosure: String,
    },
    /// The companion answers that message. A turn has exactly one end: later ones change nothing.
    RecordReply {
        /// The message that is answered.
        message_id: MessageId,
        /// The reply.
        reply: Reply,
    },
    /// There will be no answer to that message.
    #[expect(missing_docs, reason = "the fields' types say it")]
    RecordFailure {
        message_id: MessageId,
        reason: FailureReason,
        detail: String,
    },
    /// A promised picture was delivered. Twice changes nothing.
    #[expect(missing_docs, reason = "the field's type says it")]
    AttachPhoto { photo_id: PhotoId },
    /// A promised picture does not come. Twice changes nothing.
    #[expect(missing_docs, reason = "the fields' types say it")]
    WithholdPhoto {
        photo_id: PhotoId,
        reason: WithheldReason,
    },
    /// The person turns to this mode. What the mode was before is not known here: it stands in another stream.
    ChangeMode {
        /// The mode of this stream.
        mode: Mode,
    },
    /// Shows something for the person's safety beside the turns.
    ShowIntervention {
        /// What.
        intervention: Intervention,
    },
}

/// What the companion answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reply {
    /// The reply's own id.
    pub reply_id: MessageId,
    /// What it says; none when it only calls a tool.
    pub text: Option<Personal<ReplyText>>,
    /// The model that said it.
    pub model: String,
    /// What it cost, when the service told.
    pub usage: Option<Usage>,
    /// What the rules said about the text.
    pub policy: Verdict,
    /// The tool that it called.
    pub tool_call: Option<ToolCall>,
    /// What came of the call: at most one picture a turn.
    pub outcome: Option<ToolOutcome>,
}

/// What came of a called tool.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolOutcome {
    /// There will be a picture.
    Promised(Promise),
    /// Nothing.
    Declined(Decline),
}

/// What happened in a day of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    MessageSent {
        message_id: MessageId,
        mode: Mode,
        text: Personal<MessageText>,
        policy: Verdict,
    },
    ReplyRecorded {
        message_id: MessageId,
        reply_id: MessageId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Personal<ReplyText>>,
        model: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
        policy: Verdict,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool_call: Option<ToolCall>,
        /// Why the called tool did nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        declined: Option<Decline>,
    },
    PhotoPromised {
        message_id: MessageId,
        reply_id: MessageId,
        #[serde(flatten)]
        promise: Promise,
    },
    PhotoAttached {
        photo_id: PhotoId,
    },
    PhotoWithheld {
        photo_id: PhotoId,
        reason: WithheldReason,
    },
    ReplyFailed {
        message_id: MessageId,
        reason: FailureReason,
        detail: String,
    },
    ModeChanged {
        mode: Mode,
    },
    SafetyInterventionShown {
        /// The message that called for it; none when it stands beside the turns.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_id: Option<MessageId>,
        #[serde(flatten)]
        intervention: Intervention,
    },
}

event_versions!(
    Conversation,
    Event {
        MessageSent: "1",
        ReplyRecorded: "1",
        PhotoPromised: "1",
        PhotoAttached: "1",
        PhotoWithheld: "1",
        ReplyFailed: "1",
        ModeChanged: "1",
        SafetyInterventionShown: "2",
    }
);

/// Why an order to a conversation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Rejection {
    #[error("there is no such message")]
    UnknownMessage,
    #[error("the message's id is taken by another message")]
    AlreadySent,
    #[error("the message has its answer already")]
    AlreadyAnswered,
    #[error("that picture was promised in another reply")]
    AlreadyPromised,
    #[error("that picture was never promised here")]
    UnknownPhoto,
    #[error("the promised picture is there already")]
    AlreadyAttached,
    #[error("the promised picture was called off")]
    AlreadyWithheld,
    #[error("this conversation is held in another mode")]
    WrongMode,
    #[error("a reply needs a text or a called tool")]
    SaysNothing,
    #[error("what the rules refuse cannot be recorded as said")]
    AgainstTheRules,
}
