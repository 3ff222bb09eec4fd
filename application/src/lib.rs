//! What can be asked: one module per aggregate, the dispatcher, and traits for the world outside.

pub mod avatars;
pub mod chance;
pub mod chat_figures;
pub mod chatting;
pub mod conduct;
pub mod content;
pub mod context;
pub mod conversations;
pub mod crash_points;
pub mod crisis;
pub mod dispatcher;
pub mod figures;
pub mod memory_log;
pub mod paced_model;
pub mod past_states;
pub mod people;
pub mod photos;
pub mod ports;
pub mod provenance;
pub mod rate_limits;
pub mod reports;
pub mod stewardship;
pub mod subscriptions;
pub mod traces;
