//! What the payment provider says, compared from time to time with what we hold.

use std::time::Duration;

use domain::{subscription::Gate, values::UserId};
use serde_json::json;
use worker::{WorkerParts, WorkerSettings};

use crate::{
    patience::{until, until_equal},
    system::{System, settings, start},
};

fn comparing(system: &System) -> WorkerParts {
    WorkerParts {
        settings: WorkerSettings {
            reconcile_every: Some(Duration::from_millis(200)),
            ..settings()
        },
        ..system.parts("comparing")
    }
}

/// Somebody pays, and no message of it ever comes.
async fn pay_unheard(system: &System, user: UserId) -> String {
    system.pay(user).await;
    let url = format!("{}/v1/subscriptions", system.sandbox.url());
    let request = system.client.get(url).bearer_auth("sk_test_sandbox");
    let list: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    list["data"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_message_told_is_found_and_mended_by_one_of_two_workers() {
    let system = start().await;
    let user = system.user().await;
    let _workers = [
        system.worker_of(comparing(&system)),
        system.worker_of(comparing(&system)),
    ];
    let id = pay_unheard(&system, user).await;
    until_equal(Gate::Open, async || system.gate(user).await).await;

    system
        .control(&format!("/stripe/subscriptions/{id}/cancel"), json!({}))
        .await;
    until("the end is found", async || {
        (system.gate(user).await != Gate::Open).then_some(())
    })
    .await;
    let mended: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM events
         WHERE aggregate_type = 'Subscription' AND payload #>> '{snapshot,source_event}' = 'reconciliation'",
    )
    .fetch_one(&system.database.pool())
    .await
    .unwrap();
    assert_eq!(mended, 2, "each difference is mended once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_that_fails_is_made_again() {
    let system = start().await;
    let user = system.user().await;
    pay_unheard(&system, user).await;
    system
        .control("/stripe/fail_next", json!({"status": 503, "times": 3}))
        .await;
    let _worker = system.worker_of(comparing(&system));
    until_equal(Gate::Open, async || system.gate(user).await).await;
}
