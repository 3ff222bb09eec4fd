//! One attempt, from its start to the provider's id of it; also when somebody died in between.

use std::time::Duration;

use application::{
    context::CommandError,
    photos::{Attempt, PhotoJob},
    ports::{AttemptId, InputPicture, PictureOrder, Prediction, ProviderErrorKind, StorageError},
};
use chrono::{DateTime, Utc};
use domain::{
    photo_request::{Command, FailureClass},
    values::PhotoId,
};

use super::assignment::{Assignment, Progress, Unsure, delta};
use crate::{
    claimed_work::Leaving,
    pace::Pace,
    providers::{Asked, Chosen, PermittedOrder},
    steps::Step,
};

/// How long a photo rests when it cannot be known whether a provider may be asked.
const ACCOUNTS_ARE_AWAY: Duration = Duration::from_secs(1);

/// How long a photo rests when the reference picture cannot be read now.
const STORAGE_IS_AWAY: Duration = Duration::from_secs(2);

impl<'a> Assignment<'a> {
    /// Puts attempt `number` on record, then asks the provider. In this order: whoever finds the attempt
    /// without a prediction knows that one may have been bought.
    pub(super) async fn start(&mut self, job: &PhotoJob, number: u32) -> Progress {
        // Permission comes first: while there is none, the reference picture need not be read at each look.
        let permitted = self.permitted(job, number).await?;
        let order = match self.order(job, number, self.now()).await {
            Ok(order) => order,
            Err(leaving) => {
                permitted.withdraw();
                return Err(leaving);
            }
        };
        let name = permitted.provider().name().to_owned();
        let start = Command::StartAttempt {
            attempt: number,
            provider: name.clone(),
            model: permitted.model.clone(),
        };
        if let Err(leaving) = self.command(job, start).await {
            permitted.withdraw();
            return Err(leaving);
        }
        self.at(Step::AttemptStarted).await;
        if !self.lease.is_held() {
            // This process was paused; somebody else may be asking the provider right now.
            permitted.withdraw();
            return Err(Leaving::TakenOver);
        }
        match permitted.place(&order).await {
            Ok(prediction) => self.accepted(job, number, &name, prediction).await,
            Err(error) if error.kind == ProviderErrorKind::MaybeAccepted => {
                let (since, detail) = (self.now(), error.detail);
                self.unsure = Some(Unsure {
                    attempt: number,
                    since,
                    detail,
                });
                Ok(())
            }
            Err(error) => self.refused(job, number, error).await,
        }
    }

    /// Whom to ask, once somebody may be asked.
    async fn permitted(&self, job: &PhotoJob, number: u32) -> Progress<PermittedOrder<'a>> {
        match self.desk.providers.choose(job, number).await {
            Ok(Chosen::Ask(permitted)) => Ok(permitted),
            Ok(Chosen::NotBefore(left)) => Err(self.later(job, left)),
            Err(error) => {
                let photo_id = self.photo_id;
                tracing::warn!(photo.id = %photo_id, %error, "Photo {photo_id} must wait for the providers' accounts");
                Err(Leaving::Later(ACCOUNTS_ARE_AWAY))
            }
        }
    }

    /// Looks for the prediction of an attempt that may have been accepted. When it can no longer appear, the
    /// attempt has failed.
    pub(super) async fn recover(&mut self, job: &PhotoJob, attempt: &Attempt) -> Progress {
        let Some(provider) = self.asked(attempt) else {
            return self.provider_is_gone(job, attempt).await;
        };
        let found = if provider.keeps_jobs() {
            let order = self.order(job, attempt.number, attempt.started_at).await?;
            let named = self.named(attempt.number).await;
            provider.find_orphan(&order, named.as_deref()).await
        } else {
            Ok(None)
        };
        match found {
            Ok(Some(prediction)) => {
                self.accepted(job, attempt.number, &attempt.provider, prediction)
                    .await
            }
            Ok(None) if self.now() < self.settled_at(attempt) => {
                self.await_word(job, attempt.number).await
            }
            Ok(None) => {
                let unsure = self.unsure(attempt).map(|unsure| unsure.detail.clone());
                let detail = unsure.unwrap_or_else(|| "the provider never accepted it".to_owned());
                self.attempt_failed(job, attempt.number, detail, None).await
            }
            Err(error) => match error.kind {
                ProviderErrorKind::Retryable { after } => self.pause(job, after).await,
                ProviderErrorKind::MaybeAccepted => self.pause(job, None).await,
                ProviderErrorKind::Content | ProviderErrorKind::Operator => {
                    self.refused(job, attempt.number, error).await
                }
            },
        }
    }

    /// The provider of an attempt; none when it is no longer configured.
    pub(super) fn asked(&self, attempt: &Attempt) -> Option<Asked<'a>> {
        let providers = &self.desk.providers;
        providers.of_attempt(&attempt.provider, self.photo_id, attempt.number)
    }

    /// Who was asked is not there any more: the next attempt asks somebody else.
    pub(super) async fn provider_is_gone(&mut self, job: &PhotoJob, attempt: &Attempt) -> Progress {
        let detail = format!("{} is no longer configured", attempt.provider);
        self.attempt_failed(job, attempt.number, detail, None).await
    }

    /// The job that the provider itself named for the attempt. A hint: without it the search only takes longer.
    async fn named(&self, attempt: u32) -> Option<String> {
        let about = AttemptId {
            photo_id: self.photo_id,
            attempt,
        };
        self.desk.notices.named(about).await.unwrap_or_default()
    }

    fn settled_at(&self, attempt: &Attempt) -> DateTime<Utc> {
        let lost = self
            .unsure(attempt)
            .map_or(attempt.started_at, |unsure| unsure.since);
        let began = lost.max(attempt.started_at);
        began + delta(self.desk.settings.settle)
    }

    /// What this worker knows of the attempt's lost answer.
    fn unsure(&self, attempt: &Attempt) -> Option<&Unsure> {
        self.unsure
            .as_ref()
            .filter(|unsure| unsure.attempt == attempt.number)
    }

    /// Puts the provider's id on record. If that comes too late the prediction is surplus.
    async fn accepted(
        &mut self,
        job: &PhotoJob,
        number: u32,
        provider: &str,
        prediction: Prediction,
    ) -> Progress {
        self.at(Step::ProviderAnswered).await;
        let record = Command::RecordPrediction {
            attempt: number,
            provider_id: prediction.id.clone(),
        };
        if let Err(error) = self.try_command(job, record).await {
            if matches!(error, CommandError::Rejected(_)) {
                self.call_off_surplus(provider, number, &prediction.id)
                    .await;
            }
            return Err(self.leaving(error));
        }
        self.at(Step::PredictionRecorded).await;
        self.pace = self.pace_after(provider, number);
        self.fetch_failures = 0;
        self.said = Some(prediction);
        Ok(())
    }

    /// Stops a prediction that came too late, unless whoever was faster follows the very same one.
    async fn call_off_surplus(&self, provider: &str, number: u32, id: &str) {
        let Ok(Some(job)) = self.desk.photos.job(self.photo_id).await else {
            return;
        };
        if job
            .attempt
            .and_then(|attempt| attempt.provider_id)
            .as_deref()
            != Some(id)
        {
            let photo_id = self.photo_id;
            tracing::warn!(photo.id = %photo_id, "Prediction {id} of photo {photo_id} was bought in vain");
            self.call_off_prediction(provider, number, id).await;
        }
    }

    /// How often to ask for the job of a fresh attempt.
    fn pace_after(&self, provider: &str, number: u32) -> Pace {
        let settings = &self.desk.settings;
        let providers = &self.desk.providers;
        let asked = providers.of_attempt(provider, self.photo_id, number);
        if asked.is_some_and(|asked| asked.announces()) {
            let (first, longest) = settings.announced_poll;
            Pace::new(first, longest)
        } else {
            Pace::new(settings.first_poll, settings.longest_poll)
        }
    }

    async fn order(
        &self,
        job: &PhotoJob,
        attempt: u32,
        started_at: DateTime<Utc>,
    ) -> Progress<PictureOrder> {
        let reference = match job.reference {
            Some(reference) => Some(self.reference(job, reference).await?),
            None => None,
        };
        Ok(PictureOrder {
            photo_id: self.photo_id,
            attempt,
            purpose: job.purpose,
            prompt: job.prompt.clone().unwrap_or_default(),
            reference,
            started_at,
            left: self.left(job),
        })
    }

    /// The approved reference picture, which is a delivered photo of ours.
    async fn reference(&self, job: &PhotoJob, reference: PhotoId) -> Progress<InputPicture> {
        let loaded = self
            .desk
            .photos
            .job(reference)
            .await
            .map_err(|error| self.leaving(error))?;
        let Some(image) = loaded.filter(|job| !job.deleted).and_then(|job| job.image) else {
            return self.no_reference(job).await;
        };
        match self.desk.storage.get(&image.key, None).await {
            Ok(object) => Ok(InputPicture {
                bytes: object.bytes,
                media_type: image.media_type,
            }),
            Err(StorageError::NotFound(_)) => self.no_reference(job).await,
            Err(error @ StorageError::Unavailable(_)) => {
                let photo_id = self.photo_id;
                tracing::warn!(photo.id = %photo_id, %error, "Photo {photo_id} must wait for its reference picture");
                Err(Leaving::Later(STORAGE_IS_AWAY))
            }
        }
    }

    async fn no_reference<T>(&self, job: &PhotoJob) -> Progress<T> {
        let reason = "the reference picture is gone".to_owned();
        self.fail(job, job.attempts(), FailureClass::Operator, reason)
            .await?;
        Err(Leaving::Over)
    }
}
