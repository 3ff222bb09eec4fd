//! Makes a marked picture and its thumbnail of what a provider drew.
//!
//! Colours are taken for sRGB; nothing of the input but its pixels gets through, so that neither a camera's EXIF nor a
//! provider's copy of the prompt ever reaches a client. The one exception is a manifest (C2PA) that came with it: where
//! pictures are signed, it is kept as that of an ingredient.

use std::{io, num::NonZero, sync::Arc, thread};

use ::image::DynamicImage;
use application::ports::{
    FinishedPicture, MarksFound, PictureError, PictureFinisher, PictureInspector, picture_key,
};
use async_trait::async_trait;
use bytes::Bytes;
use domain::photo_request::{Image, Marks};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::{
    credentials::{Credentials, Signed, Step},
    decode, inspection, jpeg, thumbnail,
    xmp::{self, TRAINED_ALGORITHMIC_MEDIA},
};

/// The quality of full pictures and of thumbnails, on libjpeg's scale.
const QUALITY: u8 = 90;

pub(crate) const MEDIA_TYPE: &str = "image/jpeg";

/// Makes marked JPEGs of what providers drew, and reads marks back.
///
/// Without credentials the same input always gives the same bytes. A signature is another one each time.
#[derive(Debug, Clone)]
pub struct Marker {
    slots: Arc<Semaphore>,
    credentials: Option<Arc<Credentials>>,
}

impl Marker {
    /// A marker that works on as many pictures at a time as there are processors; the others wait.
    ///
    /// That bounds the memory too: a picture of 40 megapixels takes up to half a gigabyte while it is decoded.
    #[must_use]
    pub fn new() -> Self {
        Self::working_on(thread::available_parallelism().map_or(1, NonZero::get))
    }

    /// A marker that works on so many pictures at a time.
    #[must_use]
    pub fn working_on(pictures: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(pictures)),
            credentials: None,
        }
    }

    /// The same, which also signs what it marks and reads what was signed.
    #[must_use]
    pub fn with_credentials(self, credentials: Option<Arc<Credentials>>) -> Self {
        Self {
            credentials,
            ..self
        }
    }

    /// Works on another thread, once there is a slot.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(Option<&Credentials>) -> Result<T, PictureError> + Send + 'static,
    ) -> Result<T, PictureError> {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = slot.map_err(|closed| PictureError::Internal(closed.into()))?;
        let credentials = self.credentials.clone();
        tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work(credentials.as_deref())
        })
        .await
        .map_err(|panicked| PictureError::Internal(panicked.into()))?
    }
}

impl Default for Marker {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl PictureFinisher for Marker {
    async fn finish(&self, bytes: Bytes) -> Result<FinishedPicture, PictureError> {
        self.work(move |credentials| finish_with(&bytes, credentials))
            .await
    }
}

#[async_trait]
impl PictureInspector for Marker {
    async fn inspect(&self, bytes: Bytes) -> Result<MarksFound, PictureError> {
        self.work(move |credentials| inspection::inspect(&bytes, credentials))
            .await
    }
}

/// Does on this thread what [`Marker`] does on others, for one picture, unsigned: some 20 ms for 1024 × 1024 px.
///
/// # Errors
/// When the bytes are not a usable picture.
pub fn finish(bytes: &[u8]) -> Result<FinishedPicture, PictureError> {
    finish_with(bytes, None)
}

fn finish_with(
    bytes: &[u8],
    credentials: Option<&Credentials>,
) -> Result<FinishedPicture, PictureError> {
    let picture = decode::decode(bytes)?;
    let small = thumbnail::of(&picture)?;
    let (width, height) = (picture.width(), picture.height());

    // The badge is drawn on both at their own size: scaled down with the picture, it could not be read.
    let small = mark(small)?;
    let full = sign(mark(picture)?, credentials, (Step::Marked, bytes))?;
    let thumbnail = sign(small, credentials, (Step::Scaled, &full.picture))?;

    let (marks, thumbnail_marks) = (marks(&full), marks(&thumbnail));
    let image = Image {
        key: picture_key(&marks.sha256),
        thumbnail_key: picture_key(&thumbnail_marks.sha256),
        sha256: marks.sha256.clone(),
        width,
        height,
        media_type: MEDIA_TYPE.to_owned(),
        bytes: full.picture.len() as u64,
    };
    Ok(FinishedPicture {
        full: full.picture.into(),
        thumbnail: thumbnail.picture.into(),
        image,
        marks,
        thumbnail_marks,
    })
}

/// Draws the badge, encodes, and writes the XMP.
fn mark(mut picture: DynamicImage) -> Result<Vec<u8>, PictureError> {
    badge::draw(&mut picture).map_err(|no_room| PictureError::Unusable(no_room.to_string()))?;
    encode(&picture, QUALITY)
}

/// Signs where there is something to sign with; `source` is what the picture was made of, and how.
fn sign(
    picture: Vec<u8>,
    credentials: Option<&Credentials>,
    source: (Step, &[u8]),
) -> Result<Signed, PictureError> {
    match credentials {
        Some(credentials) => credentials
            .sign(&picture, MEDIA_TYPE, source)
            .map_err(|error| internal(error.to_string())),
        None => Ok(Signed {
            picture,
            manifest: None,
        }),
    }
}

fn marks(signed: &Signed) -> Marks {
    Marks {
        sha256: hex::encode(Sha256::digest(&signed.picture)),
        visible: true,
        xmp: TRAINED_ALGORITHMIC_MEDIA.to_owned(),
        c2pa: signed.manifest.clone(),
    }
}

/// Encodes as a JPEG whose XMP says that the picture was made by AI.
///
/// # Errors
/// When the picture is larger than a JPEG can be.
pub fn encode(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, PictureError> {
    let mut jpeg = jpeg::encode(picture, quality).map_err(|error| internal(error.to_string()))?;
    xmp::insert(&mut jpeg).map_err(|damaged| internal(damaged.to_string()))?;
    Ok(jpeg)
}

pub(crate) fn internal(reason: String) -> PictureError {
    PictureError::Internal(io::Error::other(reason).into())
}
