//! The API on a real port and a real database, against the sandbox.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod admin;
mod audit;
mod audit_events;
mod avatars;
mod billing;
mod chat;
mod conduct;
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
mod rate_limits;
mod read_models;
mod reports;
mod service;
mod story;
mod stream;
mod test_app;
mod transparency;
mod updates;
mod web_client;
