//! From an accepted prediction to a delivered picture: follow, fetch, finish, store, re-read, deliver.

use std::time::Duration;

use application::{
    photos::{Attempt, PhotoJob},
    ports::{FinishedPicture, PictureError, Prediction, PredictionState, ProviderErrorKind},
};
use bytes::Bytes;
use domain::photo_request::Command;

use super::{
    assignment::{Assignment, Progress},
    rereading::NotConfirmed,
};
use crate::{
    claimed_work::Leaving, pace::jittered, providers::Asked, steps::Step, stored_pictures::Kept,
};

/// How often one picture is fetched in vain before the attempt counts as failed.
const FETCHES: u32 = 4;

/// How long a photo rests at most when ours is the fault. Nothing is bought again: the provider keeps the
/// prediction's files for an hour.
const OURS_TO_MEND: Duration = Duration::from_secs(8);

impl Assignment<'_> {
    /// Asks how the prediction stands, and does what follows.
    pub(super) async fn follow(&mut self, job: &PhotoJob, attempt: &Attempt, id: &str) -> Progress {
        let number = attempt.number;
        let Some(provider) = self.asked(attempt) else {
            return self.provider_is_gone(job, attempt).await;
        };
        let state = match self.said.take() {
            Some(Prediction { id: said, state }) if said == id => state,
            Some(_) | None => match provider.check(id).await {
                Ok(prediction) => prediction.state,
                Err(error) => {
                    return match error.kind {
                        ProviderErrorKind::Retryable { after } => self.pause(job, after).await,
                        ProviderErrorKind::MaybeAccepted => self.pause(job, None).await,
                        ProviderErrorKind::Content | ProviderErrorKind::Operator => {
                            self.refused(job, number, error).await
                        }
                    };
                }
            },
        };
        match state {
            PredictionState::Working => self.await_word(job, number).await,
            PredictionState::Succeeded { urls } => {
                self.deliver(job, &provider, number, &urls).await
            }
            PredictionState::Failed(error) => self.refused(job, number, error).await,
            PredictionState::Canceled => {
                let detail = "the prediction was canceled at the provider".to_owned();
                self.attempt_failed(job, number, detail, None).await
            }
        }
    }

    /// Fetches the first picture, marks it, stores it, and puts the delivery on record.
    async fn deliver(
        &mut self,
        job: &PhotoJob,
        provider: &Asked<'_>,
        number: u32,
        urls: &[String],
    ) -> Progress {
        let Some(url) = urls.first() else {
            let detail = "the provider succeeded without a picture".to_owned();
            return self.attempt_failed(job, number, detail, None).await;
        };
        let Some(bytes) = self.fetch(job, provider, number, url).await? else {
            return Ok(());
        };
        self.at(Step::PictureFetched).await;
        self.still_wanted(number).await?;

        let picture = match self.desk.finisher.finish(bytes).await {
            Ok(picture) => picture,
            Err(PictureError::Unusable(detail)) => {
                return self.attempt_failed(job, number, detail, None).await;
            }
            Err(error @ PictureError::Internal(_)) => return Err(self.ours_to_mend(&error)),
        };
        self.at(Step::PictureFinished).await;
        self.still_wanted(number).await?;
        self.store_and_record(job, number, picture).await
    }

    /// The picture's bytes; none when fetching failed and the prediction is to be looked at again.
    async fn fetch(
        &mut self,
        job: &PhotoJob,
        provider: &Asked<'_>,
        number: u32,
        url: &str,
    ) -> Progress<Option<Bytes>> {
        let error = match provider.fetch(url).await {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(error) => error,
        };
        self.fetch_failures += 1;
        match error.kind {
            ProviderErrorKind::Retryable { after } if self.fetch_failures < FETCHES => {
                self.pause(job, after).await?;
            }
            ProviderErrorKind::MaybeAccepted if self.fetch_failures < FETCHES => {
                self.pause(job, None).await?;
            }
            // Not the provider's wish to be left alone, but a picture that cannot be had.
            ProviderErrorKind::Retryable { .. } | ProviderErrorKind::MaybeAccepted => {
                self.attempt_failed(job, number, error.detail, None).await?;
            }
            ProviderErrorKind::Content | ProviderErrorKind::Operator => {
                self.refused(job, number, error).await?;
            }
        }
        Ok(None)
    }

    async fn store_and_record(
        &mut self,
        job: &PhotoJob,
        number: u32,
        picture: FinishedPicture,
    ) -> Progress {
        let pictures = &self.desk.pictures;
        let note = match pictures.note(self.photo_id, &picture).await {
            Ok(note) => note,
            Err(error) => return Err(self.ours_to_mend(&error)),
        };
        self.at(Step::PictureNoted).await;
        let kept = match pictures.keep(note, &picture).await {
            Ok(kept) => kept,
            Err(error) => return Err(self.ours_to_mend(&error)),
        };
        self.at(Step::PictureStored).await;
        if let Err(error) = self.desk.confirm_marks(&picture).await {
            return self.not_confirmed(job, number, &picture, kept, error).await;
        }
        let recorded = self.record(job, number, &picture).await;
        self.settle(kept, &picture, &recorded).await;
        recorded?;
        self.at(Step::Delivered).await;
        Err(Leaving::Over)
    }

    /// A picture that is not marked as it should be is never delivered: the attempt has failed.
    async fn not_confirmed(
        &mut self,
        job: &PhotoJob,
        number: u32,
        picture: &FinishedPicture,
        kept: Kept,
        error: NotConfirmed,
    ) -> Progress {
        match &error {
            NotConfirmed::Bad { .. } => {
                let photo_id = self.photo_id;
                tracing::error!(photo.id = %photo_id, %error, "Photo {photo_id} is not delivered: {error}");
                self.settle(kept, picture, &Err(Leaving::Over)).await;
                self.attempt_failed(job, number, error.to_string(), None)
                    .await
            }
            NotConfirmed::Unknown { .. } => {
                let leaving = self.ours_to_mend(&error);
                self.settle(kept, picture, &Err(leaving)).await;
                Err(leaving)
            }
        }
    }

    async fn record(&self, job: &PhotoJob, number: u32, picture: &FinishedPicture) -> Progress {
        self.still_wanted(number).await?;
        self.at(Step::Delivering).await;
        let (image, marks) = (picture.image.clone(), picture.marks.clone());
        self.command(
            job,
            Command::Deliver {
                attempt: number,
                image,
                marks,
            },
        )
        .await?;
        let photo_id = self.photo_id;
        tracing::info!(photo.id = %photo_id, "Delivered photo {photo_id}");
        Ok(())
    }

    /// Once a delivery is on record its files stay; files that nobody will ever ask for go.
    async fn settle(&self, kept: Kept, picture: &FinishedPicture, recorded: &Progress) {
        let pictures = &self.desk.pictures;
        let settled = match recorded {
            Ok(()) => pictures.confirm(kept, picture).await,
            Err(Leaving::Over | Leaving::TakenOver) => pictures.withdraw(kept).await,
            Err(Leaving::Later(_) | Leaving::Stopped) => pictures.let_go(kept).await,
        };
        if let Err(error) = settled {
            let photo_id = self.photo_id;
            tracing::warn!(photo.id = %photo_id, %error, "The files of photo {photo_id} may be left over");
        }
    }

    /// Something of ours failed: an operator should look, the photo waits.
    fn ours_to_mend(&self, error: &(dyn std::error::Error + 'static)) -> Leaving {
        let photo_id = self.photo_id;
        tracing::error!(photo.id = %photo_id, error, "Photo {photo_id} must wait: {error}");
        Leaving::Later(OURS_TO_MEND / 4 + jittered(1, OURS_TO_MEND, OURS_TO_MEND))
    }
}
