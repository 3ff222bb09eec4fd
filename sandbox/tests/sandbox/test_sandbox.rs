//! A sandbox of one test's own, and the ways to ask it.

use std::time::Duration;

use reqwest::{Method, Response};
use sandbox::{RunningSandbox, SandboxConfig};
use serde_json::{Value, json};

/// Predictions take this long in tests, unless a test says otherwise.
pub const DRAWING_TIME: Duration = Duration::from_millis(80);

/// In seconds.
pub const DAY: u32 = 86_400;

pub struct TestSandbox {
    pub running: RunningSandbox,
    pub client: reqwest::Client,
}

pub fn config() -> SandboxConfig {
    SandboxConfig {
        addr: "127.0.0.1:0".parse().unwrap(),
        drawing_time: DRAWING_TIME,
        ..SandboxConfig::default()
    }
}

pub async fn started() -> TestSandbox {
    started_with(config()).await
}

pub async fn started_with(config: SandboxConfig) -> TestSandbox {
    let running = sandbox::start(config).await.unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    TestSandbox { running, client }
}

impl TestSandbox {
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url())
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(self.url(path)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.client
            .post(self.url(path))
            .json(&body)
            .send()
            .await
            .unwrap()
    }

    pub async fn control(&self, path: &str, body: Value) -> Value {
        let answer = self.post(&format!("/control{path}"), body).await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Creates a prediction with FLUX schnell without waiting for it.
    pub async fn create(&self, prompt: &str) -> Value {
        let answer = self
            .create_with(json!({"input": {"prompt": prompt}}), None)
            .await;
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }

    pub async fn create_with(&self, body: Value, prefer: Option<&str>) -> Response {
        let path = "/v1/models/black-forest-labs/flux-schnell/predictions";
        let mut request = self.client.post(self.url(path)).json(&body);
        if let Some(prefer) = prefer {
            request = request.header("prefer", prefer);
        }
        request.send().await.unwrap()
    }

    /// Polls until the prediction has ended.
    pub async fn ended(&self, id: &str) -> Value {
        for _ in 0..400 {
            let prediction = self.get(&format!("/v1/predictions/{id}")).await;
            let status = prediction["status"].as_str().unwrap();
            if ["succeeded", "failed", "canceled", "aborted"].contains(&status) {
                return prediction;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("prediction {id} did not end");
    }

    pub async fn created_and_ended(&self, prompt: &str) -> Value {
        let created = self.create(prompt).await;
        self.ended(created["id"].as_str().unwrap()).await
    }

    pub async fn stripe(&self, method: Method, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        self.stripe_with_key(method, path, form, None).await
    }

    pub async fn stripe_with_key(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
        key: Option<&str>,
    ) -> (u16, Value) {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let url = self.url(&format!("/v1{path}"));
        let mut request = self
            .client
            .request(method, url)
            .bearer_auth("sk_test_sandbox");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Asks Stripe and expects a good answer.
    pub async fn asked(&self, method: Method, path: &str, form: &[(&str, &str)]) -> Value {
        let (status, json) = self.stripe(method, path, form).await;
        assert_eq!(status, 200, "{path}: {json}");
        json
    }

    /// A customer and an open checkout session for it.
    pub async fn open_session(&self, more: &[(&str, &str)]) -> Value {
        let customer = self
            .asked(
                Method::POST,
                "/customers",
                &[("email", "mia@example.com"), ("metadata[user_id]", "u-1")],
            )
            .await;
        let mut form = vec![
            ("mode", "subscription"),
            ("line_items[0][price]", "price_ava_monthly"),
            ("line_items[0][quantity]", "1"),
            (
                "success_url",
                "http://app.test/done?session={CHECKOUT_SESSION_ID}",
            ),
            ("cancel_url", "http://app.test/plans"),
            ("client_reference_id", "u-1"),
            ("metadata[user_id]", "u-1"),
            ("subscription_data[metadata][user_id]", "u-1"),
            ("customer", customer["id"].as_str().unwrap()),
        ];
        form.extend(more);
        self.asked(Method::POST, "/checkout/sessions", &form).await
    }

    /// A paid subscription, as its id.
    pub async fn subscribed(&self, more: &[(&str, &str)]) -> String {
        let session = self.open_session(more).await;
        let path = format!(
            "/stripe/sessions/{}/complete",
            session["id"].as_str().unwrap()
        );
        let session = self.control(&path, json!({"outcome": "paid"})).await;
        session["subscription"].as_str().unwrap().to_owned()
    }

    pub async fn subscription(&self, id: &str) -> Value {
        self.asked(Method::GET, &format!("/subscriptions/{id}"), &[])
            .await
    }

    /// Has something happen to a subscription, as `renew`.
    pub async fn step(&self, id: &str, step: &str) -> Value {
        let path = format!("/stripe/subscriptions/{id}/{step}");
        self.control(&path, json!({})).await
    }

    /// Lets days pass.
    pub async fn advance(&self, days: u32) {
        let by = json!({"advance_s": days * DAY});
        self.control("/stripe/clock", by).await;
    }

    /// The types of all events, oldest first.
    pub async fn event_kinds(&self) -> Vec<String> {
        let events = self.asked(Method::GET, "/events?limit=100", &[]).await;
        let oldest_first = events["data"].as_array().unwrap().iter().rev();
        oldest_first
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Posts the form of a hosted page as a browser would.
    pub async fn submit(&self, url: &str, pair: (&str, &str)) -> Response {
        let body = format!("{}={}", pair.0, pair.1);
        let request = self
            .client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded");
        request.body(body).send().await.unwrap()
    }
}
