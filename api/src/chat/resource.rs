//! The chat and its messages as clients see them.

use application::chatting::{DISCLOSURE_BADGE, disclosure};
use chrono::{DateTime, Utc};
use domain::conversation::{Decline, FailureReason, InterventionKind, WithheldReason};
use projections::messages::{self, Notice};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{photos::Photo, signed_url::Signer};

/// Something that was said.
#[derive(Serialize, ToSchema)]
pub(crate) struct Message {
    id: Uuid,
    #[schema(value_type = RoleWord)]
    role: &'static str,
    /// The words; empty for a reply that is only a picture.
    text: String,
    /// The picture that the companion promises in it, from `requested` on; left out once it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    photo: Option<Photo>,
    /// In which mode it was said.
    #[schema(value_type = ModeWord)]
    mode: &'static str,
    /// What a `system` message is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<KindWord>, nullable = false)]
    kind: Option<&'static str>,
    /// The person's message that it answers: a turn has one answer, the companion's or one of the `system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    in_reply_to: Option<Uuid>,
    /// Why the picture does not come that the companion wanted to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    declined: Option<Declined>,
    created_at: DateTime<Utc>,
}

/// Why the companion cannot send the picture that it wanted to send.
#[derive(Serialize, ToSchema)]
struct Declined {
    #[schema(value_type = DeclinedReason)]
    reason: &'static str,
    /// For people.
    detail: &'static str,
}

/// The chat: how the companion behaves, and what stands beside the conversation.
#[derive(Serialize, ToSchema)]
pub(crate) struct Chat {
    #[schema(value_type = ModeWord)]
    mode: &'static str,
    disclosure: Disclosure,
    /// The messages of this mode that wait for their reply, oldest first.
    unanswered: Vec<Uuid>,
}

/// That the companion is an AI: a client shows it beside every conversation.
#[derive(Serialize, ToSchema)]
struct Disclosure {
    /// A few words that are always in sight.
    #[schema(example = "AI companion: not a human being")]
    badge: &'static str,
    /// What the companion says before anything else: a client shows it while the conversation is empty. The first message
    /// of each day puts it on record, as a `system` message of the kind `disclosure`. Missing while there is no avatar.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
}

/// Who says something: the person, the companion, or the service itself.
#[derive(ToSchema)]
#[schema(as = MessageRole, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words, which the read model writes")]
enum RoleWord {
    User,
    Avatar,
    System,
}

/// How the companion behaves: as a good friend; or affectionate and romantic, never explicit.
#[derive(ToSchema)]
#[schema(as = ChatMode, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words, which the domain writes")]
pub(crate) enum ModeWord {
    Friendly,
    Intimate,
}

/// What the service says something about. `crisis`: where help is. `stop`: the companion does not go there. `break`: it
/// has been long. `disclosure`: the companion is an AI. `reply_failed`: there is no reply. `photo_withheld`: a promised
/// picture does not come.
#[derive(ToSchema)]
#[schema(as = MessageKind, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words, which this module writes")]
enum KindWord {
    Crisis,
    Stop,
    Break,
    Disclosure,
    ReplyFailed,
    PhotoWithheld,
}

/// Why a picture cannot be sent.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words, which this module writes")]
enum DeclinedReason {
    ContentRefused,
    QuotaExhausted,
    AvatarNotReady,
    Misunderstood,
}

impl Message {
    /// As the read model has it, with addresses signed by `signer`.
    pub(crate) fn of(message: messages::Message, signer: &Signer<'_>) -> Self {
        let messages::Message { row, photo } = message;
        let declined = row.notice.and_then(Declined::of);
        let words = row.notice.map_or("", words);
        Self {
            id: row.message_id.0,
            role: row.speaker.as_str(),
            text: row.text.unwrap_or_else(|| words.to_owned()),
            photo: photo.map(|photo| Photo::of(photo, signer)),
            mode: row.conversation.mode.as_str(),
            kind: row.notice.and_then(kind),
            in_reply_to: row.in_reply_to.map(|id| id.0),
            declined,
            created_at: row.created_at,
        }
    }

    /// Without the picture's addresses, for somebody whose gate is closed.
    pub(crate) fn behind_the_gate(self) -> Self {
        Self {
            photo: self.photo.map(Photo::behind_the_gate),
            ..self
        }
    }
}

impl Chat {
    /// As the read model has it.
    pub(crate) fn of(chat: messages::Chat) -> Self {
        Self {
            mode: chat.mode.as_str(),
            disclosure: Disclosure {
                badge: DISCLOSURE_BADGE,
                text: chat.companion.as_deref().map(disclosure),
            },
            unanswered: chat.unanswered.into_iter().map(|id| id.0).collect(),
        }
    }
}

impl Declined {
    fn of(notice: Notice) -> Option<Self> {
        let Notice::Declined(decline) = notice else {
            return None;
        };
        let reason = match decline {
            Decline::ContentRefused => "content_refused",
            Decline::QuotaExhausted => "quota_exhausted",
            Decline::AvatarNotReady => "avatar_not_ready",
            Decline::UnknownTool | Decline::BadArguments | Decline::OneIsEnough => "misunderstood",
        };
        Some(Self {
            reason,
            detail: words(notice),
        })
    }
}

const fn kind(notice: Notice) -> Option<&'static str> {
    match notice {
        Notice::Shown(InterventionKind::Crisis) => Some("crisis"),
        // Whom an operator looks at reads the same as anybody whose words stop here.
        Notice::Shown(InterventionKind::Stop | InterventionKind::Escalation) => Some("stop"),
        Notice::Shown(InterventionKind::Break) => Some("break"),
        Notice::Shown(InterventionKind::Disclosure) => Some("disclosure"),
        Notice::ReplyFailed(_) => Some("reply_failed"),
        Notice::PhotoWithheld(_) => Some("photo_withheld"),
        Notice::Declined(_) => None,
    }
}

/// What people read where nothing was said in words.
const fn words(notice: Notice) -> &'static str {
    match notice {
        // Their words are on record.
        Notice::Shown(_) => "",
        Notice::ReplyFailed(reason) => match reason {
            FailureReason::Refused | FailureReason::Filtered | FailureReason::AgainstTheRules => {
                "There is no good answer to this one. Shall we talk about something else?"
            }
            FailureReason::TooLong => {
                "That answer got lost in its own length. Please ask once more."
            }
            FailureReason::Unavailable => {
                "The answer did not come through this time. Please write again in a moment."
            }
            FailureReason::Operator => {
                "There can be no answer right now: we have to mend something first. We know of it."
            }
        },
        Notice::PhotoWithheld(reason) => match reason {
            WithheldReason::Failed => {
                "The picture could not be made. It was not counted; just ask for it again."
            }
            WithheldReason::Refused => {
                "The picture cannot be shown: it would be against the rules. It was not counted; what else would you like to see?"
            }
            WithheldReason::Canceled => {
                "The picture was called off, as you wished. It was not counted."
            }
        },
        Notice::Declined(decline) => match decline {
            Decline::ContentRefused => {
                "I can't send that one: it would be against the rules. What else would you like to see?"
            }
            Decline::QuotaExhausted => "I'd love to, but this period's pictures are used up.",
            Decline::AvatarNotReady => "I have no approved picture of myself to go by yet.",
            Decline::UnknownTool | Decline::BadArguments | Decline::OneIsEnough => {
                "I lost my thread there for a moment. Would you say that again?"
            }
        },
    }
}
