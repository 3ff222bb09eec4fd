//! Read your writes, and what happens while the read models are behind.

use reqwest::Method;
use serde_json::json;

use crate::{
    person::avatar,
    test_app::{Options, TestApp},
};

#[tokio::test(flavor = "multi_thread")]
async fn while_the_read_models_are_behind_a_command_is_done_and_its_answer_comes_later() {
    let mut app = TestApp::start_with(Options {
        followers: false,
        ..Options::default()
    })
    .await;
    let mara = app.sign_in("mara@example.com").await;
    let create = mara
        .call(Method::POST, "/avatars")
        .header("idempotency-key", "k")
        .json(avatar());
    let behind = create.send().await;
    assert!(behind.headers.contains_key("retry-after"));
    assert_eq!(behind.refused(503, "read-model-behind")["log_position"], 1);
    assert_eq!(app.count("AvatarCreated").await, 1);
    let waiting = mara
        .call(Method::GET, "/avatars/me")
        .header("await-log-position", "1");
    let behind = waiting.send().await.refused(503, "read-model-behind");
    assert_eq!(behind["log_position"], 1);
    let token = mara.token.clone();

    app.follow(false);
    let again = app
        .call(Method::POST, "/avatars")
        .header("authorization", &format!("Bearer {token}"));
    let again = again
        .header("idempotency-key", "k")
        .json(avatar())
        .send()
        .await
        .expect(201);
    assert_eq!(again.position(), 1);
    assert_eq!(app.count("AvatarCreated").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_in_another_process_has_seen_the_position_that_it_awaits() {
    let mut app = TestApp::start().await;
    let second = app.second_process();
    let app = app;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    for age in 30..60 {
        let changed = mara
            .patch("/avatars/me", json!({ "age": age }))
            .await
            .expect(200);
        let read = mara.call_at(&second, Method::GET, "/avatars/me");
        let read = read.header("await-log-position", &changed.position().to_string());
        assert_eq!(read.send().await.expect(200).json()["age"], age);
    }
    for path in [
        "/avatars/me",
        "/photos?purpose=reference",
        "/billing/subscription",
        "/billing/plans",
    ] {
        for bad in ["x", "-1", "1.5", "9223372036854775808"] {
            let call = mara
                .call(Method::GET, path)
                .header("await-log-position", bad);
            let problem = call.send().await.refused(400, "invalid-parameter");
            assert_eq!(problem["errors"][0]["header"], "Await-Log-Position");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_position_that_the_log_does_not_reach() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    app.settle().await;
    let waiting = async |position: u64| {
        let call = mara.call(Method::GET, "/avatars/me");
        let call = call.header("await-log-position", &position.to_string());
        call.send().await
    };
    let head = app.head().await.0;
    waiting(head).await.expect(200);
    for beyond in [head + 1, i64::MAX as u64] {
        let problem = waiting(beyond).await.refused(400, "invalid-parameter");
        assert_eq!(problem["errors"][0]["header"], "Await-Log-Position");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("ends at {head}:")), "{detail}");
    }
}
