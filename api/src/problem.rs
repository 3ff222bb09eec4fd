//! Every error as a problem document (RFC 9457).

mod code;
mod pages;
mod rejections;
mod responses;

use std::{error::Error, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderName, HeaderValue, RETRY_AFTER},
    },
};
use application::{content::Refusal, context::Intervening};
use chrono::{DateTime, Utc};
use domain::values::Position;
use serde::Serialize;
use utoipa::ToSchema;

pub use code::Code;
pub(crate) use pages::{problem_page, problems_page};
pub(crate) use responses::{BODY, COMMAND, GATE, READ, SIGNED_IN, documented, header, problems};

/// The media type of problem documents.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was not carried out (RFC 9457). Clients switch on `code`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem, title = "Problem")]
pub(crate) struct Document {
    /// The path of a page that explains this kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/problems/invalid-body")]
    kind: String,
    /// What this kind of problem is called.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What it was this time, for people.
    pub(crate) detail: String,
    /// The kind of problem, for programs.
    #[schema(value_type = Code)]
    pub(crate) code: &'static str,
    /// Names this request in the service's log; also in the header `X-Request-Id`.
    request_id: String,
    /// Every field, parameter and header that is not valid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: Vec<FieldError>,
    /// The rules about content that refuse, as `R1`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    rules: Vec<String>,
    /// The events that came between the state that `If-Match` names and now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    intervening: Option<Vec<InterveningEvent>>,
    /// Why the gate is closed: `none`, `payment_incomplete`, `incomplete_expired`, `payment_past_due`, `unpaid`, `paused`, `canceled` or `quota_exhausted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<&'static str>,
    /// Where a person can subscribe.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subscribe_url: Option<String>,
    /// Whether the person is a customer already, who can manage the means of payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    portal_available: Option<bool>,
    /// The names of the policies in `RateLimit-Policy` that the client has used up.
    #[serde(rename = "violated-policies", skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    violated_policies: Vec<&'static str>,
    /// The position in the event log that the read models have not reached yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    log_position: Option<u64>,
}

/// One thing that is not valid. Exactly one of `pointer`, `parameter` and `header` says where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// The place in the body, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/age", nullable = false)]
    pub(crate) pointer: Option<String>,
    /// The query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) parameter: Option<&'static str>,
    /// The header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) header: Option<&'static str>,
    /// What to send instead.
    #[schema(example = "must be a whole number from 20 to 120")]
    pub(crate) detail: String,
}

impl FieldError {
    /// A field of the body.
    pub(crate) fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: Some(pointer.into()),
            parameter: None,
            header: None,
            detail: detail.into(),
        }
    }

    /// A query parameter.
    pub(crate) fn parameter(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: None,
            parameter: Some(name),
            header: None,
            detail: detail.into(),
        }
    }

    /// A header.
    pub(crate) fn header(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: None,
            parameter: None,
            header: Some(name),
            detail: detail.into(),
        }
    }
}

/// An event that came in between.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InterveningEvent {
    /// Its place in the event log.
    #[schema(example = 41)]
    position: u64,
    /// What happened.
    #[schema(example = "ProfileChanged")]
    event_type: String,
    /// When it was committed.
    recorded_at: DateTime<Utc>,
}

/// What a person can do about a closed gate.
#[derive(Debug, Clone)]
pub(crate) struct ClosedGate {
    /// Where to subscribe.
    pub(crate) subscribe_url: String,
    /// Whether there is a customer, who can manage the means of payment.
    pub(crate) portal_available: bool,
}

/// An error as handlers return it; the envelope adds the request's id.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    code: Code,
    document: Box<Document>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of that kind, with what it was this time.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        let document = Document {
            kind: code.path(),
            title: code.title(),
            status: code.status_number(),
            detail: detail.into(),
            code: code.slug(),
            request_id: String::new(),
            errors: Vec::new(),
            rules: Vec::new(),
            intervening: None,
            reason: None,
            subscribe_url: None,
            portal_available: None,
            violated_policies: Vec::new(),
            log_position: None,
        };
        let problem = Self {
            code,
            document: Box::new(document),
            headers: Vec::new(),
        };
        match code.retry_after() {
            Some(seconds) => problem.header(RETRY_AFTER, &seconds.to_string()),
            None => problem,
        }
    }

    /// A problem of that kind whose detail needs no particulars.
    pub(crate) fn plain(code: Code) -> Self {
        Self::new(code, code.example())
    }

    /// A mistake of ours: the log says what, the client learns only that.
    pub(crate) fn internal(error: &dyn Error) -> Self {
        tracing::error!(error = %Chain(error), "Answering a request with 500");
        Self::plain(Code::InternalError)
    }

    /// Something that we need is away: the log says what, the client learns when to try again.
    pub(crate) fn unavailable(code: Code, error: &dyn Error) -> Self {
        tracing::warn!(error = %Chain(error), "Answering a request with {}: {}", code.status_number(), code.slug());
        Self::plain(code)
    }

    /// Every field, parameter or header that is not valid.
    pub(crate) fn invalid(code: Code, errors: Vec<FieldError>) -> Self {
        let noun = if code == Code::InvalidBody {
            "field"
        } else {
            "parameter"
        };
        let detail = match errors.len() {
            1 => format!("1 {noun} is not valid"),
            n => format!("{n} {noun}s are not valid"),
        };
        let mut problem = Self::new(code, detail);
        problem.document.errors = errors;
        problem
    }

    /// The read models have not seen that position.
    pub(crate) fn read_model_behind(position: Position) -> Self {
        let mut problem = Self::new(
            Code::ReadModelBehind,
            format!("the read models have not reached position {position} yet"),
        );
        problem.document.log_position = Some(position.0);
        problem
    }

    /// The client has used up what those policies grant.
    pub(crate) fn rate_limited(
        detail: impl Into<String>,
        seconds: u64,
        violated: Vec<&'static str>,
    ) -> Self {
        let mut problem =
            Self::new(Code::RateLimited, detail).header(RETRY_AFTER, &seconds.to_string());
        problem.document.violated_policies = violated;
        problem
    }

    /// The rules about content had to refuse too much.
    pub(crate) fn cooling_down(detail: impl Into<String>, seconds: i64) -> Self {
        Self::new(Code::ContentCoolDown, detail).header(RETRY_AFTER, &seconds.max(1).to_string())
    }

    /// The rules about content refuse, for these reasons.
    /// `crisis` is the answer to somebody who may be in danger, said instead of the rules' explanations.
    pub(crate) fn content_refused(refusal: Refusal, crisis: Option<&str>) -> Self {
        let detail = crisis.map_or_else(|| refusal.explanation(), str::to_owned);
        let mut problem = Self::new(Code::ContentRefused, detail);
        // The composed prompt is no field of anybody's request.
        let own = refusal.hits.iter().filter(|hit| hit.field != "prompt");
        problem.document.errors = own
            .map(|hit| {
                let detail = Refusal::explain(&hit.rule);
                FieldError::at(format!("/{}", hit.field), detail)
            })
            .collect();
        problem.document.rules = refusal.rules;
        problem
    }

    /// The resource is not the one that the client saw.
    pub(crate) fn precondition_failed(intervening: Vec<Intervening>) -> Self {
        let mut problem = Self::plain(Code::PreconditionFailed);
        let events = intervening.into_iter().map(|event| InterveningEvent {
            position: event.position.0,
            event_type: event.event_type,
            recorded_at: event.recorded_at,
        });
        problem.document.intervening = Some(events.collect());
        problem
    }

    /// With what a person can do about a closed gate.
    pub(crate) fn at_closed_gate(mut self, gate: ClosedGate) -> Self {
        self.document.subscribe_url = Some(gate.subscribe_url);
        self.document.portal_available = Some(gate.portal_available);
        self
    }

    /// With the word for the reason why the gate is closed.
    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.document.reason = Some(reason);
        self
    }

    /// With the position that the command's events reached.
    pub(crate) fn at_position(self, position: Position) -> Self {
        self.header(
            HeaderName::from_static("log-position"),
            &position.to_string(),
        )
    }

    /// With one more header.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        // Values that are no header text are left out: they never are anything but numbers and words of ours.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// The kind of problem.
    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    /// As the body that a client reads.
    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    /// With the id of the request that it answers.
    pub(crate) fn about(mut self, request_id: &str) -> Self {
        request_id.clone_into(&mut self.document.request_id);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.slug(), self.document.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.status());
        response.content_type(MEDIA_TYPE);
        response.insert_header((CACHE_CONTROL, "no-store"));
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        if self.code == Code::RequestTimeout {
            // What has not come by now is not waited for, not even to be thrown away.
            response.force_close();
        }
        match serde_json::to_vec(self.document.as_ref()) {
            Ok(body) => response.body(body),
            Err(error) => {
                tracing::error!(error = %error, "A problem document could not be written");
                response.finish()
            }
        }
    }
}

/// An error with its sources, on one line.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
