//! Everything that the provider can do wrong: each request ends once, and nothing is bought without need.

use std::time::Duration;

use domain::photo_request::{Event, FailureClass};

use crate::{
    history::attempts,
    patience::until_equal,
    system::{settings, start, start_drawing_for},
};

/// What a single misbehaviour leads to, when everything after it goes well.
struct Outcome {
    attempts: usize,
    bought: u64,
}

async fn delivered_in_spite_of(behaviour: &str, expected: Outcome) {
    let system = start().await;
    let _worker = system.worker();
    let user = system.user().await;
    system.script(&[behaviour]).await;

    let photo_id = system.request_reference(user).await;
    system.delivered(photo_id).await;

    assert_eq!(attempts(&system.history(photo_id).await), expected.attempts);
    assert_eq!(system.ledger().await.bought(), expected.bought);
}

macro_rules! is_delivered {
    ($($name:ident: $behaviour:literal after $attempts:literal attempts and $bought:literal predictions;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            delivered_in_spite_of($behaviour, Outcome { attempts: $attempts, bought: $bought }).await;
        }
    )*};
}

is_delivered! {
    a_prediction_that_takes_some_polls_is_awaited: "ok_after(4)" after 1 attempts and 1 predictions;
    a_cold_start_is_awaited: "slow_cold_start" after 1 attempts and 1 predictions;
    a_shortened_list_of_pictures_will_do: "partial_list" after 1 attempts and 1 predictions;
    a_string_is_as_good_as_a_list: "string_output" after 1 attempts and 1 predictions;
    an_unknown_status_is_no_end: "unknown_status" after 1 attempts and 1 predictions;
    a_missing_webhook_is_not_missed: "webhook_never" after 1 attempts and 1 predictions;
    a_throttled_create_is_made_again: "429_then_ok" after 2 attempts and 1 predictions;
    an_accepted_prediction_whose_answer_was_an_error_is_found_again: "500_after_accept" after 1 attempts and 1 predictions;
    an_accepted_prediction_whose_answer_was_lost_is_found_again: "drop_response" after 1 attempts and 1 predictions;
    a_machine_that_broke_is_replaced: "fail_infra" after 2 attempts and 2 predictions;
    an_aborted_prediction_is_made_again: "aborted" after 2 attempts and 2 predictions;
    a_picture_that_was_removed_too_early_is_made_again: "expired_output" after 2 attempts and 2 predictions;
    a_picture_that_is_too_large_is_made_again: "huge_file" after 2 attempts and 2 predictions;
    a_web_page_is_no_picture: "wrong_content_type" after 2 attempts and 2 predictions;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_host_that_redirects_is_not_followed_and_needs_an_operator() {
    let system = start().await;
    let _worker = system.worker();
    let user = system.user().await;
    system.always("redirecting_file_host").await;

    let photo_id = system.request_reference(user).await;

    let end = system.end_of(photo_id).await;
    assert!(
        matches!(
            &end,
            Event::PhotoFailed {
                class: FailureClass::Operator,
                ..
            }
        ),
        "{end:?}"
    );
    let ledger = system.ledger().await;
    assert_eq!(ledger.bought(), 1);
    assert_eq!(ledger.creates()[0]["redirects_followed"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_never_ends_well_is_asked_a_few_times_and_no_more() {
    for behaviour in [
        "fail_infra",
        "aborted",
        "expired_output",
        "wrong_content_type",
    ] {
        let system = start().await;
        let _worker = system.worker();
        let user = system.user().await;
        system.always(behaviour).await;

        let photo_id = system.request_reference(user).await;

        let end = system.end_of(photo_id).await;
        assert!(
            matches!(
                &end,
                Event::PhotoFailed {
                    class: FailureClass::Transient,
                    ..
                }
            ),
            "{behaviour}: {end:?}"
        );
        let most = settings().photos.max_attempts;
        assert_eq!(
            system.ledger().await.bought(),
            u64::from(most),
            "{behaviour}"
        );
        assert_eq!(
            attempts(&system.history(photo_id).await),
            most as usize,
            "{behaviour}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prediction_that_takes_too_long_is_given_up_and_called_off() {
    let system = start_drawing_for(Duration::from_secs(600)).await;
    let mut parts = system.parts("worker");
    parts.settings.photos.deadline = Duration::from_millis(1500);
    let _worker = system.worker_of(parts);
    let user = system.user().await;

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
    let ids = system.ledger().await.ids();
    assert_eq!(ids.len(), 1);
    until_equal("aborted-or-canceled", async || {
        match &*system.prediction_status(&ids[0]).await {
            "aborted" | "canceled" => "aborted-or-canceled",
            _ => "running",
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_nobody_began_in_time_is_given_up_without_an_attempt() {
    let system = start().await;
    let user = system.user().await;
    let photo_id = system.request_reference(user).await;
    until_equal(1, async || system.history(photo_id).await.len()).await;

    let mut parts = system.parts("worker");
    parts.settings.photos.deadline = Duration::ZERO;
    let _worker = system.worker_of(parts);

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
    assert_eq!(system.ledger().await.bought(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_does_not_exist_needs_an_operator_at_once() {
    let system = start().await;
    let user = system.user().await;
    let mut parts = system.parts("worker");
    parts.providers = crate::provider::misconfigured_replicate(&system.sandbox).into();
    let _worker = system.worker_of(parts);

    let photo_id = system.request_reference(user).await;

    let end = system.end_of(photo_id).await;
    assert!(
        matches!(
            &end,
            Event::PhotoFailed {
                class: FailureClass::Operator,
                ..
            }
        ),
        "{end:?}"
    );
    assert_eq!(attempts(&system.history(photo_id).await), 1);
    assert_eq!(system.ledger().await.bought(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_cannot_be_reached_is_asked_a_few_times_and_no_more() {
    let system = start().await;
    let mut parts = system.parts("worker");
    parts.providers = crate::provider::unreachable_replicate().into();
    let _worker = system.worker_of(parts);
    let user = system.user().await;

    let photo_id = system.request_reference(user).await;

    let end = system.end_of(photo_id).await;
    assert!(
        matches!(
            &end,
            Event::PhotoFailed {
                class: FailureClass::Transient,
                ..
            }
        ),
        "{end:?}"
    );
    let most = settings().photos.max_attempts as usize;
    assert_eq!(attempts(&system.history(photo_id).await), most);
}
