//! Where pictures' bytes are kept.

use std::{ops::Range, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

/// Bytes that were read.
#[derive(Debug, Clone)]
pub struct StoredObject {
    /// The wanted part.
    pub bytes: Bytes,
    /// The size of the whole object in bytes.
    pub size: u64,
}

/// Why the storage did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is nothing under that key.
    #[error("there is no object {0:?}")]
    NotFound(String),
    /// The storage is away or full.
    #[error("the object storage cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The key of a finished picture, full or thumbnail. Each is a JPEG, named by its SHA-256 in lower-case hex.
#[must_use]
pub fn picture_key(sha256: &str) -> String {
    let folder: String = sha256.chars().take(2).collect();
    format!("pictures/{folder}/{sha256}.jpg")
}

/// An object store. Keys are made from content, so writing twice is harmless.
#[async_trait]
pub trait ObjectStorage: Send + Sync {
    /// Writes an object; durable on return.
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StorageError>;

    /// Reads an object, or a part of it.
    async fn get(&self, key: &str, range: Option<Range<u64>>)
    -> Result<StoredObject, StorageError>;

    /// Removes an object, and what was half written of it; one that is gone already is no error.
    async fn delete(&self, key: &str) -> Result<(), StorageError>;

    /// Removes what processes that died have half written of an object, which stays. Nobody may be writing it. Most stores show
    /// nothing of that: there is nothing to do then.
    async fn tidy(&self, _key: &str) -> Result<(), StorageError> {
        Ok(())
    }

    /// An absolute address at which anybody can get an object for so long; none where only we can read it. Whether the
    /// object is there is not asked.
    async fn address(&self, key: &str, lifetime: Duration) -> Result<Option<String>, StorageError>;

    /// Whether it can be written to; for `/ready`.
    async fn check(&self) -> Result<(), StorageError>;
}
