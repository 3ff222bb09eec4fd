//! One key of a JWK Set (RFC 7517, RFC 7518 and RFC 8037), read strictly.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::VerificationKey;

/// RFC 7518, section 3.3: keys of 2048 bits or larger; beyond 8192 `ring` checks none.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The bytes of a coordinate of P-256, and of a point of Ed25519.
const COORDINATE: usize = 32;

/// Why a key is passed over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unusable(pub(super) &'static str);

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// The private part, which nobody may publish.
    d: Option<IgnoredAny>,
}

/// Reads a public key that checks signatures.
pub(super) fn read(jwk: &Value) -> Result<VerificationKey, Unusable> {
    let jwk = Jwk::deserialize(jwk).map_err(|_| Unusable("it is not well-formed"))?;
    if jwk.d.is_some() {
        return Err(Unusable("its private part is published"));
    }
    if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return Err(Unusable("it is not for signatures"));
    }
    let verifies = |ops: &Vec<String>| ops.iter().any(|op| op == "verify");
    if !jwk.key_ops.as_ref().is_none_or(verifies) {
        return Err(Unusable("it is not for checking signatures"));
    }
    match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => rsa(&jwk),
        ("EC", Some("P-256")) => p256(&jwk),
        ("OKP", Some("Ed25519")) => ed25519(&jwk),
        ("oct", _) => Err(Unusable("a secret that is published is none")),
        _ => Err(Unusable("it is of a kind that is not known here")),
    }
}

fn rsa(jwk: &Jwk) -> Result<VerificationKey, Unusable> {
    for_algorithm(jwk, &["RS256"])?;
    // `ring` takes no leading zeros, which some issuers write.
    let (n, e) = (bytes(jwk.n.as_ref())?, bytes(jwk.e.as_ref())?);
    let (n, e) = (without_zeros(&n), without_zeros(&e));
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        return Err(Unusable("an RSA key has 2048 to 8192 bits"));
    }
    // 1 would leave the message as it is, and an even one divides the order.
    if e.last().is_none_or(|last| last % 2 == 0) || *e == [1] || e.len() > 4 {
        return Err(Unusable("its exponent is not usable"));
    }
    let key = DecodingKey::from_rsa_raw_components(n, e);
    Ok(key_of(jwk, Algorithm::RS256, key, [n, &[0], e].concat()))
}

fn p256(jwk: &Jwk) -> Result<VerificationKey, Unusable> {
    for_algorithm(jwk, &["ES256"])?;
    let (x, y) = (coordinate(jwk.x.as_ref())?, coordinate(jwk.y.as_ref())?);
    // SEC 1, section 2.3.3: a point, uncompressed.
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    let key = DecodingKey::from_ec_der(&point);
    Ok(key_of(jwk, Algorithm::ES256, key, point))
}

fn ed25519(jwk: &Jwk) -> Result<VerificationKey, Unusable> {
    // RFC 9864 names the curve in the algorithm.
    for_algorithm(jwk, &["EdDSA", "Ed25519"])?;
    let point = coordinate(jwk.x.as_ref())?;
    let key = DecodingKey::from_ed_der(&point);
    Ok(key_of(jwk, Algorithm::EdDSA, key, point))
}

fn key_of(jwk: &Jwk, algorithm: Algorithm, key: DecodingKey, material: Vec<u8>) -> VerificationKey {
    VerificationKey {
        id: jwk.kid.clone(),
        algorithm,
        key,
        material,
    }
}

/// A key that says for which algorithm it is, is for no other.
fn for_algorithm(jwk: &Jwk, known: &[&str]) -> Result<(), Unusable> {
    match jwk.alg.as_deref() {
        Some(alg) if !known.contains(&alg) => {
            Err(Unusable("it is for an algorithm that is not taken here"))
        }
        _ => Ok(()),
    }
}

fn bytes(text: Option<&String>) -> Result<Vec<u8>, Unusable> {
    let text = text.ok_or(Unusable("a part of it is missing"))?;
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Unusable("a part of it is not base64url"))
}

fn coordinate(text: Option<&String>) -> Result<Vec<u8>, Unusable> {
    let bytes = bytes(text)?;
    match bytes.len() {
        COORDINATE => Ok(bytes),
        _ => Err(Unusable("a coordinate has 32 bytes")),
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use serde_json::json;

    use super::*;

    fn b64(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn rsa_of(bits: usize) -> Value {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] >>= (8 - bits % 8) % 8;
        json!({"kty": "RSA", "n": b64(&n), "e": "AQAB", "kid": "k"})
    }

    fn with(mut jwk: Value, name: &str, value: Value) -> Value {
        jwk[name] = value;
        jwk
    }

    #[test]
    fn a_key_has_the_one_algorithm_of_its_kind() {
        let ec = json!({"kty": "EC", "crv": "P-256", "x": b64(&[1; 32]), "y": b64(&[2; 32])});
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(&[3; 32])});
        for (jwk, algorithm) in [
            (rsa_of(2048), Algorithm::RS256),
            (rsa_of(8192), Algorithm::RS256),
            (with(rsa_of(2048), "alg", json!("RS256")), Algorithm::RS256),
            (with(rsa_of(2048), "use", json!("sig")), Algorithm::RS256),
            (
                with(rsa_of(2048), "key_ops", json!(["verify"])),
                Algorithm::RS256,
            ),
            (with(rsa_of(2048), "e", json!("AAEAAQ")), Algorithm::RS256),
            (ec.clone(), Algorithm::ES256),
            (with(ec, "alg", json!("ES256")), Algorithm::ES256),
            (with(ed.clone(), "alg", json!("EdDSA")), Algorithm::EdDSA),
            (with(ed, "alg", json!("Ed25519")), Algorithm::EdDSA),
        ] {
            assert_eq!(read(&jwk).unwrap().algorithm, algorithm, "{jwk}");
        }
    }

    #[test]
    fn what_is_weak_or_for_something_else_is_passed_over() {
        let ec = json!({"kty": "EC", "crv": "P-256", "x": b64(&[1; 32]), "y": b64(&[2; 32])});
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(&[3; 32])});
        for jwk in [
            rsa_of(1024),
            rsa_of(2047),
            rsa_of(8193),
            with(rsa_of(2048), "n", json!("")),
            with(rsa_of(2048), "e", json!("")),
            with(rsa_of(2048), "e", json!("AQ")),
            with(rsa_of(2048), "e", json!("AQAA")),
            with(rsa_of(2048), "e", json!(b64(&[1; 9]))),
            with(rsa_of(2048), "alg", json!("RS512")),
            with(rsa_of(2048), "alg", json!("PS256")),
            with(rsa_of(2048), "alg", json!("HS256")),
            with(rsa_of(2048), "alg", json!("RSA-OAEP")),
            with(rsa_of(2048), "alg", json!("none")),
            with(rsa_of(2048), "use", json!("enc")),
            with(rsa_of(2048), "key_ops", json!(["encrypt"])),
            with(rsa_of(2048), "key_ops", json!([])),
            with(rsa_of(2048), "d", json!("AQAB")),
            with(rsa_of(2048), "n", json!("+/+/")),
            with(ec.clone(), "crv", json!("P-384")),
            with(ec.clone(), "crv", json!("secp256k1")),
            with(ec.clone(), "x", json!(b64(&[1; 31]))),
            with(ec.clone(), "y", json!(b64(&[1; 33]))),
            with(ec.clone(), "y", Value::Null),
            with(ec.clone(), "d", json!(b64(&[1; 32]))),
            with(ec, "alg", json!("ES384")),
            with(ed.clone(), "crv", json!("Ed448")),
            with(ed.clone(), "crv", json!("X25519")),
            with(ed.clone(), "x", json!(b64(&[1; 57]))),
            with(ed, "alg", json!("Ed448")),
            json!({"kty": "oct", "k": b64(&[1; 32]), "alg": "HS256"}),
            json!({"kty": "RSA"}),
            json!({}),
            json!("a key"),
            Value::Null,
        ] {
            assert!(read(&jwk).is_err(), "{jwk}");
        }
    }
}
