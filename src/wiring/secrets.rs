//! What a process signs and seals with.

use std::sync::Arc;

use infrastructure::{
    identity::SharedSecret,
    settings::{Environment, GeneratedSecrets, Settings, derived_key, parse_key},
};
use transparency::KeyRing;

use super::{audit, identity};
use crate::failure::Failure;

/// The secrets that a process works with, whether configured or made for development.
pub struct Secrets {
    /// What tokens are signed with; none where an issuer publishes its keys.
    pub(super) jwt: Option<SharedSecret>,
    pub(super) url_signing_key: [u8; 32],
    pub(super) content_hash_key: [u8; 32],
    /// Who signs the log.
    pub audit: Arc<KeyRing>,
    /// The secrets that the sandbox signs with; none in production.
    pub generated: Option<GeneratedSecrets>,
}

impl Secrets {
    /// Those of the settings; in development the missing ones come from the data directory.
    pub fn of(settings: &Settings) -> Result<Self, Failure> {
        let generated = match settings.environment {
            Environment::Production => None,
            Environment::Development | Environment::Test => {
                Some(GeneratedSecrets::open(&settings.data_dir).map_err(Failure::other)?)
            }
        };
        let jwt = identity::shared_secret(settings, generated.as_ref())?;
        let made = generated
            .as_ref()
            .map(|generated| generated.url_signing_key.as_str());
        let key = settings
            .url_signing_key
            .as_ref()
            .map(|key| key.reveal())
            .or(made);
        let url_signing_key = key.and_then(parse_key).ok_or_else(|| {
            Failure::usage(
                "URL_SIGNING_KEY is missing, and there is no usable one in DATA_DIR/secrets.json",
            )
        })?;
        let hash_key = settings.safety.content_hash_key.as_ref();
        let content_hash_key = hash_key
            .and_then(|key| parse_key(key.reveal()))
            .unwrap_or_else(|| derived_key(&url_signing_key, "content fingerprints"));
        Ok(Self {
            jwt,
            url_signing_key,
            content_hash_key,
            audit: Arc::new(audit::keys(&settings.audit, generated.as_ref())?),
            generated,
        })
    }
}
