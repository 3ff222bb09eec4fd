//! Pictures that are a few bytes: how they are finished, inspected and stored.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use application::ports::{
    FinishedPicture, ManifestFound, MarksFound, ObjectStorage, PictureError, PictureFinisher,
    PictureInspector, StorageError, StoredObject, picture_key,
};
use async_trait::async_trait;
use bytes::Bytes;
use domain::photo_request::{Image, Marks};

/// What a provider sends that is no picture.
pub const BROKEN: &[u8] = b"broken";

/// As the marks name the source.
const XMP: &str = "trainedAlgorithmicMedia";

/// Finishes and inspects pictures of a few bytes.
#[derive(Debug, Clone, Copy)]
pub struct Marker;

/// Stands for SHA-256 of these bytes.
fn hash_of(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("{:064x}", hasher.finish())
}

/// The picture that comes of a provider's bytes.
pub fn finished(bytes: &[u8]) -> FinishedPicture {
    let full = Bytes::from([bytes, b" marked"].concat());
    let thumbnail = Bytes::from([bytes, b" small"].concat());
    let marks = |bytes: &[u8]| Marks {
        sha256: hash_of(bytes),
        visible: true,
        xmp: XMP.to_owned(),
        c2pa: None,
    };
    let (of_full, of_thumbnail) = (marks(&full), marks(&thumbnail));
    FinishedPicture {
        image: Image {
            key: picture_key(&of_full.sha256),
            thumbnail_key: picture_key(&of_thumbnail.sha256),
            sha256: of_full.sha256.clone(),
            width: 8,
            height: 8,
            media_type: "image/jpeg".to_owned(),
            bytes: full.len() as u64,
        },
        full,
        thumbnail,
        marks: of_full,
        thumbnail_marks: of_thumbnail,
    }
}

#[async_trait]
impl PictureFinisher for Marker {
    async fn finish(&self, bytes: Bytes) -> Result<FinishedPicture, PictureError> {
        if bytes == BROKEN {
            return Err(PictureError::Unusable("it is broken".to_owned()));
        }
        Ok(finished(&bytes))
    }
}

#[async_trait]
impl PictureInspector for Marker {
    async fn inspect(&self, bytes: Bytes) -> Result<MarksFound, PictureError> {
        Ok(MarksFound {
            sha256: hash_of(&bytes),
            visible: true,
            xmp: Some(XMP.to_owned()),
            manifest: ManifestFound::None,
        })
    }
}

/// Files that end with the run.
#[derive(Default)]
pub struct MemoryStorage(Mutex<BTreeMap<String, Bytes>>);

impl MemoryStorage {
    /// Whether there is a file.
    pub fn holds(&self, key: &str) -> bool {
        self.files().contains_key(key)
    }

    /// Where all files lie.
    pub fn keys(&self) -> Vec<String> {
        self.files().keys().cloned().collect()
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ObjectStorage for MemoryStorage {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StorageError> {
        self.files().insert(key.to_owned(), bytes);
        Ok(())
    }

    async fn get(&self, key: &str, _: Option<Range<u64>>) -> Result<StoredObject, StorageError> {
        let bytes = self.files().get(key).cloned();
        let bytes = bytes.ok_or_else(|| StorageError::NotFound(key.to_owned()))?;
        let size = bytes.len() as u64;
        Ok(StoredObject { bytes, size })
    }

    async fn delete(&self, key: &str) -> Result<(), StorageError> {
        self.files().remove(key);
        Ok(())
    }

    async fn address(&self, _: &str, _: Duration) -> Result<Option<String>, StorageError> {
        Ok(None)
    }

    async fn check(&self) -> Result<(), StorageError> {
        Ok(())
    }
}
