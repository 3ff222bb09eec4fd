//! What is reported to Sentry, and what of it is not.
//!
//! Reported are panics, errors, which somebody must act on (a reaction that parks is one), and answers with a status of 5xx.
//! Nothing of a person is: no address, no token, no words; what could be either is removed before it leaves the process.

use sentry::{
    ClientInitGuard, ClientOptions,
    integrations::tracing::{BreadcrumbLayer, ErrorLayer},
    protocol::{Context, Event, TraceContext},
};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, filter_fn},
    registry::LookupSpan,
};

use super::{
    current_request::{self, CurrentRequest},
    private::{clean, clean_field, clean_value},
};
use crate::settings::Settings;

/// Where the API says that it answers with a 5xx since something is away.
const ANSWERS: &str = "api::problem";

/// Begins to report, where a project is configured.
pub(super) fn start(settings: &Settings) -> Option<ClientInitGuard> {
    let dsn = settings.sentry_dsn.as_ref()?;
    let options = ClientOptions::new()
        .release(concat!("ava@", env!("CARGO_PKG_VERSION")))
        .environment(settings.environment.to_string())
        .before_send(|event| Some(scrubbed(event)));
    Some(sentry::init((dsn.reveal(), options)))
}

/// What makes reports of log lines.
pub(super) fn layers<S>() -> Vec<Box<dyn Layer<S> + Send + Sync>>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let trail = BreadcrumbLayer::new().with_filter(LevelFilter::INFO);
    let reports = ErrorLayer::new().with_filter(filter_fn(is_reported));
    vec![Box::new(CurrentRequest), trail.boxed(), reports.boxed()]
}

fn is_reported(metadata: &Metadata<'_>) -> bool {
    let answers = metadata.target() == ANSWERS && *metadata.level() == Level::WARN;
    metadata.is_event() && (*metadata.level() == Level::ERROR || answers)
}

/// An event as it may leave the process, with the request that it came from.
fn scrubbed(mut event: Event<'static>) -> Event<'static> {
    event.user = None;
    event.request = None;
    event.server_name = None;
    for text in [
        &mut event.message,
        &mut event.culprit,
        &mut event.transaction,
    ] {
        text.iter_mut().for_each(clean);
    }
    if let Some(entry) = &mut event.logentry {
        clean(&mut entry.message);
        entry.params.iter_mut().for_each(clean_value);
    }
    for exception in &mut event.exception.values {
        exception.value.iter_mut().for_each(clean);
    }
    for breadcrumb in &mut event.breadcrumbs.values {
        breadcrumb.message.iter_mut().for_each(clean);
        breadcrumb
            .data
            .iter_mut()
            .for_each(|(name, value)| clean_field(name, value));
    }
    for (name, value) in &mut event.extra {
        clean_field(name, value);
    }
    for context in event.contexts.values_mut() {
        if let Context::Other(fields) = context {
            fields
                .iter_mut()
                .for_each(|(name, value)| clean_field(name, value));
        }
    }
    with_request(event)
}

fn with_request(mut event: Event<'static>) -> Event<'static> {
    let ids = current_request::ids();
    if let Some(request_id) = ids.request_id {
        event.tags.insert("request_id".to_owned(), request_id);
    }
    if let Some(trace_id) = ids.trace_id {
        if let Ok(trace_id) = trace_id.parse() {
            let trace = TraceContext {
                trace_id,
                ..TraceContext::default()
            };
            let trace = Context::Trace(Box::new(trace));
            event.contexts.insert("trace".to_owned(), trace);
        }
        event.tags.insert("trace_id".to_owned(), trace_id);
    }
    event
}
