//! The Replicate adapter against the sandbox, which speaks Replicate's wire format over real HTTP.

use std::{net::SocketAddr, time::Duration};

use application::ports::{ImageProvider, InputPicture, PictureOrder, PredictionState};

use async_trait::async_trait;
use domain::photo_request::Purpose;
use infrastructure::image::replicate::{Replicate, ReplicateConfig};
use sandbox::{RunningSandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::image_provider_contract::{
    Behaviour, StandIn, ended, image_provider_contract, order, scene_order,
};

image_provider_contract!(PlayedReplicate, with jobs);

const TOKEN: &str = "r8_the_token_of_the_tests";

/// Replicate, played by the sandbox, and an adapter that talks to it.
struct PlayedReplicate {
    sandbox: RunningSandbox,
    replicate: Replicate,
    control: reqwest::Client,
}

impl PlayedReplicate {
    /// Queues what the next create does, by the sandbox's name for it.
    async fn script(&self, behaviour: &str) {
        let url = format!("{}/control/replicate/script", self.sandbox.url());
        let answer = self
            .control
            .post(url)
            .json(&json!({"next": [behaviour]}))
            .send()
            .await;
        answer.unwrap().error_for_status().unwrap();
    }

    async fn ledger(&self) -> Value {
        let url = format!("{}/control/replicate/ledger", self.sandbox.url());
        self.control
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn pictures_of(&self, behaviour: &str) -> Vec<String> {
        self.script(behaviour).await;
        let started = self.replicate.start(&order()).await.unwrap();
        match ended(&self.replicate, &started.id).await {
            PredictionState::Succeeded { urls } => urls,
            other => panic!("{behaviour}: {other:?}"),
        }
    }
}

fn config(sandbox: &RunningSandbox, token: &str) -> ReplicateConfig {
    ReplicateConfig {
        api_base: sandbox.url().parse().unwrap(),
        allow_http: true,
        ..ReplicateConfig::new(token)
    }
}

#[async_trait]
impl StandIn for PlayedReplicate {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = sandbox::start(SandboxConfig {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            replicate_token: Some(TOKEN.to_owned()),
            drawing_time: Duration::from_millis(60),
            ..SandboxConfig::default()
        });
        let sandbox = sandbox.await.unwrap();
        Self {
            replicate: Replicate::new(config(&sandbox, TOKEN)).unwrap(),
            control: reqwest::Client::builder().no_proxy().build().unwrap(),
            sandbox,
        }
    }

    fn provider(&self) -> &dyn ImageProvider {
        &self.replicate
    }

    fn provider_with_wrong_credential(&self) -> (Box<dyn ImageProvider>, String) {
        let token = "r8_a_wrong_token".to_owned();
        let replicate = Replicate::new(config(&self.sandbox, &token)).unwrap();
        (Box::new(replicate), token)
    }

    async fn next(&self, behaviour: Behaviour) {
        let name = match behaviour {
            Behaviour::Draws => "ok_sync".to_owned(),
            Behaviour::DrawsAfterChecks(checks) => format!("ok_after({checks})"),
            Behaviour::StartsSlowly => "slow_cold_start".to_owned(),
            Behaviour::FindsItIndecent => "fail_nsfw".to_owned(),
            Behaviour::BreaksDown => "fail_infra".to_owned(),
            Behaviour::GivesUp => "aborted".to_owned(),
            Behaviour::ThrottlesOnce => "429_then_ok".to_owned(),
            Behaviour::AcceptsAndAnswers500 => "500_after_accept".to_owned(),
            Behaviour::AcceptsAndHangsUp => "drop_response".to_owned(),
            Behaviour::RemovesThePicture => "expired_output".to_owned(),
            Behaviour::SendsTooMuch => "huge_file".to_owned(),
            Behaviour::SendsAWebPage => "wrong_content_type".to_owned(),
            Behaviour::RedirectsTheFile => "redirecting_file_host".to_owned(),
        };
        self.script(&name).await;
    }

    async fn jobs_sold(&self) -> usize {
        let sold = self.ledger().await["predictions_created"].as_u64().unwrap();
        usize::try_from(sold).unwrap()
    }

    async fn redirects_followed(&self) -> usize {
        let ledger = self.ledger().await;
        let creates = ledger["creates"].as_array().unwrap();
        let followed = creates
            .iter()
            .map(|create| create["redirects_followed"].as_u64().unwrap());
        usize::try_from(followed.sum::<u64>()).unwrap()
    }

    async fn references_received(&self) -> usize {
        let ledger = self.ledger().await;
        let creates = ledger["creates"].as_array().unwrap().iter();
        creates
            .filter(|create| create["input"]["input_image"].is_string())
            .count()
    }
}

#[tokio::test]
async fn a_list_from_which_flagged_pictures_were_left_out_will_do() {
    let played = PlayedReplicate::start().await;
    assert_eq!(played.pictures_of("partial_list").await.len(), 1);
}

#[tokio::test]
async fn an_output_may_be_a_single_address_instead_of_a_list() {
    let played = PlayedReplicate::start().await;
    let urls = played.pictures_of("string_output").await;
    assert_eq!(urls.len(), 1);
    image::load_from_memory(&played.replicate.fetch(&urls[0]).await.unwrap()).unwrap();
}

#[tokio::test]
async fn a_status_that_nobody_knows_is_waited_out() {
    let played = PlayedReplicate::start().await;
    assert_eq!(played.pictures_of("unknown_status").await.len(), 1);
}

#[tokio::test]
async fn an_answer_that_was_waited_for_is_done_already() {
    let played = PlayedReplicate::start().await;
    let waiting = ReplicateConfig {
        wait_s: Some(20),
        ..config(&played.sandbox, TOKEN)
    };
    let started = Replicate::new(waiting)
        .unwrap()
        .start(&order())
        .await
        .unwrap();
    assert!(
        matches!(started.state, PredictionState::Succeeded { .. }),
        "{started:?}"
    );
}

#[tokio::test]
async fn an_orphan_is_found_behind_a_hundred_newer_predictions() {
    let played = PlayedReplicate::start().await;
    let mine = order();
    let started = played.replicate.start(&mine).await.unwrap();
    for _ in 0..110 {
        played.replicate.start(&order()).await.unwrap();
    }
    let found = played
        .replicate
        .find_orphan(&mine, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, started.id);
}

#[tokio::test]
async fn a_prediction_that_a_webhook_named_is_taken_only_when_it_is_this_orders() {
    let played = PlayedReplicate::start().await;
    let (mine, other) = (order(), order());
    let my_id = played.replicate.start(&mine).await.unwrap().id;
    let other_id = played.replicate.start(&other).await.unwrap().id;
    for named in [&my_id, &other_id, "unknown", "../account"] {
        let found = played.replicate.find_orphan(&mine, Some(named)).await;
        assert_eq!(found.unwrap().unwrap().id, my_id, "{named}");
    }
    let never = order();
    let found = played.replicate.find_orphan(&never, Some(&my_id)).await;
    assert_eq!(found.unwrap(), None);
}

#[tokio::test]
async fn each_attempt_names_its_own_address_for_the_end_and_wants_nothing_else() {
    let played = PlayedReplicate::start().await;
    let told = Replicate::new(ReplicateConfig {
        webhook_base: Some("http://127.0.0.1:9/ava/".parse().unwrap()),
        ..config(&played.sandbox, TOKEN)
    });
    let told = told.unwrap();
    assert!(told.announces() && !played.replicate.announces());
    let mine = PictureOrder {
        attempt: 3,
        ..order()
    };
    told.start(&mine).await.unwrap();
    let create = &played.ledger().await["creates"][0];
    let address = format!(
        "http://127.0.0.1:9/ava/webhooks/replicate/{}/3",
        mine.photo_id
    );
    assert_eq!(create["webhook"], json!(address));
}

#[tokio::test]
async fn outside_development_only_an_https_address_is_named() {
    let told = |base: &str| {
        Replicate::new(ReplicateConfig {
            webhook_base: Some(base.parse().unwrap()),
            ..ReplicateConfig::new(TOKEN)
        })
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    assert!(told("https://ava.example.com").unwrap().announces());
    assert!(!told("http://ava.example.com").unwrap().announces());
}

#[tokio::test]
async fn every_family_of_models_gets_the_reference_where_it_takes_it() {
    let played = PlayedReplicate::start().await;
    let version = "0".repeat(64);
    let reference = InputPicture {
        bytes: b"a small picture"[..].into(),
        media_type: "image/jpeg".to_owned(),
    };
    let sent = json!("data:image/jpeg;base64,YSBzbWFsbCBwaWN0dXJl");
    for (model, field, expected) in [
        (
            "black-forest-labs/flux-kontext-pro",
            "input_image",
            sent.clone(),
        ),
        (
            "black-forest-labs/flux-2-flex",
            "input_images",
            json!([sent]),
        ),
        (
            "black-forest-labs/flux-1.1-pro",
            "image_prompt",
            sent.clone(),
        ),
        (
            &format!("zsxkib/instant-id:{version}"),
            "image",
            sent.clone(),
        ),
    ] {
        let replicate = Replicate::new(ReplicateConfig {
            scene_model: model.parse().unwrap(),
            ..config(&played.sandbox, TOKEN)
        });
        let replicate = replicate.unwrap();
        assert_eq!(replicate.model(Purpose::Scene), model);
        let order = scene_order(reference.clone());
        let started = replicate.start(&order).await.unwrap();
        assert!(
            matches!(
                ended(&replicate, &started.id).await,
                PredictionState::Succeeded { .. }
            ),
            "{model}"
        );
        let found = replicate.find_orphan(&order, None).await.unwrap().unwrap();
        assert_eq!(found.id, started.id, "{model}");
        let ledger = played.ledger().await;
        let create = ledger["creates"].as_array().unwrap().last().unwrap();
        assert_eq!(create["input"][field], expected, "{model}");
    }
}

#[tokio::test]
async fn a_model_that_cannot_follow_a_reference_draws_no_scenes() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let refused = Replicate::new(ReplicateConfig {
        scene_model: "black-forest-labs/flux-schnell".parse().unwrap(),
        ..ReplicateConfig::new(TOKEN)
    });
    let words = refused.unwrap_err().to_string();
    assert!(
        words.contains("cannot follow a reference picture"),
        "{words}"
    );
}
