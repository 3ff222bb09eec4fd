//! What led to what, across processes: spans, and how they find each other by the metadata of events and by the W3C header
//! `traceparent`. They are made only where somebody collects them, as the telemetry of `infrastructure` says.

use domain::recorded::Metadata;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::{Level, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::context::Context as CommandContext;

/// The target of every span that is for collectors only: switched off where there is none, and never in a log line.
pub const SPANS: &str = "traces";

/// Where the metadata of an event keeps the span that recorded it.
pub const SPAN_ID: &str = "span_id";

/// Whether anybody collects spans. Decided once for each place in the code, so it costs nothing where nobody does.
pub fn are_collected() -> bool {
    tracing::enabled!(target: SPANS, Level::INFO)
}

/// A span's place in everything: 32 and 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The trace that it is a part of.
    pub trace_id: String,
    /// Its own.
    pub span_id: String,
    /// Whether the trace is collected.
    pub sampled: bool,
}

impl Place {
    /// Where that span is; none when nobody collects it.
    pub fn of(span: &Span) -> Option<Self> {
        if span.is_disabled() {
            return None;
        }
        let context = span.context();
        let span = context.span();
        let context = span.span_context();
        context.is_valid().then(|| Self {
            trace_id: context.trace_id().to_string(),
            span_id: context.span_id().to_string(),
            sampled: context.is_sampled(),
        })
    }

    /// Where this is called; none when nobody collects it.
    pub fn here() -> Option<Self> {
        are_collected()
            .then(|| Self::of(&Span::current()))
            .flatten()
    }

    /// Of what an event follows from, as its metadata says.
    pub fn of_event(metadata: &Metadata) -> Option<Self> {
        Some(Self {
            trace_id: metadata.trace_id.clone()?,
            span_id: metadata.more.get(SPAN_ID)?.clone(),
            sampled: true,
        })
    }

    /// As the header `traceparent` says it.
    pub fn traceparent(&self) -> String {
        let flags = u8::from(self.sampled);
        format!("00-{}-{}-{flags:02x}", self.trace_id, self.span_id)
    }
}

/// Makes a span that was not entered yet the child of one that may be another process's.
pub fn join(span: &Span, parent: &Place) {
    let ids = (
        TraceId::from_hex(&parent.trace_id),
        SpanId::from_hex(&parent.span_id),
    );
    if let (Ok(trace_id), Ok(span_id)) = ids {
        let parent = SpanContext::new(
            trace_id,
            span_id,
            // Whether a trace is collected, its id says: not who calls us.
            TraceFlags::SAMPLED,
            true,
            TraceState::default(),
        );
        // A span that nobody collects has no parent.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

/// The span of a command: a part of the one that it is given in, or else of what it follows from.
pub fn of_command(span: Span, context: &CommandContext) -> Span {
    if !span.is_disabled()
        && Place::here().is_none()
        && let (Some(trace_id), Some(span_id)) = (&context.trace_id, &context.span_id)
    {
        let cause = Place {
            trace_id: trace_id.clone(),
            span_id: span_id.clone(),
            sampled: true,
        };
        join(&span, &cause);
    }
    span
}

/// A span of a reaction to an event, in the trace of what the event followed from.
pub fn following(span: Span, metadata: &Metadata) -> Span {
    if !span.is_disabled()
        && let Some(cause) = Place::of_event(metadata)
    {
        join(&span, &cause);
    }
    span
}
