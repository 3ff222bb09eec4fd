//! Secrets that development needs and nobody wants to invent: made once for each data directory.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

/// The secrets of one data directory. Never used in production.
#[derive(Clone, Serialize, Deserialize)]
pub struct GeneratedSecrets {
    /// Signs access tokens.
    pub jwt_secret: String,
    /// Signs picture addresses.
    pub url_signing_key: String,
    /// Signs the sandbox's Stripe webhooks.
    pub sandbox_stripe_webhook_secret: String,
    /// Signs the sandbox's Replicate webhooks.
    pub sandbox_replicate_webhook_secret: String,
}

/// The secrets' file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the generated secrets in {} cannot be {failed}: {source}; repair the file or choose another DATA_DIR", .file.display())]
pub struct SecretsUnusable {
    file: PathBuf,
    failed: &'static str,
    source: io::Error,
}

impl GeneratedSecrets {
    /// Reads `secrets.json` of a data directory, or makes it, readable by its owner only.
    ///
    /// # Errors
    /// When it cannot be read or written. A damaged file is left alone: new secrets would void tokens and addresses.
    pub fn open(data_dir: &Path) -> Result<Self, SecretsUnusable> {
        let file = data_dir.join("secrets.json");
        let unusable = |failed| {
            let file = file.clone();
            move |source| SecretsUnusable {
                file,
                failed,
                source,
            }
        };
        if !file.try_exists().map_err(unusable("read"))? {
            write_privately(data_dir, &file, &Self::generate()).map_err(unusable("written"))?;
        }
        // Also after writing: another process may have been first, and then its secrets count.
        let bytes = fs::read(&file).map_err(unusable("read"))?;
        serde_json::from_slice(&bytes)
            .map_err(io::Error::other)
            .map_err(unusable("understood"))
    }

    fn generate() -> Self {
        let webhook = || {
            format!(
                "whsec_{}",
                BASE64_STANDARD.encode(rand::random::<[u8; 24]>())
            )
        };
        Self {
            jwt_secret: hex::encode(rand::random::<[u8; 32]>()),
            url_signing_key: hex::encode(rand::random::<[u8; 32]>()),
            sandbox_stripe_webhook_secret: webhook(),
            sandbox_replicate_webhook_secret: webhook(),
        }
    }
}

impl std::fmt::Debug for GeneratedSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GeneratedSecrets(…)")
    }
}

/// Whole or not at all, so that a crash leaves no half file behind; leaves a file alone that is there by then.
fn write_privately(data_dir: &Path, file: &Path, secrets: &GeneratedSecrets) -> io::Result<()> {
    fs::create_dir_all(data_dir)?;
    let nonce = hex::encode(rand::random::<[u8; 8]>());
    let unfinished = file.with_extension(format!("json.{nonce}"));
    let mut opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    let written = opened
        .write_all(&serde_json::to_vec_pretty(secrets)?)
        .and_then(|()| opened.sync_all())
        .and_then(|()| match fs::hard_link(&unfinished, file) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
    fs::remove_file(&unfinished)?;
    written
}
