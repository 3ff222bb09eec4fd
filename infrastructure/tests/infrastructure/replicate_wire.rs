//! What the Replicate adapter sends, word for word, and what it makes of answers that the sandbox never gives.

use std::time::Duration;

use application::ports::{
    ImageProvider, InputPicture, PictureOrder, PredictionState, ProviderError, ProviderErrorKind,
};
use bytes::Bytes;
use chrono::TimeDelta;
use infrastructure::image::replicate::{Replicate, ReplicateConfig};
use serde_json::{Value, json};

use crate::{
    canned_service::{Asked, CannedService, answer, json_answer},
    image_provider_contract::{order, scene_order},
};

const TOKEN: &str = "r8_the_token_of_the_tests";

const RETRYABLE: ProviderErrorKind = ProviderErrorKind::Retryable { after: None };

fn replicate_at(url: &str) -> Replicate {
    configured(|config| config.api_base = url.parse().unwrap())
}

fn configured(change: impl FnOnce(&mut ReplicateConfig)) -> Replicate {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = ReplicateConfig {
        allow_http: true,
        ..ReplicateConfig::new(TOKEN)
    };
    change(&mut config);
    Replicate::new(config).unwrap()
}

fn accepted(id: &str) -> Vec<u8> {
    json_answer("201 Created", "", &json!({"id": id, "status": "starting"}))
}

fn problem(status: &str, detail: &str) -> Vec<u8> {
    json_answer(status, "", &json!({"title": "A problem", "detail": detail}))
}

/// A page of the list that holds one prediction of an order.
fn page_with(order: &PictureOrder, input: &Value, next: Option<&str>) -> Vec<u8> {
    let listed = json!({
        "id": "found", "model": "black-forest-labs/flux-schnell", "status": "processing",
        "input": {"prompt": order.prompt, "seed": input["seed"]},
        "created_at": order.started_at.to_rfc3339(),
    });
    json_answer("200 OK", "", &json!({"results": [listed], "next": next}))
}

async fn start_error(answer: Vec<u8>, order: &PictureOrder) -> ProviderError {
    let service = CannedService::start([answer]).await;
    replicate_at(&service.url()).start(order).await.unwrap_err()
}

async fn create_sent_for(order: &PictureOrder) -> Asked {
    let service = CannedService::start([accepted("p1")]).await;
    let started = replicate_at(&service.url()).start(order).await.unwrap();
    assert_eq!(started.id, "p1");
    service.asked().remove(0)
}

#[tokio::test]
async fn a_reference_is_asked_of_the_reference_model_with_a_deadline_and_without_waiting() {
    let order = PictureOrder {
        left: Duration::from_secs(90),
        ..order()
    };
    let asked = create_sent_for(&order).await;

    assert_eq!(
        asked.line(),
        "POST /v1/models/black-forest-labs/flux-schnell/predictions"
    );
    assert_eq!(
        asked.header("authorization"),
        Some("Bearer r8_the_token_of_the_tests")
    );
    assert_eq!(asked.header("prefer"), None);
    let seconds = asked
        .header("cancel-after")
        .unwrap()
        .strip_suffix('s')
        .unwrap();
    assert!(
        (80..=90).contains(&seconds.parse::<i64>().unwrap()),
        "{seconds}"
    );
    let body = asked.json();
    assert_eq!(body["input"]["prompt"], order.prompt);
    assert_eq!(body["input"]["aspect_ratio"], "1:1");
    assert_eq!(body["input"]["num_outputs"], 1);
    assert_eq!(body["input"]["output_format"], "png");
    assert!(i32::try_from(body["input"]["seed"].as_u64().unwrap()).is_ok());
    assert_eq!(body["input"]["disable_safety_checker"], Value::Null);
    assert_eq!(body["webhook"], Value::Null);
}

#[tokio::test]
async fn a_scene_is_asked_of_the_scene_model_with_its_reference_as_a_data_url() {
    let bytes = Bytes::from_static(b"a small picture");
    let order = scene_order(InputPicture {
        bytes,
        media_type: "image/jpeg".to_owned(),
    });
    let asked = create_sent_for(&order).await;

    assert_eq!(
        asked.line(),
        "POST /v1/models/black-forest-labs/flux-kontext-pro/predictions"
    );
    let input = &asked.json()["input"];
    assert_eq!(
        input["input_image"],
        "data:image/jpeg;base64,YSBzbWFsbCBwaWN0dXJl"
    );
    assert_eq!(input["safety_tolerance"], 2);
    assert_eq!(input["aspect_ratio"], "1:1");
}

#[tokio::test]
async fn the_seed_tells_attempts_and_pictures_apart_and_is_the_same_each_time() {
    let first = order();
    let second = PictureOrder {
        attempt: 2,
        ..first.clone()
    };
    let mut seeds = Vec::new();
    for order in [&first, &first, &second, &order()] {
        seeds.push(
            create_sent_for(order).await.json()["input"]["seed"]
                .as_u64()
                .unwrap(),
        );
    }
    assert_eq!(seeds[0], seeds[1]);
    seeds.dedup();
    assert_eq!(seeds.len(), 3);
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_sent_as_the_nearest_that_replicate_takes() {
    let order = PictureOrder {
        left: Duration::ZERO,
        ..order()
    };
    assert_eq!(
        create_sent_for(&order).await.header("cancel-after"),
        Some("5s")
    );
}

#[tokio::test]
async fn replicate_is_asked_to_hold_the_answer_when_that_is_configured() {
    let service = CannedService::start([accepted("p1")]).await;
    let replicate = configured(|config| {
        config.api_base = format!("{}/v1/", service.url()).parse().unwrap();
        config.wait_s = Some(20);
    });
    replicate.start(&order()).await.unwrap();
    assert_eq!(service.asked()[0].header("prefer"), Some("wait=20"));
    assert!(service.asked()[0].line().starts_with("POST /v1/models/"));
}

#[tokio::test]
async fn refusals_of_a_create_are_sorted_by_who_must_act() {
    use ProviderErrorKind::{Content, MaybeAccepted, Operator};
    let flagged = "The input was flagged as sensitive. (E005)";
    for (status, detail, kind) in [
        ("400 Bad Request", "no", Operator),
        (
            "401 Unauthorized",
            "You did not pass a valid authentication token",
            Operator,
        ),
        ("402 Payment Required", "Insufficient credit", Operator),
        ("403 Forbidden", "no", Operator),
        (
            "404 Not Found",
            "The requested resource could not be found.",
            Operator,
        ),
        (
            "422 Unprocessable Entity",
            "- input.seed: Invalid type",
            Operator,
        ),
        ("422 Unprocessable Entity", flagged, Content),
        ("302 Found", "elsewhere", Operator),
        ("408 Request Timeout", "too slow", MaybeAccepted),
        (
            "500 Internal Server Error",
            "Internal server error",
            MaybeAccepted,
        ),
        ("502 Bad Gateway", "", MaybeAccepted),
        ("503 Service Unavailable", flagged, MaybeAccepted),
    ] {
        let error = start_error(problem(status, detail), &order()).await;
        assert_eq!(error.kind, kind, "{status}: {error}");
        assert!(error.detail.contains(detail), "{status}: {error}");
    }
}

#[tokio::test]
async fn an_answer_to_a_create_that_cannot_be_read_may_hide_a_purchase() {
    let cut_off = b"HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{\"id\": \"p1\"".to_vec();
    for unreadable in [
        answer("201 Created", "", b"<html>"),
        json_answer("201 Created", "", &json!({"status": "starting"})),
        cut_off,
        b"220 mail.example.com ESMTP\r\n".to_vec(),
        Vec::new(),
    ] {
        let error = start_error(unreadable, &order()).await;
        assert_eq!(error.kind, ProviderErrorKind::MaybeAccepted, "{error}");
    }
}

#[tokio::test]
async fn a_create_that_never_left_may_be_sent_again() {
    // Nobody listens any more on the port of a listener that is gone.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = replicate_at(&url).start(&order()).await.unwrap_err();
    assert_eq!(error.kind, RETRYABLE, "{error}");
}

#[tokio::test]
async fn a_create_that_takes_too_long_may_have_been_accepted() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let replicate = configured(|config| {
        config.api_base = format!("http://{}", silent.local_addr().unwrap())
            .parse()
            .unwrap();
        config.timeout = Duration::from_millis(200);
    });
    let error = replicate.start(&order()).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::MaybeAccepted, "{error}");
}

#[tokio::test]
async fn questions_may_be_asked_again_when_the_service_stumbles() {
    for trouble in [
        problem("500 Internal Server Error", "no"),
        problem("503 Service Unavailable", ""),
        Vec::new(),
    ] {
        let service = CannedService::start([trouble.clone(), trouble.clone(), trouble]).await;
        let replicate = replicate_at(&service.url());
        assert_eq!(replicate.check("p1").await.unwrap_err().kind, RETRYABLE);
        assert_eq!(replicate.cancel("p1").await.unwrap_err().kind, RETRYABLE);
        assert_eq!(
            replicate
                .find_orphan(&order(), None)
                .await
                .unwrap_err()
                .kind,
            RETRYABLE
        );
    }
}

#[tokio::test]
async fn after_a_429_nothing_is_sent_until_replicate_takes_orders_again() {
    let detail = "Request was throttled. Your rate limit resets in ~30s.";
    let by_words = problem("429 Too Many Requests", detail);
    let by_header = json_answer("429 Too Many Requests", "retry-after: 30\r\n", &json!({}));
    let last_of_the_window = json_answer(
        "201 Created",
        "ratelimit-remaining: 0\r\nratelimit-reset: 30\r\n",
        &json!({"id": "p1", "status": "starting"}),
    );
    for (answer, is_accepted) in [
        (by_words, false),
        (by_header, false),
        (last_of_the_window, true),
    ] {
        let service = CannedService::start([answer]).await;
        let replicate = replicate_at(&service.url());

        let first = replicate.start(&order()).await;
        let second = replicate.start(&order()).await.unwrap_err();

        assert_eq!(first.is_ok(), is_accepted);
        if let Err(error) = first {
            let after = Some(Duration::from_secs(30));
            assert_eq!(error.kind, ProviderErrorKind::Retryable { after });
        }
        let ProviderErrorKind::Retryable { after: Some(after) } = second.kind else {
            panic!("{second:?}");
        };
        assert!(after <= Duration::from_secs(30) && after > Duration::from_secs(1));
        assert_eq!(service.asked().len(), 1);
    }
}

#[tokio::test]
async fn neither_token_nor_prompt_get_into_an_error_even_when_the_service_repeats_them() {
    let order = order();
    let detail = format!("{TOKEN} may not ask for {}", order.prompt);
    let error = start_error(problem("403 Forbidden", &detail), &order).await;
    assert_eq!(
        error.detail,
        "Replicate answered 403: … may not … for … of a … with …"
    );
}

#[tokio::test]
async fn the_token_is_not_shown_by_debug() {
    let config = ReplicateConfig::new(TOKEN);
    assert!(!format!("{config:?}").contains(TOKEN));
    assert!(!format!("{:?}", replicate_at("http://127.0.0.1:1")).contains(TOKEN));
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    for base in [
        "http://api.replicate.com/v1",
        "ftp://api.replicate.com",
        "https://me:pw@api.replicate.com",
    ] {
        let config = ReplicateConfig::new(TOKEN).at(base.parse().unwrap());
        let error = Replicate::new(config).unwrap_err();
        assert!(!error.to_string().contains("pw"), "{error}");
    }
    for token in ["", "r8 with\nbreak"] {
        Replicate::new(ReplicateConfig::new(token)).unwrap_err();
    }
    Replicate::new(ReplicateConfig::new(TOKEN)).unwrap();
}

#[tokio::test]
async fn the_link_to_the_next_page_does_not_carry_the_token_away() {
    let elsewhere = CannedService::start([]).await;
    let order = order();
    let created = create_sent_for(&order).await;
    let link = format!("{}/v1/predictions?cursor=cD0x%3D", elsewhere.url());
    let empty = json_answer("200 OK", "", &json!({"results": [], "next": link}));
    let found = page_with(&order, &created.json()["input"], None);
    let service = CannedService::start([empty, found]).await;

    let orphan = replicate_at(&service.url())
        .find_orphan(&order, None)
        .await
        .unwrap()
        .unwrap();

    assert_eq!(orphan.id, "found");
    assert_eq!(
        service.asked()[1].line(),
        "GET /v1/predictions?cursor=cD0x%3D"
    );
    assert_eq!(elsewhere.asked().len(), 0);
}

#[tokio::test]
async fn the_search_for_an_orphan_ends_where_the_attempt_began() {
    let order = order();
    let created = create_sent_for(&order).await;
    let earlier = PictureOrder {
        started_at: order.started_at - TimeDelta::seconds(31),
        ..order.clone()
    };
    let next = Some("https://api.replicate.com/v1/predictions?cursor=older");
    let service = CannedService::start([page_with(&earlier, &created.json()["input"], next)]).await;

    let orphan = replicate_at(&service.url())
        .find_orphan(&order, None)
        .await
        .unwrap();

    assert_eq!(orphan, None);
    assert_eq!(service.asked().len(), 1);
}

#[tokio::test]
async fn clocks_may_differ_by_half_a_minute_when_an_orphan_is_looked_for() {
    let order = order();
    let created = create_sent_for(&order).await;
    let earlier = PictureOrder {
        started_at: order.started_at - TimeDelta::seconds(29),
        ..order.clone()
    };
    let service = CannedService::start([page_with(&earlier, &created.json()["input"], None)]).await;

    let orphan = replicate_at(&service.url())
        .find_orphan(&order, None)
        .await
        .unwrap()
        .unwrap();

    assert_eq!(orphan.state, PredictionState::Working);
}

#[tokio::test]
async fn a_refused_cancellation_is_no_error_when_the_prediction_is_over() {
    let refused = problem("422 Unprocessable Entity", "already completed");
    for (status, is_fine) in [
        ("succeeded", true),
        ("failed", true),
        ("canceled", true),
        ("processing", false),
    ] {
        let prediction = json_answer("200 OK", "", &json!({"id": "p1", "status": status}));
        let service = CannedService::start([refused.clone(), prediction]).await;
        let canceled = replicate_at(&service.url()).cancel("p1").await;
        assert_eq!(canceled.is_ok(), is_fine, "{status}");
        assert_eq!(service.asked()[0].line(), "POST /v1/predictions/p1/cancel");
    }
}
