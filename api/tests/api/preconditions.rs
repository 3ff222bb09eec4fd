//! `ETag` and `If-Match`: nobody overwrites what they have not seen.

use reqwest::Method;
use serde_json::json;

use crate::test_app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_if_match_learns_what_came_in_between() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let seen = mara.get("/avatars/me").await.header("etag").to_owned();
    let first = mara
        .patch("/avatars/me", json!({"age": 30}))
        .await
        .expect(200);
    let second = mara
        .patch("/avatars/me", json!({"name": "Avia"}))
        .await
        .expect(200);

    let change = |tag: &str| {
        let call = mara
            .call(Method::PATCH, "/avatars/me")
            .header("if-match", tag);
        call.json(json!({"age": 40}))
    };
    let stale = change(&seen)
        .send()
        .await
        .refused(412, "precondition-failed");
    let between = stale["intervening"].as_array().unwrap();
    let events: Vec<_> = between
        .iter()
        .map(|event| {
            (
                event["event_type"].as_str().unwrap(),
                event["position"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("ProfileChanged", first.position()),
        ("ProfileChanged", second.position()),
    ];
    assert_eq!(events, expected);
    assert_eq!(mara.get("/avatars/me").await.json()["age"], 30);

    for never in ["\"99\"", "\"x\"", "W/\"3\"", "\"99\", \"x\", W/\"3\""] {
        change(never)
            .send()
            .await
            .refused(412, "precondition-failed");
    }
    // Of several, the newest is what the caller saw last.
    let several = change(&format!("\"x\", {seen}, {}", first.header("etag")));
    let stale = several.send().await.refused(412, "precondition-failed");
    assert_eq!(stale["intervening"].as_array().unwrap().len(), 1);
    for malformed in ["3", "\"3\" \"4\"", "\"3\", *"] {
        change(malformed)
            .send()
            .await
            .refused(400, "invalid-parameter");
    }
    let one_of = format!("{seen}, W/\"3\", {}", second.header("etag"));
    let changed = change(&one_of).send().await.expect(200);
    let in_two_lines = change(&seen).header("if-match", changed.header("etag"));
    in_two_lines.send().await.expect(200);
    change("*").send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photos_commands_take_its_etag() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let photo = mara.scene().await;
    let path = format!("/photos/{photo}");
    let fresh = mara.get(&path).await.header("etag").to_owned();
    mara.deliver(&photo).await;
    let cancel = mara.call(Method::POST, &format!("{path}/cancel"));
    cancel
        .header("if-match", &fresh)
        .send()
        .await
        .refused(412, "precondition-failed");
    let delete = || mara.call(Method::DELETE, &path);
    delete()
        .header("if-match", &fresh)
        .send()
        .await
        .refused(412, "precondition-failed");
    let delivered = mara.get(&path).await.header("etag").to_owned();
    delete()
        .header("if-match", &delivered)
        .send()
        .await
        .expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_a_reference_picture_takes_the_avatars_etag() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    mara.patch("/avatars/me", json!({"age": 30}))
        .await
        .expect(200);
    let ask = || mara.call(Method::POST, "/avatars/me/reference-image");
    ask()
        .header("if-match", "\"1\"")
        .send()
        .await
        .refused(412, "precondition-failed");
    ask().header("if-match", "\"2\"").send().await.expect(202);
}
