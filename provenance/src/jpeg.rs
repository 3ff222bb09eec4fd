//! JPEG files: encoding, and walking their marker segments (ITU-T T.81, annex B).

use std::borrow::Cow;

use ::image::DynamicImage;
use jpeg_encoder::{ColorType, Encoder, EncodingError, SamplingFactor};

/// Start of image.
const SOI: u8 = 0xd8;
/// End of image.
const EOI: u8 = 0xd9;
/// Start of scan: compressed data follows the segment.
const SOS: u8 = 0xda;
/// The segment of JFIF, which must come first.
const APP0: u8 = 0xe0;
/// The segment of EXIF, and of XMP.
pub(crate) const APP1: u8 = 0xe1;

/// The longest payload of a segment in bytes: the 16-bit length counts itself.
const MAX_PAYLOAD: usize = 0xffff - 2;

/// The file is not a whole JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damaged {
    #[error("the JPEG does not begin like one")]
    Start,
    #[error("the JPEG is cut off")]
    CutOff,
    #[error("the JPEG has no marker where one must be")]
    NoMarker,
    #[error("a JPEG segment cannot hold {0} bytes")]
    TooLong(usize),
}

/// Why pixels did not become a JPEG.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotEncoded {
    #[error("{0} × {1} px are too many for a JPEG")]
    TooLarge(u32, u32),
    #[error(transparent)]
    Encoder(#[from] EncodingError),
}

/// One marker segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    /// The marker's second byte, as `0xe1` for APP1.
    pub(crate) marker: u8,
    /// What follows the length.
    pub(crate) payload: &'a [u8],
}

/// Encodes without any metadata but the JFIF header, with colours as fine as brightness (4:4:4).
pub(crate) fn encode(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, NotEncoded> {
    let (width, height) = (picture.width(), picture.height());
    let too_large = |_| NotEncoded::TooLarge(width, height);
    let sides = (
        u16::try_from(width).map_err(too_large)?,
        u16::try_from(height).map_err(too_large)?,
    );
    let pixels = match picture {
        DynamicImage::ImageRgb8(pixels) => Cow::Borrowed(pixels),
        other => Cow::Owned(other.to_rgb8()),
    };
    let mut jpeg = Vec::with_capacity(width as usize * height as usize / 2 + 4096);
    let mut encoder = Encoder::new(&mut jpeg, quality);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder.encode(&pixels, sides.0, sides.1, ColorType::Rgb)?;
    Ok(jpeg)
}

/// All segments of a JPEG, in order; an error unless the file goes on to its end-of-image marker.
pub(crate) fn segments(jpeg: &[u8]) -> Result<Vec<Segment<'_>>, Damaged> {
    let mut rest = jpeg.strip_prefix(&[0xff, SOI]).ok_or(Damaged::Start)?;
    let mut segments = Vec::new();
    loop {
        let (marker, after) = next_marker(rest)?;
        if marker == EOI {
            return Ok(segments);
        }
        let (payload, after) = split_segment(after)?;
        segments.push(Segment { marker, payload });
        rest = match marker {
            SOS => after_scan(after)?,
            _ => after,
        };
    }
}

/// Puts a segment before all others but the JFIF header.
pub(crate) fn insert(jpeg: &mut Vec<u8>, marker: u8, payload: &[u8]) -> Result<(), Damaged> {
    let rest = jpeg.strip_prefix(&[0xff, SOI]).ok_or(Damaged::Start)?;
    let place = match next_marker(rest)? {
        (APP0, after) => jpeg.len() - split_segment(after)?.1.len(),
        _ => 2,
    };
    let length = u16::try_from(payload.len() + 2)
        .ok()
        .filter(|_| payload.len() <= MAX_PAYLOAD)
        .ok_or(Damaged::TooLong(payload.len()))?;
    let mut segment = Vec::with_capacity(payload.len() + 4);
    segment.extend_from_slice(&[0xff, marker]);
    segment.extend_from_slice(&length.to_be_bytes());
    segment.extend_from_slice(payload);
    jpeg.splice(place..place, segment);
    Ok(())
}

/// The next marker and what follows it; any number of fill bytes may stand before it.
fn next_marker(bytes: &[u8]) -> Result<(u8, &[u8]), Damaged> {
    let mut rest = match bytes {
        [] => return Err(Damaged::CutOff),
        [0xff, rest @ ..] => rest,
        _ => return Err(Damaged::NoMarker),
    };
    while let [0xff, after @ ..] = rest {
        rest = after;
    }
    match rest {
        [] => Err(Damaged::CutOff),
        [marker, after @ ..] => Ok((*marker, after)),
    }
}

/// A segment's payload, by its big-endian length that counts itself, and what follows it.
fn split_segment(bytes: &[u8]) -> Result<(&[u8], &[u8]), Damaged> {
    let [high, low, ..] = bytes else {
        return Err(Damaged::CutOff);
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length < 2 {
        return Err(Damaged::NoMarker);
    }
    if bytes.len() < length {
        return Err(Damaged::CutOff);
    }
    Ok((&bytes[2..length], &bytes[length..]))
}

/// Skips compressed data: up to an `0xff` that neither stands for itself nor begins a restart marker.
fn after_scan(bytes: &[u8]) -> Result<&[u8], Damaged> {
    let mut place = 0;
    while let Some(found) = bytes[place..].iter().position(|byte| *byte == 0xff) {
        place += found;
        match bytes.get(place + 1) {
            Some(0x00 | 0xd0..=0xd7) => place += 2,
            Some(_) => return Ok(&bytes[place..]),
            None => break,
        }
    }
    Err(Damaged::CutOff)
}
