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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    /// The tree of RFC 6962's customary eight leaves, signed with the key of Go's package of signed notes; the web
    /// client's tests hold the same.
    const NOTE: &str = "PeterNeumann\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n\
        — PeterNeumann x08gozdSgLMzAnw63LH1RGViJhUfW60EUGKY7Kmr004fQNOSqfrcd1hIk3BCtdcLWIqvGtX67sL24VN+44uTlxMnbAA=\n";
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_checkpoint_is_read_as_the_web_client_reads_it() {
        let key: VerifierKey = KEY.parse().unwrap();
        let checkpoint = Checkpoint::open(NOTE, std::slice::from_ref(&key)).unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            ("PeterNeumann", 8)
        );
        let root = hex::encode(checkpoint.root);
        assert_eq!(
            root,
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        );
        assert!(NOTE.starts_with(&checkpoint.to_string()));
    }

    #[test]
    fn what_is_no_checkpoint_of_its_key_is_told() {
        let key = SigningKey::new("ava.test/log", &[1; 32]).unwrap();
        let open = |text: &str| {
            let said = Checkpoint::open(&key.sign(text), std::slice::from_ref(key.verifier()));
            said.unwrap_err().to_string()
        };
        let root = BASE64_STANDARD.encode([0; 32]);
        for (text, why) in [
            (format!("\n5\n{root}\n"), "the name of the log"),
            (
                format!("ava.test/log\n05\n{root}\n"),
                "the number of events",
            ),
            (
                format!("ava.test/log\n-1\n{root}\n"),
                "the number of events",
            ),
            ("ava.test/log\n5\nAAAA\n".to_owned(), "not a SHA-256"),
            ("ava.test/log\n5\n".to_owned(), "not a SHA-256"),
            (format!("other.test/log\n5\n{root}\n"), "speaks of the log"),
        ] {
            let told = open(&text);
            assert!(told.contains(why), "{text:?}: {told}");
        }
    }
}
