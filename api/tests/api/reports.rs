//! Reports: filed by people about what is theirs, and decided by operators by the clock.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    person::Person,
    test_app::{Options, TestApp, until},
};

fn about(photo: &str) -> Value {
    json!({
        "subject": { "kind": "photo", "id": photo },
        "reason": "real-person",
        "text": "She looks like somebody I know.",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn people_report_their_own_pictures_and_nobody_elses() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let photo = mara.delivered_reference().await;
    let filed = mara.post("/reports", about(&photo)).await.expect(201);
    assert_eq!(filed.header("location"), format!("/reports/{photo}"));
    let report = filed.json();
    assert_eq!(
        (&report["status"], &report["decision"]),
        (&json!("open"), &Value::Null)
    );
    let again = mara
        .post("/reports", about(&photo))
        .await
        .expect(201)
        .json();
    assert_eq!(again, report, "twice changes nothing");
    assert_eq!(app.count("ReportFiled").await, 1);
    let own = mara.get("/reports").await.expect(200).json();
    assert_eq!(own["items"], json!([report]));
    assert_eq!(
        mara.get(&format!("/reports/{photo}"))
            .await
            .expect(200)
            .json(),
        report
    );

    let olga = app.operator().await;
    let noor = app.sign_in("noor@example.com").await;
    for stranger in [&noor, &olga] {
        let answer = stranger.post("/reports", about(&photo)).await;
        answer.refused(404, "report-subject-not-found");
        stranger
            .get(&format!("/reports/{photo}"))
            .await
            .refused(404, "report-not-found");
        assert_eq!(
            stranger.get("/reports").await.expect(200).json()["items"],
            json!([])
        );
    }
    let unknown = about("0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a");
    mara.post("/reports", unknown)
        .await
        .refused(404, "report-subject-not-found");
    for (method, path) in [
        (Method::POST, "/reports"),
        (Method::GET, "/reports"),
        (Method::GET, "/reports/x"),
    ] {
        app.call(method, path)
            .send()
            .await
            .refused(401, "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_report_is_named() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let body = json!({ "subject": { "kind": "planet", "id": 7 }, "reason": "ugly", "text": "", "mood": 1 });
    let answer = mara.post("/reports", body).await.expect(422);
    assert_eq!(
        answer.bad_fields(),
        ["/subject", "/reason", "/text", "/mood"]
    );
    assert_eq!(
        mara.post("/reports", json!({})).await.bad_fields(),
        ["/subject", "/reason"]
    );
    let olga = app.operator().await;
    let path = "/admin/reports/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/decision";
    let answer = olga
        .post(path, json!({ "decision": "maybe", "note": "" }))
        .await
        .expect(422);
    assert_eq!(answer.bad_fields(), ["/decision", "/note"]);
    let unknown = olga.post(path, json!({ "decision": "dismissed" })).await;
    unknown.refused(404, "report-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_oldest_first_with_a_clock_and_content_goes_with_the_decision() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let olga = app.operator().await;
    let first = reported(&mara).await;
    let second = reported(&mara).await;
    let queue = olga
        .get("/admin/reports?status=open&limit=1")
        .await
        .expect(200);
    let page = queue.json();
    assert_eq!(page["items"][0]["id"], json!(first));
    assert_eq!(page["items"][0]["overdue"], false);
    let link = queue.header("link").to_owned();
    let next = link.strip_prefix('<').unwrap().split_once('>').unwrap().0;
    assert_eq!(
        olga.get(next).await.expect(200).json()["items"][0]["id"],
        json!(second)
    );

    let path = format!("/admin/reports/{first}");
    let content = olga.get(&path).await.expect(200).json();
    assert_eq!(content["text"], "She looks like somebody I know.");
    let image = content["photo"]["image"]["url"].as_str().unwrap();
    app.get(image).await.expect(200);

    let decision = json!({ "decision": "content-removed", "note": "The likeness is plain." });
    let decide = format!("{path}/decision");
    let decided = olga
        .post(&decide, decision.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(
        decided["decided_by"],
        json!(format!("operator:{}", olga.id))
    );
    assert_eq!(
        olga.post(&decide, decision).await.expect(200).json(),
        decided,
        "twice"
    );
    let other = json!({ "decision": "dismissed" });
    olga.post(&decide, other)
        .await
        .refused(409, "report-already-decided");
    mara.get(&format!("/photos/{first}"))
        .await
        .refused(404, "photo-not-found");
    assert_eq!(
        olga.get(&path).await.expect(200).json()["photo"],
        Value::Null
    );
    let own = mara
        .get(&format!("/reports/{first}"))
        .await
        .expect(200)
        .json();
    assert_eq!(own["decision"], "content-removed");
    assert!(own.get("note").is_none(), "a note is for operators");
    mara.post("/reports", about(&first))
        .await
        .refused(404, "report-subject-not-found");

    app.clock.set_ahead(TimeDelta::hours(25));
    let queue = olga.get("/admin/reports").await.expect(200).json();
    assert_eq!(queue["items"][0]["overdue"], true);
    let figures = olga.get("/admin/metrics").await.expect(200).json();
    assert_eq!(figures["reports"], json!({ "open": 1, "overdue": 1 }));
    let decided = olga
        .get("/admin/reports?status=decided")
        .await
        .expect(200)
        .json();
    assert_eq!(decided["items"][0]["id"], json!(first));
}

#[tokio::test(flavor = "multi_thread")]
async fn decision_deed_and_removal_are_one_append() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let olga = app.operator().await;
    let photo = reported(&mara).await;
    let path = format!("/admin/reports/{photo}/decision");
    let decision = json!({ "decision": "content-removed" });
    let decided = olga.post(&path, decision).await.expect(200);
    let events: Vec<(String, String)> = sqlx::query_as(
        "SELECT event_type, metadata ->> 'owner' FROM events WHERE position > $1 - 3 AND position <= $1 ORDER BY position",
    )
    .bind(i64::try_from(decided.position()).unwrap())
    .fetch_all(&app.database.pool())
    .await
    .unwrap();
    let event = |name: &str, owner: &Person<'_>| (name.to_owned(), owner.id.to_string());
    assert_eq!(
        events,
        [
            event("ReportDecided", &mara),
            event("PhotoDeleted", &mara),
            event("DecisionTaken", &olga)
        ]
    );
}

/// A delivered picture that is reported.
async fn reported(person: &Person<'_>) -> String {
    let photo = person.delivered_reference().await;
    person.post("/reports", about(&photo)).await.expect(201);
    photo
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_companion_said_can_be_reported_and_judged() {
    let app = TestApp::start_with(Options {
        worker: true,
        ..Options::default()
    })
    .await;
    let mara = app.sign_in("mara@example.com").await;
    let mara = mara.with_drawn_face().await.subscribed().await;
    let body = json!({ "text": "hello, you" });
    let said = mara.post("/chat/messages", body).await.expect(202).json();
    let reply = until("there is a reply", async || {
        let told = mara.get("/chat/messages").await.expect(200).json();
        let told = told["items"].as_array().unwrap().clone().into_iter();
        told.into_iter()
            .find(|one| one["in_reply_to"] == said["id"])
    })
    .await;
    let about =
        |id: &Value| json!({ "subject": { "kind": "message", "id": id }, "reason": "other" });
    for message in [&reply, &said] {
        let filed = mara.post("/reports", about(&message["id"])).await;
        let report = filed.expect(201).json();
        assert_eq!(
            report["subject"],
            json!({ "kind": "message", "id": message["id"] })
        );
    }

    let olga = app.operator().await;
    let path = format!("/admin/reports/{}", reply["id"].as_str().unwrap());
    let content = olga.get(&path).await.expect(200).json();
    assert_eq!(
        (&content["message"], &content["photo"]),
        (&reply, &Value::Null)
    );
    let decide = format!("{path}/decision");
    let removal = json!({ "decision": "content-removed" });
    olga.post(&decide, removal)
        .await
        .refused(409, "report-not-removable");
    let decided = olga.post(&decide, json!({ "decision": "escalated" })).await;
    assert_eq!(decided.expect(200).json()["decision"], "escalated");

    // What the service itself says, what somebody else said, and what nobody said.
    let told = mara.get("/chat/messages").await.expect(200).json();
    let told = told["items"].as_array().unwrap();
    let disclosure = told.iter().find(|one| one["role"] == "system").unwrap();
    let noor = app.sign_in("noor@example.com").await;
    let nobodys = json!("0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a");
    for (person, id) in [
        (&mara, &disclosure["id"]),
        (&noor, &reply["id"]),
        (&mara, &nobodys),
    ] {
        person
            .post("/reports", about(id))
            .await
            .refused(404, "report-subject-not-found");
    }
}
