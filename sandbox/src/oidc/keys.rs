//! The keys that the provider signs with.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::world::random_text;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    /// ECDSA over P-256 with SHA-256.
    #[default]
    ES256,
    /// Ed25519.
    EdDSA,
}

/// A key, with the part that nobody else has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    /// PKCS #8 in base64.
    private: String,
}

/// Nothing that the system's randomness and a key of this file could bring about.
#[derive(Debug, thiserror::Error)]
#[error("the key in the sandbox's state cannot be used")]
pub(super) struct Unusable;

impl SigningKey {
    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, Unusable> {
        let random = SystemRandom::new();
        let private = match algorithm {
            Algorithm::ES256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            }
            Algorithm::EdDSA => Ed25519KeyPair::generate_pkcs8(&random),
        };
        let private = private.map_err(|_| Unusable)?;
        Ok(Self {
            kid: random_text(b"abcdefghijkmnpqrstuvwxyz23456789", 12),
            algorithm,
            private: STANDARD.encode(private),
        })
    }

    /// The part that is published (RFC 7517).
    pub(super) fn public(&self) -> Result<Value, Unusable> {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self.algorithm {
            Algorithm::ES256 => {
                let pair = self.ecdsa()?;
                // An uncompressed point: 4, then x and y.
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "x": b64(&point[1..33]), "y": b64(&point[33..])})
            }
            Algorithm::EdDSA => {
                let pair = self.ed25519()?;
                json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": b64(pair.public_key().as_ref())})
            }
        };
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        Ok(jwk)
    }

    /// A JWT of that type with those claims.
    pub(super) fn sign(&self, typ: &str, claims: &Value) -> Result<String, Unusable> {
        let header = json!({"typ": typ, "alg": self.algorithm, "kid": self.kid});
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = match self.algorithm {
            Algorithm::ES256 => {
                let signed = self.ecdsa()?.sign(&SystemRandom::new(), message.as_bytes());
                URL_SAFE_NO_PAD.encode(signed.map_err(|_| Unusable)?)
            }
            Algorithm::EdDSA => URL_SAFE_NO_PAD.encode(self.ed25519()?.sign(message.as_bytes())),
        };
        Ok(format!("{message}.{signature}"))
    }

    fn private(&self) -> Result<Vec<u8>, Unusable> {
        STANDARD.decode(&self.private).map_err(|_| Unusable)
    }

    fn ecdsa(&self) -> Result<EcdsaKeyPair, Unusable> {
        let random = SystemRandom::new();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.private()?, &random)
            .map_err(|_| Unusable)
    }

    fn ed25519(&self) -> Result<Ed25519KeyPair, Unusable> {
        Ed25519KeyPair::from_pkcs8(&self.private()?).map_err(|_| Unusable)
    }
}
