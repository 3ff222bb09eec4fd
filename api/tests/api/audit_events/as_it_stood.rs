//! What an event changed, and how an aggregate stood at any point.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{all, auditor};
use crate::test_app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_shows_what_it_changed_and_an_aggregate_how_it_stood() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;
    let before_change = app.head().await.0;
    let changed = mara
        .patch("/avatars/me", json!({"age": 33}))
        .await
        .expect(200);
    let auditor = auditor(&app).await;
    let id = mara.id;
    let history = format!("/audit/aggregates/Avatar/{id}/events?limit=100");
    let history = auditor.get(&history).await.expect(200).json();
    assert_eq!(history["next_cursor"], Value::Null);
    let history = history["items"].as_array().unwrap().clone();
    assert_eq!(history.first().unwrap()["event_type"], "AvatarCreated");
    assert_eq!(history.last().unwrap()["position"], changed.position());

    let state = async |query: String| {
        auditor
            .get(&format!("/audit/aggregates/Avatar/{id}/state?{query}"))
            .await
    };
    let mut before = Value::Null;
    for event in &history {
        let position = &event["position"];
        let detail = auditor
            .get(&format!("/audit/events/{position}"))
            .await
            .expect(200)
            .json();
        for (name, value) in event.as_object().unwrap() {
            assert_eq!(detail[name], *value, "{name}");
        }
        assert_eq!(detail["state_before"], before);
        leads(&detail);
        let at = state(format!("as_of_position={position}"))
            .await
            .expect(200)
            .json();
        assert_eq!(at["state"], detail["state_after"]);
        assert_eq!(
            (&at["position"], &at["sequence"]),
            (position, &event["sequence"])
        );
        before = at["state"].clone();
    }
    let between = state(format!("as_of_position={before_change}"))
        .await
        .expect(200)
        .json();
    let now = state(String::new()).await.expect(200).json();
    assert_eq!(now["state"], before);
    assert_ne!(between["state"], now["state"]);
    assert_eq!(between["as_of_position"], before_change);
    let at = history.last().unwrap()["recorded_at"].as_str().unwrap();
    assert_eq!(
        state(format!("as_of={at}")).await.expect(200).json()["state"],
        now["state"]
    );
    state("as_of=2001-01-01T00:00:00Z".to_owned())
        .await
        .refused(404, "aggregate-not-found");
    state("as_of_position=0".to_owned())
        .await
        .refused(404, "aggregate-not-found");

    for (query, parameter) in [
        ("as_of=3001-01-01T00:00:00Z".to_owned(), "as_of"),
        ("as_of_position=9000".to_owned(), "as_of_position"),
        (format!("as_of_position=1&as_of={at}"), "as_of"),
        ("as_of=yesterday".to_owned(), "as_of"),
    ] {
        let problem = state(query).await.refused(400, "invalid-parameter");
        assert_eq!(problem["errors"][0]["parameter"], parameter);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_aggregate_can_be_seen_as_it_stood() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let photo = mara.scene().await;
    let report = json!({"subject": {"kind": "photo", "id": photo}, "reason": "other"});
    mara.post("/reports", report).await.expect(201);
    let refused = json!({"scene": "naked"});
    mara.post("/photos", refused)
        .await
        .refused(422, "content-refused");
    mara.post("/chat/messages", json!({"text": "Hello"}))
        .await
        .expect(202);
    mara.get("/me/export").await.expect(200);
    let auditor = auditor(&app).await;
    auditor.get("/audit/projections").await.expect(200);

    let mut seen = BTreeSet::new();
    for event in all(&auditor, "").await {
        let (kind, id) = (
            event["aggregate_type"].as_str().unwrap(),
            event["aggregate_id"].as_str().unwrap(),
        );
        let position = &event["position"];
        let state = auditor
            .get(&format!(
                "/audit/aggregates/{kind}/{id}/state?as_of_position={position}"
            ))
            .await;
        assert_eq!(state.expect(200).json()["position"], *position);
        seen.insert(kind.to_owned());
    }
    let types: BTreeSet<_> = application::past_states::aggregate_types()
        .map(str::to_owned)
        .collect();
    assert_eq!(seen, types);
}

/// The fields that an event changed lead from the avatar before it to the one after it.
fn leads(detail: &Value) {
    let mut avatar = match &detail["state_before"] {
        Value::Null => json!({}),
        before => before["Created"].clone(),
    };
    let changes = detail["changes"].as_array().unwrap();
    assert!(!changes.is_empty(), "{detail}");
    for change in changes {
        let path = change["path"].as_str().unwrap();
        if path == "/kind" {
            assert_eq!(*change, json!({"path": path, "after": "Created"}));
            continue;
        }
        assert_eq!(avatar.pointer(path), change.get("before"), "{path}");
        let (parent, name) = path.rsplit_once('/').unwrap();
        match (avatar.pointer_mut(parent).unwrap(), change.get("after")) {
            (Value::Object(fields), Some(after)) => {
                fields.insert(name.to_owned(), after.clone());
            }
            (Value::Object(fields), None) => {
                fields.remove(name);
            }
            (other, _) => panic!("{path} leads into {other}"),
        }
    }
    assert_eq!(avatar, detail["state_after"]["Created"]);
}
