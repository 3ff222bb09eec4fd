//! A directory on the local disk.

use std::{
    error::Error,
    fs, io,
    ops::Range,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use application::ports::{ObjectStorage, StorageError, StoredObject};
use async_trait::async_trait;
use bytes::Bytes;
use object_store::{ObjectStoreExt as _, local::LocalFileSystem, path::Path as Key};

/// An [`ObjectStorage`] in a directory. What it has written survives a power cut.
#[derive(Debug)]
pub struct LocalStorage {
    directory: PathBuf,
    objects: LocalFileSystem,
    /// The same directory without syncing, for probes.
    probes: LocalFileSystem,
}

/// The directory of a [`LocalStorage`] does not do what is asked of it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the storage directory {} cannot be {failed}; give it to the user who runs this process, or choose another one",
    directory.display()
)]
pub struct UnusableDirectory {
    /// Which one.
    pub directory: PathBuf,
    /// What could not be done with it, as `written`.
    pub failed: &'static str,
    /// What the system says.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl LocalStorage {
    /// Opens a directory, which is made when it does not exist. Reads and writes nothing in it.
    ///
    /// # Errors
    /// When the directory cannot be made, or something else has its name.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, UnusableDirectory> {
        let directory = directory.into();
        let unusable = |source: io::Error| UnusableDirectory {
            directory: directory.clone(),
            failed: "made",
            source: source.into(),
        };
        make(&directory).map_err(unusable)?;
        let file_system = || {
            let opened = LocalFileSystem::new_with_prefix(&directory);
            opened.map_err(|error| unusable(io::Error::other(error)))
        };
        Ok(Self {
            objects: file_system()?.with_fsync(true),
            probes: file_system()?,
            directory,
        })
    }

    fn unavailable(
        &self,
        failed: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> StorageError {
        StorageError::Unavailable(Box::new(UnusableDirectory {
            directory: self.directory.clone(),
            failed,
            source: source.into(),
        }))
    }

    fn failed(&self, failed: &'static str, key: &str, error: object_store::Error) -> StorageError {
        match error {
            object_store::Error::NotFound { .. } => StorageError::NotFound(key.to_owned()),
            other => self.unavailable(failed, other),
        }
    }

    async fn read_part(&self, key: &str, range: Range<u64>) -> Result<StoredObject, StorageError> {
        let path = known(key)?;
        let failed = |error| self.failed("read", key, error);
        let size = self.objects.head(&path).await.map_err(failed)?.size;
        let range = range.start..range.end.min(size);
        let bytes = match range.is_empty() {
            true => Bytes::new(),
            false => self.objects.get_range(&path, range).await.map_err(failed)?,
        };
        Ok(StoredObject { bytes, size })
    }
}

#[async_trait]
impl ObjectStorage for LocalStorage {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StorageError> {
        let path = Key::parse(key).map_err(|error| self.unavailable("written", error))?;
        let written = self.objects.put(&path, bytes.into()).await;
        written
            .map(drop)
            .map_err(|error| self.unavailable("written", error))
    }

    /// A range that begins behind the end is empty; one that ends there is cut.
    async fn get(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<StoredObject, StorageError> {
        if let Some(range) = range {
            return self.read_part(key, range).await;
        }
        let failed = |error| self.failed("read", key, error);
        let object = self.objects.get(&known(key)?).await.map_err(failed)?;
        let size = object.meta.size;
        let bytes = object.bytes().await.map_err(failed)?;
        Ok(StoredObject { bytes, size })
    }

    async fn delete(&self, key: &str) -> Result<(), StorageError> {
        let Ok(path) = known(key) else {
            return Ok(());
        };
        match self.objects.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(self.unavailable("written", error)),
        }
        self.tidy(key).await
    }

    async fn tidy(&self, key: &str) -> Result<(), StorageError> {
        let Ok(path) = known(key) else {
            return Ok(());
        };
        let unwritable = |error| self.unavailable("written", error);
        let file = self.objects.path_to_filesystem(&path);
        let file = file.map_err(unwritable)?;
        let removed = tokio::task::spawn_blocking(move || remove_beginnings(&file)).await;
        match removed.map_err(io::Error::other).flatten() {
            Ok(()) => Ok(()),
            Err(error) => Err(self.unavailable("written", error)),
        }
    }

    async fn address(
        &self,
        _key: &str,
        _lifetime: Duration,
    ) -> Result<Option<String>, StorageError> {
        Ok(None)
    }

    async fn check(&self) -> Result<(), StorageError> {
        let probe = Key::from(format!("probes/{}", process::id()));
        let unwritable = |error| self.unavailable("written", error);
        self.probes
            .put(&probe, Bytes::from_static(b"probe").into())
            .await
            .map_err(unwritable)?;
        match self.probes.delete(&probe).await {
            // Another check of this process may have been quicker.
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.unavailable("written", error)),
        }
    }
}

/// A key under which there may be something; nothing is ever stored under one that cannot be a path.
fn known(key: &str) -> Result<Key, StorageError> {
    match Key::parse(key) {
        Ok(path) if !path.is_root() => Ok(path),
        Ok(_) | Err(_) => Err(StorageError::NotFound(key.to_owned())),
    }
}

/// Removes what was written of a file by processes that died before it was whole: it lies beside it, as `file.jpg#1`.
fn remove_beginnings(file: &Path) -> io::Result<()> {
    let (Some(directory), Some(name)) = (file.parent(), file.file_name()) else {
        return Ok(());
    };
    let is_gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if is_gone(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut beginning = name.as_encoded_bytes().to_vec();
    beginning.push(b'#');
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(&beginning) {
            continue;
        }
        match fs::remove_file(entry.path()) {
            Ok(()) => {}
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes the directory, durably.
fn make(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(directory)?;
    // The pictures are private.
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
    match fs::canonicalize(directory)?.parent() {
        Some(parent) => fs::File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
