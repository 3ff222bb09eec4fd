//! What is true of the domain, as tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod avatar;
mod conduct;
mod conversation;
mod disguises;
mod event_format;
mod event_samples;
mod event_shapes;
mod given;
mod golden_corpus;
mod golden_lock;
mod invented_versions;
mod json_shape;
mod person;
mod photo_request;
mod photo_request_invariants;
mod policy;
mod policy_corpus;
mod policy_properties;
mod policy_verdicts;
mod prompt;
mod recording;
mod report;
mod specifications;
mod stewardship;
mod subscription;
mod subscription_convergence;
mod table;
mod upcasting;
mod values;
