//! An image provider that speaks OpenAI's images API: OpenAI itself, or one of the many that speak like it.
//!
//! It draws while the request is open: there are no jobs to ask for, to find again or to call off. A picture whose
//! answer was lost is bought again, once it is sure that no answer will come.

mod answer;
mod api;
mod config;
mod form;

use std::{fmt, sync::Arc};

use application::ports::{
    ImageProvider, PictureOrder, Prediction, PredictionState, ProviderError, ProviderErrorKind,
};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use domain::photo_request::Purpose;
use serde_json::json;

use super::fetch::{FetchError, PictureFetcher};
use crate::limits::PICTURE;
use api::Api;
pub use config::{InvalidImagesConfig, OpenAiImagesConfig};

/// As it stands in events.
const NAME: &str = "openai";

/// Pictures that stand in an answer itself are handed on as such an address.
const INLINE: &str = "data:image/png;base64,";

/// An [`ImageProvider`] that is OpenAI, or something that speaks like it.
pub struct OpenAiImages {
    api: Api,
    fetcher: PictureFetcher,
    model: Arc<str>,
    orders_per_minute: u32,
}

impl OpenAiImages {
    /// Builds the clients; asks nothing of the network.
    ///
    /// # Errors
    /// Says which part of the configuration cannot be used.
    pub fn new(config: OpenAiImagesConfig) -> Result<Self, InvalidImagesConfig> {
        let fetcher = PictureFetcher::new(config.file_hosts(), config.allow_http)
            .map_err(InvalidImagesConfig::Client)?;
        Ok(Self {
            api: Api::new(&config)?,
            fetcher,
            model: config.model.into(),
            orders_per_minute: config.orders_per_minute,
        })
    }

    /// From words alone.
    async fn generate(&self, order: &PictureOrder) -> Result<api::Answer, ProviderError> {
        let body = json!({
            "model": &*self.model,
            "prompt": order.prompt,
            "n": 1,
            "size": SIZE,
        });
        let body = (
            serde_json::to_vec(&body).unwrap_or_default(),
            "application/json".to_owned(),
        );
        self.api.order("generations", body, order).await
    }

    /// After the reference picture.
    async fn edit(
        &self,
        order: &PictureOrder,
        reference: &application::ports::InputPicture,
    ) -> Result<api::Answer, ProviderError> {
        let texts = [
            ("model", &*self.model),
            ("prompt", order.prompt.as_str()),
            ("n", "1"),
            ("size", SIZE),
        ];
        let body = form::written(&texts, reference);
        self.api.order("edits", body, order).await
    }
}

/// Square, as references and scenes are.
const SIZE: &str = "1024x1024";

impl fmt::Debug for OpenAiImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiImages")
            .field("api", &self.api)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl ImageProvider for OpenAiImages {
    fn name(&self) -> &str {
        NAME
    }

    fn model(&self, _: Purpose) -> String {
        self.model.to_string()
    }

    fn orders_per_minute(&self) -> u32 {
        self.orders_per_minute
    }

    fn announces(&self) -> bool {
        false
    }

    fn keeps_jobs(&self) -> bool {
        false
    }

    async fn start(&self, order: &PictureOrder) -> Result<Prediction, ProviderError> {
        let answer = match &order.reference {
            Some(reference) => self.edit(order, reference).await?,
            None => self.generate(order).await?,
        };
        let state = answer::state(&answer)?;
        Ok(Prediction {
            id: answer.id.unwrap_or_else(|| api::order_name(order)),
            state,
        })
    }

    /// What was not taken out of the answer at once is nowhere.
    async fn check(&self, id: &str) -> Result<Prediction, ProviderError> {
        Ok(Prediction {
            id: id.to_owned(),
            state: PredictionState::Failed(ProviderError {
                kind: ProviderErrorKind::Retryable { after: None },
                detail: "the picture was lost with the process that had ordered it".to_owned(),
            }),
        })
    }

    async fn find_orphan(
        &self,
        _: &PictureOrder,
        _: Option<&str>,
    ) -> Result<Option<Prediction>, ProviderError> {
        Ok(None)
    }

    /// Nothing runs on that could be stopped.
    async fn cancel(&self, _: &str) -> Result<(), ProviderError> {
        Ok(())
    }

    /// The key is not sent along: addresses of pictures carry their own signature.
    async fn fetch(&self, url: &str) -> Result<Bytes, ProviderError> {
        if let Some(encoded) = url.strip_prefix(INLINE) {
            return decoded(encoded);
        }
        let url = self.fetcher.permit(url)?;
        Ok(self.fetcher.fetch(url, None).await?)
    }
}

fn decoded(encoded: &str) -> Result<Bytes, ProviderError> {
    // Four characters of base64 stand for three bytes.
    if encoded.len() / 4 * 3 > PICTURE + 2 {
        return Err(FetchError::TooLarge.into());
    }
    let bytes = STANDARD.decode(encoded).map_err(|_| ProviderError {
        kind: ProviderErrorKind::Retryable { after: None },
        detail: "the picture in the answer is not base64".to_owned(),
    })?;
    Ok(bytes.into())
}
