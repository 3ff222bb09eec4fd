//! A log as files that can be checked on a machine that has nothing else: `docs/AUDIT.md`, "A bundle".

mod columns;
mod line;
mod manifest;
mod reading;
mod writing;

pub use reading::{BundleVerified, Files, NotRead, verify, verify_directory};
pub use writing::{Maker, NotWritten};

/// The version of the whole.
const FORMAT: &str = "ava-bundle/1";
/// The events, a line each.
const EVENTS: &str = "events.jsonl";
/// The same as columns, when they were asked for.
const COLUMNS: &str = "events.parquet";
/// The signed checkpoint over them.
const CHECKPOINT: &str = "checkpoint";
/// Earlier checkpoints, and how they lead to it.
const PROOFS: &str = "proofs.jsonl";
/// What there is.
const MANIFEST: &str = "manifest.json";
/// Who says so.
const SIGNATURE: &str = "manifest.sig";
