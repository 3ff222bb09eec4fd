//! Two image providers that misbehave in every way that the contract knows: one with jobs that announces their end, and
//! one whose answer is the picture.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use application::ports::{
    AttemptId, ImageProvider, Kept, LogUnavailable, PictureOrder, Prediction, PredictionMessage,
    PredictionNotices, PredictionState, ProviderError, ProviderErrorKind,
};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{photo_request::Purpose, values::PhotoId};
use tokio::sync::broadcast;

use crate::{pictures::BROKEN, wire::Wire, world::World};

/// What the providers know.
pub struct Drawing {
    jobs: Mutex<Vec<Job>>,
    named: Mutex<BTreeMap<(PhotoId, u32), String>>,
    arrivals: broadcast::Sender<AttemptId>,
}

#[derive(Debug, Clone)]
struct Job {
    about: AttemptId,
    done_at: Duration,
    end: End,
    /// Where its picture is, once it is done: the same one, however often somebody asks.
    url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Picture,
    Stumbles,
    Refuses,
    Canceled,
}

impl Default for Drawing {
    fn default() -> Self {
        Self {
            jobs: Mutex::default(),
            named: Mutex::default(),
            arrivals: broadcast::channel(64).0,
        }
    }
}

impl Drawing {
    /// For which attempts jobs were begun, each as often as it was.
    pub fn bought(&self) -> Vec<AttemptId> {
        self.jobs().iter().map(|job| job.about).collect()
    }

    fn jobs(&self) -> MutexGuard<'_, Vec<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, job: Job) -> String {
        let mut jobs = self.jobs();
        jobs.push(job);
        (jobs.len() - 1).to_string()
    }
}

/// Which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Takes jobs.
    WithJobs,
    /// Answers with the picture.
    AtOnce,
}

/// An image provider, over a wire.
pub struct Painter {
    /// The wire.
    pub wire: Wire,
    /// Which one it is.
    pub kind: Kind,
}

fn error(kind: ProviderErrorKind) -> ProviderError {
    let detail = format!("{kind:?}");
    ProviderError { kind, detail }
}

fn lost() -> ProviderError {
    error(ProviderErrorKind::MaybeAccepted)
}

fn stumbled() -> ProviderError {
    error(ProviderErrorKind::Retryable { after: None })
}

/// A few pictures only, so that some photos show the same.
fn url(world: &World) -> String {
    match world.misfortune(40) {
        true => "sim:broken".to_owned(),
        false => format!("sim:{}", world.lot(3)),
    }
}

impl Painter {
    fn world(&self) -> &Arc<World> {
        &self.wire.world
    }

    /// How an order is turned away, if it is.
    fn refusal(&self) -> Option<ProviderError> {
        let world = self.world();
        if !world.misfortune(world.weather.provider) {
            return None;
        }
        Some(error(match world.lot(8) {
            0 => ProviderErrorKind::Content,
            1 => ProviderErrorKind::Operator,
            2 => ProviderErrorKind::MaybeAccepted,
            3..6 => ProviderErrorKind::Retryable { after: None },
            _ => ProviderErrorKind::Retryable {
                after: Some(world.time(100, 2_000)),
            },
        }))
    }

    fn end(&self) -> End {
        let world = self.world();
        if !world.misfortune(world.weather.provider) {
            return End::Picture;
        }
        [End::Stumbles, End::Refuses, End::Canceled, End::Picture][world.lot(4) as usize]
    }

    fn accept(&self, order: &PictureOrder) -> Prediction {
        let world = self.world();
        let about = AttemptId {
            photo_id: order.photo_id,
            attempt: order.attempt,
        };
        let end = self.end();
        match self.kind {
            Kind::WithJobs => {
                let takes = match world.misfortune(100) {
                    true => world.time(1_000, 15_000),
                    false => world.time(20, 1_500),
                };
                let done_at = world.clock.passed() + takes;
                let id = world.drawing.begin(Job {
                    about,
                    done_at,
                    end,
                    url: url(world),
                });
                announce(world, about, id.clone(), takes);
                Prediction {
                    state: self.state(&id),
                    id,
                }
            }
            Kind::AtOnce => Prediction {
                id: format!("{}/{}", about.photo_id, about.attempt),
                state: PredictionState::Succeeded {
                    urls: vec![format!("data:{}", url(world))],
                },
            },
        }
    }

    fn state(&self, id: &str) -> PredictionState {
        let world = self.world();
        let index: usize = id.parse().unwrap_or(usize::MAX);
        let Some(job) = world.drawing.jobs().get(index).cloned() else {
            return PredictionState::Failed(stumbled());
        };
        if job.end != End::Canceled && world.clock.passed() < job.done_at {
            return PredictionState::Working;
        }
        match job.end {
            End::Picture => PredictionState::Succeeded {
                urls: vec![job.url],
            },
            End::Stumbles => PredictionState::Failed(stumbled()),
            End::Refuses => PredictionState::Failed(error(ProviderErrorKind::Content)),
            End::Canceled => PredictionState::Canceled,
        }
    }
}

/// Tells of a job's end: late, twice, or not at all.
fn announce(world: &Arc<World>, about: AttemptId, id: String, takes: Duration) {
    for _ in 0..world.lot(3) {
        let (world, id) = (world.clone(), id.clone());
        let late = world.time(0, 1_000);
        tokio::spawn(async move {
            tokio::time::sleep(takes + late).await;
            let drawing = &world.drawing;
            let mut named = drawing.named.lock().unwrap_or_else(PoisonError::into_inner);
            named.insert((about.photo_id, about.attempt), id);
            // Nobody may listen.
            let _ = drawing.arrivals.send(about);
        });
    }
}

#[async_trait]
impl ImageProvider for Painter {
    fn name(&self) -> &str {
        match self.kind {
            Kind::WithJobs => "jobs",
            Kind::AtOnce => "at-once",
        }
    }

    fn model(&self, _: Purpose) -> String {
        "model".to_owned()
    }

    fn orders_per_minute(&self) -> u32 {
        600
    }

    fn announces(&self) -> bool {
        self.kind == Kind::WithJobs
    }

    fn keeps_jobs(&self) -> bool {
        self.kind == Kind::WithJobs
    }

    async fn start(&self, order: &PictureOrder) -> Result<Prediction, ProviderError> {
        let effect = async {
            match self.refusal() {
                // The order may have been taken, whatever the answer.
                Some(refusal) if refusal.kind == ProviderErrorKind::MaybeAccepted => {
                    if self.world().lot(2) == 0 {
                        self.accept(order);
                    }
                    Err(refusal)
                }
                Some(refusal) => Err(refusal),
                None => Ok(self.accept(order)),
            }
        };
        self.wire.call("provider.start", lost, effect).await
    }

    async fn check(&self, id: &str) -> Result<Prediction, ProviderError> {
        let effect = async {
            match self.refusal() {
                Some(refusal) if refusal.kind != ProviderErrorKind::Content => Err(refusal),
                Some(_) | None => Ok(Prediction {
                    id: id.to_owned(),
                    state: self.state(id),
                }),
            }
        };
        self.wire.call("provider.check", stumbled, effect).await
    }

    async fn find_orphan(
        &self,
        order: &PictureOrder,
        _: Option<&str>,
    ) -> Result<Option<Prediction>, ProviderError> {
        let effect = async {
            let jobs = self.world().drawing.jobs().clone();
            let found = jobs.iter().position(|job| {
                job.about.photo_id == order.photo_id && job.about.attempt == order.attempt
            });
            Ok(found.map(|index| {
                let id = index.to_string();
                let state = self.state(&id);
                Prediction { id, state }
            }))
        };
        self.wire.call("provider.search", stumbled, effect).await
    }

    async fn cancel(&self, id: &str) -> Result<(), ProviderError> {
        let effect = async {
            let now = self.world().clock.passed();
            let index: usize = id.parse().unwrap_or(usize::MAX);
            if let Some(job) = self.world().drawing.jobs().get_mut(index)
                && now < job.done_at
            {
                job.end = End::Canceled;
            }
            Ok(())
        };
        self.wire.call("provider.cancel", stumbled, effect).await
    }

    async fn fetch(&self, url: &str) -> Result<Bytes, ProviderError> {
        let effect = async {
            let url = url.strip_prefix("data:").unwrap_or(url);
            Ok(match url {
                "sim:broken" => Bytes::from_static(BROKEN),
                _ => Bytes::copy_from_slice(url.as_bytes()),
            })
        };
        self.wire.call("provider.fetch", stumbled, effect).await
    }
}

/// The provider's messages, over a wire.
pub struct Announcements(pub Wire);

#[async_trait]
impl PredictionNotices for Announcements {
    async fn keep(
        &self,
        _: &str,
        _: AttemptId,
        _: &PredictionMessage,
    ) -> Result<Kept, LogUnavailable> {
        Ok(Kept::New)
    }

    async fn named(&self, about: AttemptId) -> Result<Option<String>, LogUnavailable> {
        let effect = async {
            let named = &self.0.world.drawing.named;
            let named = named.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(named.get(&(about.photo_id, about.attempt)).cloned())
        };
        self.0
            .call("notices.named", crate::wired::log_away, effect)
            .await
    }

    async fn forget(&self, _: &[PhotoId]) -> Result<(), LogUnavailable> {
        Ok(())
    }

    fn arrivals(&self) -> broadcast::Receiver<AttemptId> {
        self.0.world.drawing.arrivals.subscribe()
    }
}
