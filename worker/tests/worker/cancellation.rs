//! Users who change their minds, at each step.

use std::time::Duration;

use application::ports::ObjectStorage;
use domain::photo_request::Event;
use worker::steps::Step;

use crate::{
    history::attempts,
    patience::{until, until_equal},
    steps::PauseAt,
    system::{of, start, start_drawing_for},
};

/// The request is canceled while a worker is at that step; then the worker goes on.
async fn canceled_at(step: Step) -> (crate::system::System, domain::values::PhotoId) {
    let system = start().await;
    let user = system.user().await;
    let observer = PauseAt::new(step);
    let mut parts = system.parts("worker");
    parts.observer = Some(observer.clone());
    let worker = system.worker_of(parts);
    let photo_id = system.request_reference(user).await;
    observer.reached().await;

    system.photos.cancel(of(user), photo_id).await.unwrap();
    observer.go_on();

    assert_eq!(system.end_of(photo_id).await, Event::PhotoCanceled);
    worker.stop().await;
    (system, photo_id)
}

macro_rules! can_be_canceled_at {
    ($($name:ident: $step:ident, $bought:literal bought;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let (system, photo_id) = canceled_at(Step::$step).await;
            let history = system.history(photo_id).await;
            assert_eq!(history.last(), Some(&Event::PhotoCanceled), "nothing comes after it");
            assert!(attempts(&history) <= 1);
            assert_eq!(system.ledger().await.bought(), $bought);
        }
    )*};
}

can_be_canceled_at! {
    a_photo_that_was_just_claimed_can_be_canceled: Claimed, 0 bought;
    a_photo_whose_prediction_is_known_can_be_canceled: PredictionRecorded, 1 bought;
    a_photo_that_was_fetched_can_be_canceled: PictureFetched, 1 bought;
    a_photo_that_is_marked_can_be_canceled: PictureFinished, 1 bought;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_canceled_before_the_provider_was_asked_leaves_no_prediction_running() {
    let (system, _) = canceled_at(Step::AttemptStarted).await;
    for id in system.ledger().await.ids() {
        assert_ne!(system.prediction_status(&id).await, "processing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_canceled_while_the_provider_answered_is_called_off_there() {
    let system = start_drawing_for(Duration::from_secs(600)).await;
    let user = system.user().await;
    let observer = PauseAt::new(Step::ProviderAnswered);
    let mut parts = system.parts("worker");
    parts.observer = Some(observer.clone());
    let _worker = system.worker_of(parts);
    let photo_id = system.request_reference(user).await;
    observer.reached().await;

    system.photos.cancel(of(user), photo_id).await.unwrap();
    observer.go_on();

    let id = system.ledger().await.ids().remove(0);
    until("the provider stops", async || {
        stopped(&system.prediction_status(&id).await)
    })
    .await;
    assert_eq!(system.end_of(photo_id).await, Event::PhotoCanceled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_canceled_while_it_is_drawn_is_called_off_at_the_provider() {
    let system = start_drawing_for(Duration::from_secs(600)).await;
    let _worker = system.worker();
    let user = system.user().await;
    let photo_id = system.request_reference(user).await;
    until_equal(3, async || system.history(photo_id).await.len()).await;

    system.photos.cancel(of(user), photo_id).await.unwrap();

    let id = system.ledger().await.ids().remove(0);
    until("the provider stops", async || {
        stopped(&system.prediction_status(&id).await)
    })
    .await;
    assert_eq!(system.end_of(photo_id).await, Event::PhotoCanceled);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_photo_canceled_at_the_last_moment_do_not_stay() {
    for step in [Step::PictureNoted, Step::PictureStored, Step::Delivering] {
        let (system, _) = canceled_at(step).await;
        assert_eq!(system.stored_objects(), 0, "{step:?}");
        system.storage.check().await.unwrap();
    }
}

fn stopped(status: &str) -> Option<()> {
    ["canceled", "aborted"].contains(&status).then_some(())
}
