//! Content Credentials (C2PA): what pictures are signed with, where that is built in.
//!
//! C2PA Technical Specification 2.2. Without the feature `c2pa` there are no [`Credentials`] and so nothing is signed;
//! whatever uses them is the same code either way.

#[cfg(feature = "c2pa")]
mod manifest;
#[cfg(feature = "c2pa")]
mod signer;

#[cfg(feature = "c2pa")]
pub use manifest::Credentials;

/// Whether this program was built to sign pictures.
pub const SIGNS: bool = cfg!(feature = "c2pa");

/// A certificate chain and its private key, in PEM.
#[derive(Clone)]
pub struct SigningKeys {
    /// The signing certificate, then those that lead to the authority's.
    pub certificate: String,
    /// The private key of the first certificate, as PKCS #8.
    pub private_key: String,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKeys(…)")
    }
}

/// Why pictures cannot be signed with what was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsUnusable {
    /// The feature is missing.
    #[error("this program was built without the feature c2pa, so that it cannot sign pictures")]
    NotBuiltIn,
    /// The certificate is at fault.
    #[error("the certificate is not usable: {0}")]
    Certificate(String),
    /// The private key is at fault, alone or with that certificate.
    #[error("the private key is not usable: {0}")]
    PrivateKey(String),
}

/// A picture, and the SHA-256 of its manifest when it has one.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) picture: Vec<u8>,
    pub(crate) manifest: Option<String>,
}

/// How a picture that is to be signed came from its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It was marked; the source is what the provider sent.
    Marked,
    /// It was made smaller, and marked; the source is the full picture.
    Scaled,
}

/// A picture was not signed.
#[derive(Debug, thiserror::Error)]
#[error("the picture could not be signed: {0}")]
pub(crate) struct NotSigned(String);

/// Nobody has any: the feature is missing.
#[cfg(not(feature = "c2pa"))]
#[derive(Debug)]
pub enum Credentials {}

#[cfg(not(feature = "c2pa"))]
mod missing {
    use application::ports::ManifestFound;

    use super::{Credentials, CredentialsUnusable, NotSigned, Signed, SigningKeys, Step};

    impl Credentials {
        /// Never succeeds.
        ///
        /// # Errors
        /// [`CredentialsUnusable::NotBuiltIn`].
        pub fn of(_: &SigningKeys) -> Result<Self, CredentialsUnusable> {
            Err(CredentialsUnusable::NotBuiltIn)
        }

        /// Never succeeds.
        ///
        /// # Errors
        /// [`CredentialsUnusable::NotBuiltIn`].
        pub fn for_trial() -> Result<Self, CredentialsUnusable> {
            Err(CredentialsUnusable::NotBuiltIn)
        }

        pub(crate) fn sign(
            &self,
            _: &[u8],
            _: &str,
            _: (Step, &[u8]),
        ) -> Result<Signed, NotSigned> {
            match *self {}
        }

        pub(crate) fn read(&self, _: &[u8], _: &str) -> ManifestFound {
            match *self {}
        }
    }
}
