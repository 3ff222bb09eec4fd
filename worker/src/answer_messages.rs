//! `MessageSent` → the chat model → the end of the turn: which conversation is answered when, and by whom.
//!
//! Whoever answers holds the lease of the conversation, so that one message after the other is answered and no two
//! processes pay for the same answer. What must not happen twice, the log prevents: a turn has one end.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use application::{
    chat_figures::ChatFigures,
    context::Context,
    conversations::{Answered, Conversations, reply_id},
    ports::{EventLog, Listener, ReplyDraft, ReplyDrafts},
    traces::{SPANS, following},
};
use async_trait::async_trait;
use domain::recorded::{AnyEvent, Recorded};
use projections::chat_work::ChatWorkRow;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use crate::{
    causes::event_at,
    claimed_work::{self, Desk, Leaving, Shift},
    leases::{Lease, Leases, ToDo},
    pace::jittered,
    parts::{ChatSettings, WorkerParts},
    sights::Sights,
};

/// As it stands in the metadata of the events that it causes.
const NAME: &str = "answer_messages";

/// The same, of the reminders beside the answers, so that one message brings one at most.
const REMINDING: &str = "remind_of_breaks";

/// The shortest and the longest pause between two looks at the to-do list: somebody waits for the answer.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

/// How long the to-do list is waited for after an answer.
const CATCHING_UP: Duration = Duration::from_secs(5);

/// How long a conversation rests whose to-do list and history do not agree.
const OURS_IS_BROKEN: Duration = Duration::from_secs(30);

/// Answers people's messages, in some conversations at a time.
pub(crate) struct AnswerMessages {
    conversations: Conversations,
    log: Arc<dyn EventLog>,
    sights: Arc<dyn Sights>,
    drafts: Arc<dyn ReplyDrafts>,
    figures: Arc<ChatFigures>,
    leases: Leases,
    settings: ChatSettings,
    stop_within: Duration,
}

impl AnswerMessages {
    pub(crate) fn new(parts: &WorkerParts) -> Arc<Self> {
        let settings = parts.settings.chat.clone();
        Arc::new(Self {
            conversations: parts.conversations.clone(),
            log: Arc::clone(&parts.log),
            sights: Arc::clone(&parts.ground.sights),
            drafts: Arc::clone(&parts.drafts),
            figures: Arc::clone(&parts.chat_figures),
            leases: Leases::new(
                Arc::clone(&parts.ground.leases),
                parts.node.clone(),
                settings.lease,
            ),
            settings,
            stop_within: parts.settings.stop_within,
        })
    }

    /// Claims and answers until `stop`. An answer that is cut short then is given by another worker.
    pub(crate) async fn run(self: Arc<Self>, stop: &CancellationToken) {
        if let Err(error) = self.leases.take_back(ToDo::Conversations).await {
            tracing::warn!(%error, "Leases of a former life run out by themselves");
        }
        let shift = Shift {
            slots: self.settings.slots,
            look_again: LOOK_AGAIN,
            // Whoever leaves has seen the to-do list catch up.
            rest: Duration::ZERO,
            stop_within: self.stop_within,
        };
        let hint = self.sights.moves("chat_work");
        claimed_work::work(&self, shift, hint, stop).await;
    }

    async fn answer(&self, message: &ChatWorkRow) -> anyhow::Result<()> {
        let cause = event_at(&*self.log, message.position).await?;
        let span = info_span!(target: SPANS, "answer", otel.name = NAME, otel.kind = "consumer");
        let span = following(span, &cause.metadata);
        self.answer_after(message, &cause).instrument(span).await
    }

    async fn answer_after(
        &self,
        message: &ChatWorkRow,
        cause: &Recorded<AnyEvent>,
    ) -> anyhow::Result<()> {
        let context = Context::of_reaction(NAME, cause);
        let mut telling = Telling {
            drafts: &*self.drafts,
            message,
            text: String::new(),
        };
        let (segment, message_id) = (message.conversation, message.message_id);
        let answered = self
            .conversations
            .answer(&context, segment, message_id, &mut telling)
            .await?;
        self.figures.turn_ended(answered);
        match answered {
            Answered::Replied => {
                tracing::info!(message.id = %message_id, "Answered message {message_id}");
            }
            Answered::Failed(reason) => {
                tracing::warn!(message.id = %message_id, ?reason, "Message {message_id} has no answer");
            }
            Answered::Earlier => {
                tracing::info!(message.id = %message_id, "Message {message_id} was answered before");
            }
        }
        let reminding = Context::of_reaction(REMINDING, cause);
        self.conversations
            .remind_of_break(reminding, segment)
            .await?;
        let head = self.log.head().await?;
        let caught_up = self
            .sights
            .await_position(&["chat_work"], head, CATCHING_UP);
        caught_up
            .await
            .context("answered, but the to-do list is behind")
    }
}

#[async_trait]
impl Desk for AnswerMessages {
    type Piece = String;

    const NOUN: &'static str = "conversation";

    async fn claim(&self, most: usize) -> sqlx::Result<Vec<(String, Lease)>> {
        self.leases.claim_conversations(most).await
    }

    /// Answers one message after the other, until none is left or one cannot be answered now.
    async fn work(&self, conversation: &String, _: &Lease, stop: &CancellationToken) -> Leaving {
        let (mut last, mut failures) = (None, 0);
        while !stop.is_cancelled() {
            let answered = match self.sights.next_message(conversation).await {
                Ok(None) => return Leaving::Over,
                Ok(Some(message)) if last == Some(message.message_id) => {
                    tracing::error!(message.id = %message.message_id, "A message stays on the to-do list although its turn has ended");
                    return Leaving::Later(OURS_IS_BROKEN);
                }
                Ok(Some(message)) => {
                    let answered = self.answer(&message).await;
                    if answered.is_ok() {
                        last = Some(message.message_id);
                    }
                    answered
                }
                Err(error) => Err(error.into()),
            };
            if let Err(error) = answered {
                failures += 1;
                tracing::warn!(conversation, error = ?error, "A message cannot be answered yet");
                let ChatSettings {
                    first_retry,
                    longest_retry,
                    ..
                } = self.settings;
                let pause = jittered(failures, first_retry, longest_retry);
                stop.run_until_cancelled(tokio::time::sleep(pause)).await;
            }
        }
        Leaving::Stopped
    }
}

/// Tells what is said while it is said, from the beginning each time.
struct Telling<'a> {
    drafts: &'a dyn ReplyDrafts,
    message: &'a ChatWorkRow,
    text: String,
}

impl Listener for Telling<'_> {
    fn begin(&mut self) {
        self.text.clear();
    }

    fn hear(&mut self, words: &str) {
        self.text.push_str(words);
        self.drafts.tell(ReplyDraft {
            owner: self.message.owner,
            mode: self.message.conversation.mode,
            message_id: self.message.message_id,
            reply_id: reply_id(self.message.message_id),
            text: self.text.clone(),
        });
    }
}
