//! Deleted photos: their files go, unless another photo shows the same picture.

use std::sync::Arc;

use application::ports::{
    FinishedPicture, ObjectStorage, PictureError, PictureFinisher, StorageError,
};
use async_trait::async_trait;
use bytes::Bytes;
use provenance::Marker;
use sandbox::portrait::{self, Format, Order};

use crate::{
    patience::until,
    system::{System, of, start},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_deleted_photo_are_removed() {
    let system = start().await;
    let _worker = system.worker();
    let user = system.user().await;
    let photo_id = system.request_reference(user).await;
    system.delivered(photo_id).await;
    assert_eq!(system.stored_objects(), 2, "picture and thumbnail");

    system.photos.delete(of(user), photo_id).await.unwrap();

    until("the files are gone", async || {
        (system.stored_objects() == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_two_photos_share_stay_until_both_are_deleted() {
    let system = start().await;
    let mut parts = system.parts("worker");
    parts.finisher = Arc::new(AlwaysTheSame);
    let _worker = system.worker_of(parts);
    let (first_user, second_user) = (system.user().await, system.user().await);
    let first = system.request_reference(first_user).await;
    let second = system.request_reference(second_user).await;
    let (image, same) = (
        system.delivered(first).await,
        system.delivered(second).await,
    );
    assert_eq!(image.key, same.key);

    system.photos.delete(of(first_user), first).await.unwrap();
    reaction_has_seen_everything(&system).await;
    system.storage.get(&image.key, None).await.unwrap();
    system
        .storage
        .get(&image.thumbnail_key, None)
        .await
        .unwrap();

    system.photos.delete(of(second_user), second).await.unwrap();
    reaction_has_seen_everything(&system).await;
    let gone = system.storage.get(&image.key, None).await;
    assert!(matches!(gone, Err(StorageError::NotFound(_))));
    assert_eq!(system.stored_objects(), 0);
}

pub(crate) async fn reaction_has_seen_everything(system: &System) {
    let head = application::ports::EventLog::head(&*system.log)
        .await
        .unwrap();
    let checkpoints = projections::engine::Checkpoints::new(system.database.pool());
    until("the reaction has seen everything", async || {
        let all = checkpoints.list(head).await.unwrap();
        let reaction = all
            .into_iter()
            .find(|one| one.name == "remove_deleted_files")?;
        assert_eq!(reaction.error, None);
        (reaction.position >= head).then_some(())
    })
    .await;
}

/// Makes the same bytes of every picture, as happens when two people ask for the same.
pub(crate) struct AlwaysTheSame;

#[async_trait]
impl PictureFinisher for AlwaysTheSame {
    async fn finish(&self, _: Bytes) -> Result<FinishedPicture, PictureError> {
        let drawn = portrait::draw(&Order {
            prompt: "adult woman, age 25, short dark hair".to_owned(),
            variation: 1,
            width: 256,
            height: 256,
            format: Format::Png,
        });
        Marker::new().finish(drawn.unwrap()).await
    }
}
