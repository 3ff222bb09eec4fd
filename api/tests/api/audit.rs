//! What auditors look at, and that nobody else does.

use reqwest::Method;
use serde_json::{Value, json};

use crate::test_app::{TestApp, until};

#[tokio::test(flavor = "multi_thread")]
async fn auditors_see_how_far_each_read_model_is() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    app.settle().await;
    let auditor = token(&app, &["auditor"]).await;
    let head = app.head().await.0;
    let list = until("all are at the head", async || {
        let list = list(&app, Some(&auditor)).await.expect(200).json();
        let items = list["items"].as_array().unwrap().clone();
        items
            .iter()
            .all(|item| item["position"] == head)
            .then_some(items)
    })
    .await;
    let names: Vec<_> = list
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "audit_index",
            "avatars",
            "chat_work",
            "gate",
            "messages",
            "photo_work",
            "photos",
            "reports",
            "updates"
        ]
    );
    for item in &list {
        assert_eq!(
            (
                &item["state"],
                &item["lag_events"],
                &item["error"],
                &item["check"]
            ),
            (&json!("running"), &json!(0), &Value::Null, &Value::Null),
            "{item}"
        );
    }
    drop(mara);
}

#[tokio::test(flavor = "multi_thread")]
async fn auditors_see_why_a_read_model_stands_still_its_rebuild_and_its_check() {
    let app = TestApp::start().await;
    // An event to follow: on an empty log, nobody may be known as a follower yet.
    app.sign_in("mara@example.com").await.with_avatar().await;
    app.settle().await;
    for statement in [
        "INSERT INTO followers (name, version, position) VALUES ('photos:rebuild', 2, 0)",
        "INSERT INTO projection_checks (name, version, position, rows, rows_different, took_ms)
         VALUES ('gate', 1, 0, 7, 3, 12)",
    ] {
        sqlx::query(statement)
            .execute(&app.database.pool())
            .await
            .unwrap();
    }
    let auditor = token(&app, &["auditor", "operator"]).await;
    let list = list(&app, Some(&auditor)).await.expect(200).json();
    let item = |name: &str| {
        let items = list["items"].as_array().unwrap();
        items
            .iter()
            .find(|item| item["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(item("photos")["rebuild"]["version"], 2);
    assert_eq!(item("gate")["check"]["rows_different"], 3);
    assert_eq!(
        list["items"].as_array().unwrap().len(),
        9,
        "a rebuild is no read model of its own"
    );

    let ready = app.get("/ready").await.expect(200).json();
    assert_eq!(ready["status"], "degraded");
    let reasons = ready["reasons"].to_string();
    for reason in [
        "photos is being rebuilt for a new version",
        "gate is not what the event log says",
    ] {
        assert!(reasons.contains(reason), "{reason} is not in {reasons}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_an_auditor_sees_them() {
    let app = TestApp::start().await;
    list(&app, None).await.refused(401, "unauthenticated");
    list(&app, Some("not.a.token"))
        .await
        .refused(401, "unauthenticated");
    for roles in [&[][..], &["operator"]] {
        let token = token(&app, roles).await;
        list(&app, Some(&token)).await.refused(403, "role-required");
    }
}

async fn token(app: &TestApp, roles: &[&str]) -> String {
    let body = json!({ "email": "somebody@example.com", "roles": roles });
    let token = app.call(Method::POST, "/dev/token").json(body).send().await;
    token.expect(200).json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn list(app: &TestApp, token: Option<&str>) -> crate::person::Answer {
    let call = app.call(Method::GET, "/audit/projections");
    match token {
        Some(token) => call.header("authorization", &format!("Bearer {token}")),
        None => call,
    }
    .send()
    .await
}
