//! How it is kept: the event log, keys, providers, payment, storage, configuration, telemetry.

pub mod event_log;
pub mod database;
pub mod embedded_postgres;
pub mod scratch_database;
pub mod image;
pub mod storage;
pub mod identity;
pub mod inbox;
pub mod stripe;
pub mod settings;
pub mod telemetry;
