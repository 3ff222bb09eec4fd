//! Starting, stopping, and going on where an earlier run ended.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::Method;
use sandbox::{SandboxConfig, SandboxError};
use serde_json::json;

use crate::receiver::Receiver;
use crate::test_sandbox::{TestSandbox, config, started, started_with};

/// A file of one test's own, removed at its end.
struct StateFile(PathBuf);

impl StateFile {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("sandbox-test-{}.json", uuid::Uuid::now_v7())))
    }

    async fn started(&self, more: SandboxConfig) -> TestSandbox {
        started_with(SandboxConfig {
            state_file: Some(self.0.clone()),
            ..more
        })
        .await
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let sandbox = started().await;
    let addr = sandbox.running.addr();
    let error = sandbox::start(SandboxConfig { addr, ..config() })
        .await
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        format!("{addr} is taken; set SANDBOX_ADDR to another address")
    );
    assert!(matches!(error, SandboxError::AddressTaken(_)));
}

#[tokio::test]
async fn a_sandbox_stops_fast_and_frees_its_address() {
    let sandbox = started().await;
    sandbox.get("/").await;
    let addr = sandbox.running.addr();
    let begin = Instant::now();
    sandbox.running.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(1));
    sandbox::start(SandboxConfig { addr, ..config() })
        .await
        .unwrap()
        .stop()
        .await;
}

#[tokio::test]
async fn what_was_bought_is_remembered_without_a_good_bye() {
    let file = StateFile::new();
    let slow = SandboxConfig {
        drawing_time: Duration::from_millis(600),
        ..config()
    };
    let first = file.started(slow.clone()).await;
    let prediction = first.create("p").await;
    let subscription = first.subscribed(&[]).await;

    // The first one goes on running, as a killed process cannot tidy up either.
    let second = file.started(slow).await;
    let ended = second.ended(prediction["id"].as_str().unwrap()).await;
    assert_eq!(
        (&ended["status"], &ended["created_at"]),
        (&json!("succeeded"), &prediction["created_at"])
    );
    assert_eq!(
        second.get("/control/replicate/ledger").await["predictions_created"],
        1
    );
    let path = format!("/subscriptions/{subscription}");
    assert_eq!(
        second.asked(Method::GET, &path, &[]).await["status"],
        "active"
    );
}

#[tokio::test]
async fn what_the_ledger_tells_outlives_the_process() {
    let file = StateFile::new();
    let sandbox = file.started(config()).await;
    for nth in 1..=25 {
        // Its answer comes when the picture is drawn; the ledger knows of it before.
        let body = json!({"input": {"prompt": "p"}});
        let held = sandbox.create_with(body, Some("wait"));
        let seen = async {
            loop {
                let ledger = sandbox.get("/control/replicate/ledger").await;
                if ledger["predictions_created"] == nth {
                    break std::fs::read_to_string(&file.0).unwrap();
                }
            }
        };
        let (kept, _) = tokio::join!(seen, held);
        let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
        let ledger = kept["replicate"]["ledger"].as_array().unwrap();
        assert_eq!(ledger.len(), nth, "a process killed now forgets a purchase");
    }
}

#[tokio::test]
async fn webhooks_that_were_not_taken_come_after_a_restart() {
    let (file, receiver) = (StateFile::new(), Receiver::start().await);
    receiver.refuse(true);
    let told = SandboxConfig {
        stripe_webhook_url: Some(receiver.url.clone()),
        ..config()
    };
    let first = file.started(told.clone()).await;
    first.asked(Method::POST, "/customers", &[]).await;
    let body = json!({"input": {"prompt": "p"}, "webhook": receiver.url, "webhook_events_filter": ["completed"]});
    first.create_with(body, None).await;
    let before = receiver.wait_for(2).await.len();
    first.running.stop().await;

    receiver.refuse(false);
    let _second = file.started(told).await;
    let after = receiver.wait_for(before + 2).await;
    assert_eq!(
        after
            .iter()
            .filter(|one| !one.header("webhook-id").is_empty())
            .count(),
        2
    );
}

#[tokio::test]
async fn an_unreadable_state_is_refused_and_left_alone() {
    let file = StateFile::new();
    std::fs::write(&file.0, "not JSON").unwrap();
    let config = SandboxConfig {
        state_file: Some(file.0.clone()),
        ..config()
    };
    let error = sandbox::start(config).await.err().unwrap();
    assert!(matches!(error, SandboxError::StateFile(..)));
    assert_eq!(std::fs::read_to_string(&file.0).unwrap(), "not JSON");
}
