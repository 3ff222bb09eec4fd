//! What is true: the aggregates, their events, and the rules about content.
//!
//! No I/O, no clock, no randomness: times and ids arrive in the commands.

pub mod avatar;
pub mod conduct;
pub mod conversation;
pub mod event_versions;
pub mod person;
pub mod personal;
pub mod photo_request;
pub mod policy;
pub mod prompt;
pub mod recorded;
pub mod report;
pub mod stewardship;
pub mod subscription;
pub mod upcasting;
pub mod values;
