//! What a picture says about where it comes from: its marks, read back from its bytes alone.

use async_trait::async_trait;
use bytes::Bytes;
use domain::photo_request::Marks;

use super::PictureError;

/// The marks that a picture carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarksFound {
    /// SHA-256 of the bytes that were read, lower-case hex.
    pub sha256: String,
    /// Whether Ava's badge can be seen.
    pub visible: bool,
    /// The digital source type that the XMP names: IPTC's term, as `trainedAlgorithmicMedia`.
    pub xmp: Option<String>,
    /// The manifest of Content Credentials (C2PA).
    pub manifest: ManifestFound,
}

/// What was found of a C2PA manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestFound {
    /// This program was built without the means to read one.
    Unread,
    /// There is none.
    None,
    /// There is something that cannot be understood.
    Unreadable,
    /// Somebody else signed it.
    Foreign,
    /// We signed it, but not for these bytes: picture or manifest was changed since.
    OursChanged,
    /// We signed it, for exactly these bytes.
    Ours {
        /// SHA-256 of the manifest, lower-case hex.
        sha256: String,
    },
}

/// How the marks that were read back differ from those that were to be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarksDiffer {
    /// The bytes are others.
    #[error("its hash is {found} instead of {wanted}")]
    Hash {
        /// The hash on record.
        wanted: String,
        /// That of the bytes.
        found: String,
    },
    /// The badge cannot be found.
    #[error("the visible mark cannot be found")]
    Invisible,
    /// The XMP says something else, or nothing.
    #[error("its XMP names {found:?} as the source type instead of {wanted}")]
    Xmp {
        /// What was to be written.
        wanted: String,
        /// What stands there.
        found: Option<String>,
    },
    /// The manifest is missing, damaged, or not the one that was made.
    #[error("its manifest is not the one that was signed: {0:?}")]
    Manifest(ManifestFound),
}

impl MarksFound {
    /// Whether these are the marks that were to be made, every one of them.
    ///
    /// # Errors
    /// The first that is not.
    pub fn confirm(&self, wanted: &Marks) -> Result<(), MarksDiffer> {
        if self.sha256 != wanted.sha256 {
            return Err(MarksDiffer::Hash {
                wanted: wanted.sha256.clone(),
                found: self.sha256.clone(),
            });
        }
        if !self.visible {
            return Err(MarksDiffer::Invisible);
        }
        if self.xmp.as_ref() != Some(&wanted.xmp) {
            return Err(MarksDiffer::Xmp {
                wanted: wanted.xmp.clone(),
                found: self.xmp.clone(),
            });
        }
        let signed = match &self.manifest {
            ManifestFound::Ours { sha256 } => Some(sha256),
            ManifestFound::Unread | ManifestFound::None => None,
            ManifestFound::Unreadable | ManifestFound::Foreign | ManifestFound::OursChanged => {
                return Err(MarksDiffer::Manifest(self.manifest.clone()));
            }
        };
        if signed == wanted.c2pa.as_ref() {
            Ok(())
        } else {
            Err(MarksDiffer::Manifest(self.manifest.clone()))
        }
    }
}

/// Reads marks back.
#[async_trait]
pub trait PictureInspector: Send + Sync {
    /// Reads what a PNG, JPEG or WebP says about itself. Works off the async threads, on few pictures at a time.
    ///
    /// # Errors
    /// When the bytes are no picture within the limits of [`PictureError::Unusable`].
    async fn inspect(&self, bytes: Bytes) -> Result<MarksFound, PictureError>;
}
