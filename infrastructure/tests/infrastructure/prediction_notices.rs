//! Image providers' messages on a real PostgreSQL, and the wake-up from one process to another.

use std::time::Duration;

use application::ports::{AttemptId, Kept, PredictionMessage, PredictionNotices};
use domain::values::PhotoId;
use infrastructure::{
    database::DatabaseRole, prediction_notices::PostgresPredictionNotices,
    scratch_database::ScratchDatabase,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn message(id: &str, prediction: &str) -> PredictionMessage {
    PredictionMessage {
        id: id.to_owned(),
        prediction_id: prediction.to_owned(),
        status: "succeeded".to_owned(),
    }
}

fn some_attempt() -> AttemptId {
    AttemptId {
        photo_id: PhotoId(Uuid::now_v7()),
        attempt: 2,
    }
}

#[tokio::test]
async fn a_message_is_news_once_and_the_newest_names_the_job() {
    let db = ScratchDatabase::create().await;
    let notices = PostgresPredictionNotices::new(db.pool_as(DatabaseRole::Worker));
    let about = some_attempt();
    let keep = async |id, prediction| {
        let message = message(id, prediction);
        notices.keep("replicate", about, &message).await.unwrap()
    };
    assert_eq!(notices.named(about).await.unwrap(), None);
    assert_eq!(keep("msg_1", "p1").await, Kept::New);
    assert_eq!(keep("msg_1", "p9").await, Kept::AlreadyKnown);
    assert_eq!(notices.named(about).await.unwrap().as_deref(), Some("p1"));
    assert_eq!(keep("msg_2", "p2").await, Kept::New);
    assert_eq!(notices.named(about).await.unwrap().as_deref(), Some("p2"));
    let next_attempt = AttemptId {
        attempt: 3,
        ..about
    };
    assert_eq!(notices.named(next_attempt).await.unwrap(), None);
}

#[tokio::test]
async fn what_one_process_keeps_wakes_another_one() {
    let db = ScratchDatabase::create().await;
    let (api, worker) = (
        PostgresPredictionNotices::new(db.pool_as(DatabaseRole::Worker)),
        PostgresPredictionNotices::new(db.pool_as(DatabaseRole::Worker)),
    );
    let stop = CancellationToken::new();
    let mut arrivals = worker.arrivals();
    let listening = tokio::spawn({
        let (worker, stop) = (worker.clone(), stop.clone());
        async move { worker.listen(stop).await }
    });
    let about = some_attempt();
    // Who begins to listen late hears the next message.
    let mut number = 0;
    let heard = loop {
        number += 1;
        let message = message(&format!("msg_{number}"), "p1");
        api.keep("replicate", about, &message).await.unwrap();
        match tokio::time::timeout(Duration::from_millis(300), arrivals.recv()).await {
            Ok(heard) => break heard.unwrap(),
            Err(_) if number < 60 => {}
            Err(_) => panic!("nothing was heard"),
        }
    };
    assert_eq!(heard, about);
    stop.cancel();
    listening.await.unwrap();
}

#[tokio::test]
async fn a_message_wakes_its_own_process_without_a_connection_for_listening() {
    let db = ScratchDatabase::create().await;
    let notices = PostgresPredictionNotices::new(db.pool_as(DatabaseRole::Worker));
    let mut arrivals = notices.arrivals();
    let about = some_attempt();
    let first = message("msg_1", "p1");
    notices.keep("replicate", about, &first).await.unwrap();
    notices.keep("replicate", about, &first).await.unwrap();
    assert_eq!(arrivals.try_recv().unwrap(), about);
    assert!(arrivals.try_recv().is_err(), "a duplicate wakes nobody");
}

#[tokio::test]
async fn old_messages_are_forgotten_and_young_ones_not() {
    let db = ScratchDatabase::create().await;
    let notices = PostgresPredictionNotices::new(db.pool_as(DatabaseRole::Worker));
    for id in ["msg_old", "msg_young"] {
        notices
            .keep("replicate", some_attempt(), &message(id, "p1"))
            .await
            .unwrap();
    }
    sqlx::query("UPDATE prediction_notices SET received_at = now() - interval '2 days' WHERE message_id = 'msg_old'")
        .execute(&db.pool())
        .await
        .unwrap();
    assert_eq!(notices.expire().await.unwrap(), 1);
}
