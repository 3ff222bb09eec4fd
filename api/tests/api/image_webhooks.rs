//! The image provider's messages: what is believed, what is kept, and that pictures come through them.

use std::time::Duration;

use chrono::Utc;
use reqwest::Method;
use sandbox::{SandboxConfig, standard_webhook_signature};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    person::Answer,
    test_app::{Options, TestApp, until},
};

/// A message as Replicate sends it.
struct Message {
    id: &'static str,
    secret: String,
    timestamp: i64,
    body: String,
}

impl Message {
    fn new(id: &'static str, body: &Value) -> Self {
        Self {
            id,
            secret: SandboxConfig::default().replicate_webhook_secret,
            timestamp: Utc::now().timestamp(),
            body: body.to_string(),
        }
    }

    async fn send(&self, app: &TestApp, path: &str) -> Answer {
        let signature =
            standard_webhook_signature(&self.secret, self.id, self.timestamp, &self.body);
        app.call(Method::POST, path)
            .body("application/json", self.body.clone())
            .header("webhook-id", self.id)
            .header("webhook-timestamp", &self.timestamp.to_string())
            .header("webhook-signature", &signature)
            .send()
            .await
    }
}

fn prediction() -> Value {
    json!({"id": "p1", "status": "succeeded", "input": {"prompt": "a secret wish"}, "output": "https://replicate.delivery/a.png"})
}

async fn kept(app: &TestApp) -> Vec<(String, String, i32)> {
    sqlx::query_as(
        "SELECT message_id, prediction_id, attempt FROM prediction_notices ORDER BY arrival",
    )
    .fetch_all(&app.database.pool())
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_message_is_kept_once_and_nothing_personal_of_it() {
    let app = TestApp::start().await;
    let path = format!("/webhooks/replicate/{}/1", Uuid::now_v7());
    let message = Message::new("msg_1", &prediction());
    for _ in 0..2 {
        let answer = message.send(&app, &path).await.expect(200);
        assert_eq!(answer.json(), json!({"received": true}));
    }
    assert_eq!(kept(&app).await, [("msg_1".to_owned(), "p1".to_owned(), 1)]);
    let row: String = sqlx::query_scalar("SELECT notice::text FROM prediction_notices AS notice")
        .fetch_one(&app.database.pool())
        .await
        .unwrap();
    assert!(!row.contains("wish") && !row.contains("a.png"), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forged_stale_or_no_prediction_is_refused() {
    let app = TestApp::start().await;
    let path = format!("/webhooks/replicate/{}/1", Uuid::now_v7());
    let genuine = || Message::new("msg_1", &prediction());
    let other_secret = "whsec_dGhpcyBpcyBub3QgdGhlIHNlY3JldA==".to_owned();
    let now = Utc::now().timestamp();
    for forged in [
        Message {
            secret: other_secret,
            ..genuine()
        },
        Message {
            timestamp: now - 400,
            ..genuine()
        },
        Message {
            timestamp: now + 400,
            ..genuine()
        },
    ] {
        let answer = forged.send(&app, &path).await;
        answer.refused(400, "invalid-signature");
    }
    let unsigned = app
        .call(Method::POST, &path)
        .json(prediction())
        .send()
        .await;
    unsigned.refused(400, "invalid-signature");
    for body in [
        json!([]),
        json!({"id": "p1"}),
        json!({"id": "", "status": "succeeded"}),
    ] {
        let answer = Message::new("msg_2", &body).send(&app, &path).await;
        answer.refused(400, "invalid-json");
    }
    let large = json!({"id": "p1", "status": "succeeded", "logs": "x".repeat(3 * 1024 * 1024)});
    let answer = Message::new("msg_3", &large).send(&app, &path).await;
    answer.refused(413, "body-too-large");
    for nowhere in [
        "/webhooks/replicate/me/1",
        &path.replace("/1", "/0"),
        &path.replace("/1", "/x"),
    ] {
        let answer = genuine().send(&app, nowhere).await;
        answer.refused(404, "not-found");
    }
    assert_eq!(kept(&app).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_whose_end_is_told_is_asked_for_once() {
    // Every poll but the one after the message would say that it is still being drawn.
    let (app, photo) = drawn_with("webhook_only").await;
    assert_eq!(calls(&app, "order", &photo).await, 1);
    assert_eq!(
        calls(&app, "check", &photo).await,
        1,
        "it was told, not polled"
    );
    assert_eq!(kept(&app).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_twice_or_too_early_do_no_harm() {
    for behaviour in ["webhook_twice", "webhook_before_response"] {
        let (app, photo) = drawn_with(behaviour).await;
        assert_eq!(calls(&app, "order", &photo).await, 1, "{behaviour}");
        assert_eq!(kept(&app).await.len(), 1, "{behaviour}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_believable_message_the_picture_is_polled() {
    for behaviour in ["webhook_never", "bad_signature", "stale_timestamp"] {
        let (app, photo) = drawn_with(behaviour).await;
        assert_eq!(calls(&app, "order", &photo).await, 1, "{behaviour}");
        assert_eq!(kept(&app).await, [], "{behaviour}");
    }
}

/// A reference picture, delivered by a worker that is told at this very API.
async fn drawn_with(behaviour: &str) -> (TestApp, Uuid) {
    let app = TestApp::start_with(Options {
        worker: true,
        drawing_time: Duration::from_millis(300),
        ..Options::default()
    })
    .await;
    app.control("/replicate/default", json!({ "behaviour": behaviour }))
        .await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let asked = mara
        .post("/avatars/me/reference-image", json!({}))
        .await
        .expect(202)
        .json();
    let id = asked["id"].as_str().unwrap().to_owned();
    until("the picture is delivered", async || {
        let photo = mara.get(&format!("/photos/{id}")).await.expect(200).json();
        (photo["status"] == "delivered").then_some(())
    })
    .await;
    (app, id.parse().unwrap())
}

/// How often the provider was asked that about the photo, once the ledger has been written.
async fn calls(app: &TestApp, kind: &str, photo_id: &Uuid) -> i64 {
    until("the ledger is written", async || {
        let written: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM provider_calls WHERE kind = 'fetch' AND photo_id = $1)",
        )
        .bind(photo_id)
        .fetch_one(&app.database.pool())
        .await
        .unwrap();
        written.then_some(())
    })
    .await;
    sqlx::query_scalar("SELECT count(*) FROM provider_calls WHERE kind = $1 AND photo_id = $2")
        .bind(kind)
        .bind(photo_id)
        .fetch_one(&app.database.pool())
        .await
        .unwrap()
}
