//! The image providers as the photo pipeline asks them: within the account's budget, and with every call in the ledger.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use application::{
    chance,
    photos::PhotoJob,
    ports::{
        ImageProvider, ImageProviders, PictureOrder, Prediction, PredictionState, ProviderError,
        ProviderErrorKind,
    },
};
use bytes::Bytes;
use domain::values::PhotoId;
use uuid::Uuid;

use crate::{
    parts::WorkerParts,
    provider_books::{Call, Kind, Permission, PlannedOrder, ProviderBooks},
    provider_calls::ProviderCalls,
};

/// The image providers, one account and one ledger.
pub(crate) struct Providers {
    all: ImageProviders,
    books: Arc<dyn ProviderBooks>,
    calls: ProviderCalls,
    node: String,
}

/// Whom to ask for the next attempt.
pub(crate) enum Chosen<'a> {
    /// That one, at once: the order stands in the ledger already.
    Ask(PermittedOrder<'a>),
    /// Nobody before that time has passed.
    NotBefore(Duration),
}

impl Providers {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        Self {
            all: parts.providers.clone(),
            books: Arc::clone(&parts.ground.books),
            calls: ProviderCalls::start(Arc::clone(&parts.ground.books), parts.node.clone()),
            node: parts.node.clone(),
        }
    }

    /// Chooses whom to ask for attempt `number`: the first in order that may be asked now, beginning behind the one
    /// whose attempt failed.
    pub(crate) async fn choose(&self, job: &PhotoJob, number: u32) -> sqlx::Result<Chosen<'_>> {
        let failed = job
            .attempt
            .as_ref()
            .map(|attempt| attempt.provider.as_str());
        let mut soonest = Duration::MAX;
        for provider in self.all.beginning_after(failed) {
            if let Some(left) = provider.holds_back() {
                soonest = soonest.min(left);
                continue;
            }
            let call_id = chance::id();
            let model = provider.model(job.purpose);
            let planned = PlannedOrder {
                call_id,
                provider: provider.name(),
                per_minute: provider.orders_per_minute(),
                photo_id: job.photo_id,
                attempt: number,
                model: &model,
                node: &self.node,
            };
            match self.books.permit(&planned).await? {
                Permission::Granted => {
                    return Ok(Chosen::Ask(PermittedOrder {
                        call: call(
                            provider.as_ref(),
                            Kind::Order,
                            call_id,
                            job.photo_id,
                            number,
                        ),
                        providers: self,
                        provider,
                        model,
                    }));
                }
                Permission::NotBefore(left) => soonest = soonest.min(left),
            }
        }
        Ok(Chosen::NotBefore(soonest))
    }

    /// The provider of an attempt that was begun; none when it is no longer configured.
    pub(crate) fn of_attempt(
        &self,
        name: &str,
        photo_id: PhotoId,
        attempt: u32,
    ) -> Option<Asked<'_>> {
        self.all.named(name).map(|provider| Asked {
            providers: self,
            provider,
            photo_id,
            attempt,
        })
    }

    /// Whether a provider is left that none of the request's attempts has asked.
    pub(crate) fn another_is_left(&self, asked: &BTreeSet<String>) -> bool {
        self.all.has_another_than(asked)
    }

    /// A provider that wants to be left alone is left alone by every worker.
    async fn heed(&self, provider: &str, kind: ProviderErrorKind) {
        if let ProviderErrorKind::Retryable { after: Some(wish) } = kind {
            told(provider, self.books.pause(provider, wish).await);
        }
    }

    /// Forgets old calls that bought nothing.
    pub(crate) async fn forget_old_calls(&self) -> sqlx::Result<()> {
        self.books.forget_old_calls().await
    }
}

/// An order that may be placed now, once.
#[must_use = "it stands in the ledger"]
pub(crate) struct PermittedOrder<'a> {
    providers: &'a Providers,
    provider: &'a Arc<dyn ImageProvider>,
    pub(crate) model: String,
    call: Call,
}

impl PermittedOrder<'_> {
    pub(crate) fn provider(&self) -> &dyn ImageProvider {
        self.provider.as_ref()
    }

    /// Nothing was sent after all.
    pub(crate) fn withdraw(self) {
        self.providers.calls.over(self.call, "withdrawn", None);
    }

    /// Sends the order.
    pub(crate) async fn place(self, order: &PictureOrder) -> Result<Prediction, ProviderError> {
        let name = self.provider.name();
        let books = &self.providers.books;
        let answer = self.provider.start(order).await;
        let outcome = match answer.as_ref().map_err(|error| error.kind) {
            Ok(_) => "accepted",
            Err(ProviderErrorKind::Retryable { after: Some(_) }) => "throttled",
            Err(ProviderErrorKind::Retryable { after: None }) => "failed",
            Err(ProviderErrorKind::MaybeAccepted) => "unanswered",
            Err(ProviderErrorKind::Content | ProviderErrorKind::Operator) => "refused",
        };
        let job_id = answer
            .as_ref()
            .ok()
            .map(|prediction| prediction.id.as_str());
        self.providers.calls.over(self.call, outcome, job_id);
        match answer.as_ref().map_err(|error| error.kind) {
            Ok(_) | Err(ProviderErrorKind::Content | ProviderErrorKind::Operator) => {
                told(name, books.succeeded(name).await);
                // It was the last one that the provider takes for now.
                if let Some(left) = self.provider.holds_back() {
                    told(name, books.pause(name, left).await);
                }
            }
            Err(kind @ ProviderErrorKind::Retryable { after: Some(_) }) => {
                self.providers.heed(name, kind).await;
            }
            Err(
                ProviderErrorKind::Retryable { after: None } | ProviderErrorKind::MaybeAccepted,
            ) => {
                told(name, books.failed(name).await);
            }
        }
        answer
    }
}

/// A provider as it is asked about one attempt.
pub(crate) struct Asked<'a> {
    providers: &'a Providers,
    provider: &'a Arc<dyn ImageProvider>,
    photo_id: PhotoId,
    attempt: u32,
}

impl Asked<'_> {
    /// Whether it tells of its own accord when a job is over.
    pub(crate) fn announces(&self) -> bool {
        self.provider.announces()
    }

    /// Whether it has jobs that can be asked for, found again and called off.
    pub(crate) fn keeps_jobs(&self) -> bool {
        self.provider.keeps_jobs()
    }

    pub(crate) async fn check(&self, id: &str) -> Result<Prediction, ProviderError> {
        let call = self.call(Kind::Check);
        let answer = self.provider.check(id).await;
        let outcome = answer
            .as_ref()
            .map_or("failed", |prediction| match prediction.state {
                PredictionState::Working => "working",
                PredictionState::Succeeded { .. } => "succeeded",
                PredictionState::Failed(_) => "job-failed",
                PredictionState::Canceled => "canceled",
            });
        self.over(call, outcome, Some(id), answer.as_ref().err())
            .await;
        answer
    }

    pub(crate) async fn find_orphan(
        &self,
        order: &PictureOrder,
        named: Option<&str>,
    ) -> Result<Option<Prediction>, ProviderError> {
        let call = self.call(Kind::Search);
        let answer = self.provider.find_orphan(order, named).await;
        let (outcome, found) = match &answer {
            Ok(Some(found)) => ("found", Some(found.id.as_str())),
            Ok(None) => ("nothing", None),
            Err(_) => ("failed", None),
        };
        self.over(call, outcome, found, answer.as_ref().err()).await;
        answer
    }

    pub(crate) async fn cancel(&self, id: &str) -> Result<(), ProviderError> {
        let call = self.call(Kind::Cancel);
        let answer = self.provider.cancel(id).await;
        let outcome = if answer.is_ok() { "canceled" } else { "failed" };
        self.over(call, outcome, Some(id), answer.as_ref().err())
            .await;
        answer
    }

    pub(crate) async fn fetch(&self, url: &str) -> Result<Bytes, ProviderError> {
        let call = self.call(Kind::Fetch);
        let answer = self.provider.fetch(url).await;
        let outcome = if answer.is_ok() { "fetched" } else { "failed" };
        // A file host's wish is not the account's; and a picture that came with the answer is fetched from nobody.
        if !url.starts_with("data:") {
            self.providers.calls.over(call, outcome, None);
        }
        answer
    }

    fn call(&self, kind: Kind) -> Call {
        call(
            self.provider.as_ref(),
            kind,
            chance::id(),
            self.photo_id,
            self.attempt,
        )
    }

    async fn over(
        &self,
        call: Call,
        outcome: &'static str,
        job_id: Option<&str>,
        error: Option<&ProviderError>,
    ) {
        // About a job that it does not keep, a provider answers without being called.
        if self.provider.keeps_jobs() {
            self.providers.calls.over(call, outcome, job_id);
        }
        if let Some(error) = error {
            self.providers.heed(self.provider.name(), error.kind).await;
        }
    }
}

fn call(
    provider: &dyn ImageProvider,
    kind: Kind,
    id: Uuid,
    photo_id: PhotoId,
    attempt: u32,
) -> Call {
    Call {
        id,
        provider: provider.name().to_owned(),
        kind,
        photo_id,
        attempt,
        began: Instant::now(),
    }
}

/// The account is for politeness: when it cannot be written, the picture goes on.
fn told(provider: &str, written: sqlx::Result<()>) {
    if let Err(error) = written {
        tracing::warn!(provider, %error, "The account at {provider} could not be written");
    }
}
