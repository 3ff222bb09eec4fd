//! What the companion is about to say, carried to all processes by wake-ups.
//!
//! Drafts come thick and are worth nothing a moment later. So they are sent one after the other; while one is on its way,
//! those that cannot wait are dropped.

use std::sync::Arc;

use application::ports::{ReplyDraft, ReplyDrafts};
use domain::{
    conversation::Mode,
    values::{MessageId, UserId},
};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::wake_ups::WakeUps;

/// The channel's name.
const CHANNEL: &str = "reply_drafts";

/// How many drafts may wait to be sent, in this process or to the others.
const WAITING: usize = 64;

/// The drafts. Cheap to clone; clones hear the same.
#[derive(Clone)]
pub struct SharedReplyDrafts {
    wake_ups: WakeUps,
    /// Tells what this process sent from what others did.
    origin: Uuid,
    heard: broadcast::Sender<Arc<ReplyDraft>>,
    outgoing: mpsc::Sender<String>,
}

/// A draft on its way to other processes.
#[derive(Serialize, Deserialize)]
struct Parcel {
    origin: Uuid,
    owner: UserId,
    mode: Mode,
    message_id: MessageId,
    reply_id: MessageId,
    text: String,
}

impl SharedReplyDrafts {
    /// By that way. What is told leaves by a task that ends with the last clone.
    pub fn start(wake_ups: WakeUps) -> Self {
        let (outgoing, parcels) = mpsc::channel(WAITING);
        tokio::spawn(send(wake_ups.clone(), parcels));
        Self {
            wake_ups,
            origin: Uuid::now_v7(),
            heard: broadcast::Sender::new(WAITING),
            outgoing,
        }
    }

    /// Hears what other processes tell, until `stop`.
    pub async fn listen(&self, stop: CancellationToken) {
        let hear = |payload: &str| {
            if let Ok(parcel) = serde_json::from_str::<Parcel>(payload)
                && parcel.origin != self.origin
            {
                let _ = self.heard.send(Arc::new(parcel.opened()));
            }
        };
        self.wake_ups.listen(CHANNEL, stop, hear).await;
    }

    fn packed(&self, draft: &ReplyDraft) -> Option<String> {
        let parcel = Parcel {
            origin: self.origin,
            owner: draft.owner,
            mode: draft.mode,
            message_id: draft.message_id,
            reply_id: draft.reply_id,
            text: draft.text.clone(),
        };
        serde_json::to_string(&parcel)
            .ok()
            .filter(|payload| payload.len() <= self.wake_ups.longest_payload())
    }
}

impl ReplyDrafts for SharedReplyDrafts {
    fn tell(&self, draft: ReplyDraft) {
        // A draft that is too long for the others, or comes while they are too busy, is one that they do not hear.
        if let Some(payload) = self.packed(&draft) {
            let _ = self.outgoing.try_send(payload);
        }
        // Nobody listens: then nobody needs to know.
        let _ = self.heard.send(Arc::new(draft));
    }

    fn heard(&self) -> broadcast::Receiver<Arc<ReplyDraft>> {
        self.heard.subscribe()
    }
}

impl Parcel {
    fn opened(self) -> ReplyDraft {
        ReplyDraft {
            owner: self.owner,
            mode: self.mode,
            message_id: self.message_id,
            reply_id: self.reply_id,
            text: self.text,
        }
    }
}

async fn send(wake_ups: WakeUps, mut parcels: mpsc::Receiver<String>) {
    while let Some(payload) = parcels.recv().await {
        if let Err(error) = wake_ups.say(CHANNEL, &payload).await {
            tracing::debug!(%error, "A draft of a reply was not told to other processes");
        }
    }
}
