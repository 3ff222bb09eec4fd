//! What is true of the domain, as tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod avatar;
mod event_format;
mod given;
mod photo_request;
mod photo_request_invariants;
mod policy;
mod prompt;
mod subscription;
mod subscription_convergence;
mod table;
mod values;
