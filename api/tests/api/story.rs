//! The whole story over HTTP, with the worker and the sandbox: from an empty account to a delivered picture.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    person::{Person, avatar},
    test_app::{Options, TestApp, until},
};

async fn in_the_end(mara: &Person<'_>, path: &str, status: &str) -> Value {
    until(&format!("{path} is {status}"), async || {
        let shown = mara.get(path).await.expect(200).json();
        assert_ne!(shown["status"], "failed", "{shown}");
        (shown["status"] == status).then_some(shown)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_designs_an_avatar_meets_the_paywall_pays_and_gets_a_picture() {
    let app = TestApp::start_with(Options {
        worker: true,
        ..Options::default()
    })
    .await;
    let mara = app.sign_in("mara@example.com").await;
    mara.get("/avatars/me")
        .await
        .refused(404, "avatar-not-found");
    mara.post("/avatars", avatar()).await.expect(201);

    let asked = mara
        .order("/avatars/me/reference-image")
        .await
        .expect(202)
        .json();
    let reference = asked["id"].as_str().unwrap().to_owned();
    let picture = in_the_end(&mara, &format!("/photos/{reference}"), "delivered").await;
    assert!(picture["image"]["width"].as_u64().unwrap() >= 512);
    let bytes = app
        .get(picture["image"]["url"].as_str().unwrap())
        .await
        .expect(200);
    assert_eq!(
        bytes.body.len() as u64,
        picture["image"]["bytes"].as_u64().unwrap()
    );
    let small = app
        .get(picture["image"]["thumbnail_url"].as_str().unwrap())
        .await
        .expect(200);
    assert_eq!(
        small.header("content-type"),
        picture["image"]["media_type"].as_str().unwrap()
    );
    assert!(small.body.len() < bytes.body.len());

    until("the avatar has its picture", async || {
        let shown = mara.get("/avatars/me").await.expect(200).json();
        (shown["reference_image"]["status"] == "ready").then_some(())
    })
    .await;
    let approve = "/avatars/me/reference-image/approval";
    mara.post(approve, json!({ "photo_id": reference }))
        .await
        .expect(200);
    let wish = json!({"scene": "reading a letter on a balcony in Lisbon"});
    mara.post("/photos", wish.clone())
        .await
        .refused(402, "subscription-required");

    mara.pays().await;

    let post = || {
        mara.call(Method::POST, "/photos")
            .header("idempotency-key", "intent")
            .json(wish.clone())
    };
    let asked = post().send().await.expect(202);
    assert_eq!(post().send().await.expect(202).body, asked.body);
    let path = asked.header("location").to_owned();
    in_the_end(&mara, &path, "delivered").await;
    let listed = mara.get("/photos?purpose=scene").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let other = app.sign_in("other@example.com").await;
    other.get(&path).await.refused(404, "photo-not-found");
}
