//! What the companion is about to say, for people who watch it come.

use std::sync::Arc;

use domain::{
    conversation::Mode,
    values::{MessageId, UserId},
};
use tokio::sync::broadcast;

/// A reply as far as it was said. It is nowhere on record, and nothing may follow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyDraft {
    /// Who is answered.
    pub owner: UserId,
    /// In which mode.
    pub mode: Mode,
    /// The message that is answered.
    pub message_id: MessageId,
    /// The id that the reply will have.
    pub reply_id: MessageId,
    /// All that was said so far, in words that the rules let pass.
    pub text: String,
}

/// Carries drafts from whoever answers to whoever follows that person's updates, in any process.
///
/// A draft holds all words from the beginning: one that is lost costs nothing but a moment, since the next one or the
/// reply itself replaces it.
pub trait ReplyDrafts: Send + Sync {
    /// Tells a draft to whoever listens, without waiting for anybody.
    fn tell(&self, draft: ReplyDraft);

    /// The drafts that are told from now on, whoever tells them.
    fn heard(&self) -> broadcast::Receiver<Arc<ReplyDraft>>;
}
