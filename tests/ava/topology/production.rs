//! APP_ENV=production, behind nginx: it serves on what is configured, and without any of that it does not start.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use infrastructure::scratch_database::ScratchDatabase;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use super::{
    avatar,
    processes::{Nginx, NginxPlaces, Running, ava_role, free_address},
};
use crate::running::{Ended, data_dir};

const SECRET: &str = "what-only-the-identity-provider-and-ava-know";

/// Everything that production needs; no address of any service is among it, so that nobody is played.
fn configured(database: &str) -> Vec<(&'static str, String)> {
    [
        ("APP_ENV", "production"),
        ("DATABASE_URL", database),
        ("PUBLIC_URL", "https://ava.example.com"),
        ("AUTH_JWT_SECRET", SECRET),
        ("AUTH_ISSUER", "https://id.example.com"),
        (
            "URL_SIGNING_KEY",
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        ),
        (
            "AUDIT_SIGNING_KEY",
            "f0e0d0c0b0a090807060504030201000f0e0d0c0b0a090807060504030201000",
        ),
        (
            "AVA_MASTER_KEY",
            "a0a1a2a3a4a5a6a7a8a9aaabacadaeafa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
        ),
        ("STRIPE_SECRET_KEY", "sk_live_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
        ("STRIPE_PRICE_ID", "price_1"),
        ("REPLICATE_API_TOKEN", "r8_1"),
        ("CHAT_API_KEY", "sk-1"),
        ("CHAT_MODEL", "a-model"),
        ("SANDBOX_ADDR", ""),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn borrowed<'v>(variables: &'v [(&'static str, String)]) -> Vec<(&'static str, &'v str)> {
    variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

#[test]
fn each_missing_variable_alone_keeps_production_from_starting() {
    let directory = data_dir();
    let all = configured("postgres://ava:1@127.0.0.1:1/ava");
    // Without the secret the issuer's published keys count.
    let optional = ["APP_ENV", "SANDBOX_ADDR", "AUTH_JWT_SECRET"];
    for (name, _) in all.iter().filter(|(name, _)| !optional.contains(name)) {
        let mut command = ava_role(directory.path(), "api", &borrowed(&all));
        command.env_remove(name);
        let ended = Ended::of(command);
        assert_eq!(ended.code, Some(2), "{name}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(&format!("\n  {name} ")),
            "{name} is not named: {}",
            ended.stderr
        );
    }
    for (name, sandbox) in [
        ("SANDBOX_ADDR", "127.0.0.1:8090"),
        ("STRIPE_API_BASE", "http://127.0.0.1:8090"),
        ("REPLICATE_API_BASE", "http://127.0.0.1:8090"),
        ("CHAT_API_BASE", "http://127.0.0.1:8090"),
        ("BILLING", "off"),
    ] {
        let mut command = ava_role(directory.path(), "api", &borrowed(&all));
        Ended::of({
            command.env(name, sandbox);
            command
        })
        .refuses(2, &[name]);
    }
    let ended = Ended::of(ava_role(directory.path(), "sandbox", &borrowed(&all)));
    ended.refuses(2, &["APP_ENV is production"]);
}

#[tokio::test]
async fn production_serves_on_what_is_configured() {
    // Whoever comes second finds one installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let directory = data_dir();
    let database = ScratchDatabase::create().await;
    let address = free_address();
    let all = configured(database.url());
    let mut api = ava_role(directory.path(), "api", &borrowed(&all));
    api.env("HTTP_ADDR", &address);
    let mut api = Running::start("api", api, directory.path());
    let projector = ava_role(directory.path(), "projector", &borrowed(&all));
    let _projector = Running::start("projector", projector, directory.path());
    let places = NginxPlaces {
        backends: std::slice::from_ref(&address),
        trusted_proxy: "127.0.0.1",
        extra: &directory.path().join("nothing"),
    };
    let nginx = Nginx::start(&places, directory.path());
    api.listens(&address);

    let public = format!("http://{}", nginx.address);
    let client = Client::builder().no_proxy().build().unwrap();
    let status = |path: &str| {
        let asked = client
            .get(format!("{public}{path}"))
            .header("X-Forwarded-Proto", "https")
            .send();
        async { asked.await.unwrap().status() }
    };
    assert_eq!(status("/health").await, StatusCode::OK);
    assert_eq!(status("/ready").await, StatusCode::OK);
    assert_eq!(status("/metrics").await, StatusCode::NOT_FOUND);
    let token = client
        .post(format!("{public}/dev/token"))
        .json(&json!({ "email": "ada@example.com" }));
    assert_eq!(token.send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(status("/avatars/me").await, StatusCode::UNAUTHORIZED);

    let made = client
        .post(format!("{public}/avatars"))
        .bearer_auth(token_of(Uuid::now_v7()));
    let made = made.json(&avatar()).send().await.unwrap();
    let (status, told) = (made.status(), made.text().await.unwrap());
    assert_eq!(status, StatusCode::CREATED, "{told}\n{}", api.log());
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["name"], "Ava");
    for (name, value) in all
        .iter()
        .filter(|(name, _)| name.contains("SECRET") || name.contains("KEY"))
    {
        assert!(!api.log().contains(value.as_str()), "{name} is in the log");
    }
}

/// An access token, as the identity provider would sign it.
fn token_of(user: Uuid) -> String {
    let now = chrono::Utc::now().timestamp();
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let claims = json!({
        "sub": user, "email": "ada@example.com", "roles": ["user"], "iss": "https://id.example.com", "aud": "ava",
        "iat": now, "nbf": now, "exp": now + 600,
    });
    let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let signature = mac.chain_update(&signed).finalize().into_bytes();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}
