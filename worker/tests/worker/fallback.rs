//! Two image providers: who is asked when the first one fails.

use std::sync::Arc;

use application::ports::ImageProviders;
use domain::photo_request::{Event, FailureClass};
use infrastructure::image::openai::{OpenAiImages, OpenAiImagesConfig};
use serde_json::{Value, json};

use crate::{
    patience::until_equal,
    provider::{misconfigured_replicate, replicate, unreachable_replicate},
    system::{RunningWorker, System, start},
};

pub(crate) fn images(system: &System) -> OpenAiImages {
    OpenAiImages::new(OpenAiImagesConfig {
        api_base: system.sandbox.url().parse().unwrap(),
        allow_http: true,
        ..OpenAiImagesConfig::new("sk-test")
    })
    .unwrap()
}

fn worker_with(system: &System, providers: ImageProviders) -> RunningWorker {
    let mut parts = system.parts("worker");
    parts.providers = providers;
    system.worker_of(parts)
}

/// Who was asked for each attempt, by the events.
fn asked(history: &[Event]) -> Vec<&str> {
    let attempts = history.iter().filter_map(|event| match event {
        Event::GenerationStarted { provider, .. } => Some(provider.as_str()),
        _ => None,
    });
    attempts.collect()
}

async fn orders(system: &System) -> Value {
    let url = format!("{}/control/images/ledger", system.sandbox.url());
    let answer = system.client.get(url).send().await.unwrap();
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_provider_alone_delivers_references_and_scenes_after_them() {
    let system = start().await;
    let _worker = worker_with(&system, images(&system).into());
    let (user, _) = system.subscriber().await;

    let scene = system.request_scene(user, "reading in a sunlit café").await;

    system.delivered(scene).await;
    let orders = orders(&system).await;
    assert_eq!(orders["orders"][0]["route"], "generations");
    assert_eq!(orders["orders"][1]["route"], "edits");
    assert_eq!(system.ledger().await.bought(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_cannot_be_reached_or_refuses_us_is_followed_by_the_next() {
    for first in [0, 1] {
        let system = start().await;
        let broken: Arc<dyn application::ports::ImageProvider> = match first {
            0 => Arc::new(unreachable_replicate()),
            _ => Arc::new(misconfigured_replicate(&system.sandbox)),
        };
        let second: Arc<dyn application::ports::ImageProvider> = Arc::new(images(&system));
        let _worker = worker_with(&system, ImageProviders::new(broken, [second]));

        let photo_id = system.request_reference(system.user().await).await;

        system.delivered(photo_id).await;
        let history = system.history(photo_id).await;
        assert_eq!(asked(&history), ["replicate", "openai"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_one_provider_refuses_is_not_taken_to_another() {
    let system = start().await;
    let second: Arc<dyn application::ports::ImageProvider> = Arc::new(images(&system));
    let first = Arc::new(replicate(&system.sandbox));
    let _worker = worker_with(&system, ImageProviders::new(first, [second]));
    system.script(&["fail_nsfw"]).await;

    let photo_id = system.request_reference(system.user().await).await;

    let end = system.end_of(photo_id).await;
    assert!(matches!(end, Event::PhotoRefused { .. }), "{end:?}");
    assert_eq!(orders(&system).await["orders"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_every_provider_refuses_us_an_operator_must_act() {
    let system = start().await;
    system
        .control("/images/script", json!({"next": ["insufficient_quota"]}))
        .await;
    let second: Arc<dyn application::ports::ImageProvider> = Arc::new(images(&system));
    let first = Arc::new(misconfigured_replicate(&system.sandbox));
    let _worker = worker_with(&system, ImageProviders::new(first, [second]));

    let photo_id = system.request_reference(system.user().await).await;

    let end = system.end_of(photo_id).await;
    let class = FailureClass::Operator;
    assert!(
        matches!(&end, Event::PhotoFailed { class: told, .. } if *told == class),
        "{end:?}"
    );
    assert_eq!(
        asked(&system.history(photo_id).await),
        ["replicate", "openai"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_whose_answer_was_lost_is_bought_again_and_the_loss_is_in_the_ledger() {
    let system = start().await;
    system
        .control("/images/script", json!({"next": ["drop_response"]}))
        .await;
    let _worker = worker_with(&system, images(&system).into());

    let photo_id = system.request_reference(system.user().await).await;

    system.delivered(photo_id).await;
    assert_eq!(orders(&system).await["pictures_drawn"], 2);
    let unanswered = async || {
        sqlx::query_scalar::<_, i64>("SELECT unanswered FROM provider_costs WHERE photo_id = $1")
            .bind(photo_id.0)
            .fetch_one(&system.database.pool())
            .await
            .unwrap()
    };
    until_equal(1, unanswered).await;
}
