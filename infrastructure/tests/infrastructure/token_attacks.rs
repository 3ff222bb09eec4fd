//! What an attacker sends instead of a token, in one table; every row is refused.

mod claims;
mod key;
mod signature;

use std::time::Duration;

use application::ports::{Authenticator, NotAuthenticated, Role};
use chrono::Utc;
use infrastructure::identity::{
    KeyAddress, KeySource, Pace, PublishedAt, TokenSettings, TokenVerifier,
};
use serde_json::{Value, json};

use crate::{
    canned_service::{CannedService, json_answer},
    signing_keys::{SigningKey, b64},
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
        // Another test may have installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
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
