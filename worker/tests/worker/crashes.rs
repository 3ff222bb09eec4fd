//! Workers that die or freeze: every picture is delivered once, and what was bought is found again.

use std::{sync::Arc, thread};

use domain::{photo_request::Event, values::PhotoId};
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;
use worker::steps::{Step, StepObserver};

use crate::{
    history::attempts,
    patience::{until, until_equal},
    provider::chat_model,
    steps::{FreezeAt, HangAt},
    system::{System, start, start_drawing_for},
    uses::apart,
};

/// One worker is killed at the step; then another one runs.
async fn killed_at(step: Step) -> (System, PhotoId) {
    let system = start().await;
    let user = system.user().await;
    let observer = HangAt::new(step);
    let mut parts = system.parts("doomed");
    parts.observer = Some(observer.clone());
    let doomed = system.worker_of(parts);
    let photo_id = system.request_reference(user).await;
    observer.reached().await;
    doomed.kill().await;

    let _worker = system.worker();
    system.delivered(photo_id).await;
    (system, photo_id)
}

macro_rules! survives_death_at {
    ($($name:ident: $step:ident, $attempts:literal attempts;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let (system, photo_id) = killed_at(Step::$step).await;
            assert_eq!(attempts(&system.history(photo_id).await), $attempts);
            assert_eq!(system.ledger().await.bought(), 1, "what was bought is found again");
        }
    )*};
}

survives_death_at! {
    a_photo_whose_worker_died_at_the_start_is_delivered: Claimed, 1 attempts;
    a_photo_whose_worker_died_before_it_asked_the_provider_is_delivered: AttemptStarted, 2 attempts;
    a_photo_whose_worker_died_with_the_providers_answer_in_its_hands_is_delivered: ProviderAnswered, 1 attempts;
    a_photo_whose_worker_died_once_the_prediction_was_recorded_is_delivered: PredictionRecorded, 1 attempts;
    a_photo_whose_worker_died_after_fetching_is_delivered: PictureFetched, 1 attempts;
    a_photo_whose_worker_died_after_marking_is_delivered: PictureFinished, 1 attempts;
    a_photo_whose_worker_died_just_before_storing_is_delivered: PictureNoted, 1 attempts;
    a_photo_whose_worker_died_after_storing_is_delivered: PictureStored, 1 attempts;
    a_photo_whose_worker_died_just_before_recording_the_delivery_is_delivered: Delivering, 1 attempts;
    a_photo_whose_worker_died_just_after_recording_the_delivery_is_not_delivered_again: Delivered, 1 attempts;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_while_the_provider_answers_leaves_a_prediction_that_is_found() {
    let system = start_drawing_for(std::time::Duration::from_millis(500)).await;
    let user = system.user().await;
    let doomed = system.worker();
    let photo_id = system.request_reference(user).await;
    until_equal(1, async || system.ledger().await.bought()).await;
    doomed.kill().await;

    let _worker = system.worker();
    system.delivered(photo_id).await;

    assert_eq!(attempts(&system.history(photo_id).await), 1);
    assert_eq!(system.ledger().await.bought(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_worker_gives_its_photo_back_at_once() {
    let system = start_drawing_for(std::time::Duration::from_millis(1000)).await;
    let user = system.user().await;
    let mut parts = system.parts("stopped");
    // Without a release, the test's patience would end long before this lease.
    parts.settings.photos.lease.lasts = std::time::Duration::from_secs(3600);
    let stopped = system.worker_of(parts);
    let photo_id = system.request_reference(user).await;
    until("the prediction is recorded", async || {
        let history = system.history(photo_id).await;
        history
            .iter()
            .any(|e| matches!(e, Event::PredictionAccepted { .. }))
            .then_some(())
    })
    .await;

    stopped.stop().await;
    let _worker = system.worker();

    system.delivered(photo_id).await;
    assert_eq!(system.ledger().await.bought(), 1);
}

/// A worker on a thread of its own, which freezes at the step, heartbeats and all, until another worker has
/// delivered the photo; then it wakes up and goes on where it was.
async fn frozen_at(step: Step) -> (System, PhotoId) {
    let system = start().await;
    let user = system.user().await;
    let (observer, thaw) = FreezeAt::new(step);
    let zombie = Zombie::start(&system, observer.clone());
    let photo_id = system.request_reference(user).await;
    observer.reached().await;

    let _worker = system.worker();
    let first = system.delivered(photo_id).await;
    let before = system.history(photo_id).await;

    thaw.send(()).unwrap();
    zombie.stop().await;
    assert_eq!(
        system.history(photo_id).await,
        before,
        "the late result changes nothing"
    );
    let stored = application::ports::ObjectStorage::get(&*system.storage, &first.key, None).await;
    assert_eq!(stored.unwrap().size, first.bytes, "and takes no files away");
    (system, photo_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_worker_that_wakes_up_with_a_picture_delivers_nothing_a_second_time() {
    let (system, photo_id) = frozen_at(Step::Delivering).await;
    let history = system.history(photo_id).await;
    let deliveries = history
        .iter()
        .filter(|e| matches!(e, Event::PhotoDelivered { .. }))
        .count();
    assert_eq!(deliveries, 1);
    assert_eq!(system.ledger().await.bought(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_worker_that_wakes_up_before_it_asks_the_provider_buys_nothing() {
    let (system, photo_id) = frozen_at(Step::AttemptStarted).await;
    assert_eq!(attempts(&system.history(photo_id).await), 2);
    assert_eq!(system.ledger().await.bought(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_worker_that_wakes_up_with_a_prediction_finds_that_it_is_known() {
    let (system, photo_id) = frozen_at(Step::ProviderAnswered).await;
    assert_eq!(attempts(&system.history(photo_id).await), 1);
    let ids = system.ledger().await.ids();
    assert_eq!(ids.len(), 1);
    assert_eq!(system.prediction_status(&ids[0]).await, "succeeded");
}

/// A worker with a thread, a runtime and connections of its own, so that freezing it freezes nothing else.
struct Zombie {
    stop: CancellationToken,
    thread: thread::JoinHandle<()>,
}

impl Zombie {
    fn start(system: &System, observer: Arc<dyn StepObserver>) -> Self {
        let stop = CancellationToken::new();
        let mut parts = system.parts("zombie");
        parts.observer = Some(observer);
        let (stopped, url) = (stop.clone(), system.database.url().to_owned());
        let (stripe, model) = (system.stripe.clone(), Arc::new(chat_model(&system.sandbox)));
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let pool = PgPoolOptions::new().connect(&url).await.unwrap();
                worker::run(apart(parts, pool, stripe, model), stopped).await;
            });
        });
        Self { stop, thread }
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::task::spawn_blocking(|| self.thread.join().unwrap())
            .await
            .unwrap();
    }
}
