//! Marks pictures as made by AI: a visible badge, an XMP digital source type, a hash of the result.
//!
//! The order matters: the badge is drawn before the only encoding, the XMP is written after it, and the hash
//! is taken last. Colours are taken for sRGB; nothing of the input but its pixels gets through, so that
//! neither a camera's EXIF nor a provider's copy of the prompt ever reaches a client.

mod badge;
pub(crate) mod decode;
pub(crate) mod jpeg;
mod thumbnail;
pub(crate) mod xmp;

use std::{io, sync::Arc, thread};

use ::image::DynamicImage;
use application::ports::{FinishedPicture, PictureError, PictureFinisher};
use async_trait::async_trait;
use bytes::Bytes;
use domain::photo_request::{Image, Marks};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

pub use xmp::TRAINED_ALGORITHMIC_MEDIA;

/// The quality of full pictures and of thumbnails, on libjpeg's scale.
const QUALITY: u8 = 90;

const MEDIA_TYPE: &str = "image/jpeg";

/// Makes marked JPEGs of what providers drew. The same input always gives the same bytes.
#[derive(Debug, Clone)]
pub struct Marker {
    slots: Arc<Semaphore>,
}

impl Marker {
    /// A marker that works on as many pictures at a time as there are processors; the others wait.
    ///
    /// That bounds the memory too: a picture of 40 megapixels takes up to half a gigabyte while it is decoded.
    #[must_use]
    pub fn new() -> Self {
        let slots = thread::available_parallelism().map_or(1, usize::from);
        Self {
            slots: Arc::new(Semaphore::new(slots)),
        }
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
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = slot.map_err(|closed| PictureError::Internal(closed.into()))?;
        tokio::task::spawn_blocking(move || {
            let _slot = slot;
            finish(&bytes)
        })
        .await
        .map_err(|panicked| PictureError::Internal(panicked.into()))?
    }
}

/// Does on this thread what [`Marker`] does on others, for one picture: some 20 ms for 1024 × 1024 px.
///
/// # Errors
/// When the bytes are not a usable picture, or the mark cannot be read back.
pub fn finish(bytes: &[u8]) -> Result<FinishedPicture, PictureError> {
    let full = decode::decode(bytes)?;
    let thumbnail = thumbnail::of(&full)?;
    let (width, height) = (full.width(), full.height());

    // The badge is drawn on both at their own size: scaled down with the picture, it could not be read.
    let thumbnail = mark(thumbnail)?;
    let full = mark(full)?;

    let sha256 = hex::encode(Sha256::digest(&full));
    let image = Image {
        key: storage_key(&sha256),
        thumbnail_key: storage_key(&hex::encode(Sha256::digest(&thumbnail))),
        sha256: sha256.clone(),
        width,
        height,
        media_type: MEDIA_TYPE.to_owned(),
        bytes: full.len() as u64,
    };
    let marks = Marks {
        sha256,
        visible: true,
        xmp: TRAINED_ALGORITHMIC_MEDIA.to_owned(),
        c2pa: None,
    };
    Ok(FinishedPicture {
        full: full.into(),
        thumbnail: thumbnail.into(),
        image,
        marks,
    })
}

/// Draws the badge, encodes, writes the XMP and reads it back: a picture without a readable mark is an error.
fn mark(mut picture: DynamicImage) -> Result<Vec<u8>, PictureError> {
    badge::draw(&mut picture)?;
    let jpeg = encode(&picture, QUALITY)?;
    match xmp::digital_source_type(&jpeg) {
        Some(term) if term == TRAINED_ALGORITHMIC_MEDIA => Ok(jpeg),
        found => Err(internal(format!("the XMP mark reads as {found:?}"))),
    }
}

/// Encodes as a JPEG whose XMP says that the picture was made by AI.
pub(crate) fn encode(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, PictureError> {
    let mut jpeg = jpeg::encode(picture, quality).map_err(|error| internal(error.to_string()))?;
    xmp::insert(&mut jpeg).map_err(|damaged| internal(damaged.to_string()))?;
    Ok(jpeg)
}

fn storage_key(sha256: &str) -> String {
    format!("pictures/{}/{sha256}.jpg", &sha256[..2])
}

fn internal(reason: String) -> PictureError {
    PictureError::Internal(io::Error::other(reason).into())
}
