//! The payment provider's messages, kept in memory.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use application::ports::{
    Clock, InboxCounts, InboxEntry, InboxItem, InboxState, Kept, LogUnavailable, PaymentInbox,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::wire::Wire;

/// The messages, in the order in which they came.
#[derive(Default)]
pub struct MemoryInbox {
    letters: Mutex<Vec<Letter>>,
    /// One channel for each listener, so that they are woken in the order in which they came.
    listeners: Mutex<Vec<watch::Sender<u64>>>,
}

struct Letter {
    id: String,
    kind: String,
    body: Vec<u8>,
    state: InboxState,
    attempts: u32,
    due: DateTime<Utc>,
    received_at: DateTime<Utc>,
    error: String,
}

impl MemoryInbox {
    /// Keeps a message, unless it is known.
    pub fn keep(&self, id: &str, kind: &str, body: &[u8], now: DateTime<Utc>) {
        let mut letters = self.letters();
        if letters.iter().any(|letter| letter.id == id) {
            return;
        }
        letters.push(Letter {
            id: id.to_owned(),
            kind: kind.to_owned(),
            body: body.to_owned(),
            state: InboxState::Waiting,
            attempts: 0,
            due: now,
            received_at: now,
            error: String::new(),
        });
        let kept = letters.len() as u64;
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener.receiver_count() > 0);
        for listener in listeners.iter() {
            listener.send_replace(kept);
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        let letters = self.letters();
        let mut waiting = letters.iter().map(|letter| letter.state);
        waiting.all(|state| state != InboxState::Waiting)
    }

    /// What waits for an operator, and why.
    pub fn parked(&self) -> Vec<String> {
        let letters = self.letters();
        let parked = letters
            .iter()
            .filter(|letter| letter.state == InboxState::Parked);
        parked
            .map(|letter| format!("{}: {}", letter.id, letter.error))
            .collect()
    }

    fn next(&self, lease: Duration, now: DateTime<Utc>) -> Option<InboxItem> {
        let mut letters = self.letters();
        let due = letters
            .iter_mut()
            .find(|letter| letter.state == InboxState::Waiting && letter.due <= now)?;
        due.attempts += 1;
        due.due = now + lease;
        Some(InboxItem {
            id: due.id.clone(),
            kind: due.kind.clone(),
            body: due.body.clone(),
            attempts: due.attempts,
            replays: 0,
            received_at: due.received_at,
        })
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Letter)) {
        let mut letters = self.letters();
        if let Some(letter) = letters.iter_mut().find(|letter| letter.id == id) {
            change(letter);
        }
    }

    fn letters(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The inbox, over a wire.
pub struct WiredInbox(pub Wire);

impl WiredInbox {
    async fn ask<T>(
        &self,
        port: &'static str,
        effect: impl FnOnce(&MemoryInbox, DateTime<Utc>) -> T,
    ) -> Result<T, LogUnavailable> {
        let world = &self.0.world;
        let effect = async { Ok(effect(&world.inbox, world.clock.now())) };
        self.0.call(port, crate::wired::log_away, effect).await
    }
}

#[async_trait]
impl PaymentInbox for WiredInbox {
    async fn keep(
        &self,
        _: &str,
        event_id: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<Kept, LogUnavailable> {
        self.ask("inbox.keep", |inbox, now| {
            inbox.keep(event_id, kind, body, now);
            Kept::New
        })
        .await
    }

    async fn next(&self, lease: Duration) -> Result<Option<InboxItem>, LogUnavailable> {
        self.ask("inbox.next", |inbox, now| inbox.next(lease, now))
            .await
    }

    async fn done(&self, id: &str) -> Result<(), LogUnavailable> {
        self.ask("inbox.done", |inbox, _| {
            inbox.change(id, |letter| letter.state = InboxState::Done);
        })
        .await
    }

    async fn failed(
        &self,
        id: &str,
        error: &str,
        retry_at: Option<DateTime<Utc>>,
    ) -> Result<(), LogUnavailable> {
        self.ask("inbox.failed", |inbox, _| {
            inbox.change(id, |letter| {
                error.clone_into(&mut letter.error);
                match retry_at {
                    Some(retry_at) => letter.due = retry_at,
                    None if letter.state == InboxState::Waiting => {
                        letter.state = InboxState::Parked;
                    }
                    None => {}
                }
            });
        })
        .await
    }

    async fn page(
        &self,
        _: Option<InboxState>,
        _: Option<u64>,
        _: u32,
    ) -> Result<Vec<InboxEntry>, LogUnavailable> {
        Ok(Vec::new())
    }

    async fn entry(&self, _: &str) -> Result<Option<InboxEntry>, LogUnavailable> {
        Ok(None)
    }

    async fn counts(&self, _: DateTime<Utc>) -> Result<InboxCounts, LogUnavailable> {
        Ok(InboxCounts::default())
    }

    async fn hand_out_again(&self, id: &str) -> Result<bool, LogUnavailable> {
        self.ask("inbox.again", |inbox, _| {
            inbox.change(id, |letter| letter.state = InboxState::Waiting);
            true
        })
        .await
    }

    async fn forget_mentioning(&self, _: &[String]) -> Result<(), LogUnavailable> {
        Ok(())
    }

    async fn forget(&self, id: &str) -> Result<(), LogUnavailable> {
        self.ask("inbox.forget", |inbox, _| {
            inbox.change(id, |letter| letter.body.clear());
        })
        .await
    }

    fn hint(&self) -> watch::Receiver<u64> {
        let (listener, hint) = watch::channel(0);
        let listeners = &self.0.world.inbox.listeners;
        let mut listeners = listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.push(listener);
        hint
    }
}
