//! Keys that sign tokens by hand, so that nothing of what is tested decides what an attacker can send.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, Mac};
use ring::{
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING,
        ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
    },
};
use serde_json::{Value, json};
use sha2::Sha256;

/// A key pair of an issuer, or of somebody who would like to be one.
pub enum SigningKey {
    Rsa(RsaKeyPair),
    P256(Vec<u8>),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The part of a token before its signature. The parts are taken as they are, well-formed or not.
pub fn message(header: &str, claims: &str) -> String {
    format!("{}.{}", b64(header), b64(claims))
}

/// A token as HS256 makes it.
pub fn hs256(header: &Value, claims: &str, secret: &[u8]) -> String {
    let message = message(&header.to_string(), claims);
    let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    let signature = mac.chain_update(&message).finalize().into_bytes();
    format!("{message}.{}", b64(signature))
}

impl SigningKey {
    /// The one in `keys/rsa_2048.pem`.
    pub fn rsa() -> Self {
        let pem = include_str!("keys/rsa_2048.pem");
        let lines = pem.lines().filter(|line| !line.starts_with('-'));
        let der = STANDARD.decode(lines.collect::<String>()).unwrap();
        Self::Rsa(RsaKeyPair::from_pkcs8(&der).unwrap())
    }

    pub fn p256() -> Self {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        Self::P256(pair.unwrap().as_ref().to_vec())
    }

    pub fn p384() -> Self {
        let (algorithm, random) = (&ECDSA_P384_SHA384_FIXED_SIGNING, SystemRandom::new());
        let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::P384(EcdsaKeyPair::from_pkcs8(algorithm, pair.as_ref(), &random).unwrap())
    }

    pub fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap())
    }

    /// What it is called in a header.
    pub fn alg(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::P384(_) => "ES384",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// What an issuer publishes of it.
    pub fn jwk(&self, kid: &str) -> Value {
        let point = self.public();
        let mut jwk = match self {
            Self::Rsa(pair) => {
                let PublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                json!({"kty": "RSA", "n": b64(n), "e": b64(e)})
            }
            Self::P256(_) => {
                json!({"kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..])})
            }
            Self::P384(_) => {
                json!({"kty": "EC", "crv": "P-384", "x": b64(&point[1..49]), "y": b64(&point[49..])})
            }
            Self::Ed25519(_) => json!({"kty": "OKP", "crv": "Ed25519", "x": b64(point)}),
        };
        jwk["kid"] = json!(kid);
        jwk["alg"] = json!(self.alg());
        jwk["use"] = json!("sig");
        jwk
    }

    /// The public key: a point, or RSA's modulus.
    pub fn public(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => PublicKeyComponents::from(pair.public()).n,
            Self::P256(_) => self
                .ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .public_key()
                .as_ref()
                .to_vec(),
            Self::P384(pair) => pair.public_key().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    fn ecdsa(&self, algorithm: &'static ring::signature::EcdsaSigningAlgorithm) -> EcdsaKeyPair {
        let Self::P256(pkcs8) = self else {
            unreachable!("asked for a P-256 key only");
        };
        EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &SystemRandom::new()).unwrap()
    }

    /// The signature of its own algorithm, as in JWS.
    pub fn signature(&self, message: &str) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(_) => self.rsa_signature(&RSA_PKCS1_SHA256, message),
            Self::P256(_) => {
                let pair = self.ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING);
                pair.sign(&random, message.as_bytes())
                    .unwrap()
                    .as_ref()
                    .to_vec()
            }
            Self::P384(pair) => pair
                .sign(&random, message.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
            Self::Ed25519(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        }
    }

    /// The same number in ASN.1, as certificates have it.
    pub fn asn1_signature(&self, message: &str) -> Vec<u8> {
        let pair = self.ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING);
        let signed = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        signed.as_ref().to_vec()
    }

    fn rsa_signature(&self, encoding: &'static dyn RsaEncoding, message: &str) -> Vec<u8> {
        let Self::Rsa(pair) = self else {
            unreachable!("asked for RSA only");
        };
        let mut signature = vec![0; pair.public().modulus_len()];
        let random = SystemRandom::new();
        pair.sign(encoding, &random, message.as_bytes(), &mut signature)
            .unwrap();
        signature
    }

    /// A token with another of RSA's algorithms, really signed by it.
    pub fn rsa_token(&self, alg: &str, kid: &str, claims: &str) -> String {
        let encoding: &'static dyn RsaEncoding = match alg {
            "RS384" => &RSA_PKCS1_SHA384,
            "RS512" => &RSA_PKCS1_SHA512,
            _ => &RSA_PSS_SHA256,
        };
        let message = message(&json!({"alg": alg, "kid": kid}).to_string(), claims);
        let signature = self.rsa_signature(encoding, &message);
        format!("{message}.{}", b64(signature))
    }

    /// A token with that header, really signed.
    pub fn token_with(&self, header: &str, claims: &str) -> String {
        let message = message(header, claims);
        let signature = self.signature(&message);
        format!("{message}.{}", b64(signature))
    }

    /// A token as a good issuer makes it.
    pub fn token(&self, kid: &str, claims: &Value) -> String {
        let header = json!({"typ": "JWT", "alg": self.alg(), "kid": kid});
        self.token_with(&header.to_string(), &claims.to_string())
    }
}
