//! What surrounds every request: ids, problems for what no handler sees, HEAD, limits.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::{person::avatar, test_app::TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_names_its_request_by_the_clients_id_or_a_fresh_one() {
    let app = TestApp::start().await;
    let fresh = app.get("/health").await;
    let id: Uuid = fresh.header("x-request-id").parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    let named = app
        .call(Method::GET, "/nowhere")
        .header("x-request-id", "order-7")
        .send()
        .await;
    assert_eq!(named.header("x-request-id"), "order-7");
    assert_eq!(named.refused(404, "not-found")["request_id"], "order-7");
    let odd = app
        .call(Method::GET, "/nowhere")
        .header("x-request-id", "<b>")
        .send()
        .await;
    assert_ne!(odd.header("x-request-id"), "<b>");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_and_its_trace_are_kept_with_the_events() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let (request, trace) = (
        Uuid::now_v7().to_string(),
        "4bf92f3577b34da6a3ce929d0e0e4736",
    );
    let create = mara
        .call(Method::POST, "/avatars")
        .header("x-request-id", &request);
    let create = create.header("idempotency-key", "mara@example.com, first try");
    let create = create.header("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"));
    create.json(avatar()).send().await.expect(201);
    let metadata: serde_json::Value = sqlx::query_scalar("SELECT metadata FROM events")
        .fetch_one(&app.database.pool())
        .await
        .unwrap();
    assert_eq!(metadata["correlation_id"], request.as_str());
    assert_eq!(metadata["trace_id"], trace);
    assert_eq!(metadata["actor"], format!("user:{}", mara.id));
    assert_eq!(metadata["command"], "CreateAvatar");
    // A client may write anything into its key, so that only a hash of it is kept for ever.
    let kept = metadata["idempotency_key_sha256"].as_str().unwrap();
    assert_eq!(kept.len(), 64);
    assert!(!metadata.to_string().contains("mara@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_takes_other_methods_says_which() {
    let app = TestApp::start().await;
    let wrong = app.call(Method::PUT, "/avatars/me").send().await;
    assert_eq!(wrong.header("allow"), "GET, HEAD, PATCH");
    wrong.refused(405, "method-not-allowed");
    let wrong = app.call(Method::GET, "/avatars").send().await;
    assert_eq!(wrong.header("allow"), "POST");
    wrong.refused(405, "method-not-allowed");
    app.get("/photos/").await.refused(404, "not-found");
    app.get("/docs/no-such-file")
        .await
        .refused(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_the_body() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let get = mara.get("/avatars/me").await;
    let head = mara
        .call(Method::HEAD, "/avatars/me")
        .send()
        .await
        .expect(200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("etag"), get.header("etag"));
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    mara.call(Method::HEAD, "/updates").send().await.expect(200);
    app.call(Method::HEAD, "/avatars/me")
        .send()
        .await
        .expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_must_be_json_and_of_a_sensible_size() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let send = |content_type: &str, body: String| {
        mara.call(Method::POST, "/avatars")
            .body(content_type, body)
            .send()
    };
    let valid = avatar().to_string();
    send("text/plain", valid.clone())
        .await
        .refused(415, "unsupported-media-type");
    send("application/json; charset=latin1", valid)
        .await
        .refused(415, "unsupported-media-type");
    let malformed = send("application/json", "{\"name\": ".to_owned()).await;
    let malformed = malformed.refused(400, "invalid-json");
    assert!(
        malformed["detail"].as_str().unwrap().contains("line 1"),
        "{malformed}"
    );
    let list = send("application/json", "[]".to_owned()).await;
    assert_eq!(list.bad_fields(), [""]);
    let large = json!({"name": "x".repeat(65 * 1024)}).to_string();
    send("application/json", large)
        .await
        .refused(413, "body-too-large");
    mara.order("/avatars")
        .await
        .refused(415, "unsupported-media-type");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_accepted_is_challenged() {
    let app = TestApp::start().await;
    for credentials in ["Basic bWFyYTp4", "Bearer", "Bearer ", "nonsense"] {
        let call = app
            .call(Method::GET, "/avatars/me")
            .header("authorization", credentials);
        let answer = call.send().await;
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answer.refused(401, "unauthenticated");
    }
    let forged = app
        .call(Method::GET, "/avatars/me")
        .header("authorization", "Bearer a.b.c");
    let answer = forged.send().await;
    assert_eq!(
        answer.header("www-authenticate"),
        "Bearer error=\"invalid_token\""
    );
    answer.refused(401, "unauthenticated");
}
