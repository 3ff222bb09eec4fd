//! The keys that tokens are checked with, and which of them a token may be checked with.

mod jwk;

use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde_json::Value;

use super::SharedSecret;
use jwk::Unusable;

/// More keys than any issuer publishes; those after them are not looked at.
const MOST_KEYS: usize = 100;

/// A key with its only algorithm.
#[derive(Debug, Clone)]
pub(super) struct VerificationKey {
    /// What the issuer calls it.
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
    /// What makes it that key, so that the same one is known again.
    material: Vec<u8>,
}

impl PartialEq for VerificationKey {
    fn eq(&self, other: &Self) -> bool {
        let facts = |key: &Self| (key.id.clone(), key.algorithm, key.material.clone());
        facts(self) == facts(other)
    }
}

/// The keys of one issuer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct KeySet {
    keys: Vec<VerificationKey>,
    /// Whether there is one key that every token is checked with, whatever key it names.
    shared: bool,
}

/// Which keys a token may be checked with.
#[derive(Debug)]
pub(super) enum Candidates<'k> {
    /// One of these; at least one.
    Keys(Vec<&'k VerificationKey>),
    /// The set has no such key, and a newer one may.
    Unknown,
    /// No key at all, and why.
    Refused(&'static str),
}

/// That is no set of keys.
#[derive(Debug, thiserror::Error)]
#[error("the answer is no JSON Web Key Set: {0}")]
pub(super) struct NotAKeySet(&'static str);

impl KeySet {
    /// A secret, with which every token is signed that counts.
    pub(super) fn shared(secret: &SharedSecret) -> Self {
        let key = VerificationKey {
            id: None,
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(secret.as_bytes()),
            material: Vec::new(),
        };
        Self {
            keys: vec![key],
            shared: true,
        }
    }

    /// The usable keys of a JWK Set (RFC 7517, section 5), which says that others are to be passed over.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn of_jwks(bytes: &[u8]) -> Result<Self, NotAKeySet> {
        let set: Value = serde_json::from_slice(bytes).map_err(|_| NotAKeySet("it is not JSON"))?;
        let listed = set.get("keys").and_then(Value::as_array);
        let listed = listed.ok_or(NotAKeySet("it has no list `keys`"))?;
        let mut keys: Vec<VerificationKey> = Vec::new();
        for one in listed.iter().take(MOST_KEYS) {
            match jwk::read(one) {
                Ok(key) if keys.contains(&key) => {}
                Ok(key) => keys.push(key),
                Err(Unusable(why)) => {
                    let kid = one.get("kid").and_then(Value::as_str).unwrap_or("none");
                    tracing::debug!(
                        kid,
                        why,
                        "Passed over a key of the identity provider: {why}"
                    );
                }
            }
        }
        Ok(Self {
            keys,
            shared: false,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What the issuer calls its keys.
    pub(super) fn ids(&self) -> Vec<&str> {
        let ids = self.keys.iter().map(|key| key.id.as_deref());
        ids.map(|id| id.unwrap_or("(without kid)")).collect()
    }

    /// The keys that this header may mean. A key has one algorithm, so that the token's word about its own only ever
    /// excludes keys.
    ///
    /// Without a `kid` there must be one key of that algorithm (OpenID Connect Core 1.0, section 10.1). Keys of the same
    /// `kid` and algorithm are all tried: the issuer published each of them.
    pub(super) fn candidates(&self, header: &Header) -> Candidates<'_> {
        let of_algorithm = |key: &&VerificationKey| key.algorithm == header.alg;
        let kid = header.kid.as_deref().filter(|_| !self.shared);
        let named = |key: &&VerificationKey| kid.is_none() || key.id.as_deref() == kid;
        let named: Vec<_> = self.keys.iter().filter(named).collect();
        if named.is_empty() {
            return Candidates::Unknown;
        }
        let keys: Vec<_> = named.into_iter().filter(of_algorithm).collect();
        match keys.len() {
            // Without a name it may be one that is not known yet.
            0 if kid.is_none() && !self.shared => Candidates::Unknown,
            0 => Candidates::Refused("its algorithm is not the one of the key"),
            1 => Candidates::Keys(keys),
            _ if kid.is_none() => {
                Candidates::Refused("it names no key, and the issuer has several of its algorithm")
            }
            _ => Candidates::Keys(keys),
        }
    }
}
