//! Photos: the gate, the wish, the ends, deletion, and other people's.

use chrono::{TimeDelta, Utc};
use domain::{photo_request::FailureClass, subscription::Status};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{outside::QUOTA, test_app::TestApp};

fn wish() -> Value {
    json!({"scene": "reading on a balcony"})
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_subscription_scenes_are_behind_the_gate_and_references_are_not() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;

    let closed = mara
        .post("/photos", wish())
        .await
        .refused(402, "subscription-required");
    assert_eq!(closed["reason"], "none");
    assert_eq!(closed["subscribe_url"], "https://ava.test/subscribe");
    assert_eq!(closed["portal_available"], false);
    mara.get("/photos")
        .await
        .refused(402, "subscription-required");
    mara.get("/photos?purpose=scene")
        .await
        .refused(402, "subscription-required");
    let references = mara
        .get("/photos?purpose=reference")
        .await
        .expect(200)
        .json();
    assert_eq!(references["items"].as_array().unwrap().len(), 1);
    let id = references["items"][0]["id"].as_str().unwrap();
    mara.get(&format!("/photos/{id}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_in_which_the_gate_is_closed_has_its_own_code() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;
    let start = Utc::now() - TimeDelta::days(1);
    mara.subscription(Status::Active, start).await;
    let photo = mara.scene().await;

    for (hours, status, code, reason) in [
        (1, Status::PastDue, "payment-past-due", "payment_past_due"),
        (2, Status::Unpaid, "subscription-unpaid", "unpaid"),
        (3, Status::Paused, "subscription-paused", "paused"),
        (4, Status::Canceled, "subscription-required", "canceled"),
    ] {
        mara.subscription(status, start + TimeDelta::hours(hours))
            .await;
        for refused in [
            mara.post("/photos", wish()).await,
            mara.get("/photos").await,
            mara.get(&format!("/photos/{photo}")).await,
        ] {
            if status == Status::PastDue {
                refused
                    .clone()
                    .expect(if refused.status == 202 { 202 } else { 200 });
            } else {
                let closed = refused.refused(402, code);
                assert_eq!(closed["reason"], reason);
                assert_eq!(closed["portal_available"], true);
            }
        }
        if status == Status::PastDue {
            // The days of grace count from the failure; after them the gate is closed without another message.
            app.clock.set_ahead(TimeDelta::days(30));
            let closed = mara.get("/photos").await.refused(402, code);
            assert_eq!(closed["reason"], reason);
            app.clock.set_ahead(TimeDelta::zero());
        }
    }
    mara.order(&format!("/photos/{photo}/cancel"))
        .await
        .expect(200);
    mara.delete(&format!("/photos/{photo}")).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_asks_for_a_picture_and_gets_it() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.subscribed().await;
    mara.post("/photos", wish())
        .await
        .refused(409, "avatar-not-ready");
    let mara = mara.with_avatar().await;
    mara.post("/photos", wish())
        .await
        .refused(409, "avatar-not-ready");
    let mara = mara.with_face_of_avatar().await;

    let asked = mara.post("/photos", wish()).await.expect(202);
    let photo = asked.json();
    let id = photo["id"].as_str().unwrap().to_owned();
    assert_eq!(asked.header("location"), format!("/photos/{id}"));
    assert_eq!(
        (&photo["purpose"], &photo["status"]),
        (&json!("scene"), &json!("requested"))
    );
    assert_eq!(photo["scene"], wish()["scene"]);
    assert!(photo.get("image").is_none());

    mara.deliver(&id).await;
    let shown = mara.get(&format!("/photos/{id}")).await.expect(200).json();
    assert_eq!(
        (&shown["status"], &shown["attempts"]),
        (&json!("delivered"), &json!(1))
    );
    assert_eq!(
        (&shown["image"]["width"], &shown["image"]["height"]),
        (&json!(1024), &json!(768))
    );
    assert!(shown["delivered_at"].is_string());
    app.get(shown["image"]["url"].as_str().unwrap())
        .await
        .expect(200);
    app.get(shown["image"]["thumbnail_url"].as_str().unwrap())
        .await
        .expect(200);
    let cancel = format!("/photos/{id}/cancel");
    mara.order(&cancel)
        .await
        .refused(409, "photo-already-delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scene_has_1_to_500_characters() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    for body in [
        json!({}),
        json!({"scene": ""}),
        json!({"scene": "x".repeat(501)}),
        json!({"scene": 1}),
    ] {
        let refused = mara.post("/photos", body).await;
        assert_eq!(refused.bad_fields(), ["/scene"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scene_against_the_rules_is_refused_on_record_and_costs_nothing() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let body = json!({"scene": "as a 12 year old schoolgirl"});
    let answer = mara.post("/photos", body).await;
    assert!(answer.position() > 0);
    let refused = answer.refused(422, "content-refused");
    assert!(!refused["rules"].as_array().unwrap().is_empty());
    assert_eq!(refused["errors"][0]["pointer"], "/scene");
    assert_eq!(app.count("PhotoRefused").await, 1);
    app.settle().await;

    let subscription = mara.get("/billing/subscription").await.expect(200).json();
    assert_eq!(
        subscription["usage"],
        json!({"photos_used": 0, "photos_limit": QUOTA})
    );
    let listed = mara.get("/photos?status=refused").await.expect(200).json();
    assert_eq!(listed["items"][0]["failure"]["code"], "content");
    let id = listed["items"][0]["id"].as_str().unwrap();
    mara.order(&format!("/photos/{id}/cancel"))
        .await
        .refused(409, "photo-already-refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_ends_with_a_402() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    for _ in 0..QUOTA {
        mara.scene().await;
    }
    let closed = mara
        .post("/photos", wish())
        .await
        .refused(402, "photo-quota-exhausted");
    assert_eq!(closed["reason"], "quota_exhausted");
    mara.get("/photos").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn canceling_twice_gives_the_same_answer() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let photo = mara.scene().await;
    let cancel = format!("/photos/{photo}/cancel");
    let first = mara.order(&cancel).await.expect(200);
    assert_eq!(first.json()["status"], "canceled");
    let second = mara.order(&cancel).await.expect(200);
    assert_eq!(second.body, first.body);
    assert_eq!(second.position(), first.position());
    assert_eq!(app.count("PhotoCanceled").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_picture_can_be_canceled_the_moment_it_was_asked_for() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    for _ in 0..5 {
        let asked = mara
            .order("/avatars/me/reference-image")
            .await
            .expect(202)
            .json();
        let cancel = format!("/photos/{}/cancel", asked["id"].as_str().unwrap());
        assert_eq!(
            mara.order(&cancel).await.expect(200).json()["status"],
            "canceled"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_photo_says_why_and_can_no_longer_be_canceled() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    for (class, word, retryable) in [
        (FailureClass::Transient, "transient", true),
        (FailureClass::Content, "content", false),
        (FailureClass::Operator, "operator", false),
    ] {
        let photo = mara.scene().await;
        mara.fail(&photo, class).await;
        let shown = mara
            .get(&format!("/photos/{photo}"))
            .await
            .expect(200)
            .json();
        assert_eq!(shown["status"], "failed");
        let failure = &shown["failure"];
        assert_eq!(
            (&failure["code"], &failure["retryable"]),
            (&json!(word), &json!(retryable))
        );
        assert!(
            !failure["detail"].as_str().unwrap().contains("E005"),
            "{failure}"
        );
        mara.order(&format!("/photos/{photo}/cancel"))
            .await
            .refused(409, "photo-already-failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_photo_is_gone_and_its_history_stays() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let photo = mara.scene().await;
    let path = format!("/photos/{photo}");
    mara.delete(&path).await.refused(409, "photo-still-running");
    mara.deliver(&photo).await;
    let shown = mara.get(&path).await.expect(200).json();

    let gone = mara.delete(&path).await.expect(204);
    assert!(gone.body.is_empty() && gone.position() > 0);
    mara.get(&path).await.refused(404, "photo-not-found");
    app.get(shown["image"]["url"].as_str().unwrap())
        .await
        .refused(404, "photo-not-found");
    mara.delete(&path).await.expect(204);
    mara.order(&format!("{path}/cancel"))
        .await
        .refused(404, "photo-not-found");
    assert_eq!(app.count("PhotoDeleted").await, 1);
    assert_eq!(app.count("PhotoDelivered").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_photo_answers_exactly_like_one_that_does_not_exist() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let photo = mara.scene().await;
    let other = app.sign_in("other@example.com").await.subscribed().await;
    let missing = uuid::Uuid::now_v7().to_string();
    for (method, tail) in [
        (Method::GET, ""),
        (Method::POST, "/cancel"),
        (Method::DELETE, ""),
    ] {
        let mut answers = Vec::new();
        for id in [photo.as_str(), &missing, "not-a-uuid"] {
            let answer = other
                .call(method.clone(), &format!("/photos/{id}{tail}"))
                .send()
                .await;
            let mut problem = answer.refused(404, "photo-not-found");
            problem["request_id"] = Value::Null;
            answers.push(problem);
        }
        assert!(
            answers.iter().all(|answer| *answer == answers[0]),
            "{answers:?}"
        );
    }
    assert_eq!(
        app.count("PhotoCanceled").await + app.count("PhotoDeleted").await,
        0
    );
    assert_eq!(
        other.get("/photos").await.expect(200).json()["items"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_be_in_danger_reads_where_help_is_in_their_language() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    for (language, line) in [
        ("de-AT,de;q=0.9", "142"),
        ("en-US", "988"),
        ("ja", "findahelpline"),
    ] {
        let refused = mara
            .call(Method::POST, "/photos")
            .header("accept-language", language)
            .json(json!({"scene": "the bridge where I kill myself"}))
            .send()
            .await
            .refused(422, "content-refused");
        assert!(
            refused["detail"].as_str().unwrap().contains(line),
            "{language}: {refused}"
        );
        assert_eq!(refused["rules"], json!(["R5"]));
    }
}
