//! Reference pictures, from the avatar's wish to the avatar's knowledge.

use application::ports::ObjectStorage;
use domain::{
    avatar::ReferenceStatus,
    photo_request::{Event, FailureClass},
};

use crate::{
    patience::until_equal,
    system::{of, start},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_wished_for_reference_picture_is_drawn_marked_stored_and_ready() {
    let system = start().await;
    let _worker = system.worker();
    let user = system.user().await;

    let photo_id = system.request_reference(user).await;
    let image = system.delivered(photo_id).await;

    until_equal(Some(ReferenceStatus::Ready), async || {
        system.avatar(user).await.reference_status(photo_id)
    })
    .await;
    assert!(image.width >= 512 && image.height >= 512, "{image:?}");
    let stored = system.storage.get(&image.key, None).await.unwrap();
    assert_eq!(stored.size, image.bytes);
    let thumbnail = system
        .storage
        .get(&image.thumbnail_key, None)
        .await
        .unwrap();
    assert!(thumbnail.size < stored.size);
    assert_eq!(system.ledger().await.bought(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_reference_picture_leaves_the_first_in_the_history() {
    let system = start().await;
    let _worker = system.worker();
    let user = system.user().await;

    let first = system.request_reference(user).await;
    let first_image = system.delivered(first).await;
    let second = system.request_reference(user).await;
    let second_image = system.delivered(second).await;

    until_equal(vec![first, second], async || {
        let row = projections::avatars::of_owner(&system.database.pool(), user)
            .await
            .unwrap();
        row.unwrap()
            .history
            .iter()
            .map(|picture| picture.photo_id)
            .collect()
    })
    .await;
    assert_ne!(
        first_image.sha256, second_image.sha256,
        "another attempt at the same face"
    );
    assert_eq!(system.ledger().await.bought(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_avatar_learns_why_its_reference_picture_could_not_be_made() {
    let system = start().await;
    let _worker = system.worker();
    let user = system.user().await;
    system.always("fail_nsfw").await;

    let photo_id = system.request_reference(user).await;
    let end = system.end_of(photo_id).await;

    assert_eq!(
        end,
        Event::PhotoRefused {
            rules: vec!["provider-content".to_owned()]
        }
    );
    until_equal(Some(FailureClass::Content), async || {
        let row = projections::avatars::of_owner(&system.database.pool(), user)
            .await
            .unwrap();
        row.unwrap().reference.failure.map(|failure| failure.class)
    })
    .await;
    assert_eq!(
        system.ledger().await.bought(),
        1,
        "asking again would not help"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_avatar_learns_that_its_reference_picture_was_canceled() {
    let system = start().await;
    let user = system.user().await;
    let photo_id = system.request_reference(user).await;
    until_equal(1, async || system.history(photo_id).await.len()).await;

    system.photos.cancel(of(user), photo_id).await.unwrap();

    until_equal(Some(ReferenceStatus::Failed), async || {
        system.avatar(user).await.reference_status(photo_id)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_follows_from_a_wish_carries_the_same_correlation_id() {
    let system = start().await;
    let _worker = system.worker();
    let user = system.user().await;
    let wish = of(user);
    let photo_id = domain::values::PhotoId(uuid::Uuid::now_v7());
    system
        .avatars
        .request_reference_image(wish.clone(), photo_id)
        .await
        .unwrap();
    system.delivered(photo_id).await;

    let stream = application::photos::stream(photo_id);
    let stored = application::ports::EventLog::load(&*system.log, &stream)
        .await
        .unwrap();

    let actors: Vec<_> = stored
        .iter()
        .map(|event| {
            let metadata: domain::recorded::Metadata =
                serde_json::from_str(&event.metadata).unwrap();
            assert_eq!(metadata.correlation_id, wish.correlation_id);
            metadata.actor
        })
        .collect();
    assert_eq!(actors[0], "reaction:request_reference_images");
    assert!(
        actors[1..]
            .iter()
            .all(|actor| actor == "reaction:deliver_requested_photos")
    );
}
