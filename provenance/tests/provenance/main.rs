//! Marking pictures and reading the marks back, without Content Credentials; in one test binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod bombs;
mod marking;
#[path = "../../../badge/tests/badge/scenes.rs"]
mod scenes;
mod visible_mark;
mod xmp;
