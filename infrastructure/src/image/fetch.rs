//! Fetches pictures from providers' file hosts: few hosts, public addresses, no redirects, a limit in bytes.

mod addresses;

use std::time::Duration;

use application::ports::{ProviderError, ProviderErrorKind};
use bytes::Bytes;
use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use url::{Host, Origin, Url};

use crate::{
    limits::{PICTURE, PICTURE_SILENCE, PICTURE_TIME},
    web_service::{self, BodyError, read_up_to, trouble},
};

/// A host that pictures may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileHost {
    /// Exactly this scheme, host and port.
    Origin(Origin),
    /// This domain and all below it, over https on its usual port.
    Domain(String),
}

impl FileHost {
    /// Whether an address belongs to it.
    #[must_use]
    pub fn holds(&self, url: &Url) -> bool {
        match self {
            Self::Origin(origin) => url.origin() == *origin,
            Self::Domain(domain) => {
                // `port()` is none for the usual port of the scheme.
                let Some(Host::Domain(host)) = url.host() else {
                    return false;
                };
                let below = host.strip_suffix(domain.as_str());
                url.scheme() == "https"
                    && url.port().is_none()
                    && below.is_some_and(|left| left.is_empty() || left.ends_with('.'))
            }
        }
    }
}

/// Why a picture could not be fetched. No message holds an address's path or query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not an address, or one with a user name in it.
    #[error("the picture's address is not one that can be fetched")]
    Address,
    /// Not on the list.
    #[error("pictures are not fetched from {0}, which is not on the list of file hosts")]
    Host(String),
    /// Only `https` outside development.
    #[error("pictures are fetched over https only")]
    Scheme,
    /// The name leads into a private network.
    #[error("{0} has no public address")]
    PrivateAddress(String),
    /// The host points elsewhere.
    #[error("the file host answered with a redirect ({0}), and redirects are not followed")]
    Redirect(u16),
    /// The host refuses.
    #[error("the file host answered {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// Text and the like.
    #[error("the file host sent {0}, which is no picture")]
    ContentType(String),
    /// More than [`PICTURE`].
    #[error("the picture has more than {PICTURE} bytes")]
    TooLarge,
    /// The network failed, or was too slow.
    #[error("the picture could not be fetched: {0}")]
    Network(String),
}

impl From<FetchError> for ProviderError {
    fn from(error: FetchError) -> Self {
        let kind = match &error {
            FetchError::Address
            | FetchError::Host(_)
            | FetchError::Scheme
            | FetchError::PrivateAddress(_)
            | FetchError::Redirect(_)
            | FetchError::Status { status: 401 | 403 } => ProviderErrorKind::Operator,
            FetchError::Status { .. }
            | FetchError::ContentType(_)
            | FetchError::TooLarge
            | FetchError::Network(_) => ProviderErrorKind::Retryable { after: None },
        };
        Self {
            kind,
            detail: error.to_string(),
        }
    }
}

/// How long a picture may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchTimes {
    /// How long the host may be silent in the middle of it.
    pub silence: Duration,
    /// All of it, from connecting to the last byte.
    pub whole: Duration,
}

impl Default for FetchTimes {
    fn default() -> Self {
        Self {
            silence: PICTURE_SILENCE,
            whole: PICTURE_TIME,
        }
    }
}

/// Fetches pictures from the hosts that it was given.
#[derive(Debug, Clone)]
pub struct PictureFetcher {
    client: Client,
    hosts: Vec<FileHost>,
    allow_http: bool,
}

impl PictureFetcher {
    /// A fetcher for these hosts.
    ///
    /// `allow_http` is for development: then `http` and private addresses are taken too, and no proxy is used.
    ///
    /// # Errors
    /// When no TLS set-up can be made on this machine.
    pub fn new(hosts: Vec<FileHost>, allow_http: bool) -> Result<Self, reqwest::Error> {
        Self::within(FetchTimes::default(), hosts, allow_http)
    }

    /// The same with other times.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn within(
        times: FetchTimes,
        hosts: Vec<FileHost>,
        allow_http: bool,
    ) -> Result<Self, reqwest::Error> {
        let mut client = web_service::client(allow_http)
            .read_timeout(times.silence)
            .timeout(times.whole)
            .referer(false);
        if !allow_http {
            client = client.dns_resolver(addresses::PublicAddresses);
        }
        Ok(Self {
            client: client.build()?,
            hosts,
            allow_http,
        })
    }

    /// Checks that an address may be fetched, without asking the network.
    ///
    /// # Errors
    /// Says which rule forbids it.
    pub fn permit(&self, address: &str) -> Result<Url, FetchError> {
        let url = Url::parse(address).map_err(|_| FetchError::Address)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        if host.is_empty() || !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Address);
        }
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            _ => return Err(FetchError::Scheme),
        }
        if !self.hosts.iter().any(|allowed| allowed.holds(&url)) {
            return Err(FetchError::Host(host));
        }
        // Names are judged when they are resolved; a number is never resolved.
        let private = match url.host() {
            Some(Host::Ipv4(ip)) => !addresses::is_public(ip.into()),
            Some(Host::Ipv6(ip)) => !addresses::is_public(ip.into()),
            Some(Host::Domain(_)) | None => false,
        };
        if private && !self.allow_http {
            return Err(FetchError::PrivateAddress(host));
        }
        Ok(url)
    }

    /// Fetches a picture, with an `Authorization` header when there is one.
    ///
    /// # Errors
    /// When a rule forbids it, the host does not deliver, or what it delivers is surely no picture.
    pub async fn fetch(
        &self,
        url: Url,
        authorization: Option<HeaderValue>,
    ) -> Result<Bytes, FetchError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut request = self
            .client
            .get(url)
            .header(ACCEPT, "image/png, image/jpeg, image/webp");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let response =
            request
                .send()
                .await
                .map_err(|error| match addresses::is_refusal(&error) {
                    true => FetchError::PrivateAddress(host),
                    false => network(&error),
                })?;
        judge_head(&response)?;
        let body = read_up_to(response, PICTURE).await;
        body.map_err(|error| match error {
            BodyError::TooLarge(_) => FetchError::TooLarge,
            BodyError::Broken(words) => FetchError::Network(words),
        })
    }
}

fn judge_head(response: &Response) -> Result<(), FetchError> {
    let status = response.status();
    if status.is_redirection() {
        return Err(FetchError::Redirect(status.as_u16()));
    }
    if status != StatusCode::OK {
        return Err(FetchError::Status {
            status: status.as_u16(),
        });
    }
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if is_no_picture(content_type) {
        let named = content_type.chars().take(100).collect();
        return Err(FetchError::ContentType(named));
    }
    Ok(())
}

/// Storage services name pictures in many ways, so only what surely is none is refused; the decoder judges the rest.
fn is_no_picture(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let (kind, subtype) = media_type.split_once('/').unwrap_or_default();
    match kind.to_ascii_lowercase().as_str() {
        "text" | "audio" | "video" | "font" | "multipart" => true,
        "application" => !subtype.eq_ignore_ascii_case("octet-stream"),
        _ => false,
    }
}

fn network(error: &reqwest::Error) -> FetchError {
    FetchError::Network(trouble(error))
}
