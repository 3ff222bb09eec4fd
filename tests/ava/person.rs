//! Somebody who uses a running `ava` over HTTP.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::running::RunningAva;

pub struct Person {
    pub client: Client,
    pub api: String,
    token: String,
}

impl Person {
    pub async fn sign_in(running: &RunningAva, email: &str) -> Self {
        Self::sign_in_at(&running.api, email).await
    }

    /// The same at any address.
    pub async fn sign_in_at(api: &str, email: &str) -> Self {
        // Whoever comes second finds one installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().unwrap();
        let mut person = Self {
            client,
            api: api.to_owned(),
            token: String::new(),
        };
        let token = person
            .post(&format!("{api}/dev/token"), &json!({ "email": email }))
            .await;
        token["access_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut person.token);
        person
    }

    /// What it signs its requests with.
    pub fn token(&self) -> &str {
        &self.token
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ask(path).await.json().await.unwrap()
    }

    pub async fn post(&self, url: &str, body: &Value) -> Value {
        let answer = self
            .client
            .post(url)
            .bearer_auth(&self.token)
            .json(body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{url}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// What is there, once it has that status.
    pub async fn wait_for(&self, path: &str, status: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let answer = self.ask(path).await;
            let found = answer.status() == StatusCode::OK;
            let shown: Value = answer.json().await.unwrap();
            if found && shown["status"] == status {
                return shown;
            }
            assert!(Instant::now() < deadline, "{path} is not {status}: {shown}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Asks for something that may be refused.
    pub async fn try_to(&self, method: &str, path: &str) -> reqwest::Response {
        let url = format!("{}{path}", self.api);
        let method = method.parse().unwrap();
        let request = self.client.request(method, url).bearer_auth(&self.token);
        request.send().await.unwrap()
    }

    async fn ask(&self, path: &str) -> reqwest::Response {
        let url = format!("{}{path}", self.api);
        let request = self.client.get(url).bearer_auth(&self.token);
        request.send().await.unwrap()
    }
}
