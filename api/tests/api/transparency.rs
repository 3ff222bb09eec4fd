//! Checkpoints and proofs over HTTP: they are true, for auditors only, and on record.

use infrastructure::database::DatabaseRole;
use std::{path::PathBuf, sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use transparency::{
    Checkpoint, ConsistencyProof, Grower, Growing, InclusionProof, KeyRing, SigningKey,
};
use uuid::Uuid;

use crate::{
    person::Person,
    test_app::{TestApp, until},
};

const PATHS: [&str; 3] = [
    "/audit/checkpoint",
    "/audit/proofs/inclusion?position=1&size=1",
    "/audit/proofs/consistency?from=1&to=1",
];

/// Lets the tree grow beside the application.
pub fn grow(app: &TestApp) -> Arc<KeyRing> {
    let signing = SigningKey::new("ava.test/log", &[3; 32]).unwrap();
    let keys = Arc::new(KeyRing::new(signing, Vec::new()));
    let growing = Growing {
        holder: "test".to_owned(),
        every: Duration::ZERO,
        published_to: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(Uuid::now_v7().to_string()),
    };
    let grower = Grower::new(
        app.database.pool_as(DatabaseRole::Projector),
        keys.clone(),
        growing,
    );
    tokio::spawn(grower.run(app.stop.clone()));
    keys
}

/// The newest checkpoint once it is over that many events at least.
async fn checkpoint(auditor: &Person<'_>, keys: &KeyRing, at_least: u64) -> Checkpoint {
    until("the checkpoint is signed", async || {
        let answer = auditor.call(Method::GET, "/audit/checkpoint").send().await;
        if answer.status == 404 {
            return None;
        }
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        let note = String::from_utf8(answer.expect(200).body.to_vec()).unwrap();
        let checkpoint = Checkpoint::open(&note, &keys.verifiers()).unwrap();
        (checkpoint.size >= at_least).then_some(checkpoint)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_lead_to_the_checkpoints_that_were_handed_out() {
    let app = TestApp::start().await;
    let keys = grow(&app);
    let auditor = app.sign_in_as("audrey@example.com", &["auditor"]).await;
    app.sign_in("mara@example.com").await.with_avatar().await;
    let earlier = checkpoint(&auditor, &keys, 1).await;
    app.sign_in("milan@example.com").await.with_avatar().await;
    let later = checkpoint(&auditor, &keys, earlier.size + 1).await;

    for position in [1, earlier.size, later.size] {
        let path = format!(
            "/audit/proofs/inclusion?position={position}&size={}",
            later.size
        );
        let answer = auditor.get(&path).await.expect(200).json();
        let proof: InclusionProof = serde_json::from_value(answer).unwrap();
        assert_eq!((proof.position, proof.size), (position, later.size));
        assert!(proof.leads_to(&later.root));
        let event = auditor.get(&format!("/audit/events/{position}")).await;
        assert_eq!(
            event.expect(200).json()["leaf_hash"],
            hex::encode(proof.leaf_hash),
            "the event that is shown is the one that is proven"
        );
    }
    let path = format!(
        "/audit/proofs/consistency?from={}&to={}",
        earlier.size, later.size
    );
    let answer = auditor.get(&path).await.expect(200).json();
    let proof: ConsistencyProof = serde_json::from_value(answer).unwrap();
    assert!(proof.leads(&earlier.root, &later.root));

    // Left out, it is that of the newest checkpoint.
    let proof = auditor
        .get("/audit/proofs/inclusion?position=1")
        .await
        .expect(200)
        .json();
    assert!(proof["size"].as_u64().unwrap() >= later.size);

    let recorded = app.stewardship().await;
    let by = format!("auditor:{}", auditor.id);
    assert!(recorded.iter().all(|(actor, _)| *actor == by));
    let told: Vec<Value> = recorded.into_iter().map(|(_, event)| event).collect();
    for view in [
        json!({ "type": "CheckpointViewed" }),
        json!({ "type": "InclusionProven", "position": 1, "size": later.size }),
        json!({ "type": "ConsistencyProven", "from": earlier.size, "to": later.size }),
    ] {
        assert!(told.contains(&view), "{view}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_proven_is_told_with_what_to_do() {
    let app = TestApp::start().await;
    let auditor = app.sign_in_as("audrey@example.com", &["auditor"]).await;
    for path in [
        "/audit/checkpoint",
        "/audit/proofs/inclusion?position=1",
        "/audit/proofs/consistency?from=1",
    ] {
        auditor.get(path).await.refused(404, "checkpoint-not-found");
    }
    auditor.get(PATHS[1]).await.refused(404, "tree-too-small");
    let keys = grow(&app);
    app.sign_in("mara@example.com").await.with_avatar().await;
    checkpoint(&auditor, &keys, 1).await;
    for path in [
        "/audit/proofs/inclusion?position=1&size=4000000",
        "/audit/proofs/consistency?from=1&to=4000000",
    ] {
        let problem = auditor.get(path).await.refused(404, "tree-too-small");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .starts_with("the tree has "),
            "{problem}"
        );
    }
    for (path, parameters) in [
        ("/audit/proofs/inclusion", vec!["position"]),
        (
            "/audit/proofs/inclusion?position=0&size=x",
            vec!["position", "size"],
        ),
        (
            "/audit/proofs/inclusion?position=2&size=1",
            vec!["position"],
        ),
        ("/audit/proofs/consistency?to=1", vec!["from"]),
        ("/audit/proofs/consistency?from=-1&to=0", vec!["from", "to"]),
        ("/audit/proofs/consistency?from=2&to=1", vec!["from"]),
    ] {
        let problem = auditor.get(path).await.refused(400, "invalid-parameter");
        let errors = problem["errors"].as_array().unwrap();
        let named: Vec<&str> = errors
            .iter()
            .map(|error| error["parameter"].as_str().unwrap())
            .collect();
        assert_eq!(named, parameters, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_an_auditor_gets_them_and_only_on_record() {
    let app = TestApp::start().await;
    let keys = grow(&app);
    let auditor = app.sign_in_as("audrey@example.com", &["auditor"]).await;
    app.sign_in("mara@example.com").await.with_avatar().await;
    checkpoint(&auditor, &keys, 1).await;
    let user = app.sign_in("milan@example.com").await;
    let operator = app.operator().await;
    for path in PATHS {
        app.get(path).await.refused(401, "unauthenticated");
        user.get(path).await.refused(403, "role-required");
        operator.get(path).await.refused(403, "role-required");
    }
    app.refuse_appends().await;
    for path in PATHS {
        auditor.get(path).await.refused(503, "unavailable");
    }
}
