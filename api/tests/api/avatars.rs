//! Avatars: design, change, reference pictures, approval.

use domain::photo_request::FailureClass;
use reqwest::Method;
use serde_json::json;

use crate::{
    person::avatar,
    test_app::{TestApp, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_designs_one_avatar_and_finds_it_under_me() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    mara.get("/avatars/me")
        .await
        .refused(404, "avatar-not-found");

    let made = mara.post("/avatars", avatar()).await.expect(201);
    assert_eq!(made.header("location"), "/avatars/me");
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(made.position(), 1);
    let shown = mara.get("/avatars/me").await.expect(200);
    assert_eq!(shown.json(), made.json());
    assert_eq!(shown.header("etag"), "\"1\"");
    let shown = shown.json();
    assert_eq!(shown["name"], "Ava");
    assert_eq!(shown["reference_image"], json!({"status": "none"}));
    assert_eq!(shown["reference_history"], json!([]));

    mara.post("/avatars", avatar())
        .await
        .refused(409, "avatar-exists");
    let other = app.sign_in("other@example.com").await;
    other
        .get("/avatars/me")
        .await
        .refused(404, "avatar-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_names_every_bad_field() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let mut young = avatar();
    young["age"] = json!(19);
    let refused = mara.post("/avatars", young).await;
    assert_eq!(refused.bad_fields(), ["/age"]);
    refused.refused(422, "invalid-body");

    let body = json!({"age": "x", "name": " ", "gender": "g".repeat(51), "personality": "loud", "eyes": 2});
    let refused = mara.post("/avatars", body.clone()).await;
    let all = [
        "/name",
        "/age",
        "/gender",
        "/nationality",
        "/appearance",
        "/personality",
        "/eyes",
    ];
    assert_eq!(refused.bad_fields(), all);
    refused.refused(422, "invalid-body");

    let mara = mara.with_avatar().await;
    let refused = mara.patch("/avatars/me", body).await;
    assert_eq!(
        refused.bad_fields(),
        ["/name", "/age", "/gender", "/personality", "/eyes"]
    );
    let refused = mara
        .post(
            "/avatars/me/reference-image/approval",
            json!({"photo_id": 7}),
        )
        .await;
    assert_eq!(refused.bad_fields(), ["/photo_id"]);
    assert_eq!(app.count("AvatarCreated").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_keeps_the_other_fields_and_the_same_change_again_is_none() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    mara.patch("/avatars/me", json!({"age": 30}))
        .await
        .refused(404, "avatar-not-found");
    let mara = mara.with_avatar().await;

    let changed = mara
        .patch("/avatars/me", json!({"age": 30, "name": "Avia"}))
        .await
        .expect(200);
    let (age, name) = (&changed.json()["age"], &changed.json()["name"]);
    assert_eq!((age, name), (&json!(30), &json!("Avia")));
    assert_eq!(changed.json()["appearance"], avatar()["appearance"]);
    assert_eq!(changed.header("etag"), "\"2\"");

    let again = mara
        .patch("/avatars/me", json!({"age": 30}))
        .await
        .expect(200);
    assert_eq!(again.header("etag"), "\"2\"");
    assert_eq!(again.position(), changed.position());
    mara.patch("/avatars/me", json!({})).await.expect(200);
    assert_eq!(app.count("ProfileChanged").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_picture_is_asked_for_delivered_approved_and_drawn_anew() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    mara.order("/avatars/me/reference-image")
        .await
        .refused(404, "avatar-not-found");
    let mara = mara.with_avatar().await;

    let first = mara.order("/avatars/me/reference-image").await.expect(202);
    let photo = first.json();
    assert_eq!(
        (&photo["purpose"], &photo["status"]),
        (&json!("reference"), &json!("requested"))
    );
    let id = photo["id"].as_str().unwrap().to_owned();
    assert_eq!(first.header("location"), format!("/photos/{id}"));
    mara.get(&format!("/photos/{id}")).await.expect(200);
    let shown = mara.get("/avatars/me").await.expect(200).json();
    assert_eq!(
        shown["reference_image"],
        json!({"status": "generating", "photo_id": id})
    );
    let approve = "/avatars/me/reference-image/approval";
    mara.post(approve, json!({"photo_id": id}))
        .await
        .refused(409, "reference-not-ready");

    mara.deliver(&id).await;
    until("the picture is ready", async || {
        let shown = mara.get("/avatars/me").await.expect(200).json();
        (shown["reference_image"]["status"] == "ready").then_some(())
    })
    .await;
    let approved = mara
        .post(approve, json!({"photo_id": id}))
        .await
        .expect(200)
        .json();
    assert_eq!(approved["reference_image"]["status"], "approved");
    let url = approved["reference_image"]["image_url"].as_str().unwrap();
    app.get(url).await.expect(200);
    assert_eq!(approved["reference_history"][0]["approved"], true);

    let second = mara.delivered_reference().await;
    let shown = mara.get("/avatars/me").await.expect(200).json();
    let history = shown["reference_history"].as_array().unwrap();
    let ids: Vec<_> = history
        .iter()
        .map(|picture| picture["photo_id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [id.as_str(), &second],
        "the first one stays in the history"
    );
    assert_eq!(shown["reference_image"]["photo_id"], second.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_picture_of_ones_own_avatar_can_be_approved() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let theirs = mara.delivered_reference().await;
    let other = app.sign_in("other@example.com").await;
    let approve = "/avatars/me/reference-image/approval";
    let body = json!({"photo_id": theirs});
    other
        .post(approve, body.clone())
        .await
        .refused(404, "avatar-not-found");
    let other = other.with_avatar().await;

    let foreign = other
        .post(approve, body)
        .await
        .refused(409, "reference-not-ready");
    let body = json!({"photo_id": uuid::Uuid::now_v7()});
    let missing = other
        .post(approve, body)
        .await
        .refused(409, "reference-not-ready");
    assert_eq!(
        foreign["detail"], missing["detail"],
        "a foreign picture answers like a missing one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_picture_that_failed_says_why_in_words_for_people() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let answer = mara
        .order("/avatars/me/reference-image")
        .await
        .expect(202)
        .json();
    let id = answer["id"].as_str().unwrap();
    mara.fail(id, FailureClass::Deadline).await;
    let failed = until("the avatar knows", async || {
        let shown = mara.get("/avatars/me").await.expect(200).json();
        (shown["reference_image"]["status"] == "failed").then_some(shown)
    })
    .await;
    let failure = &failed["reference_image"]["failure"];
    assert_eq!(
        (&failure["code"], &failure["retryable"]),
        (&json!("deadline"), &json!(true))
    );
    assert!(
        !failure["detail"].as_str().unwrap().contains("E005"),
        "{failure}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_reference_picture_leaves_the_avatar() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;
    let shown = mara.get("/avatars/me").await.expect(200).json();
    let id = shown["reference_image"]["photo_id"].as_str().unwrap();
    mara.delete(&format!("/photos/{id}")).await.expect(204);
    let shown = mara.get("/avatars/me").await.expect(200).json();
    assert_eq!(shown["reference_history"], json!([]));
    assert!(
        shown["reference_image"].get("image_url").is_none(),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_avatar_is_shown_without_signing_in() {
    let app = TestApp::start().await;
    for (method, path) in [
        (Method::POST, "/avatars"),
        (Method::GET, "/avatars/me"),
        (Method::PATCH, "/avatars/me"),
        (Method::POST, "/avatars/me/reference-image"),
        (Method::POST, "/avatars/me/reference-image/approval"),
    ] {
        let answer = app.call(method, path).send().await;
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answer.refused(401, "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_against_the_rules_are_refused_field_by_field_in_sentences() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let mut body = avatar();
    body["appearance"] = json!("green eyes, looks like a teenager");
    body["name"] = json!("Emma Watson");
    let refused = mara.post("/avatars", body).await;
    assert_eq!(refused.bad_fields(), ["/appearance", "/name"]);
    let problem = refused.refused(422, "content-refused");
    assert_eq!(problem["rules"], json!(["R1", "R2"]));
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .starts_with("Everybody in a picture must be, and look like, an adult")
    );
    assert_eq!(app.count("AvatarCreated").await, 0);

    let mara = mara.with_avatar().await;
    let change = json!({"appearance": "ｎｕｄｅ, green eyes"});
    let refused = mara.patch("/avatars/me", change).await;
    assert_eq!(refused.bad_fields(), ["/appearance"]);
    refused.refused(422, "content-refused");
    assert_eq!(app.count("ProfileChanged").await, 0);

    let change = json!({"appearance": "green\u{202e} eyes"});
    let changed = mara.patch("/avatars/me", change).await.expect(200).json();
    assert_eq!(
        changed["appearance"], "green eyes",
        "nobody sees what is gone"
    );
}
