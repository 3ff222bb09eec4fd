//! What people's data keys are wrapped with.

use infrastructure::{
    sealing::MasterKeys,
    settings::{Environment, GeneratedSecrets, Settings, derived_key, parse_key},
};

use crate::failure::Failure;

/// The configured ones; in development, one that belongs to the data directory.
pub fn master_keys(settings: &Settings) -> Result<MasterKeys, Failure> {
    if let Some(configured) = &settings.master_keys {
        return Ok(configured.clone());
    }
    let generated = match settings.environment {
        Environment::Production => None,
        Environment::Development | Environment::Test => {
            Some(GeneratedSecrets::open(&settings.data_dir).map_err(Failure::other)?)
        }
    };
    let key = generated.and_then(|generated| parse_key(&generated.url_signing_key));
    let key = key.ok_or_else(|| {
        Failure::usage(
            "AVA_MASTER_KEY is missing, and there is no usable key in DATA_DIR/secrets.json",
        )
    })?;
    Ok(MasterKeys::one(&derived_key(&key, "people's data keys")))
}
