//! The sandbox: its switches, and its ledgers of what it was asked for.

use anyhow::Context as _;
use reqwest::{Client, Response, redirect::Policy};
use serde_json::Value;

/// The outside, played.
#[derive(Debug, Clone)]
pub struct Sandbox {
    client: Client,
    url: String,
}

impl Sandbox {
    /// The one at that address.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub fn at(url: String) -> anyhow::Result<Self> {
        // Whoever has paid is sent back to the web client, which is not here.
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .build()?;
        Ok(Self { client, url })
    }

    /// Turns a switch.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn switch(&self, path: &str, to: &Value) -> anyhow::Result<()> {
        self.turned(path, to).await.map(drop)
    }

    /// The same, and what it answers.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn control(&self, path: &str, to: &Value) -> anyhow::Result<Value> {
        Ok(self.turned(path, to).await?.json().await?)
    }

    async fn turned(&self, path: &str, to: &Value) -> anyhow::Result<Response> {
        let asked = self
            .client
            .post(format!("{}/control/{path}", self.url))
            .json(to);
        Ok(asked.send().await?.error_for_status()?)
    }

    /// Pays on the page at that address.
    ///
    /// # Errors
    /// When there is none.
    pub async fn pay(&self, page: &Value) -> anyhow::Result<()> {
        let page = page.as_str().context("no page to pay on")?;
        let form = self
            .client
            .post(page)
            .header("Content-Type", "application/x-www-form-urlencoded");
        form.body("outcome=paid").send().await?;
        Ok(())
    }

    /// Every order of a picture, oldest first.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn orders(&self) -> anyhow::Result<Vec<Value>> {
        let ledger = self.ledger("replicate").await?;
        Ok(ledger["creates"].as_array().cloned().unwrap_or_default())
    }

    /// A service's ledger.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn ledger(&self, service: &str) -> anyhow::Result<Value> {
        let url = format!("{}/control/{service}/ledger", self.url);
        Ok(self
            .client
            .get(url)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }
}
