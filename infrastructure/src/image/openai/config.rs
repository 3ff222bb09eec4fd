//! How to reach an images API, and which model to ask.

use std::{fmt, time::Duration};

use url::Url;

use crate::{image::fetch::FileHost, limits::DRAWING_TIME};

/// Where OpenAI's API is.
const API_BASE: &str = "https://api.openai.com/v1";

/// Draws from words and after pictures.
const MODEL: &str = "gpt-image-1";

/// Where OpenAI keeps the pictures of the models that answer with addresses.
const FILE_DOMAIN: &str = "oaidalleapiprodscus.blob.core.windows.net";

/// What [`super::OpenAiImages`] is told.
#[derive(Clone)]
pub struct OpenAiImagesConfig {
    /// The API's base, with or without `/v1` at its end.
    pub api_base: Url,
    /// The API key. It goes to the API's host only.
    pub key: String,
    /// The model; it must take pictures along (`images/edits`).
    pub model: String,
    /// More hosts that pictures may come from, each with all below it.
    pub file_domains: Vec<String>,
    /// Whether `http` and private addresses will do: in development.
    pub allow_http: bool,
    /// How long one picture may take.
    pub timeout: Duration,
    /// How many pictures a minute the account may order.
    pub orders_per_minute: u32,
}

impl OpenAiImagesConfig {
    /// The real service, with the default model.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        clippy::unwrap_used,
        reason = "the constant parses, as each test shows"
    )]
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            api_base: Url::parse(API_BASE).unwrap(),
            key: key.into(),
            model: MODEL.to_owned(),
            file_domains: vec![FILE_DOMAIN.to_owned()],
            allow_http: false,
            timeout: DRAWING_TIME,
            orders_per_minute: 50,
        }
    }

    /// Where pictures may come from.
    pub(super) fn file_hosts(&self) -> Vec<FileHost> {
        let domains = self.file_domains.iter().cloned().map(FileHost::Domain);
        let own = FileHost::Origin(self.api_base.origin());
        std::iter::once(own).chain(domains).collect()
    }
}

impl fmt::Debug for OpenAiImagesConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiImagesConfig")
            .field("api_base", &self.api_base.as_str())
            .field("model", &self.model)
            .field("file_domains", &self.file_domains)
            .field("allow_http", &self.allow_http)
            .field("timeout", &self.timeout)
            .field("orders_per_minute", &self.orders_per_minute)
            .finish_non_exhaustive()
    }
}

/// Why [`super::OpenAiImages`] cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum InvalidImagesConfig {
    /// The base is no `https` address (or `http` where that is allowed).
    #[error("the images API's base {0:?} must be an https address")]
    ApiBase(String),
    /// The key has characters that no HTTP header can hold.
    #[error("the images API key is empty or has characters that no key has")]
    Key,
    /// No TLS set-up can be made on this machine.
    #[error("no HTTP client can be built")]
    Client(#[source] reqwest::Error),
}
