//! Calls of Replicate's API: one client, one token, limits on time and size.

use std::{fmt, time::Duration};

use bytes::Bytes;
use reqwest::{
    Client, RequestBuilder, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use serde::de::DeserializeOwned;
use url::Url;

use super::{
    config::{InvalidReplicateConfig, ReplicateConfig},
    refusal::Trouble,
};
use crate::{
    limits::PROVIDER_ANSWER,
    web_service::{
        LONGEST_PAUSE, api_base, bearer, client, read_up_to, retry_after, send, trouble,
    },
};

/// An answer of the API, read whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    /// When the service wants to be asked again.
    pub(super) retry_after: Option<Duration>,
    /// How many calls of this kind are left, and when there will be more.
    pub(super) rate_limit: Option<RateLimit>,
}

/// The `ratelimit-remaining` and `ratelimit-reset` headers.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateLimit {
    pub(super) remaining: u64,
    pub(super) reset: Duration,
}

impl Answer {
    /// The body, as JSON of a known shape.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Trouble> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // serde's words can quote the body, which holds the prompt; its category does not.
            Trouble::Unanswered(format!(
                "the answer is not understood ({:?})",
                error.classify()
            ))
        })
    }
}

/// The way to the API.
pub(super) struct Api {
    client: Client,
    base: Url,
    authorization: HeaderValue,
}

impl Api {
    pub(super) fn new(config: &ReplicateConfig) -> Result<Self, InvalidReplicateConfig> {
        let base = api_base(&config.api_base, config.allow_http)
            .map_err(InvalidReplicateConfig::ApiBase)?;
        let authorization = bearer(&config.token).ok_or(InvalidReplicateConfig::Token)?;
        let wait = Duration::from_secs(u64::from(config.wait_s.unwrap_or(0)));
        let client = client(config.allow_http).timeout(config.timeout + wait);
        Ok(Self {
            client: client.build().map_err(InvalidReplicateConfig::Client)?,
            base,
            authorization,
        })
    }

    /// The header that carries the token, for file hosts that want it.
    pub(super) fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }

    pub(super) fn get(&self, path: &[&str]) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    /// One page of a list: the first, or the one that a cursor stands for.
    pub(super) fn get_page(&self, path: &[&str], cursor: Option<&str>) -> RequestBuilder {
        let mut url = self.url(path);
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        self.client.get(url)
    }

    pub(super) fn post(&self, path: &[&str]) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    /// Segments are escaped, so that no id leads to another route.
    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Sends with the token and reads the whole answer, whatever its status.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Answer, Trouble> {
        let request = request.header(AUTHORIZATION, self.authorization.clone());
        let response = send("replicate", request).await.map_err(|error| {
            let words = trouble(&error);
            match () {
                () if error.is_builder() => Trouble::NotAsked(words),
                () if error.is_connect() => Trouble::NotSent(words),
                () => Trouble::Unanswered(words),
            }
        })?;
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let rate_limit = rate_limit(response.headers());
        let body = read_up_to(response, PROVIDER_ANSWER).await;
        let body = body.map_err(|error| Trouble::Unanswered(error.to_string()))?;
        Ok(Answer {
            status,
            body,
            retry_after,
            rate_limit,
        })
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

fn rate_limit(headers: &HeaderMap) -> Option<RateLimit> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    Some(RateLimit {
        remaining: number("ratelimit-remaining")?,
        reset: Duration::from_secs(number("ratelimit-reset")?).min(LONGEST_PAUSE),
    })
}
