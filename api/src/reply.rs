//! Answers: resources as JSON, with the headers that belong to them.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use application::ports::Answer;
use domain::values::Position;
use serde::Serialize;

use crate::problem::Problem;

/// How many bytes a resource's JSON is given room for: a page of twenty photos fits, so that few bodies are moved while
/// they grow.
const BODY: usize = 16 * 1024;

/// An answer that can be kept under an idempotency key and given again.
pub(crate) struct Reply(Answer);

impl Reply {
    /// A resource as JSON.
    pub(crate) fn json(status: StatusCode, resource: &impl Serialize) -> Result<Self, Problem> {
        let mut body = Vec::with_capacity(BODY);
        serde_json::to_writer(&mut body, resource).map_err(|error| Problem::internal(&error))?;
        Ok(Self(Answer {
            status: status.as_u16(),
            headers: Vec::new(),
            body,
        })
        .header(header::CONTENT_TYPE.as_str(), "application/json"))
    }

    /// A text for people and programs.
    pub(crate) fn text(body: String) -> Self {
        Self(Answer {
            status: StatusCode::OK.as_u16(),
            headers: Vec::new(),
            body: body.into_bytes(),
        })
        .header(header::CONTENT_TYPE.as_str(), "text/plain; charset=utf-8")
    }

    /// No body at all.
    pub(crate) const fn empty() -> Self {
        Self(Answer {
            status: 204,
            headers: Vec::new(),
            body: Vec::new(),
        })
    }

    /// With the resource's version, which `If-Match` can name.
    pub(crate) fn etag(self, sequence: u64) -> Self {
        self.header("etag", &etag(sequence))
    }

    /// With the place of the new resource.
    pub(crate) fn location(self, path: &str) -> Self {
        self.header("location", path)
    }

    /// With the position that the command's events reached.
    pub(crate) fn at(self, position: Position) -> Self {
        self.header("log-position", &position.to_string())
    }

    /// With one more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.0.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As it is kept.
    pub(crate) const fn answer(&self) -> &Answer {
        &self.0
    }

    /// As it is sent.
    pub(crate) fn respond(self) -> HttpResponse {
        respond(self.0)
    }
}

/// An answer as it is sent. None of them may be cached: they are about a person.
pub(crate) fn respond(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    for (name, value) in answer.headers {
        response.insert_header((name, value));
    }
    if status == StatusCode::NO_CONTENT {
        return response.finish();
    }
    response.body(answer.body)
}

/// The `ETag` of a resource whose stream is at that sequence.
pub(crate) fn etag(sequence: u64) -> String {
    format!("\"{sequence}\"")
}
