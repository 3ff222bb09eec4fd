//! Keys: read, checked, and made from one another.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{reader::Reader, secret::Secret};
use crate::sealing::MasterKeys;

/// A variable's value, when [`parse_key`] understands it.
pub(super) fn secret_key(reader: &mut Reader<'_>, name: &str) -> Option<Secret> {
    let key = reader.secret(name)?;
    if parse_key(key.reveal()).is_none() {
        reader.problem(
            name,
            "must be 64 hexadecimal digits; make one with `openssl rand -hex 32`",
        );
        return None;
    }
    Some(key)
}

pub(super) fn master_keys(reader: &mut Reader<'_>) -> Option<MasterKeys> {
    let keys = reader.secret("AVA_MASTER_KEY")?;
    match MasterKeys::parse(keys.reveal()) {
        Ok(keys) => Some(keys),
        Err(error) => {
            reader.problem("AVA_MASTER_KEY", error);
            None
        }
    }
}

/// 64 hexadecimal digits as 32 bytes.
pub fn parse_key(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}

/// A key for another purpose, from which the first one cannot be told: HMAC-SHA-256 of the purpose's name.
pub fn derived_key(key: &[u8; 32], purpose: &str) -> [u8; 32] {
    #[expect(clippy::unwrap_used, reason = "HMAC takes keys of any length")]
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.chain_update(purpose).finalize().into_bytes().into()
}
