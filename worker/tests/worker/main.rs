//! The worker on a real database, against the sandbox over HTTP.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod accounts;
mod cancellation;
mod chat;
mod chat_crashes;
mod conversation;
mod crashes;
mod deletion;
mod erasure;
mod fallback;
mod ground_contract;
mod history;
mod leases;
mod left_files;
mod misbehaviour;
mod patience;
mod payment_notices;
mod payment_provider;
mod provider;
mod reconciliation;
mod reference_pictures;
mod rereading;
mod scenes;
mod steps;
mod system;
mod throttling;
mod uses;
