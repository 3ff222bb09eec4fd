//! HMAC-SHA256 for `jsonwebtoken`, which without a crypto feature brings none.
//!
//! Its feature `rust_crypto` builds `rsa` 0.9, open to RUSTSEC-2023-0071 (a timing attack, without
//! a fixed version); its feature `aws_lc_rs` needs a C library and CMake. So we hand it the `hmac` that we have anyway,
//! and every other algorithm stays impossible, whatever a token says.

use hmac::{Hmac, Mac};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
    signature::{self, Signer, Verifier},
};
use sha2::Sha256;

static HMAC_SHA256_ONLY: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // Only JWKs with RSA or EC keys need them, and we read none.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes `jsonwebtoken` use it in this process; again is harmless.
pub(super) fn install() {
    // The error says that a provider is there: ours, since nothing else in this program installs one.
    let _ = HMAC_SHA256_ONLY.install_default();
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    let bytes = if key.family() == AlgorithmFamily::Hmac {
        Some(key.as_bytes())
    } else {
        None
    };
    Ok(Box::new(Hs256::new(*algorithm, bytes)?))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let is_hmac = key.family() == AlgorithmFamily::Hmac;
    let bytes = if is_hmac {
        Some(key.try_get_as_bytes()?)
    } else {
        None
    };
    Ok(Box::new(Hs256::new(*algorithm, bytes)?))
}

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    /// `key` is none when the key is not one for HMAC.
    fn new(algorithm: Algorithm, key: Option<&[u8]>) -> Result<Self, Error> {
        if algorithm != Algorithm::HS256 {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        let mac = key.map(Hmac::new_from_slice).and_then(Result::ok);
        mac.map(Self)
            .ok_or_else(|| ErrorKind::InvalidKeyFormat.into())
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self
            .0
            .clone()
            .chain_update(message)
            .finalize()
            .into_bytes()
            .to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    /// In constant time.
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let mac = self.0.clone().chain_update(message);
        mac.verify_slice(signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
