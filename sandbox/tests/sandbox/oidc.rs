//! The identity provider: a person signs in, a client redeems the code, and anybody can check the tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Response;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::test_sandbox::{TestSandbox, config, started, started_with};

const BACK: &str = "http://app.test/sign-in";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&decoded(token.split('.').nth(1).unwrap())).unwrap()
}

impl TestSandbox {
    /// The page's address, with some of the parameters changed.
    fn authorize(&self, changed: &[(&str, &str)]) -> String {
        let challenge = challenge();
        let mut url = Url::parse(&self.url("/oidc/authorize")).unwrap();
        for (name, value) in [
            ("client_id", "web"),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("state", "s-1"),
            ("nonce", "n-1"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("audience", "api"),
        ] {
            let changed = changed.iter().find(|(known, _)| *known == name);
            let value = changed.map_or(value, |(_, value)| value);
            if !value.is_empty() {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        url.into()
    }

    async fn sign_in(&self, said: &[(&str, &str)]) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(said)
            .finish();
        let request = self.client.post(self.authorize(&[]));
        let form = "application/x-www-form-urlencoded";
        request
            .header("content-type", form)
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// The code that somebody is sent back with.
    async fn code(&self) -> String {
        let said = [
            ("email", "Mia@Example.com"),
            ("roles", "auditor, operator"),
            ("outcome", "sign_in"),
        ];
        let back = led_to(&self.sign_in(&said).await);
        assert!(back.as_str().starts_with(BACK));
        assert_eq!(parameter(&back, "state").as_deref(), Some("s-1"));
        parameter(&back, "code").unwrap()
    }

    async fn redeem(&self, code: &str, changed: &[(&str, &str)]) -> (u16, Value) {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("client_id", "web"),
            ("code_verifier", VERIFIER),
        ];
        let fields = fields.map(|(name, value)| {
            let changed = changed.iter().find(|(known, _)| *known == name);
            (name, changed.map_or(value, |(_, value)| value))
        });
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self.client.post(self.url("/oidc/token"));
        let form = "application/x-www-form-urlencoded";
        let answer = request
            .header("content-type", form)
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn tokens(&self) -> Value {
        let (status, tokens) = self.redeem(&self.code().await, &[]).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    /// Checks a token with the published key that it names.
    async fn is_signed(&self, token: &str) -> bool {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let header: Value =
            serde_json::from_slice(&decoded(token.split('.').next().unwrap())).unwrap();
        let keys = self.get("/oidc/jwks").await;
        let keys = keys["keys"].as_array().unwrap();
        let Some(jwk) = keys.iter().find(|jwk| jwk["kid"] == header["kid"]) else {
            return false;
        };
        assert_eq!(jwk["alg"], header["alg"]);
        let part = |name: &str| decoded(jwk[name].as_str().unwrap());
        let (message, signature) = (message.as_bytes(), decoded(signature));
        match jwk["kty"].as_str().unwrap() {
            "EC" => {
                let point = [vec![4], part("x"), part("y")].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, &signature)
            }
            _ => UnparsedPublicKey::new(&ED25519, part("x")).verify(message, &signature),
        }
        .is_ok()
    }
}

fn led_to(answer: &Response) -> Url {
    assert_eq!(answer.status(), 303);
    answer.headers()["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn the_metadata_lead_to_everything_else() {
    let sandbox = started().await;
    let metadata = sandbox.get("/oidc/.well-known/openid-configuration").await;
    assert_eq!(
        metadata["issuer"],
        sandbox::oidc_issuer(sandbox.running.url())
    );
    for (name, path) in [
        ("authorization_endpoint", "/oidc/authorize"),
        ("token_endpoint", "/oidc/token"),
        ("jwks_uri", "/oidc/jwks"),
    ] {
        assert_eq!(metadata[name], sandbox.url(path));
    }
}

#[tokio::test]
async fn whoever_signs_in_is_who_they_say() {
    let sandbox = started().await;
    let page = sandbox
        .client
        .get(sandbox.authorize(&[]))
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("Sign in to web"));

    let tokens = sandbox.tokens().await;
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let (access, id) = (claims(&token("access_token")), claims(&token("id_token")));
    assert!(sandbox.is_signed(&token("access_token")).await);
    assert!(sandbox.is_signed(&token("id_token")).await);
    assert_eq!(access["email"], "mia@example.com");
    assert_eq!(access["roles"], json!(["auditor", "operator"]));
    assert_eq!((&access["aud"], &id["aud"]), (&json!("api"), &json!("web")));
    assert_eq!((&id["nonce"], &id["sub"]), (&json!("n-1"), &access["sub"]));
    assert_eq!(tokens["expires_in"], 3600);
    // The same address is the same person.
    let again = sandbox.tokens().await;
    assert_eq!(
        claims(again["access_token"].as_str().unwrap())["sub"],
        access["sub"]
    );
}

#[tokio::test]
async fn a_code_is_good_once_and_for_whoever_asked_for_it() {
    let sandbox = started().await;
    let code = sandbox.code().await;
    assert_eq!(sandbox.redeem(&code, &[]).await.0, 200);
    assert_eq!(sandbox.redeem(&code, &[]).await.1["error"], "invalid_grant");
    for changed in [
        (
            "code_verifier",
            "another-verifier-of-forty-three-characters-",
        ),
        ("code_verifier", ""),
        ("client_id", "another"),
        ("redirect_uri", "http://app.test/elsewhere"),
    ] {
        let code = sandbox.code().await;
        let (status, error) = sandbox.redeem(&code, &[changed]).await;
        assert_eq!(
            (status, &error["error"]),
            (400, &json!("invalid_grant")),
            "{changed:?}"
        );
        // Who guessed wrongly does not get to guess again.
        assert_eq!(sandbox.redeem(&code, &[]).await.0, 400, "{changed:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_not_right_leads_back_with_an_error_or_nowhere() {
    let sandbox = started().await;
    let ask = |changed: Vec<(&'static str, &'static str)>| {
        let url = sandbox.authorize(&changed);
        async { sandbox.client.get(url).send().await.unwrap() }
    };
    for changed in [
        ("response_type", "token"),
        ("scope", "email"),
        ("code_challenge", ""),
        ("code_challenge_method", "plain"),
    ] {
        let back = led_to(&ask(vec![changed]).await);
        assert_eq!(
            parameter(&back, "error").as_deref(),
            Some("invalid_request"),
            "{changed:?}"
        );
    }
    for changed in [
        ("client_id", ""),
        ("redirect_uri", ""),
        ("redirect_uri", "javascript:alert(1)"),
    ] {
        assert_eq!(ask(vec![changed]).await.status(), 400, "{changed:?}");
    }
    let gone = led_to(&sandbox.sign_in(&[("outcome", "cancel")]).await);
    assert_eq!(parameter(&gone, "error").as_deref(), Some("access_denied"));
    assert_eq!(
        sandbox
            .sign_in(&[("outcome", "sign_in"), ("email", "mia")])
            .await
            .status(),
        422
    );
}

#[tokio::test]
async fn keys_change_on_request_and_older_ones_stay_until_they_are_withdrawn() {
    let sandbox = started().await;
    let first = sandbox.tokens().await["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    sandbox
        .control("/oidc/rotate", json!({"algorithm": "EdDSA"}))
        .await;
    let second = sandbox.tokens().await["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(sandbox.is_signed(&first).await && sandbox.is_signed(&second).await);
    sandbox
        .control("/oidc/rotate", json!({"withdraw": true}))
        .await;
    assert!(!sandbox.is_signed(&first).await && !sandbox.is_signed(&second).await);
    let third = sandbox.tokens().await["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(sandbox.is_signed(&third).await);
}

#[tokio::test]
async fn it_can_be_away_and_its_roles_elsewhere() {
    let sandbox = started().await;
    let order = json!({"away": true, "roles_claim": "app_metadata.roles", "lifetime_s": 60});
    sandbox.control("/oidc/default", order).await;
    for path in ["/oidc/jwks", "/oidc/.well-known/openid-configuration"] {
        assert_eq!(
            sandbox
                .client
                .get(sandbox.url(path))
                .send()
                .await
                .unwrap()
                .status(),
            503
        );
    }
    let tokens = sandbox.tokens().await;
    let access = claims(tokens["access_token"].as_str().unwrap());
    assert_eq!(
        access["app_metadata"]["roles"],
        json!(["auditor", "operator"])
    );
    assert_eq!(
        access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(),
        60
    );
    sandbox
        .control("/oidc/default", json!({"away": false}))
        .await;
    assert!(
        sandbox
            .is_signed(tokens["access_token"].as_str().unwrap())
            .await
    );
    assert_eq!(sandbox.get("/control/oidc/ledger").await["keys"], 2);
}

#[tokio::test]
async fn a_restart_forgets_no_key() {
    let directory = std::env::temp_dir().join(format!("sandbox-oidc-{}", std::process::id()));
    let file = directory.join("sandbox.json");
    let with_file = || sandbox::SandboxConfig {
        state_file: Some(file.clone()),
        ..config()
    };
    let before = started_with(with_file()).await;
    let token = before.tokens().await["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    before.running.stop().await;
    let after = started_with(with_file()).await;
    assert!(after.is_signed(&token).await);
    after.running.stop().await;
    std::fs::remove_dir_all(directory).unwrap();
}
