//! The payment provider's messages → the subscriptions that they speak of.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use application::{
    context::CommandError,
    crash_points::CrashPoint,
    people::People,
    ports::{Clock, InboxItem, LogUnavailable, PaymentGateway, PaymentInbox},
    subscriptions::{ApplyNoticeError, Subscriptions},
};
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use crate::{
    pace::{Pace, jittered},
    parts::{InboxSettings, WorkerParts},
};

/// The shortest and the longest pause between two looks into the inbox, should no wake-up come.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(1000));

/// Empties the inbox of the payment provider's messages, oldest first.
pub(crate) struct ApplyPaymentNotices {
    inbox: Arc<dyn PaymentInbox>,
    payment: Arc<dyn PaymentGateway>,
    subscriptions: Subscriptions,
    people: People,
    clock: Arc<dyn Clock>,
    settings: InboxSettings,
    stop_within: Duration,
}

impl ApplyPaymentNotices {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        Self {
            inbox: Arc::clone(&parts.inbox),
            payment: Arc::clone(&parts.payment),
            subscriptions: parts.subscriptions.clone(),
            people: parts.people.clone(),
            clock: Arc::clone(&parts.clock),
            settings: parts.settings.inbox.clone(),
            stop_within: parts.settings.stop_within,
        }
    }

    /// Works until `stop`. A message whose work is cut short is handed out again when its lease is over.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let patience = async {
            stop.cancelled().await;
            tokio::time::sleep(self.stop_within).await;
        };
        tokio::select! {
            biased;
            () = self.work_until(stop) => {}
            () = patience => {}
        }
    }

    async fn work_until(&self, stop: &CancellationToken) {
        let mut hint = self.inbox.hint();
        let mut pace = Pace::new(LOOK_AGAIN.0, LOOK_AGAIN.1);
        while !stop.is_cancelled() {
            hint.mark_unchanged();
            match self.apply_next().await {
                Ok(true) => {
                    pace.reset();
                    continue;
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, "Could not look into the inbox of payment notices")
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                Ok(()) = hint.changed() => pace.reset(),
                () = tokio::time::sleep(pace.pause()) => {}
            }
        }
    }

    /// Works on the oldest message that is due; false when none is.
    async fn apply_next(&self) -> Result<bool, LogUnavailable> {
        let Some(item) = self.inbox.next(self.settings.lease).await? else {
            return Ok(false);
        };
        CrashPoint::NoticeTaken.pass();
        let applied = self.apply(&item).await;
        CrashPoint::NoticeApplied.pass();
        let is_of_somebody_erased = self.is_of_somebody_erased(&item).await?;
        match applied {
            Ok(()) => self.inbox.done(&item.id).await?,
            Err(error) if is_of_somebody_erased && !error.is_worth_retrying() => {
                self.inbox.done(&item.id).await?;
            }
            Err(error) => self.put_back(&item, error).await?,
        }
        if is_of_somebody_erased {
            self.inbox.forget(&item.id).await?;
        }
        Ok(true)
    }

    /// Whether the message speaks of a customer whose person was erased: then its words are not kept.
    ///
    /// Any id that looks like a customer's counts, wherever in the message it stands: what the provider tells of its own
    /// accord may have any shape.
    async fn is_of_somebody_erased(&self, item: &InboxItem) -> Result<bool, LogUnavailable> {
        for customer_id in customers_in(&item.body) {
            let owner = self.subscriptions.owner_of_customer(customer_id).await?;
            if let Some(owner) = owner
                && self.people.is_erased(owner).await.map_err(away)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn apply(&self, item: &InboxItem) -> Result<(), ApplyNoticeError> {
        // It was emptied: its person was erased, and nothing is left to do for it.
        if item.body.is_empty() {
            return Ok(());
        }
        let notice = self.payment.read_webhook(&item.body)?;
        let applied = self
            .subscriptions
            .apply_again(&notice, item.replays)
            .await?;
        tracing::info!(notice.id = %item.id, ?applied, "Applied payment notice {} ({})", item.id, item.kind);
        Ok(())
    }

    /// Hands the message out again later, or parks it for an operator.
    async fn put_back(
        &self,
        item: &InboxItem,
        error: ApplyNoticeError,
    ) -> Result<(), LogUnavailable> {
        let InboxSettings {
            first_retry,
            longest_retry,
            max_attempts,
            ..
        } = self.settings;
        let attempts_left = match patience_with(&error) {
            Patience::Endless => true,
            Patience::Some => item.attempts < max_attempts,
            Patience::None => false,
        };
        let told = with_causes(&error);
        let retry_at = if attempts_left {
            tracing::warn!(notice.id = %item.id, error = told, "Payment notice {} is tried again", item.id);
            let pause = jittered(item.attempts, first_retry, longest_retry);
            Some(self.clock.now() + TimeDelta::from_std(pause).unwrap_or(TimeDelta::hours(1)))
        } else {
            tracing::error!(notice.id = %item.id, error = told, "Payment notice {} waits for an operator", item.id);
            None
        };
        self.inbox.failed(&item.id, &told, retry_at).await
    }
}

/// The customers' ids in a message, each once: the provider's begin with `cus_`.
fn customers_in(body: &[u8]) -> BTreeSet<&str> {
    let Ok(text) = std::str::from_utf8(body) else {
        return BTreeSet::new();
    };
    text.match_indices("cus_")
        .map(|(start, _)| &text[start..])
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
            &rest[..end.unwrap_or(rest.len())]
        })
        .collect()
}

fn away<R: std::error::Error + Send + Sync + 'static>(error: CommandError<R>) -> LogUnavailable {
    LogUnavailable(Box::new(error))
}

/// How long a failing message is tried.
enum Patience {
    /// Until it succeeds: something is away.
    Endless,
    /// A number of times: somebody may become known yet, or may be none of ours.
    Some,
    /// Not again: an operator must act first.
    None,
}

fn patience_with(error: &ApplyNoticeError) -> Patience {
    match error {
        ApplyNoticeError::NobodyKnown { .. } | ApplyNoticeError::UnknownSubscription(_) => {
            Patience::Some
        }
        ApplyNoticeError::UnknownPrice(_)
        | ApplyNoticeError::Payment(_)
        | ApplyNoticeError::Directory(_)
        | ApplyNoticeError::Command(_) => {
            if error.is_worth_retrying() {
                Patience::Endless
            } else {
                Patience::None
            }
        }
    }
}

/// The error and what caused it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}
