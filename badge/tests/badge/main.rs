//! Drawing the badge and finding it again, in one test binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod finding;
mod scenes;
