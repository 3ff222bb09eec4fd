//! The engine and the read models, on a real PostgreSQL and the real event log.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod audit_index;
mod avatars;
mod awaiting;
mod chat_work;
mod erasure;
mod following;
mod gate;
mod histories;
mod messages;
mod mixed_log;
mod page_cuts;
mod parking;
mod past;
mod person_rows;
mod photo_work;
mod photos;
mod process;
mod reactions;
mod rebuild_catalogue;
mod rebuild_differences;
mod rebuild_interrupted;
mod rebuild_live;
mod rebuild_upgrade;
mod restarted;
mod self_check;
mod takeover;
mod test_log;
mod updates;
