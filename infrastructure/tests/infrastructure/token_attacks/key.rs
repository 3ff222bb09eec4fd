//! On the algorithm and the key.

use serde_json::{Value, json};

use super::{Attack, Issuer, PUBLISHED_SECRET, claims};
use crate::signing_keys::{SigningKey, b64, hs256, message};

impl Issuer {
    pub(super) fn on_the_algorithm(&self) -> Vec<Attack> {
        let claims = claims().to_string();
        let unsigned = |alg: &str| {
            let header = json!({"alg": alg, "kid": "e"}).to_string();
            format!("{}.", message(&header, &claims))
        };
        let as_alg = |key: &SigningKey, kid: &str, alg: Value| {
            key.token_with(&json!({"alg": alg, "kid": kid}).to_string(), &claims)
        };
        vec![
            ("alg none", unsigned("none")),
            ("alg None", unsigned("None")),
            ("alg NONE", unsigned("NONE")),
            ("alg nOnE", unsigned("nOnE")),
            ("alg empty", unsigned("")),
            ("alg ES256 without a signature", unsigned("ES256")),
            (
                "alg none, with a signature",
                as_alg(&self.ec, "e", json!("none")),
            ),
            ("RS256 at the EC key", as_alg(&self.ec, "e", json!("RS256"))),
            (
                "ES256 at the RSA key",
                as_alg(&self.rsa, "r", json!("ES256")),
            ),
            ("EdDSA at the EC key", as_alg(&self.ec, "e", json!("EdDSA"))),
            (
                "ES256 at the Ed25519 key",
                as_alg(&self.ed, "d", json!("ES256")),
            ),
            (
                "ES384 at the P-256 key",
                as_alg(&self.ec, "e", json!("ES384")),
            ),
            ("ES256K", as_alg(&self.ec, "e", json!("ES256K"))),
            ("es256", as_alg(&self.ec, "e", json!("es256"))),
            ("alg null", as_alg(&self.ec, "e", Value::Null)),
            ("alg a list", as_alg(&self.ec, "e", json!(["ES256"]))),
            ("no alg", self.ec.token_with(r#"{"kid":"e"}"#, &claims)),
            (
                "RS384, really signed",
                self.rsa.rsa_token("RS384", "r", &claims),
            ),
            (
                "RS512, really signed",
                self.rsa.rsa_token("RS512", "r", &claims),
            ),
            (
                "PS256, really signed",
                self.rsa.rsa_token("PS256", "r", &claims),
            ),
        ]
    }

    /// Everybody has the public keys: as secrets for HMAC they would let everybody in.
    pub(super) fn with_secrets_that_are_none(&self) -> Vec<Attack> {
        let signed = |kid: &str, secret: &[u8]| {
            let header = json!({"alg": "HS256", "kid": kid});
            hs256(&header, &claims().to_string(), secret)
        };
        let point = self.ec.public();
        let jwk = self.ec.jwk("e").to_string();
        let pem = include_bytes!("../keys/rsa_2048_public.pem");
        vec![
            ("HS256 with RSA's modulus", signed("r", &self.rsa.public())),
            ("HS256 with RSA's PEM", signed("r", pem)),
            (
                "HS256 with RSA's PEM, trimmed",
                signed("r", pem.trim_ascii()),
            ),
            ("HS256 with the EC point", signed("e", &point)),
            ("HS256 with the EC point's x", signed("e", &point[1..33])),
            ("HS256 with the EC JWK", signed("e", jwk.as_bytes())),
            (
                "HS256 with the Ed25519 point",
                signed("d", &self.ed.public()),
            ),
            (
                "HS256 with a published secret",
                signed("oct", PUBLISHED_SECRET),
            ),
            ("HS256 with nothing", signed("e", b"")),
            (
                "HS256 without kid",
                hs256(
                    &json!({"alg": "HS256"}),
                    &claims().to_string(),
                    PUBLISHED_SECRET,
                ),
            ),
        ]
    }

    pub(super) fn on_the_key(&self) -> Vec<Attack> {
        let (own, claims) = (SigningKey::p256(), claims().to_string());
        let header = |name: &str, value: Value| {
            let mut header = json!({"alg": "ES256"});
            header[name] = value;
            own.token_with(&header.to_string(), &claims)
        };
        let kid = |kid: Value| {
            self.ec
                .token_with(&json!({"alg": "ES256", "kid": kid}).to_string(), &claims)
        };
        vec![
            ("somebody's own key", header("kid", json!("mine"))),
            (
                "somebody's own key by the issuer's name",
                header("kid", json!("e")),
            ),
            ("a key that comes along", header("jwk", own.jwk("e"))),
            (
                "an address of keys",
                header("jku", json!("https://attacker.example/jwks")),
            ),
            (
                "an address of certificates",
                header("x5u", json!("https://attacker.example/c")),
            ),
            (
                "certificates that come along",
                header("x5c", json!([b64(own.public())])),
            ),
            ("a path for a name", kid(json!("../../../../dev/null"))),
            ("SQL for a name", kid(json!("' UNION SELECT 'key' --"))),
            ("a command for a name", kid(json!("e|whoami"))),
            ("a name with a line break", kid(json!("e\n"))),
            ("a name in other case", kid(json!("E"))),
            ("an empty name", kid(json!(""))),
            ("a number for a name", kid(json!(1))),
            ("a list for a name", kid(json!(["e"]))),
            (
                "no name, where several keys are of that algorithm",
                kid(Value::Null),
            ),
            ("the issuer's other key", kid(json!("e2"))),
        ]
    }

    pub(super) fn with_keys_that_do_not_count(&self) -> Vec<Attack> {
        let weak: Value = serde_json::from_str(include_str!("../keys/rsa_1024.json")).unwrap();
        let claims = claims();
        vec![
            (
                "an RSA key of 1024 bits",
                weak["token"].as_str().unwrap().to_owned(),
            ),
            (
                "a key for encryption",
                self.for_encryption.token("enc", &claims),
            ),
            (
                "a key that checks nothing",
                self.for_signing_only.token("ops", &claims),
            ),
            (
                "a key whose private part is published",
                self.stolen.token("stolen", &claims),
            ),
            (
                "a key for another curve's algorithm",
                self.of_another_algorithm.token("es384", &claims),
            ),
            ("a key for RS512", self.rsa.token("rs512", &claims)),
            ("a key of P-384", self.p384.token("p384", &claims)),
        ]
    }
}
