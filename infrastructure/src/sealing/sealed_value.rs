//! One sealed value: AES-256-GCM, bound to the one place of the one event that it was sealed for.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};
use uuid::Uuid;

/// The first byte of every sealed value: this layout, under a person's first and so far only key.
const VERSION: u8 = 1;
/// What the associated data begin with.
const PURPOSE: &[u8] = b"ava sealed value";
/// The bytes of an AES-256 key.
pub(super) const KEY_BYTES: usize = 32;

/// The key that one person's values are sealed with.
///
/// Each value has a random nonce of 96 bits, so one key may seal 2^32 values (NIST SP 800-38D, 8.3): one every second for
/// 136 years.
pub struct DataKey {
    /// Which key it is; no secret.
    pub id: Uuid,
    cipher: LessSafeKey,
}

impl DataKey {
    /// The key of that id and these bytes.
    pub fn new(id: Uuid, bytes: &[u8; KEY_BYTES]) -> Self {
        Self {
            id,
            cipher: cipher(bytes),
        }
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKey({})", self.id)
    }
}

/// The event that a value stands in, by its place in the aggregate's history: nothing else is ever there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns say it")]
pub struct Home<'a> {
    pub aggregate_type: &'a str,
    pub aggregate_id: &'a str,
    /// 1, 2, 3 …
    pub sequence: u64,
}

/// Why a sealed value was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// It does not look like one.
    #[error("what is sealed at {0:?} has no form that is known here")]
    Malformed(String),
    /// It was changed, moved here from elsewhere, or sealed with another key.
    #[error(
        "what is sealed at {0:?} was not sealed for this place of this event with this person's key: it was changed or moved"
    )]
    Foreign(String),
    /// Nobody has a key.
    #[error("there is no data key of the person {0}, and no sign that it was destroyed")]
    NoKey(Uuid),
    /// The key is wrapped with a master key that is not at hand.
    #[error(
        "the data key of the person {person} is wrapped with the master key {master}, which AVA_MASTER_KEY does not hold"
    )]
    NoMasterKey {
        /// Whose.
        person: Uuid,
        /// Which one; no secret.
        master: String,
    },
    /// The wrapped key was changed, or is another person's.
    #[error("the data key of the person {0} was changed in the database")]
    KeyChanged(Uuid),
    /// The event's JSON or its metadata cannot be read.
    #[error("the JSON around it cannot be read: {0}")]
    Unreadable(String),
}

/// Seals a value for one place of one event: version, nonce, ciphertext and tag, as base64url without padding.
///
/// # Errors
/// When the system gives no random bytes.
pub(super) fn seal(
    key: &DataKey,
    home: Home<'_>,
    pointer: &str,
    value: &str,
) -> Result<String, ring::error::Unspecified> {
    let mut bytes = Vec::with_capacity(1 + NONCE_LEN + value.len() + AES_256_GCM.tag_len());
    bytes.push(VERSION);
    encrypt(
        &key.cipher,
        &associated(home, pointer),
        value.as_bytes(),
        &mut bytes,
    )?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Opens what [`seal`] sealed, for the place where it stands now.
///
/// # Errors
/// When it was not sealed for that place with that key, or is not whole.
pub(super) fn open(
    key: &DataKey,
    home: Home<'_>,
    pointer: &str,
    sealed: &str,
) -> Result<String, NotOpened> {
    let malformed = || NotOpened::Malformed(pointer.to_owned());
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(sealed)
        .map_err(|_| malformed())?;
    let Some((&VERSION, bytes)) = bytes.split_first() else {
        return Err(malformed());
    };
    let opened = decrypt(&key.cipher, &associated(home, pointer), bytes)
        .ok_or_else(|| NotOpened::Foreign(pointer.to_owned()))?;
    String::from_utf8(opened).map_err(|_| malformed())
}

/// What a value is bound to: no two places have the same bytes.
fn associated(home: Home<'_>, pointer: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend(PURPOSE);
    bytes.push(VERSION);
    for text in [home.aggregate_type, home.aggregate_id] {
        // PostgreSQL keeps no text of 1 GiB or more.
        bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes.extend(home.sequence.to_be_bytes());
    bytes.extend(pointer.as_bytes());
    bytes
}

pub(super) fn cipher(key: &[u8; KEY_BYTES]) -> LessSafeKey {
    #[expect(
        clippy::unwrap_used,
        reason = "the key has the length that AES-256 takes"
    )]
    let key = UnboundKey::new(&AES_256_GCM, key).unwrap();
    LessSafeKey::new(key)
}

/// Appends nonce, ciphertext and tag.
pub(super) fn encrypt(
    key: &LessSafeKey,
    associated: &[u8],
    plain: &[u8],
    bytes: &mut Vec<u8>,
) -> Result<(), ring::error::Unspecified> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce)?;
    bytes.extend(nonce);
    let start = bytes.len();
    bytes.extend(plain);
    let tag = key.seal_in_place_separate_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(associated),
        &mut bytes[start..],
    )?;
    bytes.extend(tag.as_ref());
    Ok(())
}

/// Reads nonce, ciphertext and tag; none when they do not belong together, or to these associated data.
pub(super) fn decrypt(key: &LessSafeKey, associated: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut sealed = sealed.to_vec();
    let length = key
        .open_in_place(nonce, Aad::from(associated), &mut sealed)
        .ok()?
        .len();
    sealed.truncate(length);
    Some(sealed)
}
