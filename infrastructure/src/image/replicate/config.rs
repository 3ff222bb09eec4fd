//! How to reach Replicate, and which models to ask.

use std::{fmt, str::FromStr, time::Duration};

use url::Url;

use crate::{image::fetch::FileHost, limits::PREDICTION_TIME};

/// Where Replicate's API is.
const API_BASE: &str = "https://api.replicate.com/v1";

/// Draws references: quick and cheap, from words alone.
const REFERENCE_MODEL: &str = "black-forest-labs/flux-schnell";

/// Draws scenes: follows a reference picture.
const SCENE_MODEL: &str = "black-forest-labs/flux-kontext-pro";

/// What Replicate takes of an account that has credit.
const CREATES_PER_MINUTE: u32 = 600;

/// Where Replicate keeps what models draw; subdomains too.
const FILE_DOMAIN: &str = "replicate.delivery";

const API_DOMAIN: &str = "api.replicate.com";

/// What [`super::Replicate`] is told.
#[derive(Clone)]
pub struct ReplicateConfig {
    /// The API's base, with or without `/v1` at its end.
    pub api_base: Url,
    /// The API token. It goes to the API's host and to `replicate.delivery` only.
    pub token: String,
    /// The model for references.
    pub reference_model: ModelName,
    /// The model for scenes; it is given the reference picture in the field that it takes it in.
    pub scene_model: ModelName,
    /// Whether `http` and private addresses will do: in development, where the sandbox plays Replicate.
    pub allow_http: bool,
    /// How long Replicate is asked to hold the answer to a create, in seconds from 1 to 60; not at all by default.
    pub wait_s: Option<u8>,
    /// How long one call of the API may take, the wait not counted.
    pub timeout: Duration,
    /// Where Replicate reaches us, to tell the end of each prediction; none to poll only. Must be `https` unless
    /// `allow_http`.
    pub webhook_base: Option<Url>,
    /// How many creates a minute the account may send; Replicate takes 600, fewer when credit runs low.
    pub creates_per_minute: u32,
}

impl ReplicateConfig {
    /// The real service, with the default models.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        clippy::unwrap_used,
        reason = "the constants parse, as each test shows"
    )]
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            api_base: Url::parse(API_BASE).unwrap(),
            token: token.into(),
            reference_model: REFERENCE_MODEL.parse().unwrap(),
            scene_model: SCENE_MODEL.parse().unwrap(),
            allow_http: false,
            wait_s: None,
            timeout: PREDICTION_TIME,
            webhook_base: None,
            creates_per_minute: CREATES_PER_MINUTE,
        }
    }

    /// The same with another API base.
    #[must_use]
    pub fn at(mut self, api_base: Url) -> Self {
        self.api_base = api_base;
        self
    }

    /// Where pictures may come from.
    pub(super) fn file_hosts(&self) -> Vec<FileHost> {
        vec![
            FileHost::Domain(FILE_DOMAIN.to_owned()),
            FileHost::Domain(API_DOMAIN.to_owned()),
            FileHost::Origin(self.api_base.origin()),
        ]
    }

    /// Who may see the token; today the same hosts, and a host that is added there is not added here.
    pub(super) fn token_hosts(&self) -> Vec<FileHost> {
        vec![
            FileHost::Domain(FILE_DOMAIN.to_owned()),
            FileHost::Origin(self.api_base.origin()),
        ]
    }
}

impl fmt::Debug for ReplicateConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplicateConfig")
            .field("api_base", &self.api_base.as_str())
            .field("reference_model", &self.reference_model)
            .field("scene_model", &self.scene_model)
            .field("allow_http", &self.allow_http)
            .field("wait_s", &self.wait_s)
            .field("timeout", &self.timeout)
            .field("webhook_base", &self.webhook_base.as_ref().map(Url::as_str))
            .field("creates_per_minute", &self.creates_per_minute)
            .finish_non_exhaustive()
    }
}

/// Why [`super::Replicate`] cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum InvalidReplicateConfig {
    /// The base is no `https` address (or `http` where that is allowed).
    #[error("the Replicate API's base {0:?} must be an https address")]
    ApiBase(String),
    /// Scenes would not show the character of the reference picture.
    #[error(
        "{0} cannot draw scenes, since it cannot follow a reference picture; choose another scene model"
    )]
    SceneModel(ModelName),
    /// The token has characters that no HTTP header can hold.
    #[error("the Replicate API token is empty or has characters that no token has")]
    Token,
    /// No TLS set-up can be made on this machine.
    #[error("no HTTP client can be built")]
    Client(#[source] reqwest::Error),
}

/// A model: `owner/name` when it is an official one, else `owner/name:version`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName {
    owner: String,
    name: String,
    version: Option<String>,
}

impl ModelName {
    /// Whose model it is.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// What its owner calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version that a community model is asked for.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// `owner/name`, as predictions name their model.
    #[must_use]
    pub fn without_version(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)?;
        match &self.version {
            Some(version) => write!(f, ":{version}"),
            None => Ok(()),
        }
    }
}

/// A text that is not `owner/name` or `owner/name:version`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no model; write owner/name, as in black-forest-labs/flux-schnell, with :version and 64 hexadecimal \
     digits behind it for a model that is not an official one"
)]
pub struct InvalidModelName(String);

impl FromStr for ModelName {
    type Err = InvalidModelName;

    fn from_str(text: &str) -> Result<Self, InvalidModelName> {
        let well_formed = |part: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !part.is_empty() && part.chars().all(allowed) && part.chars().any(|c| c != '.')
        };
        let is_version =
            |version: &str| version.len() == 64 && version.bytes().all(|b| b.is_ascii_hexdigit());
        let (model, version) = match text.split_once(':') {
            Some((model, version)) => (model, Some(version)),
            None => (text, None),
        };
        match model.split_once('/') {
            Some((owner, name))
                if well_formed(owner) && well_formed(name) && version.is_none_or(is_version) =>
            {
                Ok(Self {
                    owner: owner.to_owned(),
                    name: name.to_owned(),
                    version: version.map(str::to_owned),
                })
            }
            _ => Err(InvalidModelName(text.to_owned())),
        }
    }
}
