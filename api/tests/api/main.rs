//! The API on a real port and a real database, against the sandbox.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod audit;
mod avatars;
mod billing;
mod conformance;
mod envelope;
mod grace;
mod idempotency;
mod image_webhooks;
mod images;
mod lists;
mod managing;
mod openapi;
mod options;
mod outside;
mod person;
mod photos;
mod preconditions;
mod provenance;
mod read_models;
mod service;
mod story;
mod test_app;
mod updates;
