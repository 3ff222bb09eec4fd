//! What a refusal or a failure of the provider's leads to: another attempt, a refusal on record, or the end.

use std::time::Duration;

use application::{
    content,
    photos::PhotoJob,
    ports::{ProviderError, ProviderErrorKind},
};
use chrono::{DateTime, Utc};
use domain::photo_request::{Command, FailureClass};

use super::assignment::{Assignment, Progress, delta};
use crate::{claimed_work::Leaving, pace::jittered};

impl Assignment<'_> {
    /// Does what a provider's refusal of attempt `number` calls for, when it surely is one.
    pub(super) async fn refused(
        &mut self,
        job: &PhotoJob,
        number: u32,
        error: ProviderError,
    ) -> Progress {
        match error.kind {
            ProviderErrorKind::Retryable { after } => {
                self.attempt_failed(job, number, error.detail, after).await
            }
            ProviderErrorKind::MaybeAccepted => {
                self.attempt_failed(job, number, error.detail, None).await
            }
            ProviderErrorKind::Content => {
                let rules = content::rules_of_provider_refusal(&error.detail);
                self.command(
                    job,
                    Command::Refuse {
                        attempt: number,
                        rules,
                    },
                )
                .await?;
                Err(Leaving::Over)
            }
            ProviderErrorKind::Operator => {
                let photo_id = self.photo_id;
                tracing::error!(photo.id = %photo_id, %error, "The image provider refuses photo {photo_id}: {error}");
                // As the log has it now, this attempt included.
                let asked = self.job().await?.map(|job| job.asked).unwrap_or_default();
                let may_try_again = job.tries(number) < self.desk.settings.max_attempts;
                if may_try_again && self.desk.providers.another_is_left(&asked) {
                    return self
                        .put_off(
                            job,
                            number,
                            FailureClass::Operator,
                            error.detail,
                            self.now(),
                        )
                        .await;
                }
                self.fail(job, number, FailureClass::Operator, error.detail)
                    .await?;
                Err(Leaving::Over)
            }
        }
    }

    /// The attempt failed for reasons that another one may not meet.
    ///
    /// When the provider says when to come again, nothing was bought and it is no fault of the request:
    /// then only the deadline ends it, not the number of attempts, and it comes again as soon as it may, however often it
    /// was put off. Pauses that grew would let requests that came later overtake it; that the provider is not asked by
    /// all at once is the account's business.
    pub(super) async fn attempt_failed(
        &mut self,
        job: &PhotoJob,
        number: u32,
        detail: String,
        after: Option<Duration>,
    ) -> Progress {
        let settings = &self.desk.settings;
        let tries = job.tries(number);
        if tries >= settings.max_attempts && after.is_none() {
            self.fail(job, number, FailureClass::Transient, detail)
                .await?;
            return Err(Leaving::Over);
        }
        let (first, longest) = (settings.first_retry, settings.longest_retry);
        let pause = match after {
            Some(after) => after + jittered(1, first, longest),
            None => jittered(tries, first, longest),
        };
        let retry_at = self.now() + delta(pause);
        self.put_off(job, number, FailureClass::Transient, detail, retry_at)
            .await
    }

    /// Attempt `number` is over; another one may start at `retry_at`.
    async fn put_off(
        &self,
        job: &PhotoJob,
        number: u32,
        class: FailureClass,
        detail: String,
        retry_at: DateTime<Utc>,
    ) -> Progress {
        let failure = Command::RecordAttemptFailure {
            attempt: number,
            class,
            detail,
            retry_at: Some(retry_at.min(self.deadline(job))),
        };
        self.command(job, failure).await.map(drop)
    }

    /// There will be no picture. `attempt` is the newest one, 0 when there was none.
    pub(super) async fn fail(
        &self,
        job: &PhotoJob,
        attempt: u32,
        class: FailureClass,
        reason: String,
    ) -> Progress {
        let fail = Command::Fail {
            attempt,
            class,
            reason,
        };
        self.command(job, fail).await.map(drop)
    }
}
