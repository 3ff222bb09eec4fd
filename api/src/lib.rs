//! How Ava is reached: the HTTP API, its problems, and its OpenAPI document.
//!
//! Every operation is parse, ask, answer: bodies and headers become checked values, `application`
//! decides, and the answer comes from `projections`. The contract is the generated document
//! (`docs/openapi.json`); a test keeps the two the same.

mod account;
mod admin;
mod app;
mod as_of;
mod audit;
mod avatars;
mod billing;
mod body;
mod chat;
mod command;
mod cursor;
mod dev_token;
mod documentation;
mod envelope;
mod examples;
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod idempotency;
mod image_webhooks;
pub mod limits;
mod metrics;
mod pace;
mod paging;
mod parameters;
mod photos;
mod positions;
mod problem;
mod provenance;
mod rate_limits;
mod read;
mod reply;
mod reports;
mod request_id;
mod service;
mod serving;
mod signed_url;
mod steward;
mod updates;
mod web_client;

pub use app::{App, serve};
pub use documentation::openapi;
pub use metrics::serve_metrics;
pub use problem::Code;
pub use web_client::{OidcClient, PAGES, SignInWays, WebClient};
