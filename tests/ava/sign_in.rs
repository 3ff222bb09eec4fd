//! The program with an identity provider: its keys are found, change and go, and roles stand where the settings say.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, redirect};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded::Serializer};

use crate::running::{RunningAva, ava, data_dir};

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";
const BACK: &str = "http://app.test/sign-in";

/// Somebody's browser, at a system whose tokens come from the sandbox's provider.
struct Browser {
    client: Client,
    running: RunningAva,
}

impl Browser {
    fn new(running: RunningAva) -> Self {
        // Whoever comes second finds one installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none());
        Self {
            client: client.build().unwrap(),
            running,
        }
    }

    /// Posts a form; the location that it leads to, or else the body.
    async fn submit(&self, url: &str, fields: &[(&str, &str)]) -> String {
        let form = Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client.post(url);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(form).send().await.unwrap();
        match answer.headers().get("location") {
            Some(location) => location.to_str().unwrap().to_owned(),
            None => answer.text().await.unwrap(),
        }
    }

    /// Signs in with a code and PKCE, as the web client does; the access token.
    async fn sign_in(&self, roles: &str) -> String {
        let config: Value = self.get("/config.json", "").await.1;
        let oidc = &config["sign_in"]["oidc"];
        let authority = oidc["authority"].as_str().unwrap().to_owned();
        let audience = oidc["audience"].as_str().unwrap();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let query = Serializer::new(String::new())
            .extend_pairs([
                ("client_id", "ava-web"),
                ("redirect_uri", BACK),
                ("response_type", "code"),
                ("scope", "openid"),
                ("code_challenge", challenge.as_str()),
                ("code_challenge_method", "S256"),
                ("audience", audience),
            ])
            .finish();
        let said = [
            ("email", "mara@example.com"),
            ("roles", roles),
            ("outcome", "sign_in"),
        ];
        let back = self
            .submit(&format!("{authority}/authorize?{query}"), &said)
            .await;
        let back = Url::parse(&back).unwrap();
        let (_, code) = back.query_pairs().find(|(name, _)| name == "code").unwrap();
        let redeem = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", BACK),
            ("client_id", "ava-web"),
            ("code_verifier", VERIFIER),
        ];
        let tokens = self.submit(&format!("{authority}/token"), &redeem).await;
        let tokens: Value = serde_json::from_str(&tokens).unwrap();
        tokens["access_token"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        let request = self.client.get(format!("{}{path}", self.running.api));
        let answer = request.bearer_auth(token).send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json().await.unwrap_or_default(),
        )
    }

    async fn control(&self, path: &str, order: Value) {
        let url = format!("{}/control/oidc/{path}", self.running.sandbox);
        let answer = self.client.post(url).json(&order).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_at_a_provider_whose_keys_come_and_go() {
    let (directory, web) = (data_dir(), data_dir());
    std::fs::write(web.path().join("index.html"), "<title>Ava</title>").unwrap();
    let mut up = ava(directory.path(), &["up", "--json"]);
    up.env("AUTH_ISSUER", "sandbox")
        .env("AUTH_WEB_CLIENT_ID", "ava-web")
        .env("AUTH_ROLES_CLAIM", "app_metadata.roles")
        .env("WEB_DIR", web.path());
    let browser = Browser::new(RunningAva::start_from(up, directory.path()));
    browser
        .control("default", json!({"roles_claim": "app_metadata.roles"}))
        .await;

    // Nobody is believed without the provider.
    let dev = browser
        .client
        .post(format!("{}/dev/token", browser.running.api));
    let dev = dev
        .json(&json!({"email": "mara@example.com"}))
        .send()
        .await
        .unwrap();
    assert_eq!(dev.status(), 404);

    let mara = browser.sign_in("").await;
    assert_eq!(
        browser.get("/avatars/me", &mara).await.1["type"],
        "/problems/avatar-not-found"
    );
    assert_eq!(browser.get("/admin/projections", &mara).await.0, 403);
    let operator = browser.sign_in("operator").await;
    assert_eq!(browser.get("/admin/projections", &operator).await.0, 200);

    // A new key, of another kind even, counts from the first token on; the older one still does.
    browser
        .control("rotate", json!({"algorithm": "EdDSA"}))
        .await;
    let rotated = browser.sign_in("").await;
    assert_eq!(browser.get("/avatars/me", &rotated).await.0, 404);
    assert_eq!(browser.get("/avatars/me", &mara).await.0, 404);

    // After a theft only the newest counts, as soon as anything makes us look.
    browser.control("rotate", json!({"withdraw": true})).await;
    let newest = browser.sign_in("").await;
    assert_eq!(browser.get("/avatars/me", &newest).await.0, 404);
    assert_eq!(browser.get("/avatars/me", &mara).await.0, 401);
    assert_eq!(browser.get("/admin/projections", &operator).await.0, 401);

    // While the provider is away, what is known goes on; what is not, nobody can tell.
    browser.control("rotate", json!({})).await;
    let unknown = browser.sign_in("").await;
    browser.control("default", json!({"away": true})).await;
    assert_eq!(browser.get("/avatars/me", &newest).await.0, 404);
    let (status, problem) = browser.get("/avatars/me", &unknown).await;
    assert_eq!(
        (status, problem["type"].as_str()),
        (503, Some("/problems/unavailable"))
    );
    browser.control("default", json!({"away": false})).await;
    assert_eq!(browser.get("/avatars/me", &unknown).await.0, 404);
    browser.running.terminate();
}
