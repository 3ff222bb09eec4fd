//! What all workers share about a provider: its budget, its wish to be left alone, the breaker, the ledger.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{photo_request::Event, values::PhotoId};
use infrastructure::image::replicate::{Replicate, ReplicateConfig};

use crate::{
    history::attempts,
    patience::{until, until_equal},
    provider::{replicate_config, unreachable_replicate},
    system::{System, start},
};

#[tokio::test(flavor = "multi_thread")]
async fn when_a_provider_wants_to_be_left_alone_no_worker_asks_it() {
    let system = start().await;
    system.script(&["429_then_ok"]).await;
    let photos = wishes(&system, 6).await;
    let _workers = [system.worker(), system.worker(), system.worker()];
    for photo_id in &photos {
        system.delivered(*photo_id).await;
    }

    let ledger = system.ledger().await;
    assert_eq!(ledger.bought(), 6);
    let times = times(&ledger);
    let refused = ledger
        .creates()
        .iter()
        .position(|create| create["outcome"] == "429")
        .unwrap();
    // What was under way in the same moment may still arrive; nothing after that.
    let pause = times[refused]..times[refused] + Duration::from_millis(990);
    let during = times[refused + 1..]
        .iter()
        .filter(|at| **at > pause.start + Duration::from_millis(300) && pause.contains(at));
    assert_eq!(during.count(), 0, "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_together_stay_within_the_accounts_budget() {
    let system = start().await;
    let photos = wishes(&system, 7).await;
    // Five at once, then one every 2.4 s.
    let frugal = || {
        let mut parts = system.parts("frugal");
        let config = ReplicateConfig {
            creates_per_minute: 30,
            ..replicate_config(&system.sandbox)
        };
        parts.providers = Replicate::new(config).unwrap().into();
        system.worker_of(parts)
    };
    let _workers = [frugal(), frugal()];
    for photo_id in &photos {
        system.delivered(*photo_id).await;
    }

    let times = times(&system.ledger().await);
    assert_eq!(times.len(), 7, "waiting costs no attempt");
    let after = |place: usize| (times[place] - times[0]).num_milliseconds();
    assert!(after(4) < 2000, "the burst was held back: {times:?}");
    assert!(
        after(5) >= 2000 && after(6) >= 4400,
        "the budget was overdrawn: {times:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_again_and_again_gets_a_rest_and_then_one_trial() {
    let system = start().await;
    let mut parts = system.parts("unlucky");
    parts.providers = unreachable_replicate().into();
    let unlucky = system.worker_of(parts);
    let first = system.request_reference(system.user().await).await;
    system.end_of(first).await;

    let second = system.request_reference(system.user().await).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(attempts(&system.history(second).await), 0, "it rests");
    unlucky.stop().await;

    let _worker = system.worker();
    system.delivered(second).await;
    assert_eq!(attempts(&system.history(second).await), 1);
    until_equal(0, async || {
        sqlx::query_scalar::<_, i32>("SELECT failures FROM provider_accounts")
            .fetch_one(&system.database.pool())
            .await
            .unwrap()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_in_the_ledger_and_what_was_bought_in_vain_is_visible() {
    let system = start().await;
    let _worker = system.worker();
    for (behaviour, jobs, extra) in [
        ("ok_sync", 1, 0),
        ("fail_infra", 2, 1),
        ("drop_response", 1, 0),
        ("429_then_ok", 1, 0),
    ] {
        system.script(&[behaviour]).await;
        let photo_id = system.request_reference(system.user().await).await;
        system.delivered(photo_id).await;
        let costs = costs(&system, photo_id).await;
        assert_eq!(
            (costs.jobs, costs.extra_jobs, costs.unanswered),
            (jobs, extra, 0),
            "{behaviour}"
        );
        let tried = attempts(&system.history(photo_id).await);
        assert_eq!(costs.orders, i64::try_from(tried).unwrap(), "{behaviour}");
        assert!(costs.calls > costs.orders, "{behaviour}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_names_the_provider_the_job_and_the_process() {
    let system = start().await;
    let _worker = system.worker();
    let photo_id = system.request_reference(system.user().await).await;
    system.delivered(photo_id).await;
    let job = system
        .history(photo_id)
        .await
        .into_iter()
        .find_map(|event| match event {
            Event::PredictionAccepted { provider_id, .. } => Some(provider_id),
            _ => None,
        });
    let order: (String, String, Option<String>, String, String) = sqlx::query_as(
        "SELECT provider, model, job_id, outcome, node FROM provider_calls WHERE photo_id = $1 AND kind = 'order'",
    )
    .bind(photo_id.0)
    .fetch_one(&system.database.pool())
    .await
    .unwrap();
    assert_eq!(order.0, "replicate");
    assert_eq!(order.1, "black-forest-labs/flux-schnell");
    assert_eq!(order.2, job);
    assert_eq!(order.3, "accepted");
    assert!(order.4.starts_with("worker-"), "{}", order.4);
}

#[derive(sqlx::FromRow)]
struct Costs {
    calls: i64,
    orders: i64,
    jobs: i64,
    unanswered: i64,
    extra_jobs: i64,
}

/// What a delivered photo cost, once the ledger has been written.
async fn costs(system: &System, photo_id: PhotoId) -> Costs {
    until("the ledger is written", async || {
        let fetched: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM provider_calls WHERE photo_id = $1 AND kind = 'fetch')",
        )
        .bind(photo_id.0)
        .fetch_one(&system.database.pool())
        .await
        .unwrap();
        fetched.then_some(())
    })
    .await;
    sqlx::query_as("SELECT * FROM provider_costs WHERE photo_id = $1")
        .bind(photo_id.0)
        .fetch_one(&system.database.pool())
        .await
        .unwrap()
}

async fn wishes(system: &System, count: usize) -> Vec<PhotoId> {
    let mut photos = Vec::new();
    for _ in 0..count {
        photos.push(system.request_reference(system.user().await).await);
    }
    until_equal(count, async || {
        let due = projections::photo_work::due(&system.database.pool(), Utc::now(), 100).await;
        due.unwrap().len()
    })
    .await;
    photos
}

fn times(ledger: &crate::provider::Ledger) -> Vec<DateTime<Utc>> {
    let creates = ledger.creates().iter();
    creates
        .map(|create| create["at"].as_str().unwrap().parse().unwrap())
        .collect()
}
