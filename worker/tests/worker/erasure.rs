//! What is left of somebody erased goes, and what runs for them ends; again and again the same.

use std::sync::Arc;

use application::ports::{EventLog, ObjectStorage, PaymentInbox, StorageError};
use domain::values::{Position, UserId};

use crate::{
    deletion::AlwaysTheSame,
    patience::until,
    system::{System, of, start},
};

const NAME: &str = "forget_erased_people";

/// Waits until the followers that clean up have seen everything.
pub(crate) async fn cleaned(system: &System) {
    let checkpoints = projections::engine::Checkpoints::new(system.database.pool());
    for name in [
        NAME,
        "remove_deleted_files",
        "record_reference_results",
        NAME,
    ] {
        until(&format!("{name} has seen everything"), async || {
            let head = system.log.head().await.unwrap();
            let all = checkpoints.list(head).await.unwrap();
            let reaction = all.into_iter().find(|one| one.name == name)?;
            assert_eq!(reaction.error, None);
            (reaction.position >= head).then_some(())
        })
        .await;
    }
}

async fn events(system: &System, event_type: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = $1")
        .bind(event_type)
        .fetch_one(&system.database.pool())
        .await
        .unwrap()
}

pub(crate) async fn erase(system: &System, user: UserId) {
    system.people().erase(of(user)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_that_somebody_else_shows_too_stay_until_nobody_does() {
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

    erase(&system, first_user).await;
    cleaned(&system).await;
    system.storage.get(&image.key, None).await.unwrap();
    system
        .storage
        .get(&image.thumbnail_key, None)
        .await
        .unwrap();

    erase(&system, second_user).await;
    cleaned(&system).await;
    let gone = system.storage.get(&image.key, None).await;
    assert!(matches!(gone, Err(StorageError::NotFound(_))));
    assert_eq!(system.stored_objects(), 0);
    for table in ["provider_calls", "prediction_notices"] {
        let left: i64 = sqlx::query_scalar(&format!(
            "SELECT count(*) FROM {table} WHERE photo_id = ANY($1)"
        ))
        .bind(vec![first.0, second.0])
        .fetch_one(&system.database.pool())
        .await
        .unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_being_made_is_called_off_and_leaves_no_file() {
    let system = crate::system::start_drawing_for(std::time::Duration::from_secs(600)).await;
    let _worker = system.worker();
    let user = system.user().await;
    let photo = system.request_reference(user).await;
    until("it is being made", async || {
        let job = system.photos.job(photo).await.unwrap()?;
        job.attempt.and_then(|attempt| attempt.provider_id)
    })
    .await;
    erase(&system, user).await;
    cleaned(&system).await;
    let job = system.photos.job(photo).await.unwrap().unwrap();
    assert!(job.ended && job.deleted);
    assert_eq!(job.prompt, None, "nobody can read what was wished for");
    assert_eq!(events(&system, "PhotoCanceled").await, 1);
    assert_eq!(system.stored_objects(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn cleaning_up_again_changes_nothing() {
    let system = start().await;
    let _worker = system.worker();
    let user = system.user().await;
    let photo = system.request_reference(user).await;
    system.delivered(photo).await;
    let body = format!(r#"{{"id": "evt_1", "metadata": {{"user_id": "{user}"}}}}"#);
    let kept = system
        .inbox
        .keep("stripe", "evt_1", "invoice.paid", body.as_bytes());
    kept.await.unwrap();
    erase(&system, user).await;
    cleaned(&system).await;
    let emptied: bool =
        sqlx::query_scalar("SELECT body = '' AND state = 'done' FROM webhook_inbox")
            .fetch_one(&system.database.pool())
            .await
            .unwrap();
    assert!(emptied);
    let head = system.log.head().await.unwrap();

    // As after a crash before the checkpoint was written: all of it is done once more.
    let mut fence = system.database.pool().begin().await.unwrap();
    sqlx::query(
        "UPDATE followers SET position = 0, fence = fence + 1, lease_until = NULL WHERE name = $1",
    )
    .bind(NAME)
    .execute(&mut *fence)
    .await
    .unwrap();
    fence.commit().await.unwrap();
    cleaned(&system).await;
    assert_eq!(system.log.head().await.unwrap(), head);
    assert_ne!(head, Position(0));
    assert_eq!(events(&system, "PhotoDeleted").await, 1);
}
