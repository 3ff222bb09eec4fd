//! Tests of the crate against real parts: PostgreSQL, the sandbox over HTTP, the disk.
#![allow(clippy::unwrap_used, missing_docs)]

mod canned_service;
mod chat;
mod embedded_postgres;
mod event_log;
mod event_log_contract;
mod generated_secrets;
mod identity;
mod image_provider_contract;
mod inbox;
mod lifecycles;
mod old_events;
mod openai_images;
mod picture_fetching;
mod prediction_notices;
mod replicate;
mod replicate_wire;
mod scratch_database;
mod settings;
mod storage;
mod stripe;
mod stripe_account;
mod stripe_webhooks;
mod subscriptions;
mod visible_marks;
mod webhook_receiver;
