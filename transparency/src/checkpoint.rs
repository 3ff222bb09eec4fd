//! What a log commits itself to (C2SP tlog-checkpoint).

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    merkle::Hash,
    note::{NoteError, SigningKey, VerifierKey, open},
};

/// How many events a log has, and the root over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many events it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// A note that is no checkpoint of the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotACheckpoint {
    /// It is no note that counts.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It says something else.
    #[error("is no checkpoint: {0}")]
    Malformed(&'static str),
    /// It speaks of another log than its key.
    #[error("speaks of the log {0:?}, which its key does not belong to")]
    AnotherLog(String),
}

impl Checkpoint {
    /// As a note that the key signs.
    pub fn signed(&self, key: &SigningKey) -> String {
        key.sign(&self.to_string())
    }

    /// Reads a note that one of these keys has signed.
    ///
    /// # Errors
    /// As [`NotACheckpoint`] says.
    pub fn open(note: &str, keys: &[VerifierKey]) -> Result<Self, NotACheckpoint> {
        let checkpoint = Self::parse(open(note, keys)?)?;
        if keys.iter().any(|key| key.name() == checkpoint.origin) {
            Ok(checkpoint)
        } else {
            Err(NotACheckpoint::AnotherLog(checkpoint.origin))
        }
    }

    fn parse(text: &str) -> Result<Self, NotACheckpoint> {
        use NotACheckpoint::Malformed;
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty());
        let origin = origin.ok_or(Malformed("its first line, the name of the log, is empty"))?;
        let size = lines.next().and_then(|size| {
            let number = size.parse::<u64>().ok()?;
            (number.to_string() == size).then_some(number)
        });
        let size = size.ok_or(Malformed("its second line is not the number of events"))?;
        let root = lines.next().and_then(|root| {
            let bytes = BASE64_STANDARD.decode(root).ok()?;
            Hash::try_from(bytes).ok()
        });
        let root = root.ok_or(Malformed("its third line is not a SHA-256 in base64"))?;
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
        })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = BASE64_STANDARD.encode(self.root);
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}
