//! A secret that signs and checks tokens alike.

/// A secret that we share with the issuer of the tokens.
#[derive(Clone)]
pub struct SharedSecret(String);

/// The secret is too short: anybody could try out all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token secret has {0} bytes; HS256 needs at least {min}", min = SharedSecret::MIN_BYTES)]
pub struct WeakSecret(pub usize);

impl SharedSecret {
    /// RFC 7518, section 3.2: a key of the hash's size or larger.
    pub const MIN_BYTES: usize = 32;

    /// Accepts a secret of at least `MIN_BYTES`.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn new(secret: impl Into<String>) -> Result<Self, WeakSecret> {
        let secret = secret.into();
        if secret.len() < Self::MIN_BYTES {
            return Err(WeakSecret(secret.len()));
        }
        Ok(Self(secret))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedSecret(…)")
    }
}
