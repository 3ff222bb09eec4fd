//! What the companion is saying, while it says it.

use application::ports::ReplyDraft;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A reply as far as it was said: the `data` of a `message-delta`. Each one replaces the one before; the message of the
/// same `id`, or a `system` message that answers the same message, replaces them all. It is on no record.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageDelta<'a> {
    /// The id that the reply will have.
    id: Uuid,
    /// The person's message that is being answered.
    in_reply_to: Uuid,
    #[schema(value_type = crate::chat::ModeWord)]
    mode: &'static str,
    /// All words so far.
    text: &'a str,
}

impl<'a> MessageDelta<'a> {
    /// Of that draft.
    pub(super) fn of(draft: &'a ReplyDraft) -> Self {
        Self {
            id: draft.reply_id.0,
            in_reply_to: draft.message_id.0,
            mode: draft.mode.as_str(),
            text: &draft.text,
        }
    }
}
