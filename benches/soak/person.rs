//! Somebody who uses a running Ava over HTTP.

use std::time::{Duration, Instant};

use anyhow::Context;
use reqwest::{Client, Method};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Person {
    client: Client,
    api: String,
    sandbox: String,
    token: String,
}

impl Person {
    /// Signs in, in the development environment.
    ///
    /// # Errors
    /// When that is refused.
    pub async fn sign_in(
        client: &Client,
        api: &str,
        sandbox: &str,
        email: &str,
    ) -> anyhow::Result<Self> {
        let mut person = Self {
            client: client.clone(),
            api: api.to_owned(),
            sandbox: sandbox.to_owned(),
            token: String::new(),
        };
        let token = person
            .post("/dev/token", &json!({ "email": email }))
            .await?;
        let token = token["access_token"].as_str().context("no token")?;
        token.clone_into(&mut person.token);
        Ok(person)
    }

    /// Designs a companion, gets and approves its picture, and pays for a month.
    ///
    /// # Errors
    /// When any of that is refused, or takes too long.
    pub async fn subscribe(&self) -> anyhow::Result<()> {
        let profile = json!({
            "name": "Ava", "age": 25, "gender": "woman", "nationality": "French",
            "appearance": "long auburn hair, green eyes, freckles, a warm smile", "personality": "caring",
        });
        self.post("/avatars", &profile).await?;
        let wish = self.post("/avatars/me/reference-image", &json!({})).await?;
        let photo = wish["id"].as_str().context("no photo")?;
        self.until("/avatars/me", |avatar| {
            avatar["reference_image"]["status"] == "ready"
        })
        .await?;
        let approval = json!({ "photo_id": photo });
        self.post("/avatars/me/reference-image/approval", &approval)
            .await?;
        let checkout = self
            .post("/billing/checkout", &json!({"plan": "monthly"}))
            .await?;
        let session = checkout["session_id"].as_str().context("no checkout")?;
        let paid = format!(
            "{}/control/stripe/sessions/{session}/complete",
            self.sandbox
        );
        let paid = self.client.post(paid).json(&json!({"outcome": "paid"}));
        paid.send().await?.error_for_status()?;
        self.until("/billing/subscription", |subscription| {
            subscription["open"] == true
        })
        .await
    }

    /// Waits until something is so.
    ///
    /// # Errors
    /// When it is refused, or takes too long.
    pub async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let seen = self.ask(Method::GET, path, None).await?;
            if is_so(&seen) {
                return Ok(());
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "{path} is still {seen}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Gives a command.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Asks for anything.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let mut request = self.client.request(method, format!("{}{path}", self.api));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        anyhow::ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Follows what happens to one's own things for so long, as an open page does.
    ///
    /// # Errors
    /// When the stream is refused.
    pub async fn follow(&self, length: Duration) -> anyhow::Result<()> {
        let request = self.client.get(format!("{}/updates", self.api));
        let mut answer = request
            .header("Accept", "text/event-stream")
            .bearer_auth(&self.token)
            .send()
            .await?
            .error_for_status()?;
        let heard = async {
            while answer.chunk().await?.is_some() {}
            anyhow::Ok(())
        };
        tokio::time::timeout(length, heard).await.unwrap_or(Ok(()))
    }
}
