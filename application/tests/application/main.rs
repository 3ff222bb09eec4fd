//! Use cases on the in-memory log, which passes the same contract suite as the real one.
#![allow(clippy::unwrap_used, missing_docs)]

mod conversations;
mod dispatcher;
mod managing;
mod old_events;
mod payment_notices;
mod people;
mod photos;
mod provider;
mod reconciliation;
mod shop;
mod story;
mod subscriptions;
