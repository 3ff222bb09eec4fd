//! How Ava is reached: the HTTP API, its problems, and its OpenAPI document.
//!
//! Every operation is parse, ask, answer: bodies and headers become checked values, `application`
//! decides, and the answer comes from `projections`. The contract is the generated document
//! (`docs/openapi.json`); a test keeps the two the same.

mod app;
mod audit;
mod avatars;
mod billing;
mod body;
mod command;
mod cursor;
mod dev_token;
mod documentation;
mod envelope;
mod examples;
mod gate;
mod idempotency;
mod image_webhooks;
mod metrics;
mod parameters;
mod photos;
mod positions;
mod problem;
mod provenance;
mod read;
mod reply;
mod request_id;
mod service;
mod signed_url;
mod updates;

pub use app::{App, serve};
pub use documentation::openapi;
pub use metrics::serve_metrics;
pub use problem::Code;
