//! Reads the marks of a picture back, from nothing but its bytes.

use application::ports::{ManifestFound, MarksFound, PictureError};
use sha2::{Digest, Sha256};

use crate::{credentials::Credentials, decode, xmp};

/// What a PNG, JPEG or WebP says about itself; without credentials, manifests are not read.
pub(crate) fn inspect(
    bytes: &[u8],
    credentials: Option<&Credentials>,
) -> Result<MarksFound, PictureError> {
    let picture = decode::decode(bytes)?.into_rgb8();
    let media_type = decode::accepted_format(bytes)?.to_mime_type();
    Ok(MarksFound {
        sha256: hex::encode(Sha256::digest(bytes)),
        visible: badge::is_visible(&picture),
        xmp: xmp::digital_source_type(bytes),
        manifest: match credentials {
            Some(credentials) => credentials.read(bytes, media_type),
            None => ManifestFound::Unread,
        },
    })
}
