//! A provider that wants to be left alone.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::photo_request::{Event, FailureClass};

use crate::{patience::until_equal, system::start};

/// What the sandbox says in `Retry-After`.
const RETRY_AFTER: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn in_a_storm_of_refusals_the_whole_process_waits_as_long_as_it_was_told() {
    let system = start().await;
    system.script(&["429_then_ok"; 3]).await;
    let mut photos = Vec::new();
    for _ in 0..6 {
        let user = system.user().await;
        photos.push(system.request_reference(user).await);
    }
    until_equal(photos.len(), async || waiting(&system).await).await;
    let mut parts = system.parts("worker");
    parts.settings.photos.slots = 1;
    let _worker = system.worker_of(parts);

    for photo_id in &photos {
        system.delivered(*photo_id).await;
    }

    let ledger = system.ledger().await;
    assert_eq!(ledger.bought(), 6, "each picture is bought once");
    assert_eq!(
        ledger.creates().len(),
        6 + 3,
        "no create but the three was in vain"
    );
    let times: Vec<_> = ledger
        .creates()
        .iter()
        .map(|create| time(&create["at"]))
        .collect();
    for (create, next) in ledger.creates().iter().zip(&times[1..]) {
        if create["outcome"] == "429" {
            let pause = (*next - time(&create["at"])).to_std().unwrap();
            // The ledger counts in whole milliseconds.
            assert!(
                pause >= RETRY_AFTER - Duration::from_millis(5),
                "came again after {pause:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn being_throttled_again_and_again_is_no_reason_to_fail() {
    let system = start().await;
    let mut parts = system.parts("worker");
    parts.settings.photos.max_attempts = 2;
    let _worker = system.worker_of(parts);
    let user = system.user().await;
    system.script(&["429_then_ok"; 3]).await;

    let photo_id = system.request_reference(user).await;

    system.delivered(photo_id).await;
    assert_eq!(system.ledger().await.bought(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_put_off_often_comes_again_as_soon_as_who_was_put_off_once() {
    let system = start().await;
    let mut parts = system.parts("worker");
    let photos = &mut parts.settings.photos;
    (photos.first_retry, photos.longest_retry) = (Duration::from_millis(10), RETRY_AFTER * 600);
    let _worker = system.worker_of(parts);
    let user = system.user().await;
    system.script(&["429_then_ok"; 8]).await;

    let photo_id = system.request_reference(user).await;

    system.delivered(photo_id).await;
    let pauses: Vec<f64> = sqlx::query_scalar(
        "SELECT extract(epoch FROM (payload ->> 'retry_at')::timestamptz - recorded_at)::float8 FROM events
          WHERE aggregate_id = $1 AND event_type = 'AttemptFailed' ORDER BY position",
    )
    .bind(photo_id.to_string())
    .fetch_all(&system.database.pool())
    .await
    .unwrap();
    assert_eq!(pauses.len(), 8);
    // An exponential pause would be up to 1.28 s more by now.
    assert!(pauses.iter().all(|pause| *pause <= 1.01), "{pauses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_throttles_for_ever_holds_no_request_beyond_its_deadline() {
    let system = start().await;
    let mut parts = system.parts("worker");
    parts.settings.photos.deadline = Duration::from_millis(2500);
    let _worker = system.worker_of(parts);
    let user = system.user().await;
    system.always("429_then_ok").await;

    let photo_id = system.request_reference(user).await;

    let end = system.end_of(photo_id).await;
    assert!(
        matches!(
            &end,
            Event::PhotoFailed {
                class: FailureClass::Deadline,
                ..
            }
        ),
        "{end:?}"
    );
    let ledger = system.ledger().await;
    assert_eq!(ledger.bought(), 0);
    assert!(
        ledger.creates().len() <= 3,
        "one a second is all that the provider allows"
    );
}

async fn waiting(system: &crate::system::System) -> usize {
    let rows = projections::photo_work::due(&system.database.pool(), Utc::now(), 100).await;
    rows.unwrap().len()
}

fn time(at: &serde_json::Value) -> DateTime<Utc> {
    at.as_str().unwrap().parse().unwrap()
}
