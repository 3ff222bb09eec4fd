//! Whoever asks later how something was gets the answer of then.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{photo_request::FailureClass, subscription::Status, values::Position};
use serde_json::{Value, json};

use crate::{
    person::{Answer, Person},
    test_app::TestApp,
};

/// An answer, and where the log ended when it was given.
struct Remembered {
    position: Position,
    path: String,
    answer: Answer,
}

/// Asks for everything that has a past, without anything happening meanwhile.
async fn remember(mara: &Person<'_>, photos: &[String], remembered: &mut Vec<Remembered>) {
    let mut paths = vec![
        "/avatars/me".to_owned(),
        "/photos?limit=100".to_owned(),
        "/photos?purpose=reference".to_owned(),
        "/photos?status=delivered&limit=1".to_owned(),
        "/billing/subscription".to_owned(),
    ];
    paths.extend(photos.iter().map(|photo| format!("/photos/{photo}")));
    loop {
        let position = mara.app.head().await;
        let mut answers = Vec::new();
        for path in &paths {
            let call = mara.call(reqwest::Method::GET, path);
            let call = call.header("await-log-position", &position.to_string());
            answers.push(call.send().await);
        }
        if mara.app.head().await == position {
            let all = paths.into_iter().zip(answers);
            remembered.extend(all.map(|(path, answer)| Remembered {
                position,
                path,
                answer,
            }));
            return;
        }
    }
}

/// A body without what is today's: the signed part of addresses, the way to the next page, and the request's id.
fn lasting(answer: &Answer) -> Value {
    fn strip(json: &mut Value) {
        match json {
            Value::String(text) => {
                if let Some((path, _)) = text.split_once("?variant=") {
                    *text = path.to_owned();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            Value::Object(fields) => {
                fields.remove("request_id");
                fields.values_mut().for_each(strip);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut body = answer.json();
    strip(&mut body);
    body
}

fn etag(answer: &Answer) -> Option<&str> {
    answer
        .headers
        .get("etag")
        .map(|etag| etag.to_str().unwrap())
}

/// An avatar, pictures that fare differently, a subscription that comes and goes; remembered all along.
async fn story(mara: &Person<'_>) -> Vec<Remembered> {
    let mut remembered = Vec::new();
    let mut photos = Vec::new();
    let far = Utc::now() + TimeDelta::days(365);
    mara.post("/avatars", crate::person::avatar())
        .await
        .expect(201);
    remember(mara, &photos, &mut remembered).await;
    let asked = mara.order("/avatars/me/reference-image").await.expect(202);
    let first = asked.json()["id"].as_str().unwrap().to_owned();
    photos.push(first.clone());
    remember(mara, &photos, &mut remembered).await;
    mara.deliver(&first).await;
    remember(mara, &photos, &mut remembered).await;
    let approval = json!({ "photo_id": first });
    let approve = "/avatars/me/reference-image/approval";
    crate::test_app::until("it can be approved", async || {
        let answer = mara.post(approve, approval.clone()).await;
        (answer.status == 200).then_some(())
    })
    .await;
    mara.subscription(Status::Active, Utc::now()).await;
    remember(mara, &photos, &mut remembered).await;
    for end in ["delivered", "failed", "canceled", "deleted"] {
        let photo = mara.scene().await;
        photos.push(photo.clone());
        remember(mara, &photos, &mut remembered).await;
        match end {
            "failed" => mara.fail(&photo, FailureClass::Transient).await,
            "canceled" => {
                mara.order(&format!("/photos/{photo}/cancel"))
                    .await
                    .expect(200);
            }
            _ => mara.deliver(&photo).await,
        }
        remember(mara, &photos, &mut remembered).await;
        if end == "deleted" {
            mara.delete(&format!("/photos/{photo}")).await.expect(204);
            remember(mara, &photos, &mut remembered).await;
        }
    }
    mara.patch("/avatars/me", json!({"age": 41, "name": "Avaline"}))
        .await
        .expect(200);
    mara.delete(&format!("/photos/{first}")).await.expect(204);
    remember(mara, &photos, &mut remembered).await;
    mara.subscription(Status::Canceled, Utc::now() + TimeDelta::seconds(5))
        .await;
    remember(mara, &photos, &mut remembered).await;
    let again = subscribed_anew(mara, far).await;
    assert!(again);
    remember(mara, &photos, &mut remembered).await;
    remembered
}

/// With a second subscription, since a canceled one never comes back.
async fn subscribed_anew(mara: &Person<'_>, as_of: DateTime<Utc>) -> bool {
    mara.subscription_named("sub_second", Status::Active, as_of)
        .await;
    let shown = mara.get("/billing/subscription").await.expect(200).json();
    shown["open"] == true
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_then_is_given_again() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let other = app.sign_in("other@example.com").await.with_face().await;
    let remembered = story(&mara).await;
    let mut told = BTreeSet::new();
    for Remembered {
        position,
        path,
        answer: then,
    } in &remembered
    {
        // Whether somebody may look is decided now, and the closed gate of then stays then's.
        if then.status == 402 {
            continue;
        }
        let joint = if path.contains('?') { '&' } else { '?' };
        let now = mara
            .get(&format!("{path}{joint}as_of_position={position}"))
            .await;
        assert_eq!(now.status, then.status, "{path} at {position}");
        assert_eq!(lasting(&now), lasting(then), "{path} at {position}");
        assert_eq!(etag(&now), etag(then), "{path} at {position}");
        told.insert((path.clone(), lasting(&now).to_string()));
        let (at, last) = last_of_its_time(&app, *position).await;
        if last {
            let at = at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
            let now = mara.get(&format!("{path}{joint}as_of={at}")).await;
            assert_eq!(lasting(&now), lasting(then), "{path} as of {at}");
        }
        if path.starts_with("/photos/") {
            let stranger = other
                .get(&format!("{path}?as_of_position={position}"))
                .await;
            assert!(matches!(stranger.status, 404), "{path} at {position}");
        }
    }
    assert!(told.len() >= 40, "only {} different answers", told.len());
}

/// When the event at a position was recorded, and whether it was the last one then.
async fn last_of_its_time(app: &TestApp, position: Position) -> (DateTime<Utc>, bool) {
    sqlx::query_as(
        "SELECT recorded_at, NOT EXISTS (SELECT FROM events later
                                         WHERE later.position > $1 AND later.recorded_at <= this.recorded_at)
           FROM events this WHERE position = $1",
    )
    .bind(position.0.cast_signed())
    .fetch_one(&app.database.pool())
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_a_past_list_lead_to_each_other() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let mut asked = Vec::new();
    for _ in 0..5 {
        asked.push(mara.scene().await);
    }
    let position = app.head().await;
    for photo in &asked {
        mara.order(&format!("/photos/{photo}/cancel"))
            .await
            .expect(200);
        mara.delete(&format!("/photos/{photo}")).await.expect(204);
    }
    let mut next = Some(format!(
        "/photos?purpose=scene&limit=2&as_of_position={position}"
    ));
    let mut pages = Vec::new();
    while let Some(path) = next {
        let page = mara.get(&path).await.expect(200);
        let items = page.json()["items"].as_array().unwrap().clone();
        assert!(items.iter().all(|photo| photo["status"] == "requested"));
        pages.push(
            items
                .iter()
                .map(|photo| photo["id"].clone())
                .collect::<Vec<_>>(),
        );
        next = page.headers.get("link").map(|link| {
            let target = link.to_str().unwrap().strip_prefix('<').unwrap();
            target.split_once('>').unwrap().0.to_owned()
        });
    }
    asked.reverse();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(pages.concat(), asked);
    let now = mara.get("/photos?purpose=scene").await.expect(200).json();
    assert_eq!(now["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_ahead_is_nobodys_past() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let head = app.head().await.0;
    let photo = mara.scene().await;
    for path in [
        "/avatars/me",
        "/photos",
        &format!("/photos/{photo}"),
        "/billing/subscription",
    ] {
        let beyond = format!("as_of_position={}", head + 1000);
        let both = format!("as_of_position={head}&as_of=2026-01-01T00:00:00Z");
        for (query, parameter) in [
            (beyond.as_str(), "as_of_position"),
            ("as_of_position=-1", "as_of_position"),
            ("as_of_position=1&as_of_position=2", "as_of_position"),
            ("as_of=2999-01-01T00:00:00Z", "as_of"),
            ("as_of=yesterday", "as_of"),
            (both.as_str(), "as_of"),
        ] {
            let problem = mara
                .get(&format!("{path}?{query}"))
                .await
                .refused(400, "invalid-parameter");
            assert_eq!(
                problem["errors"][0]["parameter"], parameter,
                "{path}?{query}"
            );
        }
    }
    mara.get("/avatars/me?as_of_position=0")
        .await
        .refused(404, "avatar-not-found");
    mara.get(&format!("/photos/{photo}?as_of_position={head}"))
        .await
        .refused(404, "photo-not-found");
    mara.get("/avatars/me?as_of=2020-01-01T00:00:00Z")
        .await
        .refused(404, "avatar-not-found");
    let none = mara
        .get("/billing/subscription?as_of_position=0")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&none["status"], &none["open"]),
        (&json!("none"), &json!(false))
    );
    let empty = mara
        .get("/photos?as_of_position=0")
        .await
        .expect(200)
        .json();
    assert_eq!(empty, json!({"items": [], "next_cursor": null}));
    // Whoever may not see pictures now does not see those of the past.
    mara.subscription(Status::Canceled, Utc::now() + TimeDelta::seconds(5))
        .await;
    let list = format!("/photos?as_of_position={head}");
    mara.get(&list).await.refused(402, "subscription-required");
    let of_then = mara
        .get(&format!("/billing/subscription?as_of_position={head}"))
        .await;
    assert_eq!(of_then.expect(200).json()["open"], true);
}
