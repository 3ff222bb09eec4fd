//! The adapter of OpenAI-compatible images APIs against the sandbox, which speaks their wire format over real HTTP.

use std::{net::SocketAddr, time::Duration};

use application::ports::{ImageProvider, InputPicture, PredictionState, ProviderErrorKind};
use async_trait::async_trait;
use infrastructure::image::openai::{OpenAiImages, OpenAiImagesConfig};
use sandbox::{RunningSandbox, SandboxConfig};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::image_provider_contract::{
    Behaviour, StandIn, image_provider_contract, order, scene_order,
};

image_provider_contract!(PlayedImages, without jobs);

const KEY: &str = "sk-the-key-of-the-tests";

/// An images API, played by the sandbox, and an adapter that talks to it.
struct PlayedImages {
    sandbox: RunningSandbox,
    images: OpenAiImages,
    control: reqwest::Client,
}

impl PlayedImages {
    async fn script(&self, behaviour: &str) {
        let url = format!("{}/control/images/script", self.sandbox.url());
        let body = json!({ "next": [behaviour] });
        let answer = self.control.post(url).json(&body).send().await;
        answer.unwrap().error_for_status().unwrap();
    }

    async fn orders(&self) -> Vec<Value> {
        let url = format!("{}/control/images/ledger", self.sandbox.url());
        let answer = self.control.get(url).send().await.unwrap();
        let ledger: Value = answer.json().await.unwrap();
        ledger["orders"].as_array().unwrap().clone()
    }
}

fn config(sandbox: &RunningSandbox, key: &str) -> OpenAiImagesConfig {
    OpenAiImagesConfig {
        api_base: sandbox.url().parse().unwrap(),
        allow_http: true,
        ..OpenAiImagesConfig::new(key)
    }
}

#[async_trait]
impl StandIn for PlayedImages {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = sandbox::start(SandboxConfig {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            images_api_key: Some(KEY.to_owned()),
            drawing_time: Duration::from_millis(30),
            ..SandboxConfig::default()
        });
        let sandbox = sandbox.await.unwrap();
        Self {
            images: OpenAiImages::new(config(&sandbox, KEY)).unwrap(),
            control: reqwest::Client::builder().no_proxy().build().unwrap(),
            sandbox,
        }
    }

    fn provider(&self) -> &dyn ImageProvider {
        &self.images
    }

    fn provider_with_wrong_credential(&self) -> (Box<dyn ImageProvider>, String) {
        let key = "sk-a-wrong-key".to_owned();
        let images = OpenAiImages::new(config(&self.sandbox, &key)).unwrap();
        (Box::new(images), key)
    }

    async fn next(&self, behaviour: Behaviour) {
        let name = match behaviour {
            Behaviour::Draws => "ok",
            Behaviour::FindsItIndecent => "moderation_blocked",
            Behaviour::ThrottlesOnce => "429_then_ok",
            Behaviour::AcceptsAndAnswers500 => "500_after_accept",
            Behaviour::AcceptsAndHangsUp => "drop_response",
            Behaviour::RemovesThePicture => "expired_file",
            Behaviour::SendsTooMuch => "huge_file",
            Behaviour::SendsAWebPage => "wrong_content_type",
            Behaviour::RedirectsTheFile => "redirecting_file_host",
            Behaviour::DrawsAfterChecks(_)
            | Behaviour::StartsSlowly
            | Behaviour::BreaksDown
            | Behaviour::GivesUp => panic!("a service without jobs does not know {behaviour:?}"),
        };
        self.script(name).await;
    }

    async fn jobs_sold(&self) -> usize {
        let orders = self.orders().await;
        orders.iter().filter(|order| order["drawn"] == true).count()
    }

    async fn redirects_followed(&self) -> usize {
        let orders = self.orders().await;
        let followed = orders
            .iter()
            .map(|order| order["redirects_followed"].as_u64().unwrap());
        usize::try_from(followed.sum::<u64>()).unwrap()
    }

    async fn references_received(&self) -> usize {
        let orders = self.orders().await;
        let edits = orders.iter().filter(|order| order["route"] == "edits");
        edits
            .filter(|order| order["pictures"].as_array().unwrap().len() == 1)
            .count()
    }
}

#[tokio::test]
async fn base64_and_addresses_are_fetched_alike() {
    let played = PlayedImages::start().await;
    for behaviour in ["base64", "url"] {
        played.script(behaviour).await;
        let started = played.images.start(&order()).await.unwrap();
        let PredictionState::Succeeded { urls } = started.state else {
            panic!("{behaviour}: {started:?}");
        };
        assert_eq!(urls[0].starts_with("data:"), behaviour == "base64");
        let bytes = played.images.fetch(&urls[0]).await.unwrap();
        image::load_from_memory(&bytes).unwrap();
    }
}

#[tokio::test]
async fn the_reference_goes_along_byte_for_byte_and_under_its_media_type() {
    let played = PlayedImages::start().await;
    let started = played.images.start(&order()).await.unwrap();
    let PredictionState::Succeeded { urls } = started.state else {
        panic!("{started:?}");
    };
    let bytes = played.images.fetch(&urls[0]).await.unwrap();
    let digest = hex::encode(Sha256::digest(&bytes));
    let expected = json!([format!("image/png {} bytes {digest}", bytes.len())]);
    let media_type = "image/png".to_owned();
    let scene = scene_order(InputPicture { bytes, media_type });

    played.images.start(&scene).await.unwrap();

    let orders = played.orders().await;
    assert_eq!(orders[1]["pictures"], expected);
    assert_eq!(orders[1]["prompt"], json!(scene.prompt));
    let name = format!("{}-{}", scene.photo_id, scene.attempt);
    assert_eq!(orders[1]["client_request_id"], json!(name));
}

#[tokio::test]
async fn an_account_without_money_is_the_operators_business_although_the_status_says_wait() {
    let played = PlayedImages::start().await;
    played.script("insufficient_quota").await;
    let refused = played.images.start(&order()).await.unwrap_err();
    assert_eq!(refused.kind, ProviderErrorKind::Operator, "{refused}");
}

#[tokio::test]
async fn an_answer_without_a_usable_picture_may_be_tried_again() {
    let played = PlayedImages::start().await;
    played.script("empty").await;
    let started = played.images.start(&order()).await.unwrap();
    let PredictionState::Failed(error) = started.state else {
        panic!("{started:?}");
    };
    assert_eq!(error.kind, ProviderErrorKind::Retryable { after: None });

    played.script("bad_base64").await;
    let started = played.images.start(&order()).await.unwrap();
    let PredictionState::Succeeded { urls } = started.state else {
        panic!("{started:?}");
    };
    let refused = played.images.fetch(&urls[0]).await.unwrap_err();
    assert_eq!(refused.kind, ProviderErrorKind::Retryable { after: None });
}

#[test]
fn nothing_but_https_will_do_outside_development() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let at = |base: &str| {
        OpenAiImages::new(OpenAiImagesConfig {
            api_base: base.parse().unwrap(),
            ..OpenAiImagesConfig::new(KEY)
        })
    };
    assert!(at("https://images.example.com/openai/v1").is_ok());
    for wrong in [
        "http://images.example.com",
        "ftp://x",
        "https://a:hunter2@x",
    ] {
        let words = at(wrong).unwrap_err().to_string();
        assert!(!words.contains("hunter2"), "{words}");
    }
    assert!(OpenAiImages::new(OpenAiImagesConfig::new("")).is_err());
}
