//! What operators look at and do; that nobody else does; and that all of it is on record.

use application::ports::PaymentInbox;
use domain::photo_request::FailureClass;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    person::{Answer, Person},
    test_app::{TestApp, until},
};

const NOBODY: &str = "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a";

/// Every operation for operators, as method, path and body.
fn operations() -> Vec<(Method, String, Option<Value>)> {
    let get = |path: &str| (Method::GET, path.to_owned(), None);
    let post = |path: &str| (Method::POST, path.to_owned(), None);
    vec![
        get("/admin/photos"),
        post(&format!("/admin/photos/{NOBODY}/retry")),
        post(&format!("/admin/photos/{NOBODY}/cancel")),
        get(&format!("/admin/users/{NOBODY}")),
        get("/admin/metrics"),
        get("/admin/reports"),
        get(&format!("/admin/reports/{NOBODY}")),
        (
            Method::POST,
            format!("/admin/reports/{NOBODY}/decision"),
            Some(json!({ "decision": "dismissed" })),
        ),
        get("/admin/projections"),
        post("/admin/projections/photos/rebuild"),
        get("/admin/webhooks"),
        post("/admin/webhooks/evt_1/replay"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_an_operator_sees_or_does_anything_of_it() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let auditor = app.sign_in_as("audrey@example.com", &["auditor"]).await;
    let before = app.count_of("Stewardship").await;
    for (method, path, body) in operations() {
        let body = body.unwrap_or(Value::Null);
        let anonymous = app
            .call(method.clone(), &path)
            .json(body.clone())
            .send()
            .await;
        anonymous.refused(401, "unauthenticated");
        for person in [&mara, &auditor] {
            let call = person.call(method.clone(), &path).json(body.clone());
            let answer = call.send().await;
            let problem = answer.refused(403, "role-required");
            assert!(problem["detail"].as_str().unwrap().contains("operator"));
        }
    }
    let after = app.count_of("Stewardship").await;
    assert_eq!(before, after, "what was refused is no view");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_recorded_with_who_did_it() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;
    let olga = app.operator().await;
    let auditor = app.sign_in_as("audrey@example.com", &["auditor"]).await;
    let photo = failed_photo(&mara).await;
    report(&mara, &photo).await.expect(201);
    app.message("evt_1").await;
    app.settle().await;
    let user = mara.id;

    olga.get("/admin/photos").await.expect(200);
    olga.get(&format!("/admin/users/{user}")).await.expect(200);
    olga.get("/admin/metrics").await.expect(200);
    olga.get("/admin/reports").await.expect(200);
    olga.get(&format!("/admin/reports/{photo}"))
        .await
        .expect(200);
    olga.get("/admin/projections").await.expect(200);
    olga.get("/admin/webhooks?state=waiting").await.expect(200);
    auditor.get("/audit/projections").await.expect(200);
    olga.order(&format!("/admin/photos/{photo}/retry"))
        .await
        .expect(202);
    olga.order(&format!("/admin/photos/{photo}/cancel"))
        .await
        .expect(200);
    let decision = json!({ "decision": "dismissed" });
    let path = format!("/admin/reports/{photo}/decision");
    olga.post(&path, decision).await.expect(200);
    olga.order("/admin/webhooks/evt_1/replay").await.expect(202);
    olga.order("/admin/projections/photos/rebuild")
        .await
        .expect(202);

    let by_operator = format!("operator:{}", olga.id);
    let by_auditor = format!("auditor:{}", auditor.id);
    let told = app.stewardship().await;
    let told: Vec<_> = told
        .iter()
        .map(|(actor, event)| (actor.as_str(), event["type"].as_str().unwrap()))
        .collect();
    let o = by_operator.as_str();
    assert_eq!(
        told,
        [
            (o, "PhotosViewed"),
            (o, "UserViewed"),
            (o, "FiguresViewed"),
            (o, "ReportsViewed"),
            (o, "ReportViewed"),
            (o, "ProjectionsViewed"),
            (o, "WebhooksViewed"),
            (by_auditor.as_str(), "ProjectionsViewed"),
            (o, "PhotoRetried"),
            (o, "CancellationOrdered"),
            (o, "DecisionTaken"),
            (o, "WebhookReplayed"),
            (o, "ProjectionRebuilt"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_not_shown() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let olga = app.operator().await;
    let auditor = app.sign_in_as("audrey@example.com", &["auditor"]).await;
    app.settle().await;
    // The log takes nothing any more; what is there can still be read.
    app.refuse_appends().await;
    let user = format!("/admin/users/{}", mara.id);
    for path in [
        "/admin/photos",
        &user,
        "/admin/metrics",
        "/admin/reports",
        "/admin/projections",
        "/admin/webhooks",
    ] {
        assert_eq!(olga.get(path).await.status, 503, "{path}");
    }
    assert_eq!(auditor.get("/audit/projections").await.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_photos_are_listed_without_words_and_tried_again_for_nothing() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let olga = app.operator().await;
    let photo = mara.scene().await;
    mara.fail(&photo, FailureClass::Operator).await;
    let used = |shown: &Value| shown["usage"]["photos_used"].clone();
    mara.shown("its place is given back", |shown| used(shown) == 0)
        .await;

    let list = olga
        .get("/admin/photos?status=failed")
        .await
        .expect(200)
        .json();
    let item = &list["items"][0];
    assert_eq!(
        (&item["id"], &item["owner"], &item["failure"]["retryable"]),
        (&json!(photo), &json!(mara.id.to_string()), &json!(true))
    );
    assert!(
        item.get("scene").is_none() && item.get("image").is_none(),
        "{item}"
    );

    let path = format!("/admin/photos/{photo}/retry");
    let retried = olga.order(&path).await.expect(202);
    assert_eq!(retried.json()["status"], "requested");
    assert_eq!(
        olga.order(&path).await.expect(202).json()["status"],
        "requested",
        "twice changes nothing"
    );
    assert_eq!(app.count("PhotoReopened").await, 1);
    let start = domain::photo_request::Command::StartAttempt {
        attempt: 2,
        provider: "test".to_owned(),
        model: "test".to_owned(),
    };
    mara.work(&photo, start).await;
    let shown = mara
        .get(&format!("/photos/{photo}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&shown["status"], &shown["attempts"]),
        (&json!("generating"), &json!(2))
    );
    let subscription = mara.get("/billing/subscription").await.expect(200).json();
    assert_eq!(used(&subscription), 0, "a retry takes nothing");

    let cancel = format!("/admin/photos/{photo}/cancel");
    assert_eq!(
        olga.order(&cancel).await.expect(200).json()["status"],
        "canceled"
    );
    assert_eq!(
        olga.order(&cancel).await.expect(200).json()["status"],
        "canceled"
    );
    olga.order(&path)
        .await
        .refused(409, "photo-already-canceled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_that_makes_no_sense_is_refused() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let olga = app.operator().await;
    let unsafe_content = mara.order("/avatars/me/reference-image").await.expect(202);
    let unsafe_content = unsafe_content.json()["id"].as_str().unwrap().to_owned();
    mara.fail(&unsafe_content, FailureClass::Content).await;
    let delivered = mara.delivered_reference().await;
    let retry = async |photo: &str| olga.order(&format!("/admin/photos/{photo}/retry")).await;
    retry(&unsafe_content)
        .await
        .refused(409, "photo-already-refused");
    retry(&delivered)
        .await
        .refused(409, "photo-already-delivered");
    retry(NOBODY).await.refused(404, "photo-not-found");
    retry("no-id").await.refused(404, "photo-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_delivers_what_an_operator_has_reopened() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let olga = app.operator().await;
    let photo = failed_photo(&mara).await;
    olga.order(&format!("/admin/photos/{photo}/retry"))
        .await
        .expect(202);
    app.start_worker();
    let avatar = until("the avatar has its picture after all", async || {
        let avatar = mara.get("/avatars/me").await.expect(200).json();
        (avatar["reference_image"]["status"] == "ready").then_some(avatar)
    })
    .await;
    assert_eq!(avatar["reference_image"]["photo_id"], json!(photo));
    let shown = mara
        .get(&format!("/photos/{photo}"))
        .await
        .expect(200)
        .json();
    assert_eq!(shown["attempts"], 2, "attempts are counted on");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_and_the_figures_say_how_things_stand() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let olga = app.operator().await;
    mara.scene().await;
    app.settle().await;
    let account = olga
        .get(&format!("/admin/users/{}", mara.id))
        .await
        .expect(200)
        .json();
    assert_eq!(account["subscription"]["status"], "active");
    assert_eq!(account["subscription"]["photos_used"], 1);
    assert_eq!(
        account["conduct"],
        json!({"flagged": false, "refusals": 0, "hard_refusals": 0, "cooling_down_until": null})
    );
    let photos = json!([{"status": "delivered", "count": 1}, {"status": "requested", "count": 1}]);
    assert_eq!(account["photos"], photos);
    olga.get(&format!("/admin/users/{NOBODY}"))
        .await
        .refused(404, "user-not-found");

    let figures = olga.get("/admin/metrics").await.expect(200).json();
    assert_eq!(figures["photos"], photos);
    assert_eq!(figures["queue"], json!({"depth": 1, "due": 1}));
    assert_eq!(
        figures["subscriptions"],
        json!([{"status": "active", "count": 1}])
    );
    let delivered: u64 = figures["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hour| hour["count"].as_u64().unwrap())
        .sum();
    assert_eq!(delivered, 1);
    assert!(
        figures["lag"]
            .as_array()
            .unwrap()
            .iter()
            .any(|lag| lag["name"] == "reports")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_listed_page_by_page_and_handed_out_again() {
    let app = TestApp::start().await;
    let olga = app.operator().await;
    for id in ["evt_1", "evt_2", "evt_3"] {
        app.message(id).await;
    }
    app.worker_inbox()
        .failed("evt_2", "nobody knows the customer", None)
        .await
        .unwrap();
    let first = olga.get("/admin/webhooks?limit=2").await.expect(200);
    let page = first.json();
    let ids = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&page), ["evt_3", "evt_2"]);
    let link = first.header("link").to_owned();
    let next = link.strip_prefix('<').unwrap().split_once('>').unwrap().0;
    assert_eq!(ids(&olga.get(next).await.expect(200).json()), ["evt_1"]);
    let parked = olga
        .get("/admin/webhooks?state=parked")
        .await
        .expect(200)
        .json();
    assert_eq!(ids(&parked), ["evt_2"]);

    let again = olga
        .order("/admin/webhooks/evt_2/replay")
        .await
        .expect(202)
        .json();
    assert_eq!(
        (&again["state"], &again["replays"]),
        (&json!("waiting"), &json!(1))
    );
    olga.order("/admin/webhooks/evt_9/replay")
        .await
        .refused(404, "webhook-not-found");
    olga.get("/admin/webhooks?state=lost&limit=0&cursor=x")
        .await
        .refused(400, "invalid-parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_goes_on_in_the_background() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;
    let olga = app.operator().await;
    app.settle().await;
    let vandal = "UPDATE photos SET status = 'failed'";
    sqlx::query(vandal)
        .execute(&app.database.pool())
        .await
        .unwrap();
    let ordered = olga
        .order("/admin/projections/photos/rebuild")
        .await
        .expect(202);
    assert_eq!(ordered.json()["name"], "photos");
    until("the photos are what the log says again", async || {
        let avatar = mara
            .get("/photos?purpose=reference")
            .await
            .expect(200)
            .json();
        (avatar["items"][0]["status"] == "delivered").then_some(())
    })
    .await;
    olga.order("/admin/projections/horoscopes/rebuild")
        .await
        .refused(404, "projection-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_with_the_same_key_is_carried_out_and_recorded_once() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let olga = app.operator().await;
    let photo = failed_photo(&mara).await;
    let order = async || {
        let path = format!("/admin/photos/{photo}/retry");
        olga.call(Method::POST, &path)
            .header("idempotency-key", "once")
            .send()
            .await
    };
    let first: Answer = order().await.expect(202);
    let second = order().await.expect(202);
    assert_eq!(first.position(), second.position());
    assert_eq!(app.count("PhotoRetried").await, 1);
    let stale = olga
        .call(Method::POST, &format!("/admin/photos/{photo}/cancel"))
        .header("if-match", "\"1\"");
    stale.send().await.refused(412, "precondition-failed");
    assert_eq!(
        app.count("CancellationOrdered").await,
        0,
        "what was not done is not recorded"
    );
}

/// A picture that could not be made.
async fn failed_photo(person: &Person<'_>) -> String {
    let asked = person
        .order("/avatars/me/reference-image")
        .await
        .expect(202)
        .json();
    let photo = asked["id"].as_str().unwrap().to_owned();
    person.fail(&photo, FailureClass::Transient).await;
    photo
}

async fn report(person: &Person<'_>, photo: &str) -> Answer {
    let subject = json!({ "kind": "photo", "id": photo });
    person
        .post("/reports", json!({ "subject": subject, "reason": "other" }))
        .await
}
