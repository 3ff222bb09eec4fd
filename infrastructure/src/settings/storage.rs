//! Where pictures are kept.

use std::path::PathBuf;

use super::{Environment, reader::Reader};
use crate::storage::{StorageCredentials, StorageUrl};

/// An object store; none of it where pictures are kept in `DATA_DIR/objects`.
#[derive(Clone)]
pub struct StorageSettings {
    /// `STORAGE_URL`.
    pub url: StorageUrl,
    /// `STORAGE_ENDPOINT` and the others.
    pub credentials: StorageCredentials,
}

impl std::fmt::Debug for StorageSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The credentials are secret.
        f.debug_tuple("StorageSettings").field(&self.url).finish()
    }
}

pub(super) fn read(reader: &mut Reader<'_>, environment: Environment) -> Option<StorageSettings> {
    let allow_http = environment != Environment::Production;
    let credentials = StorageCredentials {
        endpoint: reader.address("STORAGE_ENDPOINT", "https://minio.example.com"),
        region: reader.text("STORAGE_REGION"),
        access_key_id: reader.text("STORAGE_ACCESS_KEY_ID"),
        secret_access_key: reader
            .secret("STORAGE_SECRET_ACCESS_KEY")
            .map(|secret| secret.reveal().to_owned()),
        credentials_file: reader.text("STORAGE_CREDENTIALS_FILE").map(PathBuf::from),
        signs_addresses: reader.switch("STORAGE_REDIRECT", false),
        allow_http,
    };
    let is_http = |url: &url::Url| url.scheme() != "https";
    if !allow_http && credentials.endpoint.as_ref().is_some_and(is_http) {
        reader.problem(
            "STORAGE_ENDPOINT",
            "must be an https address, since APP_ENV is production",
        );
    }
    if credentials.access_key_id.is_some() != credentials.secret_access_key.is_some() {
        reader.problem(
            "STORAGE_SECRET_ACCESS_KEY",
            "and STORAGE_ACCESS_KEY_ID belong together: set both, or none",
        );
    }
    if let Some(file) = &credentials.credentials_file
        && !file.is_file()
    {
        reader.problem(
            "STORAGE_CREDENTIALS_FILE",
            format_args!("is {}, which is no file", file.display()),
        );
    }
    let url = reader.value("STORAGE_URL", "s3://pictures/ava")?;
    Some(StorageSettings { url, credentials })
}
