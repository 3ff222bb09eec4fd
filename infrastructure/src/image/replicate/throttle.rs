//! Keeps creates back while Replicate has said that it takes none, so that no retry storm starts.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use application::ports::{ProviderError, ProviderErrorKind};
use reqwest::StatusCode;

use super::{
    api::Answer,
    refusal::{Asking, refusal},
};

/// Shut until a moment, or open.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    shut_until: Mutex<Option<Instant>>,
}

impl Throttle {
    /// How much longer it is shut, if at all.
    pub(super) fn left(&self) -> Option<Duration> {
        let shut_until = *self
            .shut_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let left = shut_until.and_then(|until| until.checked_duration_since(Instant::now()));
        left.filter(|left| !left.is_zero())
    }

    /// An error that says how long to wait, while it is shut.
    pub(super) fn pass(&self) -> Result<(), ProviderError> {
        match self.left() {
            None => Ok(()),
            Some(left) => Err(ProviderError {
                kind: ProviderErrorKind::Retryable { after: Some(left) },
                detail: "Replicate takes no more requests for now".to_owned(),
            }),
        }
    }

    /// Shuts after a 429 with a pause, and after the last create of a window.
    pub(super) fn learn(&self, answer: &Answer) {
        let used_up = answer.rate_limit.filter(|limit| limit.remaining == 0);
        let pause: Option<Duration> = match answer.status {
            StatusCode::TOO_MANY_REQUESTS => match refusal(answer, Asking::Purchase).kind {
                ProviderErrorKind::Retryable { after } => after,
                ProviderErrorKind::MaybeAccepted
                | ProviderErrorKind::Content
                | ProviderErrorKind::Operator => None,
            },
            _ => used_up.map(|limit| limit.reset),
        };
        if let Some(pause) = pause {
            let until = Instant::now() + pause;
            let mut shut_until = self
                .shut_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *shut_until = Some(shut_until.map_or(until, |known| known.max(until)));
        }
    }
}
