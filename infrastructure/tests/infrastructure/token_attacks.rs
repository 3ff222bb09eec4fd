//! What an attacker sends instead of a token, in one table; every row is refused.

use application::ports::{Authenticator, NotAuthenticated, Role};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use infrastructure::identity::{
    KeyAddress, KeySource, Pace, PublishedAt, TokenSettings, TokenVerifier,
};
use serde_json::{Value, json};
use std::time::Duration;

use crate::{
    canned_service::{CannedService, json_answer},
    signing_keys::{SigningKey, b64, hs256, message},
};

const ISSUER: &str = "https://id.example.com/";
const ID: &str = "0198f3a0-0000-7000-8000-000000000001";
/// A secret that an issuer published, and so none.
const PUBLISHED_SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

type Attack = (&'static str, String);

fn claims() -> Value {
    let now = Utc::now().timestamp();
    json!({
        "sub": ID, "email": "ada@example.com", "app_metadata": {"roles": ["auditor"]},
        "iss": ISSUER, "aud": "ava", "iat": now, "nbf": now, "exp": now + 600,
    })
}

fn with(claim: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[claim] = value;
    claims
}

fn without(claim: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(claim);
    claims
}

/// The keys of the issuer, good ones and such as must not count.
struct Issuer {
    rsa: SigningKey,
    ec: SigningKey,
    other_ec: SigningKey,
    ed: SigningKey,
    p384: SigningKey,
    for_encryption: SigningKey,
    for_signing_only: SigningKey,
    stolen: SigningKey,
    of_another_algorithm: SigningKey,
}

impl Issuer {
    fn new() -> Self {
        Self {
            rsa: SigningKey::rsa(),
            ec: SigningKey::p256(),
            other_ec: SigningKey::p256(),
            ed: SigningKey::ed25519(),
            p384: SigningKey::p384(),
            for_encryption: SigningKey::p256(),
            for_signing_only: SigningKey::p256(),
            stolen: SigningKey::p256(),
            of_another_algorithm: SigningKey::p256(),
        }
    }

    fn jwks(&self) -> Value {
        let changed = |key: &SigningKey, kid, name: &str, value: Value| {
            let mut jwk = key.jwk(kid);
            jwk[name] = value;
            jwk
        };
        let mut signing_only = changed(&self.for_signing_only, "ops", "key_ops", json!(["sign"]));
        signing_only.as_object_mut().unwrap().remove("use");
        let weak: Value = serde_json::from_str(include_str!("keys/rsa_1024.json")).unwrap();
        json!({"keys": [
            self.rsa.jwk("r"), self.ec.jwk("e"), self.other_ec.jwk("e2"), self.ed.jwk("d"),
            self.p384.jwk("p384"),
            changed(&self.for_encryption, "enc", "use", json!("enc")),
            signing_only,
            changed(&self.stolen, "stolen", "d", json!(b64([7; 32]))),
            changed(&self.of_another_algorithm, "es384", "alg", json!("ES384")),
            changed(&self.rsa, "rs512", "alg", json!("RS512")),
            weak["jwk"],
            {"kty": "oct", "kid": "oct", "alg": "HS256", "k": b64(PUBLISHED_SECRET)},
            {"kty": "RSA", "kid": "broken"}, "no key", null,
        ]})
    }

    async fn verifier(&self) -> (TokenVerifier, CannedService) {
        let jwks = self.jwks();
        let server = CannedService::start_with(move |_| json_answer("200 OK", "", &jwks)).await;
        let at = PublishedAt {
            address: KeyAddress::Jwks(server.url().parse().unwrap()),
            allow_http: true,
            pace: Pace {
                apart: Duration::ZERO,
                ..Pace::default()
            },
        };
        let settings = TokenSettings {
            issuer: ISSUER.to_owned(),
            audience: "ava".to_owned(),
            roles: "app_metadata.roles".parse().unwrap(),
            keys: KeySource::Published(at),
        };
        (TokenVerifier::start(settings).unwrap(), server)
    }

    /// A good token of the EC key.
    fn good(&self) -> String {
        self.ec.token("e", &claims())
    }

    fn attacks(&self) -> Vec<Attack> {
        let parts = [
            self.on_the_algorithm(),
            self.with_secrets_that_are_none(),
            self.on_the_key(),
            self.with_keys_that_do_not_count(),
            self.on_the_signature(),
            self.on_the_form(),
            self.on_the_header(),
            self.on_issuer_and_audience(),
            self.on_time(),
            self.on_the_other_claims(),
        ];
        parts.into_iter().flatten().collect()
    }

    fn on_the_algorithm(&self) -> Vec<Attack> {
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
    fn with_secrets_that_are_none(&self) -> Vec<Attack> {
        let signed = |kid: &str, secret: &[u8]| {
            let header = json!({"alg": "HS256", "kid": kid});
            hs256(&header, &claims().to_string(), secret)
        };
        let point = self.ec.public();
        let jwk = self.ec.jwk("e").to_string();
        let pem = include_bytes!("keys/rsa_2048_public.pem");
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

    fn on_the_key(&self) -> Vec<Attack> {
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

    fn with_keys_that_do_not_count(&self) -> Vec<Attack> {
        let weak: Value = serde_json::from_str(include_str!("keys/rsa_1024.json")).unwrap();
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

    fn on_the_signature(&self) -> Vec<Attack> {
        let header = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid}).to_string();
        let claims = claims().to_string();
        let es = message(&header("ES256", "e"), &claims);
        let ed = message(&header("EdDSA", "d"), &claims);
        let rs = message(&header("RS256", "r"), &claims);
        let signed = |message: &str, signature: &[u8]| format!("{message}.{}", b64(signature));
        let fine = self.ec.signature(&es);
        let changed = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut signature = fine.clone();
            change(&mut signature);
            signed(&es, &signature)
        };
        // The order of P-256 (SEC 2, section 2.4.2).
        let order = hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        let order = order.unwrap();
        let longer = [&[0], self.rsa.signature(&rs).as_slice()].concat();
        vec![
            ("a flipped bit", changed(&|signature| signature[40] ^= 1)),
            ("a byte less", changed(&|signature| signature.truncate(63))),
            ("a byte more", changed(&|signature| signature.push(0))),
            ("ECDSA of zeros (CVE-2022-21449)", signed(&es, &[0; 64])),
            ("r is zero", changed(&|signature| signature[..32].fill(0))),
            ("s is zero", changed(&|signature| signature[32..].fill(0))),
            (
                "r and s are the order",
                signed(&es, &[order.clone(), order].concat()),
            ),
            ("ECDSA in ASN.1", signed(&es, &self.ec.asn1_signature(&es))),
            ("Ed25519 of zeros", signed(&ed, &[0; 64])),
            (
                "Ed25519 with s beyond the order",
                signed(&ed, &malleable(self.ed.signature(&ed))),
            ),
            ("RSA of zeros", signed(&rs, &[0; 256])),
            ("RSA beyond the modulus", signed(&rs, &[0xff; 256])),
            ("RSA with a zero before it", signed(&rs, &longer)),
            (
                "RSA, the signature of one",
                signed(&rs, &[[0; 255].as_slice(), &[1]].concat()),
            ),
            (
                "an EC signature at the RSA key",
                signed(&rs, &self.ec.signature(&rs)),
            ),
            ("the signature of another token", {
                let other = self.ec.token("e", &with("sub", json!("somebody")));
                signed(
                    &es,
                    &URL_SAFE_NO_PAD
                        .decode(other.rsplit('.').next().unwrap())
                        .unwrap(),
                )
            }),
        ]
    }

    fn on_the_form(&self) -> Vec<Attack> {
        let good = self.good();
        let parts: Vec<&str> = good.split('.').collect();
        let [header, payload, signature] = parts[..] else {
            unreachable!()
        };
        let richer = b64(with("app_metadata", json!({"roles": ["operator"]})).to_string());
        let flattened = json!({"protected": header, "payload": payload, "signature": signature});
        vec![
            (
                "other claims under the signature",
                format!("{header}.{richer}.{signature}"),
            ),
            ("padded base64", format!("{good}==")),
            (
                "base64 with bits left over",
                format!("{header}.{payload}.{}", uncanonical(signature)),
            ),
            ("a blank before", format!(" {good}")),
            ("a line break after", format!("{good}\n")),
            ("blanks within", good.replace('.', ". ")),
            ("two parts", format!("{header}.{payload}")),
            ("no signature", format!("{header}.{payload}.")),
            ("four parts", format!("{good}.{signature}")),
            (
                "five parts, as if encrypted",
                format!("{header}.a.b.c.{signature}"),
            ),
            ("JSON serialisation", flattened.to_string()),
            ("the scheme again", format!("Bearer {good}")),
            ("half a token", good[..good.len() / 2].to_owned()),
            (
                "a token in a token",
                self.ec
                    .token_with(r#"{"alg":"ES256","kid":"e","cty":"JWT"}"#, &good),
            ),
            (
                "too long",
                self.ec
                    .token("e", &with("padding", json!("x".repeat(10_000)))),
            ),
            ("nothing", String::new()),
            ("dots", "..".to_owned()),
            ("no ASCII", "🙂.🙂.🙂".to_owned()),
        ]
    }

    fn on_the_header(&self) -> Vec<Attack> {
        let claims = claims().to_string();
        let header = |text: &str| self.ec.token_with(text, &claims);
        vec![
            (
                "an extension that must be known",
                header(r#"{"alg":"ES256","kid":"e","crit":["exp"],"exp":1}"#),
            ),
            (
                "unencoded claims",
                header(r#"{"alg":"ES256","kid":"e","crit":["b64"],"b64":false}"#),
            ),
            (
                "no extension that must be known",
                header(r#"{"alg":"ES256","kid":"e","crit":[]}"#),
            ),
            (
                "a logout token",
                header(r#"{"alg":"ES256","kid":"e","typ":"logout+jwt"}"#),
            ),
            (
                "a DPoP proof",
                header(r#"{"alg":"ES256","kid":"e","typ":"dpop+jwt"}"#),
            ),
            (
                "a security event",
                header(r#"{"alg":"ES256","kid":"e","typ":"secevent+jwt"}"#),
            ),
            (
                "two algorithms",
                header(r#"{"alg":"none","alg":"ES256","kid":"e"}"#),
            ),
            (
                "two names",
                header(r#"{"alg":"ES256","kid":"e2","kid":"e"}"#),
            ),
            ("a list for a header", header(r#"["ES256"]"#)),
            ("an empty header", header("{}")),
            ("no JSON for a header", header("alg=ES256")),
        ]
    }

    fn on_issuer_and_audience(&self) -> Vec<Attack> {
        let token = |claims: &Value| self.ec.token("e", claims);
        vec![
            (
                "another issuer",
                token(&with("iss", json!("https://attacker.example/"))),
            ),
            (
                "the issuer without its slash",
                token(&with("iss", json!("https://id.example.com"))),
            ),
            (
                "the issuer in other case",
                token(&with("iss", json!("https://ID.example.com/"))),
            ),
            (
                "the issuer and more",
                token(&with("iss", json!("https://id.example.com/.attacker"))),
            ),
            ("a list of issuers", token(&with("iss", json!([ISSUER])))),
            ("no issuer", token(&without("iss"))),
            ("null for an issuer", token(&with("iss", Value::Null))),
            ("another audience", token(&with("aud", json!("other")))),
            ("a part of the audience", token(&with("aud", json!("av")))),
            (
                "other audiences",
                token(&with("aud", json!(["other", "ava2"]))),
            ),
            ("no audiences", token(&with("aud", json!([])))),
            (
                "an object for an audience",
                token(&with("aud", json!({"ava": true}))),
            ),
            ("no audience", token(&without("aud"))),
            ("null for an audience", token(&with("aud", Value::Null))),
        ]
    }

    fn on_time(&self) -> Vec<Attack> {
        let now = Utc::now().timestamp();
        let token = |claims: &Value| self.ec.token("e", claims);
        let raw = |text: &str| {
            let claims = claims().to_string();
            self.ec.token_with(
                r#"{"alg":"ES256","kid":"e"}"#,
                &claims.replace(&(now + 600).to_string(), text),
            )
        };
        vec![
            ("expired", token(&with("exp", json!(now - 31)))),
            ("expired long ago", token(&with("exp", json!(0)))),
            ("expires before 1970", token(&with("exp", json!(-1)))),
            ("never expires", token(&without("exp"))),
            ("expires at null", token(&with("exp", Value::Null))),
            (
                "expires at a text",
                token(&with("exp", json!((now + 600).to_string()))),
            ),
            ("expires truly", token(&with("exp", json!(true)))),
            ("expires at a list", token(&with("exp", json!([now + 600])))),
            ("expires beyond numbers", raw("1e400")),
            ("not yet valid", token(&with("nbf", json!(now + 90)))),
            ("valid from a text", token(&with("nbf", json!("yesterday")))),
            ("valid from a list", token(&with("nbf", json!([now])))),
        ]
    }

    fn on_the_other_claims(&self) -> Vec<Attack> {
        let token = |claims: &Value| self.ec.token("e", claims);
        let raw = |from: &str, to: &str| {
            let text = claims().to_string().replacen(from, to, 1);
            self.ec.token_with(r#"{"alg":"ES256","kid":"e"}"#, &text)
        };
        let roles = |roles: Value| token(&with("app_metadata", json!({"roles": roles})));
        vec![
            ("no subject", token(&without("sub"))),
            ("an empty subject", token(&with("sub", json!("")))),
            ("a blank subject", token(&with("sub", json!(" \t")))),
            ("a number for a subject", token(&with("sub", json!(7)))),
            ("a list for a subject", token(&with("sub", json!([ID])))),
            ("null for a subject", token(&with("sub", Value::Null))),
            (
                "a long subject",
                token(&with("sub", json!("s".repeat(256)))),
            ),
            ("two subjects", raw("{", r#"{"sub":"somebody else","#)),
            ("two audiences", raw("{", r#"{"aud":"other","#)),
            (
                "roles twice",
                raw("{", r#"{"app_metadata":{"roles":["operator"]},"#),
            ),
            (
                "roles twice within",
                raw(r#"{"roles":"#, r#"{"roles":["operator"],"roles":"#),
            ),
            ("a text for roles", roles(json!("operator"))),
            ("an object for roles", roles(json!({"operator": true}))),
            ("numbers for roles", roles(json!([1]))),
            ("lists for roles", roles(json!([["operator"]]))),
            ("null for roles", roles(Value::Null)),
            (
                "a text around roles",
                token(&with("app_metadata", json!("roles"))),
            ),
            (
                "a list around roles",
                token(&with("app_metadata", json!([{"roles": ["operator"]}]))),
            ),
            (
                "a list of addresses",
                token(&with("email", json!(["ada@example.com"]))),
            ),
            ("a list for claims", token(&json!([]))),
            ("null for claims", token(&Value::Null)),
            ("no claims", token(&json!({}))),
        ]
    }
}

/// A signature with s + L in place of s (RFC 8032, section 5.1.7, wants s below L).
fn malleable(mut signature: Vec<u8>) -> Vec<u8> {
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order.unwrap()) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    signature
}

/// The same bytes for decoders that do not look at the bits left over. 64 bytes leave four of them.
fn uncanonical(signature: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = signature.split_at(signature.len() - 1);
    let place = ALPHABET.find(last).unwrap();
    format!("{rest}{}", &ALPHABET[place + 1..place + 2])
}

#[tokio::test]
async fn every_attack_is_refused_and_no_good_token_is() {
    let issuer = Issuer::new();
    let (verifier, _server) = issuer.verifier().await;
    for (key, kid) in [
        (&issuer.rsa, "r"),
        (&issuer.ec, "e"),
        (&issuer.other_ec, "e2"),
        (&issuer.ed, "d"),
    ] {
        let ada = verifier
            .authenticate(&key.token(kid, &claims()))
            .await
            .unwrap();
        assert_eq!(
            (ada.user, ada.roles.contains(&Role::Auditor)),
            (ID.parse().unwrap(), true),
            "{kid}"
        );
    }
    // One key of its algorithm: it need not be named.
    let unnamed = issuer
        .ed
        .token_with(r#"{"alg":"EdDSA"}"#, &claims().to_string());
    verifier.authenticate(&unnamed).await.unwrap();

    let attacks = issuer.attacks();
    assert!(attacks.len() >= 140, "{} attacks", attacks.len());
    for (what, token) in &attacks {
        // Twice, since what was refused must not be remembered as anything else.
        for _ in 0..2 {
            let answer = verifier.authenticate(token).await;
            assert!(
                matches!(answer, Err(NotAuthenticated::Rejected(_))),
                "{what}: {answer:?}"
            );
        }
    }
    verifier.authenticate(&issuer.good()).await.unwrap();
}

#[tokio::test]
async fn roles_count_only_where_they_were_looked_for() {
    let issuer = Issuer::new();
    let (verifier, _server) = issuer.verifier().await;
    for (claim, value) in [
        ("roles", json!(["operator"])),
        ("user_metadata", json!({"roles": ["operator"]})),
        (
            "app_metadata",
            json!({"role": "operator", "roles": ["OPERATOR", "admin"]}),
        ),
    ] {
        let mut claims = without("app_metadata");
        claims[claim] = value;
        let bearer = verifier
            .authenticate(&issuer.ec.token("e", &claims))
            .await
            .unwrap();
        assert!(bearer.roles.is_empty(), "{claim}: {bearer:?}");
    }
}

#[tokio::test]
async fn a_reason_quotes_nothing_of_the_token() {
    let issuer = Issuer::new();
    let (verifier, _server) = issuer.verifier().await;
    for (what, token) in issuer.attacks() {
        let reason = verifier.authenticate(&token).await.unwrap_err().to_string();
        for secret in ["ada@", ID, "attacker", "somebody", "UNION", "whoami"] {
            assert!(!reason.contains(secret), "{what}: {reason}");
        }
    }
}
