//! What goes to Stripe over the wire, and what is read of its answers.

use application::{
    figures::PROVIDER_CALLS,
    ports::{PaymentError, PaymentGateway},
    traces::{Place, SPANS},
};
use domain::values::UserId;
use infrastructure::{limits::PAYMENT_ANSWER, stripe::Stripe};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::json;
use tracing::{Instrument, info_span};
use tracing_subscriber::layer::SubscriberExt;
use uuid::Uuid;

use crate::{
    canned_service::{CannedService, answer, json_answer},
    stripe_account::{KEY, settings},
};

async fn stripe_that_answers(
    answers: impl IntoIterator<Item = Vec<u8>>,
) -> (Stripe, CannedService) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let service = CannedService::start(answers).await;
    let stripe = Stripe::new(settings(&service.url())).unwrap();
    (stripe, service)
}

#[tokio::test]
async fn stripe_is_told_of_the_trace_and_of_the_version_and_key_that_are_meant() {
    let (stripe, service) =
        stripe_that_answers([json_answer("200 OK", "", &json!({"id": "cus_1"}))]).await;
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let span = info_span!(target: SPANS, "work");
    let place = Place::of(&span).unwrap();
    let user = UserId(Uuid::now_v7());
    let asked = stripe.create_customer(user, Some("ada+1@example.com"), "once");
    assert_eq!(asked.instrument(span).await.unwrap(), "cus_1");

    let [asked] = service.asked().try_into().unwrap();
    assert_eq!(asked.line(), "POST /v1/customers");
    let told = asked.header("traceparent").unwrap();
    assert!(
        told.starts_with(&format!("00-{}-", place.trace_id)),
        "{told}"
    );
    assert!(
        !told.contains(&place.span_id),
        "the call is a span of its own"
    );
    assert_eq!(
        asked.header("authorization"),
        Some(&*format!("Bearer {KEY}"))
    );
    assert_eq!(asked.header("idempotency-key"), Some("once"));
    assert_eq!(
        asked.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert!(asked.header("stripe-version").unwrap().starts_with("20"));
    let body = String::from_utf8(asked.body).unwrap();
    assert!(body.contains("email=ada%2B1@example.com"), "{body}");
}

#[tokio::test]
async fn what_identifies_nobody_is_sent_once_and_without_a_trace_where_nobody_collects() {
    let list = json!({"data": [], "has_more": false});
    let (stripe, service) = stripe_that_answers([json_answer("200 OK", "", &list)]).await;
    let page = stripe.subscriptions_of("cus_1").await.unwrap();
    assert!(page.subscriptions.is_empty());
    let [asked] = service.asked().try_into().unwrap();
    assert!(
        asked.line().starts_with("GET /v1/subscriptions?")
            && asked.line().contains("customer=cus_1"),
        "{}",
        asked.line()
    );
    assert_eq!(asked.header("traceparent"), None);
    let labels = ["stripe", "read", "done"].map(str::to_owned);
    let counted = PROVIDER_CALLS.now();
    assert!(counted.iter().any(|(known, _)| *known == labels));
    assert_eq!(asked.header("idempotency-key"), None);
}

#[tokio::test]
async fn an_answer_with_more_than_eight_mebibytes_is_not_read_to_its_end() {
    let with = |length: usize| {
        let mut body = br#"{"id": "cus_1"}"#.to_vec();
        body.resize(length, b' ');
        answer("200 OK", "", &body)
    };
    let (stripe, _service) =
        stripe_that_answers([with(PAYMENT_ANSWER), with(PAYMENT_ANSWER + 1)]).await;
    let user = UserId(Uuid::now_v7());
    let read = stripe.create_customer(user, None, "once").await;
    assert_eq!(read.unwrap(), "cus_1");
    match stripe.create_customer(user, None, "once").await {
        Err(PaymentError::Unavailable(why)) => {
            let told = format!("more than {PAYMENT_ANSWER} bytes");
            assert!(why.to_string().contains(&told), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_echoes_the_key_does_not_bring_it_into_our_words() {
    let echo = json!({"error": {"type": "invalid_request_error", "message": format!("no {KEY}")}});
    let (stripe, _service) =
        stripe_that_answers([json_answer("401 Unauthorized", "", &echo)]).await;
    let failed = stripe.subscription("sub_1").await;
    let said = format!("{failed:?}");
    assert!(said.contains("401") && !said.contains(KEY), "{said}");
}
