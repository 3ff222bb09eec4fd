//! Files that were stored and never came to be shown: they go, however their worker ended, and nobody else's do.

use std::{ops::Range, sync::Arc, time::Duration};

use application::ports::{ImageProviders, ObjectStorage, StorageError, StoredObject};
use async_trait::async_trait;
use bytes::Bytes;
use domain::values::{PhotoId, UserId};
use infrastructure::storage::LocalStorage;
use tokio::sync::{Notify, Semaphore};
use worker::steps::Step;

use crate::{
    deletion::{AlwaysTheSame, reaction_has_seen_everything},
    erasure::{cleaned, erase},
    fallback::images,
    history::attempts,
    patience::{in_time, until},
    steps::{HangAt, PauseAt},
    system::{RunningWorker, System, of, start},
};

/// Notes of files, each with how many looks there were since its photo was over, and when the next one is due.
async fn notes(system: &System, photo_id: PhotoId) -> Vec<(i32, String)> {
    sqlx::query_as("SELECT clear, look_at::text FROM file_notes WHERE photo_id = $1")
        .bind(photo_id.0)
        .fetch_all(&system.database.pool())
        .await
        .unwrap()
}

/// Somebody has looked for a photo's files so often since it was over.
async fn looked(system: &System, photo_id: PhotoId, times: i32) {
    until("they were looked for", async || {
        let notes = notes(system, photo_id).await;
        let all = notes.iter().all(|(clear, _)| *clear >= times);
        (!notes.is_empty() && all).then_some(())
    })
    .await;
}

async fn no_file_is_left(system: &System) {
    until("the files are gone", async || {
        (system.stored_objects() == 0).then_some(())
    })
    .await;
}

/// A photo whose worker was killed once its files were stored.
async fn killed_after_storing(system: &System, providers: ImageProviders) -> PhotoId {
    let observer = HangAt::new(Step::PictureStored);
    let mut parts = system.parts("doomed");
    parts.observer = Some(observer.clone());
    parts.providers = providers;
    let doomed = system.worker_of(parts);
    let photo_id = system.request_reference(system.user().await).await;
    observer.reached().await;
    doomed.kill().await;
    assert_eq!(system.stored_objects(), 2);
    photo_id
}

fn predictions(system: &System) -> ImageProviders {
    crate::provider::replicate(&system.sandbox).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_worker_stored_of_a_canceled_photo_is_removed() {
    let system = start().await;
    let photo_id = killed_after_storing(&system, predictions(&system)).await;
    let owner = system.photos.job(photo_id).await.unwrap().unwrap().owner;
    system.photos.cancel(of(owner), photo_id).await.unwrap();

    let _worker = system.worker();

    no_file_is_left(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_attempt_stored_goes_when_the_next_one_brings_another_picture() {
    let system = start().await;
    // It keeps no jobs, so that the picture of a dead worker cannot be asked for again.
    let photo_id = killed_after_storing(&system, images(&system).into()).await;
    let left = system.stored_files();

    let mut parts = system.parts("worker");
    parts.providers = images(&system).into();
    let _worker = system.worker_of(parts);
    system.delivered(photo_id).await;

    assert_eq!(attempts(&system.history(photo_id).await), 2);
    until("only what is shown is left", async || {
        let files = system.stored_files();
        let is_gone = left.iter().all(|file| !files.contains(file));
        (files.len() == 2 && is_gone).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_worker_stored_stays_when_it_is_delivered_after_all() {
    let system = start().await;
    let photo_id = killed_after_storing(&system, predictions(&system)).await;
    // As a worker leaves it that dies while it stores the picture: whole, perhaps, and not in its place.
    for file in system.stored_files() {
        std::fs::write(format!("{}#1", file.display()), "half").unwrap();
    }

    let _worker = system.worker();
    let image = system.delivered(photo_id).await;
    looked(&system, photo_id, 2).await;

    assert_eq!(system.stored_objects(), 2, "what was half written is gone");
    for key in [&image.key, &image.thumbnail_key] {
        system.storage.get(key, None).await.unwrap();
    }
    assert_eq!(
        notes(&system, photo_id).await.len(),
        1,
        "the other's is settled"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_an_attempt_that_takes_its_time_stay_although_its_lease_ran_out() {
    let system = start().await;
    let mut parts = system.parts("other");
    parts.finisher = Arc::new(AlwaysTheSame);
    let other = system.worker_of(parts);
    let other_user = system.user().await;
    let others = system.request_reference(other_user).await;
    system.delivered(others).await;
    other.stop().await;

    let observer = PauseAt::new(Step::PictureStored);
    let mut parts = system.parts("slow");
    parts.finisher = Arc::new(AlwaysTheSame);
    parts.observer = Some(observer.clone());
    let _slow = system.worker_of(parts);
    let photo_id = system.request_reference(system.user().await).await;
    observer.reached().await;
    let stored = system.stored_files();
    // The reaction waits for the lease of the files, which runs out, and looks whether anybody may yet show them.
    system.photos.delete(of(other_user), others).await.unwrap();
    reaction_has_seen_everything(&system).await;
    let before = notes(&system, photo_id).await;
    until("the sweep has come by", async || {
        (notes(&system, photo_id).await != before).then_some(())
    })
    .await;
    assert_eq!(system.stored_files(), stored);
    observer.go_on();

    let image = system.delivered(photo_id).await;
    assert_eq!(attempts(&system.history(photo_id).await), 1);
    for key in [&image.key, &image.thumbnail_key] {
        system.storage.get(key, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_another_person_shows_stay_when_they_are_left_over_of_somebody_erased() {
    let system = start().await;
    let mut parts = system.parts("worker");
    parts.finisher = Arc::new(AlwaysTheSame);
    let worker = system.worker_of(parts.clone());
    let shown = system.request_reference(system.user().await).await;
    let image = system.delivered(shown).await;
    worker.stop().await;

    let observer = HangAt::new(Step::PictureStored);
    parts.observer = Some(observer.clone());
    let doomed = system.worker_of(parts);
    let user = system.user().await;
    let photo_id = system.request_reference(user).await;
    observer.reached().await;
    doomed.kill().await;
    erase(&system, user).await;
    cleaned(&system).await;
    let _worker = system.worker();
    looked(&system, photo_id, 2).await;

    for key in [&image.key, &image.thumbnail_key] {
        system.storage.get(key, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_removes_what_a_dead_worker_stored_before_it_is_over() {
    let system = start().await;
    let photo_id = killed_after_storing(&system, predictions(&system)).await;
    let owner = system.photos.job(photo_id).await.unwrap().unwrap().owner;

    erase(&system, owner).await;
    cleaned(&system).await;

    assert_eq!(system.stored_objects(), 0, "no worker had to come by");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_on_its_way_when_its_person_was_erased_is_taken_away_by_its_worker() {
    let system = start().await;
    let user = system.user().await;
    let (storage, _worker, photo_id) = putting(&system, user).await;
    erase(&system, user).await;
    cleaned(&system).await;

    storage.let_both_arrive().await;

    system.end_of(photo_id).await;
    no_file_is_left(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_arrives_after_its_worker_died_and_its_person_was_erased_is_removed() {
    let system = start().await;
    let user = system.user().await;
    let (storage, doomed, photo_id) = putting(&system, user).await;
    doomed.kill().await;
    erase(&system, user).await;
    cleaned(&system).await;
    let _worker = system.worker();
    looked(&system, photo_id, 1).await;
    assert_eq!(system.stored_objects(), 0);

    storage.let_both_arrive().await;

    no_file_is_left(&system).await;
}

/// A worker whose storage takes its time, with a picture for that person on its way there.
async fn putting(system: &System, user: UserId) -> (Arc<SlowStorage>, RunningWorker, PhotoId) {
    let storage = SlowStorage::before(system);
    let mut parts = system.parts("worker");
    parts.storage = storage.clone();
    let worker = system.worker_of(parts);
    let photo_id = system.request_reference(user).await;
    storage.is_being_put().await;
    (storage, worker, photo_id)
}

/// The storage, as it is when it takes its time: what was sent to it arrives, whether its sender lives or not.
struct SlowStorage {
    storage: Arc<LocalStorage>,
    asked: Notify,
    may_arrive: Arc<Semaphore>,
    arrived: Arc<Semaphore>,
}

impl SlowStorage {
    fn before(system: &System) -> Arc<Self> {
        Arc::new(Self {
            storage: system.storage.clone(),
            asked: Notify::new(),
            may_arrive: Arc::new(Semaphore::new(0)),
            arrived: Arc::new(Semaphore::new(0)),
        })
    }

    async fn is_being_put(&self) {
        in_time("a file is being put", self.asked.notified()).await;
    }

    /// Picture and thumbnail.
    async fn let_both_arrive(&self) {
        self.may_arrive.add_permits(2);
        let both = self.arrived.acquire_many(2);
        drop(in_time("both files arrived", both).await.unwrap());
    }
}

#[async_trait]
impl ObjectStorage for SlowStorage {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StorageError> {
        self.asked.notify_one();
        let (storage, key) = (self.storage.clone(), key.to_owned());
        let (may_arrive, arrived) = (self.may_arrive.clone(), self.arrived.clone());
        let sent = tokio::spawn(async move {
            may_arrive.acquire().await.unwrap().forget();
            let put = storage.put(&key, bytes).await;
            arrived.add_permits(1);
            put
        });
        sent.await.unwrap()
    }

    async fn get(&self, key: &str, part: Option<Range<u64>>) -> Result<StoredObject, StorageError> {
        self.storage.get(key, part).await
    }

    async fn delete(&self, key: &str) -> Result<(), StorageError> {
        self.storage.delete(key).await
    }

    async fn address(&self, key: &str, time: Duration) -> Result<Option<String>, StorageError> {
        self.storage.address(key, time).await
    }

    async fn check(&self) -> Result<(), StorageError> {
        self.storage.check().await
    }
}
