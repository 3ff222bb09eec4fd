//! Repeated grave refusals lead to a pause, in every process, and operators see it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    person::{Person, avatar},
    test_app::TestApp,
};

/// Words that nobody answers.
const GRAVE: &str = "let's play that I kidnap you";

/// Words that break a grave rule in a picture, abstract as they are.
fn grave() -> Value {
    let mut grave = avatar();
    grave["appearance"] = json!("17 years old, reading a book");
    grave
}

async fn refused_thrice(person: &Person<'_>) {
    for _ in 0..3 {
        person
            .post("/avatars", grave())
            .await
            .refused(422, "content-refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_third_grave_refusal_begins_a_pause_that_ends_by_itself() {
    let mut app = TestApp::start().await;
    let elsewhere = app.second_process();
    let app = &app;
    let mara = app.sign_in("mara@example.com").await;
    let noor = app.sign_in("noor@example.com").await;
    refused_thrice(&mara).await;

    let paused = mara.post("/avatars", avatar()).await;
    let seconds: i64 = paused.header("retry-after").parse().unwrap();
    assert!((590..=601).contains(&seconds), "{seconds}");
    paused.refused(429, "content-cool-down");
    let there = mara.call_at(&elsewhere, reqwest::Method::POST, "/avatars");
    there
        .json(avatar())
        .send()
        .await
        .refused(429, "content-cool-down");
    noor.post("/avatars", avatar()).await.expect(201);

    let olga = app.operator().await;
    let account = olga
        .get(&format!("/admin/users/{}", mara.id))
        .await
        .expect(200)
        .json();
    assert_eq!(account["conduct"]["flagged"], true);
    assert_eq!(account["conduct"]["hard_refusals"], 3);
    assert!(account["conduct"]["cooling_down_until"].is_string());

    app.clock.set_ahead(TimeDelta::minutes(11));
    mara.post("/avatars", avatar()).await.expect(201);
    let account = olga
        .get(&format!("/admin/users/{}", mara.id))
        .await
        .expect(200)
        .json();
    assert_eq!(account["conduct"]["cooling_down_until"], Value::Null);
    assert_eq!(account["conduct"]["flagged"], true, "it is not forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_wishes_count_and_are_one_append_with_their_count() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let scene = json!({ "scene": "a 16 year old in a library" });
    for _ in 0..3 {
        mara.post("/photos", scene.clone())
            .await
            .refused(422, "content-refused");
    }
    let allowed = json!({ "scene": "reading on a balcony" });
    mara.post("/photos", allowed)
        .await
        .refused(429, "content-cool-down");
    mara.patch("/avatars/me", json!({ "personality": "shy" }))
        .await
        .refused(429, "content-cool-down");
    mara.get("/photos").await.expect(200);
    assert_eq!(app.count("ContentRefused").await, 3);
    assert_eq!(app.count("CoolDownStarted").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_was_refused_under_a_key_is_refused_again_after_a_lost_answer() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let wish = async || {
        let call = mara
            .call(reqwest::Method::POST, "/photos")
            .header("idempotency-key", "k");
        call.json(json!({ "scene": "a 16 year old in a library" }))
            .send()
            .await
    };
    let first = wish().await;
    let position = first.position();
    first.refused(422, "content-refused");
    let again = wish().await;
    assert_eq!(again.position(), position);
    again.refused(422, "content-refused");
    assert_eq!(app.count("ContentRefused").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_holds_rules_and_a_keyed_hash_and_no_words() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    mara.post("/avatars", grave())
        .await
        .refused(422, "content-refused");
    mara.post("/avatars", grave())
        .await
        .refused(422, "content-refused");
    let recorded: Vec<Value> = sqlx::query_scalar(
        "SELECT payload FROM events WHERE event_type = 'ContentRefused' ORDER BY position",
    )
    .fetch_all(&app.database.pool())
    .await
    .unwrap();
    let [first, second] = &recorded[..] else {
        panic!("{recorded:?}")
    };
    assert_eq!(first["rules"], json!(["R1"]));
    assert_eq!(
        (&first["stage"], &first["hard"]),
        (&json!("avatar-fields"), &json!(true))
    );
    assert_eq!(
        first["fingerprint"], second["fingerprint"],
        "repetitions are told apart"
    );
    assert_eq!(first["fingerprint"].as_str().unwrap().len(), 64);
    assert!(!first.to_string().contains("reading"), "{first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn soft_refusals_are_recorded_and_not_held_against_anybody() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let mut soft = avatar();
    soft["appearance"] = json!("looks like Emma Watson");
    for _ in 0..4 {
        mara.post("/avatars", soft.clone())
            .await
            .refused(422, "content-refused");
    }
    mara.post("/avatars", avatar()).await.expect(201);
    assert_eq!(app.count("ContentRefused").await, 4);
    assert_eq!(app.count("CoolDownStarted").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn grave_words_in_the_chat_count_too_and_who_is_in_danger_is_heard_in_a_pause() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let mara = mara.with_face().await.subscribed().await;
    let says = async |text: &str| {
        let body = json!({ "text": text });
        mara.post("/chat/messages", body).await
    };
    for _ in 0..3 {
        // Each is taken, and stopped by what the service says.
        says(GRAVE).await.expect(202);
    }
    assert_eq!(app.count("ContentRefused").await, 3);
    assert_eq!(app.count("CoolDownStarted").await, 1);
    let paused = says("hello, you").await;
    assert!(!paused.header("retry-after").is_empty());
    paused.refused(429, "content-cool-down");
    mara.post("/photos", json!({ "scene": "reading on a balcony" }))
        .await
        .refused(429, "content-cool-down");

    says("I want to kill myself").await.expect(202);
    let told = mara.get("/chat/messages?limit=1").await.expect(200).json();
    assert_eq!(told["items"][0]["kind"], "crisis");
    let olga = app.operator().await;
    let account = format!("/admin/users/{}", mara.id);
    let account = olga.get(&account).await.expect(200).json();
    assert_eq!(
        account["conduct"]["hard_refusals"], 3,
        "a cry for help is not held against anybody"
    );
    mara.get("/chat").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_again_under_its_key_counts_once() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let mara = mara.with_face().await.subscribed().await;
    for _ in 0..3 {
        let call = mara
            .call(reqwest::Method::POST, "/chat/messages")
            .header("idempotency-key", "k");
        let said = call.json(json!({ "text": GRAVE })).send().await;
        said.expect(202);
    }
    assert_eq!(app.count("ContentRefused").await, 1);
}
