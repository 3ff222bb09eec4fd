//! What a bundle says that it holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::merkle::Hash;

/// `manifest.json`.
#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: String,
    pub(super) origin: String,
    pub(super) size: u64,
    #[serde(with = "hex")]
    pub(super) root: Hash,
    pub(super) layout: u8,
    pub(super) keys: Vec<String>,
    pub(super) files: BTreeMap<String, Sum>,
    pub(super) event_versions: Vec<EventVersion>,
    pub(super) schema_version: i64,
    pub(super) program: String,
    pub(super) created_at: String,
}

/// A file's length and hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sum {
    pub(super) bytes: u64,
    #[serde(with = "hex")]
    pub(super) sha256: Hash,
}

/// How many events there are of a version.
#[derive(Serialize, Deserialize)]
pub(super) struct EventVersion {
    pub(super) aggregate_type: String,
    pub(super) event_type: String,
    pub(super) event_version: String,
    pub(super) events: u64,
}

/// Adds up a file that is read or written piece by piece.
#[derive(Default)]
pub(super) struct Adding {
    bytes: u64,
    hash: Sha256,
}

impl Adding {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
    }

    pub(super) fn sum(self) -> Sum {
        Sum {
            bytes: self.bytes,
            sha256: self.hash.finalize().into(),
        }
    }
}

impl Sum {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut adding = Adding::default();
        adding.add(bytes);
        adding.sum()
    }
}
