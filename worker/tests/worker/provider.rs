//! The image provider, as the sandbox plays it: its switches, its ledger, and ways to reach it.

use infrastructure::{
    chat::{ChatCompletions, ChatConfig},
    image::replicate::{Replicate, ReplicateConfig},
};
use sandbox::RunningSandbox;
use serde_json::{Value, json};

use crate::system::System;

impl System {
    pub async fn control(&self, path: &str, body: Value) {
        let url = format!("{}/control{path}", self.sandbox.url());
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{path}: {}",
            answer.text().await.unwrap()
        );
    }

    /// What the next creates do, in order.
    pub async fn script(&self, behaviours: &[&str]) {
        self.control("/replicate/script", json!({ "next": behaviours }))
            .await;
    }

    /// What every create does.
    pub async fn always(&self, behaviour: &str) {
        self.control("/replicate/default", json!({ "behaviour": behaviour }))
            .await;
    }

    pub async fn ledger(&self) -> Ledger {
        let url = format!("{}/control/replicate/ledger", self.sandbox.url());
        Ledger(
            self.client
                .get(url)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap(),
        )
    }

    /// How the provider sees a prediction.
    pub async fn prediction_status(&self, id: &str) -> String {
        let url = format!("{}/v1/predictions/{id}", self.sandbox.url());
        let request = self.client.get(url).bearer_auth("r8_test");
        let prediction: Value = request.send().await.unwrap().json().await.unwrap();
        prediction["status"].as_str().unwrap().to_owned()
    }
}

/// What the provider was asked for.
pub struct Ledger(Value);

impl Ledger {
    /// How many predictions were bought.
    pub fn bought(&self) -> u64 {
        self.0["predictions_created"].as_u64().unwrap()
    }

    /// Every create that arrived, bought or not.
    pub fn creates(&self) -> &[Value] {
        self.0["creates"].as_array().unwrap()
    }

    /// The ids of the predictions, oldest first.
    pub fn ids(&self) -> Vec<String> {
        let ids = self
            .creates()
            .iter()
            .filter_map(|create| create["id"].as_str());
        ids.map(str::to_owned).collect()
    }
}

/// How to ask the sandbox.
pub fn replicate_config(sandbox: &RunningSandbox) -> ReplicateConfig {
    let config = ReplicateConfig::new("r8_test").at(sandbox.url().parse().unwrap());
    ReplicateConfig {
        allow_http: true,
        ..config
    }
}

/// Asks the sandbox.
pub fn replicate(sandbox: &RunningSandbox) -> Replicate {
    Replicate::new(replicate_config(sandbox)).unwrap()
}

/// Asks for a model that the provider does not have.
pub fn misconfigured_replicate(sandbox: &RunningSandbox) -> Replicate {
    let reference_model = "black-forest-labs/no-such-model".parse().unwrap();
    Replicate::new(ReplicateConfig {
        reference_model,
        ..replicate_config(sandbox)
    })
    .unwrap()
}

/// Talks to an address where nobody listens.
pub fn unreachable_replicate() -> Replicate {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let config = ReplicateConfig::new("r8_test").at(format!("http://{nobody}").parse().unwrap());
    Replicate::new(ReplicateConfig {
        allow_http: true,
        ..config
    })
    .unwrap()
}

/// The sandbox's companion.
pub fn chat_model(sandbox: &RunningSandbox) -> ChatCompletions {
    let base = sandbox.url().parse().unwrap();
    ChatCompletions::new(ChatConfig {
        allow_http: true,
        silence: std::time::Duration::from_secs(3),
        ..ChatConfig::new(base, "sk-test", "companion")
    })
    .unwrap()
}
