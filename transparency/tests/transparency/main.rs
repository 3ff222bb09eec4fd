//! The tree, its proofs and its checkpoints: against the RFC, and over a real log in a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod bundles;
mod growing;
mod layout;
mod merkle;
mod test_log;
mod verifying;
