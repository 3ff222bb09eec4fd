//! Orders at the images API: one client, one key, limits on time and size.

use std::{fmt, time::Duration};

use application::ports::{PictureOrder, ProviderError, ProviderErrorKind};
use bytes::Bytes;
use reqwest::{
    Client, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use url::Url;

use super::config::{InvalidImagesConfig, OpenAiImagesConfig};
use crate::{
    limits::{CONNECT_TIME, PROVIDER_ANSWER},
    web_service::{api_base, bearer, client, read_up_to, retry_after, send, trouble},
};

/// An answer of the API, read whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    /// When the service wants to be asked again.
    pub(super) retry_after: Option<Duration>,
    /// The service's name for the call.
    pub(super) id: Option<String>,
}

/// The way to the API.
pub(super) struct Api {
    client: Client,
    base: Url,
    authorization: HeaderValue,
    timeout: Duration,
}

impl Api {
    pub(super) fn new(config: &OpenAiImagesConfig) -> Result<Self, InvalidImagesConfig> {
        let base =
            api_base(&config.api_base, config.allow_http).map_err(InvalidImagesConfig::ApiBase)?;
        Ok(Self {
            authorization: bearer(&config.key).ok_or(InvalidImagesConfig::Key)?,
            client: client(config.allow_http)
                .build()
                .map_err(InvalidImagesConfig::Client)?,
            base,
            timeout: config.timeout,
        })
    }

    /// Places an order and waits for its picture, whatever the answer's status.
    pub(super) async fn order(
        &self,
        route: &str,
        (body, content_type): (Vec<u8>, String),
        order: &PictureOrder,
    ) -> Result<Answer, ProviderError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["images", route]);
        }
        let request = self
            .client
            .post(url)
            .timeout(self.timeout.min(order.left.max(CONNECT_TIME)))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, content_type)
            // The service's staff can find the call by it.
            .header("X-Client-Request-Id", order_name(order))
            .body(body);
        let response = send("openai", request).await.map_err(|error| {
            let kind = match () {
                () if error.is_builder() => ProviderErrorKind::Operator,
                () if error.is_connect() => ProviderErrorKind::Retryable { after: None },
                () => ProviderErrorKind::MaybeAccepted,
            };
            no_answer(kind, &trouble(&error))
        })?;
        let status = response.status();
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        let id = header("x-request-id")
            .filter(|id| is_plain(id))
            .map(str::to_owned);
        let retry_after = retry_after(response.headers());
        let body = read_up_to(response, PROVIDER_ANSWER).await;
        let body =
            body.map_err(|error| no_answer(ProviderErrorKind::MaybeAccepted, &error.to_string()))?;
        Ok(Answer {
            status,
            body,
            retry_after,
            id,
        })
    }
}

/// Our own name for an order.
pub(super) fn order_name(order: &PictureOrder) -> String {
    format!("{}-{}", order.photo_id, order.attempt)
}

fn is_plain(id: &str) -> bool {
    (1..=200).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn no_answer(kind: ProviderErrorKind, why: &str) -> ProviderError {
    ProviderError {
        kind,
        detail: format!("the images API gave no answer: {why}"),
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}
