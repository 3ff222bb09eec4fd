//! The ids of a request: its own, which the client may choose, and the trace's that it belongs to.

use actix_web::{HttpMessage, HttpRequest, http::header::HeaderMap};
use application::traces::{self, Place};
use tracing::Span;
use uuid::Uuid;

/// The ids of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId {
    /// What `X-Request-Id` says: the client's own, when it is 1 to 128 plain characters, or else a UUIDv7.
    pub(crate) text: String,
    /// The same as a UUID, for the metadata of events: `text` itself when it is one, or else made from it.
    pub(crate) uuid: Uuid,
    /// The W3C trace id of `traceparent`, when there is a valid one; or else that of the request's own span, where somebody
    /// collects it.
    pub(crate) trace_id: Option<String>,
    /// The span of whoever asks, as `traceparent` says.
    parent: Option<Place>,
}

impl RequestId {
    /// The ids that those headers give.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = headers
            .get("x-request-id")
            .and_then(|value| value.to_str().ok())
            .filter(|text| is_plain(text))
            .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
        let uuid = Uuid::parse_str(&text)
            .unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()));
        let parent = headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok())
            .and_then(place);
        Self {
            text,
            uuid,
            trace_id: parent.as_ref().map(|parent| parent.trace_id.clone()),
            parent,
        }
    }

    /// Puts the request's span where whoever asks wants it, and takes the trace id from there.
    pub(crate) fn trace(&mut self, span: &Span) {
        if let Some(parent) = &self.parent {
            traces::join(span, parent);
        }
        if let Some(place) = Place::of(span) {
            span.record("trace_id", &place.trace_id);
            self.trace_id = Some(place.trace_id);
        }
    }

    /// The ids that the envelope gave to this request.
    pub(crate) fn of_request(request: &HttpRequest) -> Self {
        let known = request.extensions().get::<Self>().cloned();
        known.unwrap_or_else(|| Self::of(request.headers()))
    }
}

fn is_plain(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// The place in a `traceparent` (W3C Trace Context, version 00 and later ones that begin like it).
fn place(traceparent: &str) -> Option<Place> {
    let mut parts = traceparent.split('-');
    let (version, trace, parent, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b"0123456789abcdef".contains(&b))
    };
    let known = hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    let valid = known && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    let given = |id: &str| id.bytes().any(|byte| byte != b'0');
    (valid && given(trace) && given(parent)).then(|| Place {
        trace_id: trace.to_owned(),
        span_id: parent.to_owned(),
        sampled: true,
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn with(name: &'static str, value: &str) -> RequestId {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(value).expect("header text");
        headers.insert(HeaderName::from_static(name), value);
        RequestId::of(&headers)
    }

    #[test]
    fn a_plain_id_of_the_client_is_kept_and_always_gives_the_same_uuid() {
        let (first, second) = (
            with("x-request-id", "order-7.a"),
            with("x-request-id", "order-7.a"),
        );
        assert_eq!(first.text, "order-7.a");
        assert_eq!(first.uuid, second.uuid);
        let id = "0193e7f2-0000-7000-8000-000000000001";
        assert_eq!(with("x-request-id", id).uuid.to_string(), id);
    }

    #[test]
    fn an_id_that_is_not_plain_is_replaced() {
        for odd in ["", "two words", "<script>", &"x".repeat(129)] {
            let ids = with("x-request-id", odd);
            assert_eq!(ids.text, ids.uuid.to_string());
            assert_eq!(ids.uuid.get_version_num(), 7);
        }
    }

    #[test]
    fn only_a_valid_traceparent_gives_a_trace_id() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let valid = format!("00-{trace}-00f067aa0ba902b7-01");
        assert_eq!(with("traceparent", &valid).trace_id.as_deref(), Some(trace));
        let later = format!("01-{trace}-00f067aa0ba902b7-01-more");
        assert_eq!(with("traceparent", &later).trace_id.as_deref(), Some(trace));
        for bad in [
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
            format!("ff-{trace}-00f067aa0ba902b7-01"),
            format!("{valid}-more"),
            "nonsense".to_owned(),
        ] {
            assert_eq!(with("traceparent", &bad).trace_id, None, "{bad}");
        }
    }
}
