//! What surrounds every request: its ids, its log line, problems as bodies, and no panic that gets out.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use application::{figures::REQUESTS, traces};
use futures::FutureExt;
use tracing::{Instrument, field::Empty};

use crate::{
    problem::{Code, Problem},
    rate_limits,
    request_id::RequestId,
};

/// The middleware around every request.
///
/// HEAD is answered as GET without the body. The log line names the route's pattern and not the path, and
/// never a header or a body, so that nothing about a person gets into it.
pub(crate) async fn envelope(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut ids = RequestId::of(request.headers());
    let method = request.method().clone();
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let started = Instant::now();
    let span = tracing::info_span!(
        "request",
        request_id = %ids.text,
        trace_id = ids.trace_id.as_deref(),
        method = %method,
        // For collectors of traces.
        otel.kind = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
    );
    if traces::are_collected() {
        span.record("otel.kind", "server");
        ids.trace(&span);
    }
    request.extensions_mut().insert(ids.clone());

    let outcome = match rate_limits::admit(&request) {
        Ok(()) => AssertUnwindSafe(next.call(request))
            .catch_unwind()
            .instrument(span.clone())
            .await
            .map(|answer| answer.map(ServiceResponse::map_into_boxed_body)),
        Err(problem) => Ok(Ok(request.error_response(problem))),
    };
    let response = match outcome {
        Ok(response) => response?,
        Err(_) => {
            // The panic hook has written where and why. The request went down with its handler.
            span.in_scope(|| tracing::error!("A handler panicked; answering with 500"));
            return Err(
                Unhandled(Problem::plain(Code::InternalError).about(&ids.text), ids).into(),
            );
        }
    };
    let mut response = with_problem_body(response, &ids);
    set_headers(&mut response, &ids);
    rate_limits::tell(&mut response);
    if method == Method::HEAD {
        response = without_body(response);
    }
    let route = response.request().match_pattern();
    let route = route.as_deref().unwrap_or("none");
    let status = response.status().as_u16();
    let took = started.elapsed();
    REQUESTS.took([known(&method), route, response.status().as_str()], took);
    if traces::are_collected() {
        span.record("http.route", route);
        // Signed: any other number becomes text on its way.
        span.record("http.response.status_code", i64::from(status));
    }
    span.in_scope(|| log(&method, route, status, took));
    Ok(response)
}

/// Says what was answered; what supervisors ask all the time, only to whoever wants to know.
fn log(method: &Method, route: &str, status: u16, took: Duration) {
    let duration_ms = took.as_secs_f64() * 1000.0;
    if route == "/health" || route == "/ready" {
        tracing::debug!(
            route,
            status,
            duration_ms,
            "Answered {method} {route} with {status}"
        );
    } else {
        tracing::info!(
            route,
            status,
            duration_ms,
            "Answered {method} {route} with {status}"
        );
    }
}

/// A method as a label, of which there must not be more than we know.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PATCH | Method::PUT => method.as_str(),
        Method::DELETE | Method::OPTIONS => method.as_str(),
        _ => "other",
    }
}

/// Gives every 4xx and 5xx that has none a problem's body, and every problem the request's id.
fn with_problem_body(response: ServiceResponse, ids: &RequestId) -> ServiceResponse {
    if !(response.status().is_client_error() || response.status().is_server_error()) {
        return response;
    }
    let error = response.response().error();
    let problem = match error.and_then(|error| error.as_error::<Problem>()) {
        Some(problem) => problem.clone(),
        // A handler that wrote a body of its own meant it.
        None if error.is_none() && !is_empty(response.response().body()) => return response,
        None => framework_problem(response.status()),
    };
    let (request, _) = response.into_parts();
    let answer = actix_web::ResponseError::error_response(&problem.about(&ids.text));
    ServiceResponse::new(request, answer)
}

fn is_empty(body: &BoxBody) -> bool {
    matches!(body.size(), BodySize::None | BodySize::Sized(0))
}

/// What the web framework refuses on its own.
fn framework_problem(status: StatusCode) -> Problem {
    Problem::plain(match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        status if status.is_client_error() => Code::InvalidParameter,
        _ => Code::InternalError,
    })
}

fn set_headers(response: &mut ServiceResponse, ids: &RequestId) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&ids.text) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}

/// A stream would be run for nobody; a body of known size only tells its size.
fn without_body(response: ServiceResponse) -> ServiceResponse {
    match response.response().body().size() {
        BodySize::None | BodySize::Sized(_) => response,
        BodySize::Stream => response.map_body(|_, _| BoxBody::new(())),
    }
}

/// A problem that is answered without the request, which a panic took down.
#[derive(Debug)]
struct Unhandled(Problem, RequestId);

impl std::fmt::Display for Unhandled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl actix_web::ResponseError for Unhandled {
    fn status_code(&self) -> StatusCode {
        self.0.status_code()
    }

    fn error_response(&self) -> actix_web::HttpResponse {
        let mut response = self.0.error_response();
        if let Ok(id) = HeaderValue::from_str(&self.1.text) {
            let name = HeaderName::from_static("x-request-id");
            response.headers_mut().insert(name, id);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App, HttpResponse,
        middleware::from_fn,
        test::{self, TestRequest},
        web,
    };

    use super::*;

    async fn panics() -> HttpResponse {
        panic!("a secret of the handler's")
    }

    #[actix_web::test]
    async fn a_panic_is_a_500_that_does_not_say_why() {
        let app = App::new()
            .route("/", web::get().to(panics))
            .wrap(from_fn(envelope));
        let app = test::init_service(app).await;
        let request = TestRequest::get().insert_header(("x-request-id", "order-7"));
        let outcome = test::try_call_service(&app, request.to_request()).await;
        let response = outcome.expect_err("a panic").error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let header = |name| response.headers().get(name).map(HeaderValue::as_bytes);
        assert_eq!(header("x-request-id"), Some(b"order-7".as_slice()));
        let media_type = header("content-type");
        assert_eq!(media_type, Some(b"application/problem+json".as_slice()));
        let body = actix_web::body::to_bytes(response.into_body()).await;
        let body = String::from_utf8(body.expect("a body").to_vec()).expect("text");
        assert!(body.contains("\"request_id\":\"order-7\""), "{body}");
        assert!(!body.contains("secret"), "{body}");
    }
}
