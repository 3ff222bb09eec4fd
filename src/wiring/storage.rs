//! Where pictures are kept.

use std::sync::Arc;

use application::ports::ObjectStorage;
use infrastructure::{
    settings::Settings,
    storage::{LocalStorage, RemoteStorage},
};
use url::Url;

use crate::failure::Failure;

/// The storage, and where browsers get pictures when that is not from us.
pub(super) struct Storage {
    pub(super) objects: Arc<dyn ObjectStorage>,
    pub(super) origin: Option<Url>,
}

impl Storage {
    /// The configured object store, or a directory below `DATA_DIR`.
    pub(super) fn open(settings: &Settings) -> Result<Self, Failure> {
        let Some(configured) = &settings.storage else {
            let directory = settings.data_dir.join("objects");
            let local = LocalStorage::open(directory).map_err(Failure::other)?;
            return Ok(Self {
                objects: Arc::new(local),
                origin: None,
            });
        };
        let remote = RemoteStorage::new(configured.url.clone(), &configured.credentials).map_err(
            |error| {
                let why = std::error::Error::source(&error).map(ToString::to_string);
                Failure::usage(format!("STORAGE_URL: {error}: {}", why.unwrap_or_default()))
            },
        )?;
        Ok(Self {
            origin: remote.origin().cloned(),
            objects: Arc::new(remote),
        })
    }
}
