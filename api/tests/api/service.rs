//! The service itself: health, readiness, sign-in, pages, and a clean stop.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::test_app::{Options, TestApp, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_with_everything_it_needs_is_ready() {
    let app = TestApp::start().await;
    assert_eq!(
        app.get("/health").await.expect(200).json(),
        json!({"status": "ok"})
    );
    let ready = until("it is ready", async || {
        let ready = app.get("/ready").await.expect(200).json();
        (ready["status"] == "ok").then_some(ready)
    })
    .await;
    let checks = json!({"postgres": "ok", "redis": "disabled", "projections": "ok", "storage": "ok", "replica": "disabled"});
    assert_eq!(ready, json!({"status": "ok", "checks": checks}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_that_gave_up_degrades_the_service_and_does_not_end_it() {
    let app = TestApp::start().await;
    app.settle().await;
    until("it is degraded", async || {
        let failed = "UPDATE followers SET state = 'failed', error = 'test' WHERE name = 'updates'";
        sqlx::query(failed)
            .execute(&app.database.pool())
            .await
            .unwrap();
        let ready = app.get("/ready").await.expect(200).json();
        (ready["status"] == "degraded" && ready["checks"]["projections"] == "degraded")
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_read_models_were_never_begun_is_degraded() {
    let options = Options {
        followers: false,
        ..Options::default()
    };
    let app = TestApp::start_with(options).await;
    let ready = app.get("/ready").await.expect(200).json();
    assert_eq!(
        (&ready["status"], &ready["checks"]["projections"]),
        (&json!("degraded"), &json!("degraded"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_the_service_is_not_ready_but_lives() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    app.parts.pool.close().await;
    let ready = app.get("/ready").await.expect(503).json();
    assert_eq!(ready["status"], "unavailable");
    assert_eq!(ready["checks"]["postgres"], "down");
    app.get("/health").await.expect(200);
    let away = mara.get("/billing/subscription").await;
    assert!(away.headers.contains_key("retry-after"));
    let away = away.refused(503, "unavailable");
    assert!(
        !away.to_string().contains("pool"),
        "a 5xx never says why: {away}"
    );
    mara.patch("/avatars/me", json!({"age": 30}))
        .await
        .refused(503, "unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_development_anybody_gets_a_token() {
    let app = TestApp::start().await;
    let ask = async |body| app.call(Method::POST, "/dev/token").json(body).send().await;
    let token = ask(json!({"email": "Mara@Example.com", "roles": ["operator", "auditor"]})).await;
    let token = token.expect(200).json();
    assert_eq!(token["token_type"], "Bearer");
    assert!(token["expires_in"].as_i64().unwrap() > 3600);
    assert_eq!(token["user"]["roles"], json!(["auditor", "operator"]));
    let again = ask(json!({"email": "mara@example.com"}))
        .await
        .expect(200)
        .json();
    assert_eq!(again["user"]["id"], token["user"]["id"]);
    let other = ask(json!({"email": "other@example.com"}))
        .await
        .expect(200)
        .json();
    assert_ne!(other["user"]["id"], token["user"]["id"]);

    let refused = ask(json!({"email": "nobody", "roles": ["king", "auditor", 7], "x": 1})).await;
    assert_eq!(
        refused.bad_fields(),
        ["/email", "/roles/0", "/roles/2", "/x"]
    );
    refused.refused(422, "invalid-body");
    assert_eq!(
        ask(json!({"roles": "auditor"})).await.bad_fields(),
        ["/email", "/roles"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_development_nobody_gets_a_token() {
    let options = Options {
        issuer: false,
        ..Options::default()
    };
    let app = TestApp::start_with(options).await;
    let ask = app
        .call(Method::POST, "/dev/token")
        .json(json!({"email": "mara@example.com"}));
    ask.send().await.refused(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_has_a_page() {
    let app = TestApp::start().await;
    let list = String::from_utf8(app.get("/problems").await.expect(200).body.to_vec()).unwrap();
    for code in api::Code::ALL {
        let path = code.path();
        assert!(list.contains(&format!("href=\"{path}\"")), "{path}");
        let page = app.get(&path).await.expect(200);
        assert!(page.header("content-type").starts_with("text/html"));
        let page = String::from_utf8(page.body.to_vec()).unwrap();
        assert!(
            page.contains(code.title()) && page.contains(code.slug()),
            "{page}"
        );
    }
    app.get("/problems/no-such-thing")
        .await
        .refused(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_works_without_any_other_host() {
    let app = TestApp::start().await;
    let get = async |path: &str| {
        let answer = app
            .client
            .get(format!("{}{path}", app.url))
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.headers().clone(),
            answer.text().await.unwrap(),
        )
    };
    let (status, headers, _) = get("/docs").await;
    assert_eq!(
        (status, &headers["location"]),
        (307, &"/docs/".parse().unwrap())
    );
    let (_, _, page) = get("/docs/").await;
    assert!(page.contains("swagger-ui"), "{page}");
    for quote in page.split(['"', '\'']) {
        assert!(
            !quote.starts_with("http") && !quote.starts_with("//"),
            "{quote}"
        );
        let asset = quote
            .strip_prefix("./")
            .filter(|_| quote.ends_with(".js") || quote.ends_with(".css"));
        if let Some(asset) = asset {
            assert_eq!(get(&format!("/docs/{asset}")).await.0, 200, "{asset}");
        }
    }
    let (_, _, settings) = get("/docs/swagger-initializer.js").await;
    assert!(
        settings.contains("/openapi.json") && settings.contains("\"none\""),
        "{settings}"
    );
    assert!(!settings.contains("http"), "{settings}");
    let document = app.get("/openapi.json").await.expect(200).json();
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_streams_and_idle_connections_at_once() {
    let mut app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let mut stream = mara.call(Method::GET, "/updates").open().await;
    stream.chunk().await.unwrap();
    let pool = app.database.pool();
    let ended = tokio::time::timeout(Duration::from_secs(4), app.stop()).await;
    ended.expect("it stops").expect("without an error");
    while let Ok(Some(_)) = stream.chunk().await {}
    // Connections that the server opened went down with it; the pool's other users get fresh ones.
    for _ in 0..20 {
        sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    }
}
