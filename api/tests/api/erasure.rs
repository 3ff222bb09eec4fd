//! A person takes their data along, and is forgotten: nothing of theirs is left anywhere, and every proof still verifies.

mod traces;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    person::Person,
    test_app::{Options, TestApp, until},
};
use traces::{files, traces};

/// Words that stand nowhere else, one for each place in which a person leaves words.
const CANARIES: [&str; 7] = [
    "canary-name",
    "canary-appearance",
    "canary-scene",
    "canary-letter",
    "canary-complaint",
    "canary-survey",
    "canary-key",
];
/// The address, which the payment provider tells us in its messages.
const EMAIL: &str = "canary-mail@example.com";

/// A system whose worker draws, answers and applies payments.
async fn living() -> TestApp {
    TestApp::start_with(Options {
        worker: true,
        ..Options::default()
    })
    .await
}

/// Somebody who left words in every place there is; the keys of their pictures' files.
async fn who_left_traces(app: &TestApp) -> (Person<'_>, Vec<String>) {
    let mara = app.sign_in(EMAIL).await;
    let avatar = json!({
        "name": "canary-name",
        "age": 25,
        "gender": "woman",
        "nationality": "Portuguese",
        "appearance": "auburn hair, canary-appearance",
        "personality": "caring",
    });
    let designed = mara
        .call(Method::POST, "/avatars")
        .header("idempotency-key", "canary-key")
        .json(avatar);
    designed.send().await.expect(201);
    let mara = mara.with_drawn_face_of_avatar().await.paying().await;

    let wish = json!({"scene": "reading a letter, canary-scene"});
    let asked = mara.post("/photos", wish).await.expect(202).json();
    let photo = asked["id"].as_str().unwrap().to_owned();
    until("the picture is there", async || {
        let shown = mara.get(&format!("/photos/{photo}")).await.expect(200);
        (shown.json()["status"] == "delivered").then_some(())
    })
    .await;
    let said = json!({"text": "hello, canary-letter"});
    let said = mara.post("/chat/messages", said).await.expect(202).json();
    until("there is an answer", async || {
        let told = mara.get("/chat/messages").await.expect(200).json();
        let told = told["items"].as_array().unwrap().clone();
        told.iter()
            .any(|one| one["in_reply_to"] == said["id"])
            .then_some(())
    })
    .await;
    let complaint = json!({
        "subject": {"kind": "photo", "id": photo},
        "reason": "other",
        "text": "canary-complaint",
    });
    mara.post("/reports", complaint).await.expect(201);
    let survey = json!({"survey": {"reason": "other", "comment": "canary-survey"}});
    mara.post("/billing/cancel", survey).await.expect(200);
    app.settle().await;
    let keys: Vec<String> = sqlx::query_scalar(
        "SELECT key FROM photos, unnest(ARRAY[image ->> 'key', image ->> 'thumbnail_key']) AS k (key)
          WHERE owner = $1",
    )
    .bind(mara.id.0)
    .fetch_all(&app.database.pool())
    .await
    .unwrap();
    assert_eq!(
        keys.len(),
        4,
        "two pictures with a thumbnail each: {keys:?}"
    );
    (mara, keys)
}

/// Providers fail somebody, and repeat in their excuses what they were told.
async fn who_was_failed(app: &TestApp, mara: &Person<'_>) {
    app.control("/replicate/default", json!({"behaviour": "fail_repeating"}))
        .await;
    let wish = json!({"scene": "reading a letter at the sea, canary-scene"});
    let asked = mara.post("/photos", wish).await.expect(202).json();
    let path = format!("/photos/{}", asked["id"].as_str().unwrap());
    until("the picture has failed", async || {
        let shown = mara.get(&path).await.expect(200);
        (shown.json()["status"] == "failed").then_some(())
    })
    .await;
    app.control("/replicate/default", json!({"behaviour": "ok_sync"}))
        .await;
    app.control("/chat/default", json!({"behaviour": "400_repeating"}))
        .await;
    let said = json!({"text": "hello again, canary-letter"});
    mara.post("/chat/messages", said).await.expect(202);
    until("the answer has failed", async || {
        (app.count("ReplyFailed").await == 1).then_some(())
    })
    .await;
    app.control("/chat/default", json!({"behaviour": "ok"}))
        .await;
}

/// Waits until the reaction has cleaned up after the erasure at that position, and what followed from it was followed.
async fn forgotten(app: &TestApp, position: u64) {
    for follower in ["forget_erased_people", "remove_deleted_files"] {
        until(&format!("{follower} is done"), async || {
            let head = app.head().await.0.max(position);
            let reached: Option<i64> =
                sqlx::query_scalar("SELECT position FROM followers WHERE name = $1")
                    .bind(follower)
                    .fetch_optional(&app.database.pool())
                    .await
                    .unwrap();
            (reached.unwrap_or_default().cast_unsigned() >= head).then_some(())
        })
        .await;
    }
    app.settle().await;
}

/// What a worker leaves that dies once it has stored a picture, when the next attempt brings another one: no read model
/// knows of it.
async fn left_over(app: &TestApp, mara: &Person<'_>) -> String {
    let key = "pictures/ab/left-over.jpg";
    app.store(key, b"a face, canary-scene").await;
    sqlx::query(
        "INSERT INTO file_notes (photo_id, image_key, thumbnail_key, node, look_at)
         SELECT photo_id, $2, $2, 'a dead worker', now() + interval '1 day' FROM photos
          WHERE owner = $1 AND image IS NOT NULL LIMIT 1",
    )
    .bind(mara.id.0)
    .bind(key)
    .execute(&app.database.pool())
    .await
    .unwrap();
    key.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_erasure_nothing_of_the_person_is_left_anywhere() {
    let app = living().await;
    let (mara, keys) = who_left_traces(&app).await;
    who_was_failed(&app, &mara).await;
    let words = CANARIES.into_iter().chain([EMAIL]).collect::<Vec<_>>();
    let before = traces(&app, &words).await;
    for (word, place) in [
        ("canary-name", "avatars"),
        ("canary-appearance", "avatars"),
        ("canary-scene", "photos"),
        ("canary-letter", "messages"),
        ("canary-complaint", "reports"),
        ("canary-key", "idempotency_keys"),
        (EMAIL, "webhook_inbox"),
    ] {
        let wanted = format!("{word} in public.{place}");
        assert!(before.contains(&wanted), "{wanted} of {before:?}");
    }
    // What nobody erases has never had their words, be it providers that said them.
    for failed in ["AttemptFailed", "PhotoFailed", "ReplyFailed"] {
        assert!(app.count(failed).await > 0, "{failed}");
    }
    for kept in ["events", "provider_calls", "provider_accounts", "followers"] {
        let kept = format!(" in public.{kept}");
        assert!(!before.iter().any(|one| one.ends_with(&kept)), "{before:?}");
    }
    for key in &keys {
        app.stored(key).await.expect("the file is there before");
    }
    let left = left_over(&app, &mara).await;
    let noor = app
        .sign_in("noor@example.com")
        .await
        .with_drawn_face()
        .await;

    let erased = mara.delete("/me").await.expect(204);
    forgotten(&app, erased.position()).await;

    assert_eq!(traces(&app, &words).await, BTreeSet::new());
    for key in &keys {
        assert!(app.stored(key).await.is_none(), "{key} is still there");
    }
    assert!(app.stored(&left).await.is_none(), "{left} is still there");
    assert_eq!(files(app.objects()).len(), 2, "what Noor's picture shows");
    // Nobody else lost anything.
    let avatar = noor.get("/avatars/me").await.expect(200).json();
    let picture = avatar["reference_image"]["image_url"].as_str().unwrap();
    app.get(picture).await.expect(200);
    // Nobody is charged any more.
    let running = app.stripe("subscriptions").await;
    assert_eq!(running["data"], json!([]), "{running}");
    assert_eq!(app.count("SubscriptionEnded").await, 1);
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM subscriptions WHERE owner = $1")
        .bind(mara.id.0)
        .fetch_one(&app.database.pool())
        .await
        .unwrap();
    assert_eq!(
        rows, 0,
        "what the provider says afterwards brings nobody back"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_somebody_erased_is_refused_whatever_else_would_be_said() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;
    let photo = mara.delivered_reference().await;
    let mara = mara.subscribed().await;
    mara.delete("/me").await.expect(204);

    let avatar = crate::person::avatar();
    let refused = [
        mara.post("/avatars", avatar).await,
        mara.patch("/avatars/me", json!({"age": 30})).await,
        mara.order("/avatars/me/reference-image").await,
        mara.post("/photos", json!({"scene": "on a balcony"})).await,
        mara.order(&format!("/photos/{photo}/cancel")).await,
        mara.delete(&format!("/photos/{photo}")).await,
        mara.post("/chat/messages", json!({"text": "hello"})).await,
        mara.patch("/chat", json!({"mode": "intimate"})).await,
        mara.post("/billing/checkout", json!({"plan": "monthly"}))
            .await,
        mara.order("/billing/cancel").await,
        mara.post(
            "/reports",
            json!({"subject": {"kind": "photo", "id": photo}, "reason": "other"}),
        )
        .await,
        // A body that is not even JSON is read no further.
        mara.call(Method::POST, "/photos")
            .body("application/json", "{")
            .send()
            .await,
        mara.delete("/me").await,
        mara.get("/me/export").await,
        mara.get("/avatars/me").await,
    ];
    for answer in refused {
        let problem = answer.refused(410, "person-erased");
        assert_eq!(problem["type"], "/problems/person-erased");
    }
    let again = app
        .call(Method::POST, "/dev/token")
        .json(json!({"email": "Mara@example.com"}))
        .send()
        .await;
    again.refused(410, "person-erased");
    assert_eq!(app.count("PersonErased").await, 1);
    app.sign_in("noor@example.com").await.with_avatar().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_wins_over_a_pause() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;
    let mara = mara.subscribed().await;
    let wish = json!({"scene": "she is sixteen years old"});
    for _ in 0..3 {
        mara.post("/photos", wish.clone()).await.expect(422);
    }
    mara.post("/photos", wish.clone())
        .await
        .refused(429, "content-cool-down");
    mara.delete("/me").await.expect(204);
    mara.post("/photos", wish)
        .await
        .refused(410, "person-erased");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_erases_somebody_on_record() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let noor = app.sign_in("noor@example.com").await;
    let olga = app.operator().await;
    let path = format!("/admin/users/{}/erase", mara.id);
    noor.order(&path).await.refused(403, "role-required");
    app.call(Method::POST, &path)
        .send()
        .await
        .refused(401, "unauthenticated");
    for unknown in [noor.id.to_string(), "nobody".to_owned()] {
        olga.order(&format!("/admin/users/{unknown}/erase"))
            .await
            .refused(404, "user-not-found");
    }
    app.settle().await;

    let erased = olga.order(&path).await.expect(204);
    assert!(erased.position() > 0);
    // In the same append: neither is ever there without the other.
    let log: Vec<(i64, String, Value)> = sqlx::query_as(
        "SELECT position, event_type, metadata::jsonb FROM events
          WHERE event_type IN ('PersonErased', 'ErasureOrdered') ORDER BY position",
    )
    .fetch_all(&app.database.pool())
    .await
    .unwrap();
    let told: Vec<_> = log.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(told, ["PersonErased", "ErasureOrdered"]);
    assert_eq!(log[0].0 + 1, log[1].0);
    assert_eq!(log[0].2["owner"], mara.id.to_string());
    for (_, _, metadata) in &log {
        assert_eq!(metadata["actor"], format!("operator:{}", olga.id));
    }
    assert_eq!(log[0].2["correlation_id"], log[1].2["correlation_id"]);
    mara.patch("/avatars/me", json!({"age": 30}))
        .await
        .refused(410, "person-erased");
    olga.order(&path).await.expect(204);
    assert_eq!(app.count("PersonErased").await, 1);
    assert_eq!(app.count("ErasureOrdered").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_their_data_along_gets_all_of_it_and_nothing_of_others() {
    let app = living().await;
    let (mara, _) = who_left_traces(&app).await;
    let noor = app.sign_in("noor@example.com").await.with_avatar().await;
    noor.patch("/avatars/me", json!({"name": "canary-of-another"}))
        .await
        .expect(200);
    app.get("/me/export").await.refused(401, "unauthenticated");

    let answer = mara.get("/me/export").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(
        answer
            .header("content-disposition")
            .starts_with("attachment")
    );
    let data = answer.json();
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    for canary in CANARIES.iter().filter(|canary| **canary != "canary-key") {
        assert!(text.contains(canary), "{canary} is missing");
    }
    assert!(!text.contains("canary-of-another"));
    assert!(!text.contains(&noor.id.to_string()));
    assert_eq!(data["person"], json!({"id": mara.id, "email": EMAIL}));
    assert_eq!(data["avatar"]["name"], "canary-name");
    assert_eq!(data["subscription"]["open"], true);
    assert_eq!(data["invoices"].as_array().unwrap().len(), 1);
    assert_eq!(data["reports"][0]["text"], "canary-complaint");
    assert_eq!(data["photos"].as_array().unwrap().len(), 2);
    assert_eq!(data["messages"].as_array().unwrap().len(), 3);
    for photo in data["photos"].as_array().unwrap() {
        app.get(photo["image"]["url"].as_str().unwrap())
            .await
            .expect(200);
    }
    // Every event of theirs that the log holds, opened; the export itself among them.
    let own: Vec<i64> = sqlx::query_scalar(
        "SELECT position FROM events WHERE metadata ->> 'owner' = $1 AND position <= $2 ORDER BY 1",
    )
    .bind(mara.id.to_string())
    .bind(data["log_position"].as_i64().unwrap())
    .fetch_all(&app.database.pool())
    .await
    .unwrap();
    let events = data["events"].as_array().unwrap();
    let given: BTreeSet<i64> = events
        .iter()
        .map(|event| event["position"].as_i64().unwrap())
        .collect();
    assert!(own.iter().all(|position| given.contains(position)));
    let created = events
        .iter()
        .find(|event| event["event_type"] == "AvatarCreated")
        .unwrap();
    assert_eq!(
        created["payload"]["name"],
        json!({"personal": "canary-name"})
    );
    assert_eq!(app.count("DataExported").await, 1);
}
