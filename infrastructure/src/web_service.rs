//! What the adapters of services over HTTP have in common: an address, a key, a client, and how long to wait.

mod api_base;
mod body;
mod retry_after;
mod words;

use application::traces::{self, Place, SPANS};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, header::HeaderValue, redirect};
use tracing::{Instrument, field::Empty, info_span};

pub(crate) use api_base::api_base;
pub(crate) use body::{BodyError, read_up_to, trouble};
pub(crate) use retry_after::{LONGEST_PAUSE, retry_after};
pub(crate) use words::known_words;

use crate::limits::CONNECT_TIME;

/// A client without its other limits on time. Redirects are not followed, so that nothing that is sent along goes
/// elsewhere. `allow_http` is for development: then `http` will do, and no proxy is used.
pub(crate) fn client(allow_http: bool) -> ClientBuilder {
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .https_only(!allow_http)
        .connect_timeout(CONNECT_TIME);
    if allow_http {
        client.no_proxy()
    } else {
        client
    }
}

/// The `Authorization` header for a key, which no log shows; none when it is no key that can stand in a header.
pub(crate) fn bearer(key: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {key}"))
        .ok()
        .filter(|_| !key.is_empty())?;
    header.set_sensitive(true);
    Some(header)
}

/// Sends a request to a service of that name. Where traces are collected it is a span, which the service is told of (W3C
/// `traceparent`).
pub(crate) async fn send(
    service: &'static str,
    request: RequestBuilder,
) -> reqwest::Result<Response> {
    if !traces::are_collected() {
        return request.send().await;
    }
    let span = info_span!(
        target: SPANS,
        "call",
        otel.name = service,
        otel.kind = "client",
        otel.status_code = Empty,
        http.response.status_code = Empty,
    );
    let request = match Place::of(&span) {
        Some(place) => request.header("traceparent", place.traceparent()),
        None => request,
    };
    let answer = request.send().instrument(span.clone()).await;
    match &answer {
        Ok(answer) => span.record(
            "http.response.status_code",
            i64::from(answer.status().as_u16()),
        ),
        Err(_) => span.record("otel.status_code", "ERROR"),
    };
    answer
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
    };

    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[tokio::test]
    async fn a_service_is_told_of_the_trace_where_traces_are_collected() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let service = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut head = [0; 2048];
            let length = connection.read(&mut head).unwrap();
            let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
            connection.write_all(answer).unwrap();
            String::from_utf8(head[..length].to_vec()).unwrap()
        });
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let span = info_span!(target: SPANS, "work");
        let place = Place::of(&span).unwrap();
        let request = client(true).build().unwrap().get(address);
        send("service", request).instrument(span).await.unwrap();
        let head = service.join().unwrap();
        let told = head.split("traceparent: ").nth(1).unwrap();
        assert!(
            told.starts_with(&format!("00-{}-", place.trace_id)),
            "{head}"
        );
        assert!(
            !told.contains(&place.span_id),
            "the call is a span of its own"
        );
        assert!(told.lines().next().unwrap().ends_with("-01"), "{head}");
    }
}
