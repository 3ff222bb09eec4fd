//! Replicate as an image provider: models over its HTTP API, polled, or told by its webhooks.
//!
//! What the service does is gathered from its OpenAPI document, its clients' sources and its documentation
//! ("Create a prediction", "Prediction deadlines", "Rate limits", "Error codes").

mod api;
mod config;
mod input;
mod orphan;
mod prediction;
mod reference;
mod refusal;
mod throttle;
mod webhook;

use std::{fmt, time::Duration};

use application::ports::{
    ImageProvider, PictureOrder, Prediction, PredictionState, ProviderError, ProviderErrorKind,
};
use async_trait::async_trait;
use bytes::Bytes;
use domain::photo_request::Purpose;
use reqwest::StatusCode;
use serde_json::json;
use url::Url;

use super::fetch::{FileHost, PictureFetcher};
use api::{Answer, Api};
pub use config::{InvalidReplicateConfig, ModelName, ReplicateConfig};
use prediction::PredictionObject;
use refusal::{Asking, refusal};
use throttle::Throttle;
pub use webhook::ReplicateWebhook;

/// As it stands in events.
const NAME: &str = "replicate";

/// Replicate drops deadlines that are nearer than this, so ours are stretched to it, in seconds.
const NEAREST_DEADLINE_S: u64 = 5;

/// An [`ImageProvider`] that is Replicate, or something that speaks like it.
pub struct Replicate {
    api: Api,
    fetcher: PictureFetcher,
    token_hosts: Vec<FileHost>,
    throttle: Throttle,
    reference_model: ModelName,
    scene_model: ModelName,
    wait_s: Option<u8>,
    webhook_base: Option<Url>,
    creates_per_minute: u32,
}

impl Replicate {
    /// Builds the clients; asks nothing of the network.
    ///
    /// # Errors
    /// Says which part of the configuration cannot be used.
    pub fn new(config: ReplicateConfig) -> Result<Self, InvalidReplicateConfig> {
        let api = Api::new(&config)?;
        if !input::follows_a_reference(&config.scene_model) {
            return Err(InvalidReplicateConfig::SceneModel(config.scene_model));
        }
        let fetcher = PictureFetcher::new(config.file_hosts(), config.allow_http)
            .map_err(InvalidReplicateConfig::Client)?;
        Ok(Self {
            token_hosts: config.token_hosts(),
            wait_s: config.wait_s.map(|wait| wait.clamp(1, 60)),
            webhook_base: config
                .webhook_base
                .filter(|base| config.allow_http || base.scheme() == "https"),
            creates_per_minute: config.creates_per_minute,
            reference_model: config.reference_model,
            scene_model: config.scene_model,
            throttle: Throttle::default(),
            fetcher,
            api,
        })
    }

    fn model_for(&self, purpose: Purpose) -> &ModelName {
        match purpose {
            Purpose::Reference => &self.reference_model,
            Purpose::Scene => &self.scene_model,
        }
    }

    async fn create(&self, order: &PictureOrder) -> Result<Answer, ProviderError> {
        let model = self.model_for(order.purpose);
        let mut body = json!({ "input": input::of(model, order).await? });
        if let Some(address) = self.webhook(order) {
            body["webhook"] = json!(address);
            body["webhook_events_filter"] = json!(["completed"]);
        }
        let request = match model.version() {
            None => self
                .api
                .post(&["models", model.owner(), model.name(), "predictions"]),
            Some(_) => {
                body["version"] = json!(model.to_string());
                self.api.post(&["predictions"])
            }
        };
        let mut request = request
            .header("Cancel-After", cancel_after(order))
            .json(&body);
        if let Some(wait) = self.wait_s {
            request = request.header("Prefer", format!("wait={wait}"));
        }
        let sent = self.api.send(request).await;
        sent.map_err(|trouble| trouble.while_asking_for(Asking::Purchase))
    }

    /// Where Replicate is to tell the end of this attempt.
    fn webhook(&self, order: &PictureOrder) -> Option<Url> {
        let mut address = self.webhook_base.clone()?;
        let (photo, attempt) = (order.photo_id.to_string(), order.attempt.to_string());
        address
            .path_segments_mut()
            .ok()?
            .pop_if_empty()
            .extend(["webhooks", NAME, &photo, &attempt]);
        Some(address)
    }

    /// The prediction that an answer holds, or why it holds none.
    fn prediction(&self, answer: &Answer, asking: Asking) -> Result<Prediction, ProviderError> {
        if !answer.status.is_success() {
            return Err(refusal(answer, asking));
        }
        let object: PredictionObject = answer
            .json()
            .map_err(|trouble| trouble.while_asking_for(asking))?;
        Ok(object.into_prediction())
    }
}

impl fmt::Debug for Replicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replicate")
            .field("api", &self.api)
            .field("reference_model", &self.reference_model)
            .field("scene_model", &self.scene_model)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl ImageProvider for Replicate {
    fn name(&self) -> &str {
        NAME
    }

    fn orders_per_minute(&self) -> u32 {
        self.creates_per_minute
    }

    fn announces(&self) -> bool {
        self.webhook_base.is_some()
    }

    fn holds_back(&self) -> Option<Duration> {
        self.throttle.left()
    }

    fn model(&self, purpose: Purpose) -> String {
        self.model_for(purpose).to_string()
    }

    async fn start(&self, order: &PictureOrder) -> Result<Prediction, ProviderError> {
        self.throttle.pass()?;
        let answer = self.create(order).await?;
        self.throttle.learn(&answer);
        self.prediction(&answer, Asking::Purchase)
    }

    async fn check(&self, id: &str) -> Result<Prediction, ProviderError> {
        let request = self.api.get(&["predictions", id]);
        let answer = self.api.send(request).await;
        let answer = answer.map_err(|trouble| trouble.while_asking_for(Asking::Question))?;
        self.prediction(&answer, Asking::Question)
    }

    async fn find_orphan(
        &self,
        order: &PictureOrder,
        named: Option<&str>,
    ) -> Result<Option<Prediction>, ProviderError> {
        let model = self.model_for(order.purpose);
        if let Some(id) = named
            && let Some(object) = orphan::look_at(&self.api, model, order, id).await?
        {
            return Ok(Some(object.into_prediction()));
        }
        let found = orphan::find(&self.api, model, order).await?;
        Ok(found.map(PredictionObject::into_prediction))
    }

    async fn cancel(&self, id: &str) -> Result<(), ProviderError> {
        let request = self.api.post(&["predictions", id, "cancel"]);
        let answer = self.api.send(request).await;
        let answer = answer.map_err(|trouble| trouble.while_asking_for(Asking::Question))?;
        match answer.status {
            status if status.is_success() => Ok(()),
            StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
                // Perhaps since it is over already, which is what was wanted.
                match self.check(id).await?.state {
                    PredictionState::Working => Err(refusal(&answer, Asking::Question)),
                    PredictionState::Succeeded { .. }
                    | PredictionState::Failed(_)
                    | PredictionState::Canceled => Ok(()),
                }
            }
            _ => Err(refusal(&answer, Asking::Question)),
        }
    }

    async fn fetch(&self, url: &str) -> Result<Bytes, ProviderError> {
        let url = self.fetcher.permit(url)?;
        let may_see_token = self.token_hosts.iter().any(|host| host.holds(&url));
        let authorization = may_see_token.then(|| self.api.authorization());
        Ok(self.fetcher.fetch(url, authorization).await?)
    }
}

/// The deadline as Replicate takes it: it stops what is not done by then, even if we are gone.
fn cancel_after(order: &PictureOrder) -> String {
    format!("{}s", order.left.as_secs().max(NEAREST_DEADLINE_S))
}

fn operator(detail: impl Into<String>) -> ProviderError {
    ProviderError {
        kind: ProviderErrorKind::Operator,
        detail: detail.into(),
    }
}
