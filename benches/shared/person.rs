//! Somebody who uses a running Ava over HTTP: for whoever measures it, and for whoever watches it.

use std::time::{Duration, Instant};

use anyhow::Context;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::companion::companion;

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Person {
    client: Client,
    api: String,
    token: String,
    patience: Duration,
}

impl Person {
    /// Signs in at that address, in the development environment. They wait so long for something to happen.
    ///
    /// # Errors
    /// When that is refused.
    pub async fn sign_in(
        client: &Client,
        api: &str,
        email: &str,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let mut person = Self {
            client: client.clone(),
            api: api.to_owned(),
            token: String::new(),
            patience,
        };
        let token = person
            .post("/dev/token", &json!({ "email": email }))
            .await?;
        token["access_token"]
            .as_str()
            .context("no token")?
            .clone_into(&mut person.token);
        Ok(person)
    }

    /// Designs a companion.
    ///
    /// # Errors
    /// When that is refused.
    pub async fn design_companion(&self) -> anyhow::Result<()> {
        self.post("/avatars", &companion()).await?;
        Ok(())
    }

    /// Gets a reference picture of the companion, approves it, and pays for a month.
    ///
    /// # Errors
    /// When any of that is refused, or takes longer than they wait.
    pub async fn subscribe(&self) -> anyhow::Result<()> {
        let wish = self.post("/avatars/me/reference-image", &json!({})).await?;
        let photo = wish["id"].as_str().context("no photo")?.to_owned();
        self.delivered(&photo).await?;
        // The avatar hears of it a moment later.
        self.until("/avatars/me", |avatar| {
            avatar["reference_image"]["status"] == "ready"
        })
        .await?;
        let approval = json!({"photo_id": photo});
        self.post("/avatars/me/reference-image/approval", &approval)
            .await?;
        let checkout = self
            .post("/billing/checkout", &json!({"plan": "monthly"}))
            .await?;
        let page = checkout["checkout_url"].as_str().context("no checkout")?;
        let form = self
            .client
            .post(page)
            .header("Content-Type", "application/x-www-form-urlencoded");
        let paid = form.body("outcome=paid").send().await;
        // What it redirects to is the web client's page, which is not here.
        drop(paid);
        self.until("/billing/subscription", |subscription| {
            subscription["open"] == true
        })
        .await
    }

    /// Asks for a picture, and waits until it is there.
    ///
    /// # Errors
    /// When that is refused, or takes longer than they wait.
    pub async fn photo(&self, scene: &str) -> anyhow::Result<String> {
        let wish = self.post("/photos", &json!({"scene": scene})).await?;
        let photo = wish["id"].as_str().context("no photo")?.to_owned();
        self.delivered(&photo).await?;
        Ok(photo)
    }

    async fn delivered(&self, photo: &str) -> anyhow::Result<()> {
        self.until(&format!("/photos/{photo}"), |photo| {
            photo["status"] == "delivered"
        })
        .await
    }

    async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let seen: Value = self.ask(Method::GET, path, None).await?.json().await?;
            if is_so(&seen) {
                return Ok(());
            }
            anyhow::ensure!(begun.elapsed() < self.patience, "{path} is still {seen}");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        Ok(self
            .ask(Method::POST, path, Some(body))
            .await?
            .json()
            .await
            .unwrap_or_default())
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
    ) -> anyhow::Result<Response> {
        let mut request = self.client.request(method, format!("{}{path}", self.api));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (status, problem) = (answer.status(), answer.text().await?);
        anyhow::bail!("{path}: {status} {problem}")
    }
}
