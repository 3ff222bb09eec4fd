//! Pictures that do not say what they should when they are read again: nobody ever sees them.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use application::ports::{FinishedPicture, PictureError, PictureFinisher, picture_key};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    photo_request::{Event, FailureClass},
    values::PhotoId,
};
use provenance::Marker;
use sha2::{Digest, Sha256};
use worker::steps::Step;

use crate::{
    history::attempts,
    patience::until_equal,
    steps::PauseAt,
    system::{System, start},
};

/// Something happens to each file between being stored and being read again.
async fn delivered_after(damage: impl Fn(&Path)) -> (System, PhotoId) {
    let system = start().await;
    let user = system.user().await;
    let observer = PauseAt::new(Step::PictureStored);
    let mut parts = system.parts("worker");
    parts.observer = Some(observer.clone());
    let _worker = system.worker_of(parts);
    let photo_id = system.request_reference(user).await;
    observer.reached().await;
    for file in system.stored_files() {
        damage(&file);
    }
    observer.go_on();
    system.delivered(photo_id).await;
    (system, photo_id)
}

/// The first attempt failed for that reason, and the second one was delivered, with its files as they should be.
async fn was_made_again(system: &System, photo_id: PhotoId, reason: &str) {
    let history = system.history(photo_id).await;
    assert_eq!(attempts(&history), 2);
    let failed = history.iter().find_map(|event| match event {
        Event::AttemptFailed { class, detail, .. } => Some((*class, detail.as_str())),
        _ => None,
    });
    let (class, detail) = failed.unwrap();
    assert_eq!(class, FailureClass::Transient);
    assert!(detail.contains(reason), "{detail}");
    // The damaged files are gone; on a busy machine a little later, when somebody looks at what is noted.
    until_equal(2, async || system.stored_objects()).await;
    for file in system.stored_files() {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let hash = hex::encode(Sha256::digest(fs::read(&file).unwrap()));
        assert_eq!(name, hash);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_which_one_bit_changed_in_the_storage_is_made_again() {
    let (system, photo_id) = delivered_after(|file| {
        let mut bytes = fs::read(file).unwrap();
        // A part of the JFIF density, which no pixel and no mark depends on.
        bytes[15] ^= 1;
        fs::write(file, bytes).unwrap();
    })
    .await;
    was_made_again(&system, photo_id, "its hash is").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_was_cut_off_in_the_storage_is_made_again() {
    let (system, photo_id) = delivered_after(|file| {
        let bytes = fs::read(file).unwrap();
        fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    })
    .await;
    was_made_again(&system, photo_id, "cut off").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_vanished_from_the_storage_is_made_again() {
    let (system, photo_id) = delivered_after(|file| fs::remove_file(file).unwrap()).await;
    was_made_again(&system, photo_id, "there is no object").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_whose_badge_was_not_drawn_is_not_delivered_although_its_hash_is_right() {
    let system = start().await;
    let user = system.user().await;
    let mut parts = system.parts("worker");
    parts.finisher = Arc::new(ForgetsTheBadge::default());
    let _worker = system.worker_of(parts);

    let photo_id = system.request_reference(user).await;
    system.delivered(photo_id).await;

    was_made_again(&system, photo_id, "the visible mark cannot be found").await;
}

/// Draws no badge on the first picture, and says that it did: what a mistake in the marking would look like.
#[derive(Default)]
struct ForgetsTheBadge {
    forgot: AtomicBool,
}

#[async_trait]
impl PictureFinisher for ForgetsTheBadge {
    async fn finish(&self, bytes: Bytes) -> Result<FinishedPicture, PictureError> {
        let mut picture = Marker::new().finish(bytes.clone()).await?;
        if !self.forgot.swap(true, Ordering::SeqCst) {
            let unmarked = provenance::encode(&provenance::decode(&bytes)?, 90)?;
            let sha256 = hex::encode(Sha256::digest(&unmarked));
            picture.image.key = picture_key(&sha256);
            picture.image.sha256.clone_from(&sha256);
            picture.marks.sha256 = sha256;
            picture.full = unmarked.into();
        }
        Ok(picture)
    }
}
