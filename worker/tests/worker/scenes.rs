//! Pictures of the avatar in a scene: reference, quota, refusal.

use domain::photo_request::{Event, FailureClass};

use crate::{
    patience::until_equal,
    system::{QUOTA, of, settings, start, start_drawing_for},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_scene_follows_the_approved_reference_picture_and_counts_against_the_quota() {
    let system = start().await;
    let _worker = system.worker();
    let (user, _) = system.subscriber().await;

    let photo_id = system.request_scene(user, "reading in a café").await;
    system.delivered(photo_id).await;

    let ledger = system.ledger().await;
    let create = ledger.creates().last().unwrap();
    assert_eq!(create["model"], "black-forest-labs/flux-kontext-pro");
    let input = create["input"]["input_image"].as_str().unwrap();
    assert!(
        input.starts_with("data:image/"),
        "the reference picture is sent along"
    );
    assert!(
        create["prompt"]
            .as_str()
            .unwrap()
            .contains("reading in a café")
    );
    until_equal(1, async || system.used(user).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scene_that_the_provider_refuses_is_refused_and_costs_nothing() {
    let system = start().await;
    let _worker = system.worker();
    let (user, _) = system.subscriber().await;
    system.always("fail_nsfw").await;

    let photo_id = system.request_scene(user, "at the beach").await;

    let rules = vec!["provider-content".to_owned()];
    assert_eq!(system.end_of(photo_id).await, Event::PhotoRefused { rules });
    until_equal(0, async || system.used(user).await).await;
    assert_eq!(
        system.ledger().await.bought(),
        2,
        "the reference picture and one scene"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scene_that_fails_again_and_again_fails_and_costs_nothing() {
    let system = start().await;
    let _worker = system.worker();
    let (user, _) = system.subscriber().await;
    system.always("fail_infra").await;

    let photo_id = system.request_scene(user, "on a bicycle").await;

    let end = system.end_of(photo_id).await;
    assert!(
        matches!(
            &end,
            Event::PhotoFailed {
                class: FailureClass::Transient,
                ..
            }
        ),
        "{end:?}"
    );
    until_equal(0, async || system.used(user).await).await;
    let attempts = u64::from(settings().photos.max_attempts);
    assert_eq!(system.ledger().await.bought(), 1 + attempts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canceled_scene_gives_its_quota_back() {
    let system = start().await;
    let worker = system.worker();
    let (user, _) = system.subscriber().await;
    worker.stop().await;

    let photo_id = system.request_scene(user, "in a library").await;
    until_equal(1, async || system.used(user).await).await;
    system.photos.cancel(of(user), photo_id).await.unwrap();

    until_equal(0, async || system.used(user).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_quota_of_scenes_is_delivered_side_by_side() {
    let system = start_drawing_for(std::time::Duration::from_millis(300)).await;
    let _workers = [system.worker(), system.worker()];
    let (user, _) = system.subscriber().await;

    let mut photos = Vec::new();
    for n in 0..QUOTA {
        photos.push(
            system
                .request_scene(user, &format!("on day {n} of a journey"))
                .await,
        );
    }

    for photo_id in photos {
        system.delivered(photo_id).await;
    }
    assert_eq!(system.ledger().await.bought(), 1 + u64::from(QUOTA));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scene_whose_reference_picture_is_gone_fails_before_anything_is_bought() {
    let system = start().await;
    let worker = system.worker();
    let (user, reference) = system.subscriber().await;
    worker.stop().await;
    let photo_id = system.request_scene(user, "under a tree").await;
    system.photos.delete(of(user), reference).await.unwrap();

    let _worker = system.worker();

    let end = system.end_of(photo_id).await;
    let Event::PhotoFailed {
        class: FailureClass::Operator,
        reason,
    } = end
    else {
        panic!("{end:?}");
    };
    assert_eq!(reason, "the reference picture is gone");
    assert_eq!(
        system.ledger().await.bought(),
        1,
        "only the reference picture itself"
    );
}
