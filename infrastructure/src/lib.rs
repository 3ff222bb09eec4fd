//! How it is kept: the event log, keys, providers, payment, storage, configuration, telemetry.

pub mod chat;
pub mod credentials;
pub mod database;
pub mod embedded_postgres;
pub mod event_log;
pub mod hints;
pub mod identity;
pub mod image;
pub mod inbox;
pub mod limits;
pub mod prediction_notices;
pub mod rate_limits;
pub mod redis;
pub mod reply_drafts;
pub mod scratch_database;
pub mod scratch_redis;
pub mod sealing;
pub mod settings;
pub mod stand_in_clock;
pub mod standard_webhooks;
pub mod storage;
pub mod stripe;
pub mod telemetry;
pub mod wake_ups;
mod web_service;
mod webhook_signatures;
