//! The request that this thread works on at the moment, for reports that come from anywhere within it, panics included.

use std::{cell::RefCell, fmt};

use tracing::{
    Id, Subscriber,
    field::{Field, Visit},
    span::Attributes,
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

thread_local! {
    static ENTERED: RefCell<Vec<RequestIds>> = const { RefCell::new(Vec::new()) };
}

/// The ids of a request, as its span has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RequestIds {
    pub(super) request_id: Option<String>,
    /// The W3C trace id.
    pub(super) trace_id: Option<String>,
}

/// The ids of the request that this thread works on.
pub(super) fn ids() -> RequestIds {
    let innermost = ENTERED.with_borrow(|entered| entered.last().cloned());
    innermost.unwrap_or_default()
}

/// Follows which spans with a `request_id` are entered.
pub(super) struct CurrentRequest;

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for CurrentRequest {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut ids = RequestIds::default();
        attributes.record(&mut ids);
        if let Some(span) = context.span(id).filter(|_| ids.request_id.is_some()) {
            span.extensions_mut().insert(ids);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(ids) = context.span(id).and_then(|span| of(&span)) {
            ENTERED.with_borrow_mut(|entered| entered.push(ids));
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if context.span(id).and_then(|span| of(&span)).is_some() {
            ENTERED.with_borrow_mut(Vec::pop);
        }
    }
}

fn of<S: for<'s> LookupSpan<'s>>(span: &SpanRef<'_, S>) -> Option<RequestIds> {
    span.extensions().get::<RequestIds>().cloned()
}

impl Visit for RequestIds {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "request_id" => self.request_id = Some(value.to_owned()),
            "trace_id" => self.trace_id = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if matches!(field.name(), "request_id" | "trace_id") {
            self.record_str(field, &format!("{value:?}"));
        }
    }
}
