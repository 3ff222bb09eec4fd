//! Updates: server-sent events that resume exactly.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use crate::{
    person::Person,
    stream::Stream,
    test_app::{Options, TestApp, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_arrives_as_its_get_gives_it() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;
    app.settle().await;
    let mut stream = Stream::open(&mara, None).await;
    let headers = stream.response.headers().clone();
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-accel-buffering"], "no");

    let changed = mara
        .patch("/avatars/me", json!({"age": 33}))
        .await
        .expect(200);
    let update = stream.next().await.unwrap();
    assert_eq!(
        (update.id, update.event.as_str()),
        (changed.position(), "avatar")
    );
    assert_eq!(update.data, mara.get("/avatars/me").await.json());

    let mara = mara.subscribed().await;
    let update = stream.next().await.unwrap();
    assert_eq!(update.event, "subscription");
    assert_eq!(update.data, mara.get("/billing/subscription").await.json());

    let photo = mara.scene().await;
    let updates = stream.take(2).await;
    let kinds: Vec<_> = updates.iter().map(|update| update.event.as_str()).collect();
    assert_eq!(kinds, ["photo", "subscription"]);
    assert_eq!(updates[0].data["status"], "requested");
    assert_eq!(updates[1].data["usage"]["photos_used"], 1);
    mara.deliver(&photo).await;
    let delivered = loop {
        let update = stream.next().await.unwrap();
        if update.data["status"] == "delivered" {
            break update.data;
        }
    };
    assert_eq!(
        delivered,
        mara.get(&format!("/photos/{photo}")).await.json()
    );

    let gone = mara.delete(&format!("/photos/{photo}")).await;
    // What is told is how things stand when it is told: the steps before a delivery may tell of the delivery.
    let update = loop {
        let update = stream.next().await.unwrap();
        if update.id >= gone.position() {
            break update;
        }
    };
    assert_eq!(
        (update.id, update.data),
        (gone.position(), json!({"id": photo, "deleted": true}))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_now_or_after_the_last_id_or_at_the_very_beginning() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let mut positions = vec![1];
    for age in 30..34 {
        let changed = mara
            .patch("/avatars/me", json!({ "age": age }))
            .await
            .expect(200);
        positions.push(changed.position());
    }
    let ids = async |mut stream: Stream, count| {
        let updates = stream.take(count).await;
        updates.iter().map(|update| update.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(Stream::open(&mara, Some(0)).await, 5).await, positions);
    assert_eq!(
        ids(Stream::open(&mara, Some(positions[2])).await, 2).await,
        positions[3..]
    );

    let mut now = Stream::open(&mara, None).await;
    let last = mara
        .patch("/avatars/me", json!({"age": 50}))
        .await
        .expect(200)
        .position();
    assert_eq!(now.next().await.unwrap().id, last);
    let by_query = mara
        .call(
            Method::GET,
            &format!("/updates?last_event_id={}", positions[4]),
        )
        .open()
        .await;
    let mut by_query = Stream::of(by_query);
    assert_eq!(by_query.next().await.unwrap().id, last);

    for bad in ["x", "-1", "1.5", "99999", "9223372036854775808"] {
        let call = mara
            .call(Method::GET, "/updates")
            .header("last-event-id", bad);
        call.send().await.refused(400, "invalid-parameter");
        mara.get(&format!("/updates?last_event_id={bad}"))
            .await
            .refused(400, "invalid-parameter");
    }
    app.get("/updates").await.refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_loses_its_connection_again_and_again_misses_nothing_and_sees_nothing_twice()
{
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let other = app.sign_in("other@example.com").await.with_avatar().await;
    let writing = async {
        for round in 0..120 {
            let age = 20 + round % 100;
            mara.patch("/avatars/me", json!({ "age": age }))
                .await
                .expect(200);
            other
                .patch("/avatars/me", json!({ "age": age }))
                .await
                .expect(200);
        }
    };
    let reading = async {
        let mut seen = BTreeMap::new();
        let mut last_id = Some(0);
        // Each connection is dropped after another number of events, some in the middle of one.
        for kill in [1, 0, 3, 7, 1, 2, 13, 5, 1, 4, 9, 20].iter().cycle() {
            let mut stream = Stream::open(&mara, last_id).await;
            for _ in 0..*kill {
                let update = stream.next().await.unwrap();
                assert!(
                    seen.insert(update.id, update.data).is_none(),
                    "{} came twice",
                    update.id
                );
                if seen.len() == 121 {
                    return seen;
                }
            }
            // Bytes that arrive and are never read as events do not count.
            let pause = std::time::Duration::from_millis(*kill);
            let _ = tokio::time::timeout(pause, stream.response.chunk()).await;
            last_id = stream.last_id;
        }
        unreachable!("a cycle has no end")
    };
    let ((), seen) = futures::join!(writing, reading);
    let expected: Vec<i64> = sqlx::query_scalar(
        "SELECT position FROM events WHERE metadata->>'owner' = $1 ORDER BY position",
    )
    .bind(mara.id.to_string())
    .fetch_all(&app.database.pool())
    .await
    .unwrap();
    let ids: Vec<_> = seen.keys().map(|id| id.cast_signed()).collect();
    assert_eq!(ids, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_runs_no_projectors_tells_its_clients_as_well() {
    let mut app = TestApp::start().await;
    let second = app.second_process();
    let app = app;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let response = mara.call_at(&second, Method::GET, "/updates").open().await;
    let mut stream = Stream::of(response);
    for age in 30..40 {
        let changed = mara
            .patch("/avatars/me", json!({ "age": age }))
            .await
            .expect(200);
        let update = stream.next().await.unwrap();
        assert_eq!(
            (update.id, &update.data["age"]),
            (changed.position(), &json!(age))
        );
    }
    assert_eq!(stream.comments, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_gate_is_closed_scenes_come_without_their_picture() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let photo = mara.scene().await;
    mara.deliver(&photo).await;
    let later = chrono::Utc::now() + chrono::TimeDelta::seconds(5);
    mara.subscription(domain::subscription::Status::Canceled, later)
        .await;
    let mut stream = Stream::open(&mara, Some(0)).await;
    let (mut scenes, mut references) = (0, 0);
    for update in stream.take(8).await {
        if update.event == "photo" {
            let pictured = update.data.get("image").is_some();
            match update.data["purpose"].as_str().unwrap() {
                "scene" => {
                    scenes += 1;
                    assert!(!pictured, "{}", update.data);
                }
                _ => {
                    references += 1;
                    assert!(pictured, "{}", update.data);
                }
            }
        }
    }
    assert!(scenes + references > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_survives_a_time_without_projectors() {
    let mut app = TestApp::start_with(Options {
        followers: false,
        ..Options::default()
    })
    .await;
    let (token, id) = {
        let mara = app.sign_in("mara@example.com").await;
        (mara.token.clone(), mara.id)
    };
    let profile = crate::person::avatar();
    {
        let mara = Person {
            app: &app,
            token: token.clone(),
            id,
        };
        mara.post("/avatars", profile)
            .await
            .refused(503, "read-model-behind");
    }
    let mut stream = {
        let mara = Person {
            app: &app,
            token,
            id,
        };
        Stream::open(&mara, Some(0)).await
    };
    app.follow(false);
    let update = until("the update comes", async || stream.next().await).await;
    assert_eq!((update.id, update.event.as_str()), (1, "avatar"));
}
