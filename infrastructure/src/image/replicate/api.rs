//! Calls of Replicate's API: one client, one token, limits on time and size.

use std::{fmt, time::Duration};

use application::ports::ProviderError;
use bytes::Bytes;
use chrono::Utc;
use reqwest::{
    Client, RequestBuilder, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect,
};
use serde::de::DeserializeOwned;
use url::Url;

use super::{
    config::{InvalidReplicateConfig, ReplicateConfig},
    refusal::Trouble,
};
use crate::image::fetch::{read_up_to, trouble};

/// A page of a hundred predictions with their logs is far smaller.
const LARGEST_ANSWER: usize = 32 * 1024 * 1024;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Nobody waits longer than this, whatever `Retry-After` says.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

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
    token: String,
}

impl Api {
    pub(super) fn new(config: &ReplicateConfig) -> Result<Self, InvalidReplicateConfig> {
        let base = base(config)?;
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", config.token))
            .ok()
            .filter(|_| !config.token.is_empty())
            .ok_or(InvalidReplicateConfig::Token)?;
        authorization.set_sensitive(true);
        let wait = Duration::from_secs(u64::from(config.wait_s.unwrap_or(0)));
        let mut client = Client::builder()
            .redirect(redirect::Policy::none())
            .https_only(!config.allow_http)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(config.timeout + wait);
        if config.allow_http {
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build().map_err(InvalidReplicateConfig::Client)?,
            base,
            authorization,
            token: config.token.clone(),
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
        let response = request.send().await.map_err(|error| {
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
        let body = read_up_to(response, LARGEST_ANSWER).await;
        let body = body.map_err(|error| Trouble::Unanswered(error.to_string()))?;
        Ok(Answer {
            status,
            body,
            retry_after,
            rate_limit,
        })
    }

    /// An error without the token, in case the service repeats it.
    pub(super) fn redacted(&self, mut error: ProviderError) -> ProviderError {
        if error.detail.contains(&self.token) {
            error.detail = error.detail.replace(&self.token, "[token]");
        }
        error
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// The configured base, always with `/v1` at its end.
fn base(config: &ReplicateConfig) -> Result<Url, InvalidReplicateConfig> {
    let mut base = config.api_base.clone();
    let scheme_is_fine = match base.scheme() {
        "https" => true,
        "http" => config.allow_http,
        _ => false,
    };
    if !scheme_is_fine
        || !base.has_host()
        || !base.username().is_empty()
        || base.password().is_some()
    {
        let mut shown = base;
        let _ = shown.set_password(None);
        return Err(InvalidReplicateConfig::ApiBase(shown.to_string()));
    }
    base.set_query(None);
    base.set_fragment(None);
    if !base.path().trim_end_matches('/').ends_with("/v1")
        && let Ok(mut segments) = base.path_segments_mut()
    {
        segments.pop_if_empty().push("v1");
    }
    Ok(base)
}

/// `Retry-After`, as seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(LONGEST_PAUSE));
    }
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    let left = date.to_utc() - Utc::now();
    Some(left.to_std().unwrap_or_default().min(LONGEST_PAUSE))
}

fn rate_limit(headers: &HeaderMap) -> Option<RateLimit> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    Some(RateLimit {
        remaining: number("ratelimit-remaining")?,
        reset: Duration::from_secs(number("ratelimit-reset")?).min(LONGEST_PAUSE),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use chrono::TimeDelta;

    use super::*;

    fn pause(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(pause("7"), Some(Duration::from_secs(7)));
        let date = Utc::now() + TimeDelta::seconds(90);
        let left = pause(&date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()).unwrap();
        assert!(left <= Duration::from_secs(90) && left > Duration::from_secs(30));
        assert_eq!(pause("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(pause("soon"), None);
    }

    #[test]
    fn nobody_waits_longer_than_an_hour() {
        assert_eq!(pause("999999999"), Some(LONGEST_PAUSE));
        assert_eq!(pause("Wed, 21 Oct 2099 07:28:00 GMT"), Some(LONGEST_PAUSE));
    }
}
