//! A photo request as a worker needs it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{
    photo_request::{Event, Image, Purpose},
    recorded::UnreadableEvent,
    upcasting::Upcasters,
    values::{PhotoId, Position, UserId},
};

use crate::ports::StoredEvent;

/// A photo request as a worker needs it: what to make, and how far others got.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoJob {
    /// The picture.
    pub photo_id: PhotoId,
    /// Whose it is.
    pub owner: UserId,
    /// What it is for.
    pub purpose: Purpose,
    /// The whole prompt; none once its person was erased.
    pub prompt: Option<String>,
    /// The approved reference picture that it follows.
    pub reference: Option<PhotoId>,
    /// When it was wished for, or last opened again by an operator.
    pub opened_at: DateTime<Utc>,
    /// Where in the log: the event there caused whatever a worker does.
    pub requested_position: Position,
    /// How many attempts there had been when an operator opened it again.
    pub earlier_attempts: u32,
    /// The newest attempt.
    pub attempt: Option<Attempt>,
    /// The providers that any attempt has asked.
    pub asked: BTreeSet<String>,
    /// Not before then may the next attempt start.
    pub retry_at: Option<DateTime<Utc>>,
    /// The picture, once it is delivered.
    pub image: Option<Image>,
    /// Nothing more will be done for it.
    pub ended: bool,
    /// The user wants its files gone.
    pub deleted: bool,
    /// The sequence of its last event.
    pub sequence: u64,
}

/// One try at making the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// Who was asked.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// When.
    pub started_at: DateTime<Utc>,
    /// Under which id it was accepted, when that is known.
    pub provider_id: Option<String>,
    /// It is over without a picture.
    pub failed: bool,
}

impl PhotoJob {
    /// How many attempts there were.
    pub fn attempts(&self) -> u32 {
        self.attempt.as_ref().map_or(0, |attempt| attempt.number)
    }

    /// Which try attempt `number` is since the request was opened: 1, 2, 3 …
    pub const fn tries(&self, number: u32) -> u32 {
        number.saturating_sub(self.earlier_attempts)
    }

    /// Folds a photo request's history; none when it is empty.
    pub(super) fn from_history(
        upcasters: Upcasters,
        history: &[StoredEvent],
    ) -> Result<Option<Self>, UnreadableEvent> {
        let mut job = None;
        for stored in history {
            let event = stored.decode(upcasters)?;
            match job.as_mut() {
                None => job = Self::requested(event, stored),
                Some(job) => job.see(event, stored.recorded_at),
            }
            if let Some(job) = job.as_mut() {
                job.sequence = stored.sequence;
            }
        }
        Ok(job)
    }

    fn requested(event: Event, stored: &StoredEvent) -> Option<Self> {
        let Event::PhotoRequested {
            photo_id,
            owner,
            purpose,
            prompt,
            reference,
            ..
        } = event
        else {
            return None;
        };
        Some(Self {
            photo_id,
            owner,
            purpose,
            prompt: prompt.known().map(|prompt| prompt.as_str().to_owned()),
            reference,
            opened_at: stored.recorded_at,
            requested_position: stored.position,
            earlier_attempts: 0,
            attempt: None,
            asked: BTreeSet::new(),
            retry_at: None,
            image: None,
            ended: false,
            deleted: false,
            sequence: 0,
        })
    }

    fn see(&mut self, event: Event, at: DateTime<Utc>) {
        match event {
            Event::PhotoRequested { .. } => {} // first in every stream, and only there
            Event::GenerationStarted {
                attempt,
                provider,
                model,
            } => {
                self.retry_at = None;
                self.asked.insert(provider.clone());
                self.attempt = Some(Attempt {
                    number: attempt,
                    provider,
                    model,
                    started_at: at,
                    provider_id: None,
                    failed: false,
                });
            }
            Event::PredictionAccepted { provider_id, .. } => {
                if let Some(attempt) = &mut self.attempt {
                    attempt.provider_id = Some(provider_id);
                }
            }
            Event::AttemptFailed { retry_at, .. } => {
                self.retry_at = retry_at;
                if let Some(attempt) = &mut self.attempt {
                    attempt.failed = true;
                }
            }
            Event::PhotoDelivered { image, .. } => {
                self.image = Some(image);
                self.ended = true;
            }
            Event::PhotoFailed { .. } | Event::PhotoRefused { .. } | Event::PhotoCanceled => {
                self.ended = true
            }
            Event::PhotoReopened { attempts, .. } => {
                self.ended = false;
                self.opened_at = at;
                self.earlier_attempts = attempts;
                self.retry_at = None;
                self.asked.clear();
                // A provider that was never told that it is over may still answer; nobody listens to it.
                if let Some(attempt) = &mut self.attempt {
                    attempt.failed = true;
                }
            }
            Event::PhotoDeleted => self.deleted = true,
        }
    }
}
