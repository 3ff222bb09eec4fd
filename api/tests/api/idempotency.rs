//! One key, one execution, one answer.

use std::collections::HashSet;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    person::{Answer, Call, Person, avatar},
    test_app::{TestApp, until},
};

fn scene<'a>(mara: &Person<'a>, key: &str, scene: &str) -> Call<'a> {
    let call = mara
        .call(Method::POST, "/photos")
        .header("idempotency-key", key);
    call.json(json!({ "scene": scene }))
}

fn bodies(answers: &[Answer]) -> HashSet<(u16, Vec<u8>, String)> {
    let parts = answers.iter().map(|answer| {
        let location = answer.header("location").to_owned();
        (answer.status, answer.body.to_vec(), location)
    });
    parts.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_identical_wishes_at_once_make_one_photo_and_get_one_answer() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let wishes = (0..50).map(|_| scene(&mara, "intent-1", "on a balcony").send());
    let answers = join_all(wishes).await;
    assert_eq!(bodies(&answers).len(), 1, "{answers:?}");
    answers[0].clone().expect(202);
    let replayed = answers
        .iter()
        .filter(|a| a.headers.contains_key("idempotency-replayed"));
    assert_eq!(replayed.count(), 49);
    assert_eq!(app.count("PhotoReserved").await, 1);
    assert_eq!(
        mara.get("/photos?purpose=scene").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_in_two_processes_make_one_photo_and_get_one_answer() {
    let mut app = TestApp::start().await;
    let second = app.second_process();
    let app = app;
    let mara = app.subscriber().await;
    for round in 0..5 {
        let key = format!("intent-{round}");
        let wishes = (0..20).map(|n| {
            let base = if n % 2 == 0 { &app.url } else { &second };
            let call = mara
                .call_at(base, Method::POST, "/photos")
                .header("idempotency-key", &key);
            call.json(json!({"scene": "on a balcony"})).send()
        });
        let answers = join_all(wishes).await;
        assert_eq!(bodies(&answers).len(), 1, "{answers:?}");
        answers[0].clone().expect(202);
        assert_eq!(app.count("PhotoReserved").await, round + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_time_is_over_is_answered_and_is_done_once_when_it_comes_again() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let pool = app.database.pool();
    let mut other = pool.begin().await.unwrap();
    let taken = sqlx::query("SELECT FROM log_head FOR UPDATE");
    taken.execute(&mut *other).await.unwrap();

    let wish = || scene(&mara, "late", "on a balcony").send();
    let late = wish().await.refused(503, "unavailable");
    assert!(late["detail"].as_str().unwrap().contains("not known yet"));
    wish().await.refused(503, "unavailable");
    other.rollback().await.unwrap();

    until("the wish is recorded", async || {
        (app.count("PhotoReserved").await == 1).then_some(())
    })
    .await;
    let done = wish().await.expect(202).json();
    assert_eq!(wish().await.expect(202).json(), done);
    assert_eq!(app.count("PhotoReserved").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_request_of_one_person() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let first = scene(&mara, "k", "on a balcony").send().await.expect(202);
    scene(&mara, "k", "in a boat")
        .send()
        .await
        .refused(422, "idempotency-key-reused");
    let elsewhere = mara
        .call(Method::PATCH, "/avatars/me")
        .header("idempotency-key", "k");
    let elsewhere = elsewhere.json(json!({"age": 30})).send().await;
    elsewhere.refused(422, "idempotency-key-reused");

    let other = app
        .sign_in("other@example.com")
        .await
        .with_face()
        .await
        .subscribed()
        .await;
    let theirs = scene(&other, "k", "on a balcony").send().await.expect(202);
    assert_ne!(theirs.json()["id"], first.json()["id"]);
    for bad in ["", &"k".repeat(256)] {
        scene(&mara, bad, "x")
            .send()
            .await
            .refused(400, "invalid-parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_gives_its_first_answer_again() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.subscribed().await;
    let twice = async |name: &str, method: Method, path: &str, body: Value| {
        let call = || {
            let call = mara
                .call(method.clone(), path)
                .header("idempotency-key", name);
            if body.is_null() {
                call
            } else {
                call.json(body.clone())
            }
        };
        let first = call().send().await;
        let head = app.head().await;
        let second = call().send().await;
        assert_eq!(
            (first.status, &first.body),
            (second.status, &second.body),
            "{name}"
        );
        assert_eq!(first.position(), second.position(), "{name}");
        assert_eq!(
            first.headers.get("etag"),
            second.headers.get("etag"),
            "{name}"
        );
        assert_eq!(second.header("idempotency-replayed"), "true", "{name}");
        let events = app.log_between(head).await;
        assert!(
            !events.iter().any(|actor| actor.starts_with("user:")),
            "{name}: {events:?}"
        );
        first
    };
    twice("create", Method::POST, "/avatars", avatar())
        .await
        .expect(201);
    twice("change", Method::PATCH, "/avatars/me", json!({"age": 31}))
        .await
        .expect(200);
    twice("same", Method::PATCH, "/avatars/me", json!({"age": 31}))
        .await
        .expect(200);
    let reference = "/avatars/me/reference-image";
    let asked = twice("reference", Method::POST, reference, Value::Null)
        .await
        .expect(202)
        .json();
    let photo = asked["id"].as_str().unwrap();
    mara.deliver(photo).await;
    let approval = json!({ "photo_id": photo });
    until("the picture can be approved", async || {
        let shown = mara.get("/avatars/me").await.json();
        (shown["reference_image"]["status"] == "ready").then_some(())
    })
    .await;
    let approve = "/avatars/me/reference-image/approval";
    twice("approve", Method::POST, approve, approval)
        .await
        .expect(200);
    let wished = twice("scene", Method::POST, "/photos", json!({"scene": "x"}))
        .await
        .expect(202);
    let path = wished.header("location").to_owned();
    twice(
        "cancel",
        Method::POST,
        &format!("{path}/cancel"),
        Value::Null,
    )
    .await
    .expect(200);
    twice("delete", Method::DELETE, &path, Value::Null)
        .await
        .expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_built_again() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let ask = |key: &str| {
        let call = mara.call(Method::POST, "/avatars/me/reference-image");
        call.header("idempotency-key", key)
    };
    let lost = ask("lost").send().await.expect(202);
    app.forget_answers().await;
    let again = ask("lost").send().await.expect(202);
    assert_eq!(again.json()["id"], lost.json()["id"]);
    assert_eq!(again.position(), lost.position());
    assert_eq!(again.header("location"), lost.header("location"));
    assert_eq!(app.count("ReferenceImageRequested").await, 1);

    let mara = mara.with_face_of_avatar().await.subscribed().await;
    let lost = scene(&mara, "scene", "on a balcony")
        .send()
        .await
        .expect(202);
    let refused = scene(&mara, "refused", "as a 12 year old schoolgirl")
        .send()
        .await;
    let refused = (refused.position(), refused.refused(422, "content-refused"));
    app.forget_answers().await;
    let again = scene(&mara, "scene", "on a balcony")
        .send()
        .await
        .expect(202);
    assert_eq!(again.json()["id"], lost.json()["id"]);
    let again = scene(&mara, "refused", "as a 12 year old schoolgirl")
        .send()
        .await;
    assert_eq!(again.position(), refused.0);
    assert_eq!(
        again.refused(422, "content-refused")["rules"],
        refused.1["rules"]
    );
    assert_eq!(
        app.count("PhotoRefused").await,
        1,
        "the refusal is on record once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_decided_anew() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;
    scene(&mara, "k", "on a balcony")
        .send()
        .await
        .refused(402, "subscription-required");
    let mara = mara.subscribed().await;
    scene(&mara, "k", "on a balcony").send().await.expect(202);
}
