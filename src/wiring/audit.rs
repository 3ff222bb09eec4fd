//! Who signs the log, and where that is published.

use std::path::PathBuf;

use infrastructure::settings::{AuditSettings, GeneratedSecrets, Settings, derived_key, parse_key};
use transparency::{KeyRing, SigningKey, VerifierKey};

use crate::failure::Failure;

/// The configured key; in development, one that belongs to the data directory.
pub fn keys(
    settings: &AuditSettings,
    generated: Option<&GeneratedSecrets>,
) -> Result<KeyRing, Failure> {
    let configured = settings.signing_key.as_ref();
    let made = || {
        let key = parse_key(&generated?.url_signing_key)?;
        Some(derived_key(&key, "checkpoints of the event log"))
    };
    let seed = configured
        .and_then(|key| parse_key(key.reveal()))
        .or_else(made);
    let seed = seed.ok_or_else(|| {
        Failure::usage(
            "AUDIT_SIGNING_KEY is missing, and there is no usable key in DATA_DIR/secrets.json",
        )
    })?;
    let signing = SigningKey::new(&settings.origin, &seed).map_err(Failure::usage)?;
    Ok(KeyRing::new(signing, older_keys(settings)?))
}

fn older_keys(settings: &AuditSettings) -> Result<Vec<VerifierKey>, Failure> {
    let key = |text: &String| {
        text.parse::<VerifierKey>()
            .map_err(|error| Failure::usage(format!("AUDIT_OLDER_KEYS: {text:?} {error}")))
    };
    settings.older_keys.iter().map(key).collect()
}

/// Where the newest checkpoint is kept beside the database.
pub fn publish_dir(settings: &Settings) -> PathBuf {
    let configured = settings.audit.publish_dir.clone();
    configured.unwrap_or_else(|| settings.data_dir.join("checkpoints"))
}
