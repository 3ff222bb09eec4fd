//! Signed notes (C2SP signed-note) with Ed25519: a text, a blank line, and who signed it.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// The signature type Ed25519 of the specification.
const ALGORITHM: u8 = 1;
/// How a line of a signature begins: an em dash and a space.
const DASH: &str = "— ";

/// Whose signature counts: `name+key id+key`, as C2SP writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: [u8; 32],
}

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is no verifier key, which looks like ava.example.com/log+1a2b3c4d+AS…: {0}")]
pub struct MalformedKey(&'static str);

impl VerifierKey {
    fn new(name: String, key: [u8; 32]) -> Self {
        let hash = Sha256::new()
            .chain_update(&name)
            .chain_update(b"\n")
            .chain_update([ALGORITHM])
            .chain_update(key)
            .finalize();
        let id = [hash[0], hash[1], hash[2], hash[3]];
        Self { name, id, key }
    }

    /// Whose it is: the log's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn made(&self, signature: &[u8], text: &str) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.key)
            .verify(text.as_bytes(), signature)
            .is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed: Vec<u8> = [ALGORITHM].into_iter().chain(self.key).collect();
        let (id, key) = (hex::encode(self.id), BASE64_STANDARD.encode(typed));
        write!(f, "{}+{id}+{key}", self.name)
    }
}

impl FromStr for VerifierKey {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(MalformedKey("it has three parts, with + between"));
        };
        if !is_name(name) {
            return Err(MalformedKey("its name is empty or has a blank in it"));
        }
        let typed = BASE64_STANDARD.decode(key).unwrap_or_default();
        let Some((&ALGORITHM, key)) = typed.split_first() else {
            return Err(MalformedKey("its last part is no Ed25519 key in base64"));
        };
        let key = key
            .try_into()
            .map_err(|_| MalformedKey("its last part has not the length of an Ed25519 key"))?;
        let key = Self::new(name.to_owned(), key);
        if hex::encode(key.id) != id {
            return Err(MalformedKey(
                "its middle part does not fit the rest, so it was not copied as a whole",
            ));
        }
        Ok(key)
    }
}

/// Signs for a log.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl SigningKey {
    /// The key of the log with that name, from the 32 bytes that RFC 8032 calls the private key.
    ///
    /// # Errors
    /// When the name is empty, or has a blank or a `+` in it.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, MalformedKey> {
        if !is_name(name) {
            return Err(MalformedKey(
                "its name is empty, or has a blank or a + in it",
            ));
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| MalformedKey("the private key cannot be used"))?;
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        let verifier = VerifierKey::new(name.to_owned(), public);
        Ok(Self { pair, verifier })
    }

    /// The public half.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The line that signs a text, which must end with the end of a line.
    pub fn signature(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let bytes = [self.verifier.id.as_slice(), signature.as_ref()].concat();
        format!(
            "{DASH}{} {}\n",
            self.verifier.name,
            BASE64_STANDARD.encode(bytes)
        )
    }

    /// A text, which must end with the end of a line, as a signed note.
    pub(crate) fn sign(&self, text: &str) -> String {
        format!("{text}\n{}", self.signature(text))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifier)
    }
}

/// The key that signs now, and those that signed before it.
#[derive(Debug)]
pub struct KeyRing {
    signing: SigningKey,
    older: Vec<VerifierKey>,
}

impl KeyRing {
    /// Of those.
    pub const fn new(signing: SigningKey, older: Vec<VerifierKey>) -> Self {
        Self { signing, older }
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        self.signing.verifier.name()
    }

    /// The key that signs now.
    pub const fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// Everybody whose signature counts, the present one first.
    pub fn verifiers(&self) -> Vec<VerifierKey> {
        let present = self.signing.verifier.clone();
        std::iter::once(present)
            .chain(self.older.iter().cloned())
            .collect()
    }
}

/// Why a note says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no signed note.
    #[error("is no signed note: {0}")]
    Malformed(&'static str),
    /// Somebody else signed it, or nobody.
    #[error("is not signed with a known key")]
    Unsigned,
    /// A known key did not make the signature that names it.
    #[error("has a signature that does not fit: it was changed")]
    Forged,
}

/// The text of a note that one of these keys has signed.
///
/// # Errors
/// As [`NoteError`] says. Signatures of others say nothing; a wrong one of a known key says no.
pub(crate) fn open<'n>(note: &'n str, keys: &[VerifierKey]) -> Result<&'n str, NoteError> {
    let end = note.rfind("\n\n").ok_or(NoteError::Malformed(
        "there is no blank line before the signatures",
    ))?;
    // The blank line belongs to neither; the text keeps the end of its last line, which is signed too.
    let text = &note[..=end];
    signed(text, &note[end + 2..], keys)?;
    Ok(text)
}

/// Whether one of these keys has signed a text, by the lines of its signatures.
///
/// # Errors
/// As [`open`].
pub(crate) fn signed(text: &str, lines: &str, keys: &[VerifierKey]) -> Result<(), NoteError> {
    let lines = lines
        .strip_suffix('\n')
        .ok_or(NoteError::Malformed("its last line does not end"))?;
    let mut known = false;
    for line in lines.split('\n') {
        let (name, bytes) = parse(line)?;
        let theirs = keys
            .iter()
            .filter(|key| key.name == name && bytes[..4] == key.id);
        for key in theirs {
            if !key.made(&bytes[4..], text) {
                return Err(NoteError::Forged);
            }
            known = true;
        }
    }
    if known {
        Ok(())
    } else {
        Err(NoteError::Unsigned)
    }
}

/// The name in a line of a signature, and its bytes: the key's id and the signature.
fn parse(line: &str) -> Result<(&str, Vec<u8>), NoteError> {
    let (name, encoded) = line
        .strip_prefix(DASH)
        .and_then(|rest| rest.split_once(' '))
        .filter(|(name, _)| is_name(name))
        .ok_or(NoteError::Malformed(
            "a line of a signature begins with “— ”, and has a name and base64",
        ))?;
    let bytes = BASE64_STANDARD
        .decode(encoded)
        .map_err(|_| NoteError::Malformed("a signature is not base64"))?;
    if bytes.len() <= 4 {
        return Err(NoteError::Malformed("a signature is too short"));
    }
    Ok((name, bytes))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('+') && !name.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    // The example of the package that signed notes come from: golang.org/x/mod/sumdb/note, private half included.
    const NAME: &str = "PeterNeumann";
    const SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                        then you don't know what your problem is.\n";
    const LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn peter() -> SigningKey {
        let typed = BASE64_STANDARD.decode(SEED).unwrap();
        SigningKey::new(NAME, typed[1..].try_into().unwrap()).unwrap()
    }

    #[test]
    fn we_sign_as_the_package_does_that_signed_notes_come_from() {
        assert_eq!(peter().verifier().to_string(), KEY);
        assert_eq!(peter().sign(TEXT), format!("{TEXT}\n{LINE}"));
    }

    #[test]
    fn a_note_is_as_good_as_its_signature() {
        let keys = [KEY.parse().unwrap()];
        let note = format!("{TEXT}\n{LINE}");
        assert_eq!(open(&note, &keys), Ok(TEXT));
        let changed = note.replace("your problem is.", "our problem is.");
        assert_eq!(open(&changed, &keys), Err(NoteError::Forged));
        assert_eq!(open(&note, &[]), Err(NoteError::Unsigned));
        let witness = SigningKey::new("witness.example", &[7; 32]).unwrap();
        let both = format!("{note}{}", witness.signature(TEXT));
        assert_eq!(open(&both, &keys), Ok(TEXT), "others do no harm");
        let wrong = format!("{note}{}", peter().signature("another text\n"));
        assert_eq!(open(&wrong, &keys), Err(NoteError::Forged));
        for malformed in [
            "",
            TEXT,
            &format!("{TEXT}\n"),
            &format!("{TEXT}\n- ava x08g\n"),
            &format!("{TEXT}\n— ava x08g!\n"),
            &format!("{TEXT}\n— ava x08g\n"),
            note.trim_end(),
        ] {
            let said = open(malformed, &keys);
            assert!(
                matches!(said, Err(NoteError::Malformed(_))),
                "{malformed:?}: {said:?}"
            );
        }
    }

    #[test]
    fn a_key_that_was_not_copied_as_a_whole_is_none() {
        for bad in [
            "PeterNeumann".to_owned(),
            KEY.replace("c74f20a3", "c74f20a4"),
            KEY.replace("PeterNeumann", "PeterNewman"),
            KEY.replace("+ARpc", "+AhpC"),
            KEY[..KEY.len() - 4].to_owned(),
        ] {
            assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
        }
        assert!(SigningKey::new("a log", &[0; 32]).is_err());
    }
}
