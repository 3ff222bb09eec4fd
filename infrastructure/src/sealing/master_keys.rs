//! The keys that data keys are wrapped with. They are configured (`AVA_MASTER_KEY`) and never reach the database.

use std::{collections::HashSet, fmt, sync::Arc};

use domain::values::UserId;
use ring::{
    aead::LessSafeKey,
    rand::{SecureRandom, SystemRandom},
};
use uuid::Uuid;

use super::sealed_value::{DataKey, KEY_BYTES, NotOpened, cipher, decrypt, encrypt};
use crate::settings::{derived_key, parse_key};

/// What the associated data of a wrapped key begin with.
const PURPOSE: &[u8] = b"ava data key";
/// The first byte of a wrapped key: this layout.
const VERSION: u8 = 1;

/// The newest master key, which wraps, and older ones, which only unwrap. Cheap to clone.
///
/// A wrapped key has a random nonce of 96 bits, so one master key may wrap 2^32 data keys.
#[derive(Clone)]
pub struct MasterKeys(Arc<[MasterKey]>);

struct MasterKey {
    /// Says which key it is without telling it: the first 8 bytes of an HMAC under the key, in hexadecimal digits.
    id: String,
    cipher: LessSafeKey,
}

/// The text names no master keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be 64 hexadecimal digits, or several of those with commas between, the newest first, each once; \
     make one with `openssl rand -hex 32`"
)]
pub struct InvalidMasterKeys;

/// A data key as the database keeps it.
#[derive(Clone)]
pub(super) struct Wrapped {
    pub(super) bytes: Vec<u8>,
    pub(super) master: String,
}

impl MasterKeys {
    /// Reads 64 hexadecimal digits, or several of those with commas between, the newest first.
    ///
    /// # Errors
    /// When that is not what it is.
    pub fn parse(text: &str) -> Result<Self, InvalidMasterKeys> {
        let keys: Option<Vec<_>> = text.split(',').map(|key| parse_key(key.trim())).collect();
        let keys = keys.ok_or(InvalidMasterKeys)?;
        let different: HashSet<_> = keys.iter().collect();
        if different.len() < keys.len() {
            return Err(InvalidMasterKeys);
        }
        Ok(Self(keys.iter().map(MasterKey::new).collect()))
    }

    /// One key.
    pub fn one(key: &[u8; KEY_BYTES]) -> Self {
        Self(Arc::new([MasterKey::new(key)]))
    }

    /// Says which the newest one is, without telling it.
    pub fn newest_id(&self) -> &str {
        &self.0[0].id
    }

    /// A data key that nobody has, with what the database is to keep of it.
    pub(super) fn generate(
        &self,
        person: UserId,
    ) -> Result<(DataKey, Wrapped), ring::error::Unspecified> {
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut bytes)?;
        let id = Uuid::now_v7();
        let wrapped = self.wrap(person, id, &bytes)?;
        Ok((DataKey::new(id, &bytes), wrapped))
    }

    fn wrap(
        &self,
        person: UserId,
        id: Uuid,
        key: &[u8; KEY_BYTES],
    ) -> Result<Wrapped, ring::error::Unspecified> {
        let master = &self.0[0];
        let mut bytes = vec![VERSION];
        encrypt(&master.cipher, &associated(person, id), key, &mut bytes)?;
        Ok(Wrapped {
            bytes,
            master: master.id.clone(),
        })
    }

    /// The data key that the database keeps.
    pub(super) fn unwrap(
        &self,
        person: UserId,
        id: Uuid,
        wrapped: &Wrapped,
    ) -> Result<DataKey, NotOpened> {
        Ok(DataKey::new(id, &self.unwrapped(person, id, wrapped)?))
    }

    /// The same key, wrapped with the newest master key.
    pub(super) fn wrap_again(
        &self,
        person: UserId,
        id: Uuid,
        wrapped: &Wrapped,
    ) -> Result<Wrapped, NotOpened> {
        let key = self.unwrapped(person, id, wrapped)?;
        let again = self.wrap(person, id, &key);
        again.map_err(|_| NotOpened::KeyChanged(person.0))
    }

    fn unwrapped(
        &self,
        person: UserId,
        id: Uuid,
        wrapped: &Wrapped,
    ) -> Result<[u8; KEY_BYTES], NotOpened> {
        let master = self.0.iter().find(|master| master.id == wrapped.master);
        let master = master.ok_or_else(|| NotOpened::NoMasterKey {
            person: person.0,
            master: wrapped.master.clone(),
        })?;
        let changed = || NotOpened::KeyChanged(person.0);
        let Some((&VERSION, bytes)) = wrapped.bytes.split_first() else {
            return Err(changed());
        };
        decrypt(&master.cipher, &associated(person, id), bytes)
            .and_then(|key| key.try_into().ok())
            .ok_or_else(changed)
    }
}

impl MasterKey {
    fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self {
            id: hex::encode(&derived_key(key, "ava master key id")[..8]),
            cipher: cipher(key),
        }
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.0.iter().map(|key| &key.id);
        f.debug_list().entries(ids).finish()
    }
}

/// A wrapped key is good for one person only.
fn associated(person: UserId, id: Uuid) -> Vec<u8> {
    [PURPOSE, &[VERSION], person.0.as_bytes(), id.as_bytes()].concat()
}
