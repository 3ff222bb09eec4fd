//! The work on one claimed photo: look, do the next step, look again.

use std::time::Duration;

use application::{
    context::{CommandError, Context, Receipt},
    photos::PhotoJob,
    ports::{AttemptId, LogUnavailable, Prediction},
    traces::{self, SPANS},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    photo_request::{Command, FailureClass, Rejection},
    recorded::{AnyEvent, Recorded},
    values::PhotoId,
};
use tokio::sync::{OnceCell, broadcast};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, info_span};

use super::{
    DeliverRequestedPhotos,
    next::{Next, next},
};
use crate::{causes::event_at, claimed_work::Leaving, leases::Lease, pace::Pace, steps::Step};

/// How long a photo rests when something of ours is away.
const OURS_IS_AWAY: Duration = Duration::from_secs(1);

/// How long a photo rests whose history cannot be read or written: an operator must act first.
const OURS_IS_BROKEN: Duration = Duration::from_secs(30);

/// A step's result: go on, or leave.
pub(super) type Progress<T = ()> = Result<T, Leaving>;

/// An answer of the provider was lost.
pub(super) struct Unsure {
    pub(super) attempt: u32,
    pub(super) since: DateTime<Utc>,
    pub(super) detail: String,
}

/// One claimed photo.
pub(super) struct Assignment<'a> {
    pub(super) desk: &'a DeliverRequestedPhotos,
    pub(super) photo_id: PhotoId,
    pub(super) lease: &'a Lease,
    stop: &'a CancellationToken,
    /// The event that all of this follows from, once it was read.
    wish: OnceCell<Recorded<AnyEvent>>,
    pub(super) pace: Pace,
    /// What providers say of their own accord, from before they are asked.
    arrivals: broadcast::Receiver<AttemptId>,
    /// What the provider said last, so that it is not asked again at once.
    pub(super) said: Option<Prediction>,
    /// Since when, and why, it is not known whether the provider accepted the current attempt.
    pub(super) unsure: Option<Unsure>,
    /// How often fetching the current picture failed.
    pub(super) fetch_failures: u32,
}

impl<'a> Assignment<'a> {
    pub(super) fn new(
        desk: &'a DeliverRequestedPhotos,
        photo_id: PhotoId,
        lease: &'a Lease,
        stop: &'a CancellationToken,
    ) -> Self {
        Self {
            desk,
            photo_id,
            lease,
            stop,
            wish: OnceCell::const_new(),
            pace: Pace::new(desk.settings.first_poll, desk.settings.longest_poll),
            arrivals: desk.notices.arrivals(),
            said: None,
            unsure: None,
            fetch_failures: 0,
        }
    }

    /// Does what the photo needs until there is nothing more to do.
    pub(super) async fn work(&mut self) -> Leaving {
        self.at(Step::Claimed).await;
        let span = self.span().await;
        async {
            loop {
                if let Err(leaving) = self.step().await {
                    return leaving;
                }
            }
        }
        .instrument(span)
        .await
    }

    /// What collectors of traces see of it, in the trace of the wish.
    async fn span(&self) -> Span {
        if !traces::are_collected() {
            return Span::none();
        }
        let span = info_span!(
            target: SPANS,
            "deliver",
            otel.name = super::NAME,
            otel.kind = "consumer",
            photo.id = %self.photo_id,
        );
        match self.job().await {
            Ok(Some(job)) => match self.wish(&job).await {
                Ok(wish) => traces::following(span, &wish.metadata),
                Err(_) => span,
            },
            Ok(None) | Err(_) => span,
        }
    }

    async fn step(&mut self) -> Progress {
        if self.stop.is_cancelled() {
            return Err(Leaving::Stopped);
        }
        // A photo without history is one that the to-do list knows before this connection does.
        let job = self.job().await?.ok_or(Leaving::Later(OURS_IS_AWAY))?;
        let now = self.now();
        match next(&job, self.deadline(&job), now) {
            Next::Nothing => {
                self.call_off(&job).await;
                Err(Leaving::Over)
            }
            Next::Cancel => self.command(&job, Command::Cancel).await.map(drop),
            Next::GiveUp => {
                let reason = "it took longer than a picture may take".to_owned();
                self.fail(&job, job.attempts(), FailureClass::Deadline, reason)
                    .await
            }
            Next::Wait { until } => {
                Err(self.later(&job, (until - now).to_std().unwrap_or_default()))
            }
            Next::Start { number } => self.start(&job, number).await,
            Next::Recover { attempt } => self.recover(&job, &attempt).await,
            Next::Follow {
                attempt,
                prediction_id,
            } => self.follow(&job, &attempt, &prediction_id).await,
        }
    }

    /// The request as the log has it now.
    pub(super) async fn job(&self) -> Progress<Option<PhotoJob>> {
        self.desk
            .photos
            .job(self.photo_id)
            .await
            .map_err(|error| self.leaving(error))
    }

    /// Looks once more whether attempt `number` is still what is wanted of this worker.
    pub(super) async fn still_wanted(&self, number: u32) -> Progress {
        let job = self.job().await?.ok_or(Leaving::TakenOver)?;
        if job.ended {
            self.call_off(&job).await;
            return Err(Leaving::Over);
        }
        if job.attempts() != number || !self.lease.is_held() {
            return Err(Leaving::TakenOver);
        }
        Ok(())
    }

    /// Tells the provider that nobody wants the prediction any more, if there is one that may still run.
    async fn call_off(&self, job: &PhotoJob) {
        if job.image.is_none()
            && let Some(attempt) = job.attempt.as_ref().filter(|attempt| !attempt.failed)
            && let Some(id) = &attempt.provider_id
        {
            self.call_off_prediction(&attempt.provider, attempt.number, id)
                .await;
        }
    }

    /// Asks the provider to stop a prediction. It is only money: a failure is logged and left at that.
    pub(super) async fn call_off_prediction(&self, provider: &str, attempt: u32, id: &str) {
        let photo_id = self.photo_id;
        let providers = &self.desk.providers;
        let Some(provider) = providers.of_attempt(provider, photo_id, attempt) else {
            return;
        };
        if let Err(error) = provider.cancel(id).await {
            tracing::warn!(photo.id = %photo_id, %error, "Could not cancel prediction {id} of photo {photo_id}");
        }
    }

    /// Waits as long as the pace says, or as long as the provider wishes, but not beyond the deadline; a stop
    /// ends the wait.
    pub(super) async fn pause(&mut self, job: &PhotoJob, wish: Option<Duration>) -> Progress {
        let pause = self.pace.pause().max(wish.unwrap_or_default());
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Leaving::Stopped),
            () = tokio::time::sleep(pause.min(self.left(job))) => Ok(()),
        }
    }

    /// As [`Self::pause`], but ended by the provider's word about attempt `number` as well.
    pub(super) async fn await_word(&mut self, job: &PhotoJob, number: u32) -> Progress {
        let about = AttemptId {
            photo_id: self.photo_id,
            attempt: number,
        };
        let pause = self.pace.pause().min(self.left(job));
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Leaving::Stopped),
            () = word(&mut self.arrivals, about) => Ok(()),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }

    /// Nothing can be done for that long; at the deadline the request is given up.
    pub(super) fn later(&self, job: &PhotoJob, pause: Duration) -> Leaving {
        Leaving::Later(pause.min(self.left(job)))
    }

    /// How long the request may still take.
    pub(super) fn left(&self, job: &PhotoJob) -> Duration {
        (self.deadline(job) - self.now())
            .to_std()
            .unwrap_or_default()
    }

    /// Gives a command on the photo; a rejection means that somebody else was faster.
    pub(super) async fn command(&self, job: &PhotoJob, command: Command) -> Progress<Receipt> {
        self.try_command(job, command)
            .await
            .map_err(|error| self.leaving(error))
    }

    /// Gives a command on the photo.
    pub(super) async fn try_command(
        &self,
        job: &PhotoJob,
        command: Command,
    ) -> Result<Receipt, CommandError<Rejection>> {
        let context = self.context(job).await?;
        self.desk
            .photos
            .execute(context, self.photo_id, command)
            .await
    }

    /// The event that all of this follows from.
    async fn wish(&self, job: &PhotoJob) -> Result<&Recorded<AnyEvent>, LogUnavailable> {
        self.wish
            .get_or_try_init(|| event_at(&*self.desk.log, job.requested_position))
            .await
    }

    /// All that follows from a wish carries what the wish carried.
    async fn context(&self, job: &PhotoJob) -> Result<Context, CommandError<Rejection>> {
        let wish = self.wish(job).await?;
        // Attempt numbers make repetition harmless; a key would let only the first of our commands through.
        Ok(Context {
            idempotency: None,
            ..Context::of_reaction(super::NAME, wish)
        })
    }

    /// What to do when the log does not do what it was asked.
    pub(super) fn leaving(&self, error: CommandError<Rejection>) -> Leaving {
        let photo_id = self.photo_id;
        match error {
            CommandError::Rejected(
                rejection @ (Rejection::NotFound
                | Rejection::AlreadyRequested
                | Rejection::WithoutReference
                | Rejection::NotMarked),
            ) => {
                tracing::error!(photo.id = %photo_id, %rejection, "Photo {photo_id} cannot be worked on: {rejection}");
                Leaving::Later(OURS_IS_BROKEN)
            }
            CommandError::Rejected(
                rejection @ (Rejection::StaleAttempt { .. }
                | Rejection::NoAttempt
                | Rejection::PredictionAlreadyRecorded
                | Rejection::AlreadyDelivered
                | Rejection::AlreadyFailed
                | Rejection::AlreadyRefused
                | Rejection::AlreadyCanceled
                | Rejection::Deleted
                | Rejection::StillRunning
                | Rejection::FailedByContent),
            ) => {
                tracing::info!(photo.id = %photo_id, %rejection, "Too late for photo {photo_id}: {rejection}");
                Leaving::TakenOver
            }
            CommandError::Busy | CommandError::Unavailable(_) => {
                tracing::warn!(photo.id = %photo_id, %error, "Photo {photo_id} must wait: {error}");
                Leaving::Later(OURS_IS_AWAY)
            }
            CommandError::PreconditionFailed { .. }
            | CommandError::KeyReused
            | CommandError::OwnerErased
            | CommandError::Unreadable(_)
            | CommandError::Unwritable(_) => {
                tracing::error!(photo.id = %photo_id, %error, "Photo {photo_id} cannot be worked on: {error}");
                Leaving::Later(OURS_IS_BROKEN)
            }
        }
    }

    /// When the request must be over.
    pub(super) fn deadline(&self, job: &PhotoJob) -> DateTime<Utc> {
        job.opened_at + delta(self.desk.settings.deadline)
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.desk.clock.now()
    }

    pub(super) async fn at(&self, step: Step) {
        self.desk.at(self.photo_id, step).await;
    }
}

/// Returns once the provider has said something about that attempt. Who could not follow takes it for yes.
async fn word(arrivals: &mut broadcast::Receiver<AttemptId>, about: AttemptId) {
    loop {
        match arrivals.recv().await {
            Ok(arrived) if arrived != about => {}
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
        }
    }
}

/// As chrono counts; what is longer than it can count is as good as for ever.
pub(super) fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(36_500))
}
