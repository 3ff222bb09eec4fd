//! Traces for a collector of OpenTelemetry's, over OTLP.
//!
//! Collected are spans of ours that are meant for it, and no log lines. Nothing of a person is in them: what goes out is
//! cleaned by the same rules as what goes to Sentry. A collector that is away costs nothing but its traces: they wait in a
//! queue of bounded length, and then are dropped.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use application::traces::SPANS;
use async_trait::async_trait;
use opentelemetry::{KeyValue, StringValue, Value, trace::TracerProvider};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{
        BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanEvents, SpanExporter, Tracer,
    },
};
use tokio::runtime::{self, Runtime};
use tracing::Metadata;
use tracing_subscriber::{Layer, Registry, filter::filter_fn};

use super::private::{REMOVED, cleaned, is_private};
use crate::settings::{Settings, TraceSettings};

/// Where the API makes a request's span, which log lines and traces share.
const REQUESTS: &str = "api::envelope";

/// How long the collector may take for one bundle.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a process that stops may take for the last ones.
const AT_STOP: Duration = Duration::from_secs(2);

/// What collects spans; [`Traces::end`] hands out what it still has.
pub(super) struct Traces {
    provider: SdkTracerProvider,
}

/// Begins to collect for that process, where somebody wants to know.
pub(super) fn start(settings: &Settings, process: &str) -> Option<Traces> {
    let traces = settings.traces.as_ref()?;
    match exporter(traces) {
        Ok(exporter) => {
            let resource = Resource::builder_empty()
                .with_attributes([
                    KeyValue::new("service.namespace", "ava"),
                    KeyValue::new("service.name", format!("ava-{process}")),
                    KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                    KeyValue::new(
                        "deployment.environment.name",
                        settings.environment.to_string(),
                    ),
                ])
                .build();
            let provider = SdkTracerProvider::builder()
                // The id decides, whatever whoever calls us would like: so all processes collect the same traces.
                .with_sampler(Sampler::TraceIdRatioBased(traces.share))
                .with_resource(resource)
                .with_span_processor(BatchSpanProcessor::builder(exporter).build())
                .build();
            Some(Traces { provider })
        }
        Err(error) => {
            eprintln!("ava: there are no traces, since {error}");
            None
        }
    }
}

impl Traces {
    /// What makes spans of ours into theirs.
    pub(super) fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
        let tracer: Tracer = self.provider.tracer("ava");
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_filter(filter_fn(is_collected))
            .boxed()
    }

    /// Hands out what was collected, for at most [`AT_STOP`].
    pub(super) fn end(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(AT_STOP) {
            tracing::warn!(%error, "The last traces did not reach the collector");
        }
    }
}

fn is_collected(metadata: &Metadata<'_>) -> bool {
    metadata.target() == SPANS || (metadata.is_span() && metadata.target() == REQUESTS)
}

fn exporter(traces: &TraceSettings) -> Result<Scrubbed, Box<dyn std::error::Error>> {
    let headers = traces
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.reveal().to_owned()));
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new()?)
        .with_endpoint(traces.address())
        .with_timeout(PATIENCE)
        .with_headers(headers.collect())
        .build()?;
    Ok(Scrubbed {
        exporter,
        is_away: AtomicBool::new(false),
    })
}

/// Our HTTP client, for a thread that knows nothing of tokio.
#[derive(Debug)]
struct Client {
    client: reqwest::Client,
    runtime: Option<Runtime>,
}

impl Client {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE);
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("traces")
            .enable_all()
            .build()?;
        Ok(Self {
            client: client.build()?,
            runtime: Some(runtime),
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let runtime = self.runtime.as_ref().ok_or("it has ended")?;
        let client = self.client.clone();
        let asked = runtime.spawn(async move {
            let answer = client.execute(request.try_into()?).await?;
            let status = answer.status();
            let body = answer.bytes().await?;
            Ok::<_, reqwest::Error>((status, body))
        });
        let (status, body) = asked.await??;
        Ok(Response::builder().status(status).body(body)?)
    }
}

/// Removes what nobody outside may see, and says when the collector is away: once, not with each bundle.
#[derive(Debug)]
struct Scrubbed {
    exporter: opentelemetry_otlp::SpanExporter,
    is_away: AtomicBool,
}

impl SpanExporter for Scrubbed {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(name_request);
        batch.iter_mut().for_each(scrub);
        let exported = self.exporter.export(batch).await;
        let was_away = self.is_away.swap(exported.is_err(), Ordering::Relaxed);
        match &exported {
            Err(error) if !was_away => {
                tracing::warn!(%error, "Traces do not reach the collector");
            }
            Ok(()) if was_away => tracing::info!("Traces reach the collector again"),
            Ok(()) | Err(_) => {}
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// A request is called by its method and its route, which is known only once it has begun.
fn name_request(span: &mut SpanData) {
    let attribute = |name: &str| {
        let mut all = span.attributes.iter();
        let found = all.find(|one| one.key.as_str() == name);
        found.map(|one| one.value.as_str().into_owned())
    };
    if span.name == "request"
        && let (Some(method), Some(route)) = (attribute("method"), attribute("http.route"))
    {
        span.name = format!("{method} {route}").into();
    }
}

fn scrub(span: &mut SpanData) {
    // No log line gets into a span; should a library put one there, it stays here.
    span.events = SpanEvents::default();
    span.name = cleaned(&span.name).into_owned().into();
    if let opentelemetry::trace::Status::Error { description } = &mut span.status {
        *description = cleaned(description).into_owned().into();
    }
    for attribute in &mut span.attributes {
        let shown = match &attribute.value {
            _ if is_private(attribute.key.as_str()) => REMOVED.to_owned(),
            Value::String(text) => cleaned(text.as_str()).into_owned(),
            _ => continue,
        };
        attribute.value = Value::String(StringValue::from(shown));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use std::{
        net::TcpListener,
        sync::{Arc, Mutex},
        time::Instant,
    };

    use opentelemetry::trace::{Span, Status, Tracer, TracerProvider};
    use opentelemetry_sdk::trace::SimpleSpanProcessor;

    use super::*;

    /// Keeps what it is given.
    #[derive(Debug, Clone, Default)]
    struct Kept(Arc<Mutex<Vec<SpanData>>>);

    impl SpanExporter for Kept {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().extend(batch);
            Ok(())
        }
    }

    /// What leaves the process of a span that was made so.
    fn scrubbed(make: impl FnOnce(&mut opentelemetry_sdk::trace::Span)) -> SpanData {
        let kept = Kept::default();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(SimpleSpanProcessor::new(kept.clone()))
            .build();
        let mut span = provider
            .tracer("test")
            .start("GET /photos of mara@example.com");
        make(&mut span);
        span.end();
        let mut span = kept.0.lock().unwrap().remove(0);
        scrub(&mut span);
        span
    }

    #[test]
    fn nothing_of_a_person_is_in_a_span_that_leaves_the_process() {
        let span = scrubbed(|span| {
            span.set_attribute(KeyValue::new("avatar.name", "Mirabelle"));
            span.set_attribute(KeyValue::new("prompt", 7));
            span.set_attribute(KeyValue::new("http.route", "/photos/{photo_id}"));
            span.set_attribute(KeyValue::new(
                "said",
                "no photo of user:1 at https://a.example/?x=1",
            ));
            span.add_event("hello", vec![KeyValue::new("text", "I missed you")]);
            span.set_status(Status::error("mara@example.com is away"));
        });
        assert_eq!(span.name, "GET /photos of [removed]");
        assert_eq!(span.events, SpanEvents::default());
        assert_eq!(span.status, Status::error("[removed] is away"));
        let shown: Vec<(&str, String)> = span
            .attributes
            .iter()
            .map(|one| (one.key.as_str(), one.value.to_string()))
            .collect();
        let expected = [
            ("avatar.name", "[removed]"),
            ("prompt", "[removed]"),
            ("http.route", "/photos/{photo_id}"),
            (
                "said",
                "no photo of [removed] at https://a.example/?[removed]",
            ),
        ];
        assert_eq!(
            shown,
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }

    #[test]
    fn a_collector_that_does_not_answer_keeps_no_process_from_its_end() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let look_up =
            |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| endpoint.clone());
        let traces = start(&Settings::read(&look_up).unwrap(), "test").unwrap();
        traces.provider.tracer("test").start("unheard").end();
        let begun = Instant::now();
        traces.end();
        drop(traces);
        assert!(begun.elapsed() < 2 * AT_STOP + Duration::from_secs(2));
    }
}
