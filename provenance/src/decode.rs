//! Decodes what a provider sent, or what somebody asks about: PNG, JPEG and WebP within limits, the header first.

use std::io::Cursor;

use ::image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage, RgbaImage,
    guess_format,
};
use application::ports::{MAX_PICTURE_BYTES, PictureError};

use crate::jpeg;

/// The longest side in pixels.
pub const MAX_SIDE: u32 = 8192;

/// The most pixels.
pub const MAX_PIXELS: u64 = 40_000_000;

/// The most memory a decoder may take for itself, in bytes: 40 megapixels of 16-bit RGBA, and some.
pub const MAX_ALLOCATION: u64 = 400 * 1024 * 1024;

/// The most memory for what stands beside the pixels, in bytes: texts and a colour profile, which may be folded up small.
const MAX_BESIDE_PIXELS: u64 = 16 * 1024 * 1024;

/// Decodes a PNG, JPEG or WebP to 8-bit RGB, upright, without alpha. No pixel is touched before the header was judged.
///
/// # Errors
/// When it is none of these, damaged, or too large: over 20 MiB, 8192 px a side or 40 million pixels.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    if bytes.len() > MAX_PICTURE_BYTES {
        return Err(unusable(format!(
            "it has {} bytes, more than {MAX_PICTURE_BYTES}",
            bytes.len()
        )));
    }
    let format = accepted_format(bytes)?;
    let mut decoder = opened(bytes, format)?;
    if format == ImageFormat::Jpeg {
        // The decoder fills what is missing of a cut-off JPEG with grey and calls it a success.
        jpeg::segments(bytes).map_err(damaged)?;
    }
    let orientation = decoder.orientation().map_err(damaged)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    Ok(opaque(picture))
}

/// A decoder that has read the header, and found nothing wrong with it.
pub(crate) fn opened(
    bytes: &[u8],
    format: ImageFormat,
) -> Result<impl ImageDecoder + '_, PictureError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits(MAX_BESIDE_PIXELS));
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    judge_size(width, height)?;
    // The pixels are counted by now.
    decoder
        .set_limits(limits(MAX_ALLOCATION))
        .map_err(damaged)?;
    Ok(decoder)
}

/// Which of the formats that are taken the bytes begin like.
pub(crate) fn accepted_format(bytes: &[u8]) -> Result<ImageFormat, PictureError> {
    match guess_format(bytes) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) => Ok(format),
        Ok(other) => Err(unusable(format!(
            "it is of the format {}; PNG, JPEG and WebP are accepted",
            other.extensions_str().first().unwrap_or(&"?")
        ))),
        Err(_) => Err(unusable("it is no PNG, JPEG or WebP".to_owned())),
    }
}

fn limits(bytes: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(bytes);
    limits
}

fn judge_size(width: u32, height: u32) -> Result<(), PictureError> {
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(unusable(format!(
            "it is {width} × {height} px; at most {MAX_SIDE} px a side are accepted"
        )));
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(unusable(format!(
            "it is {width} × {height} px; at most {MAX_PIXELS} pixels are accepted"
        )));
    }
    Ok(())
}

/// 8-bit RGB; what is transparent becomes white, as on a page.
fn opaque(picture: DynamicImage) -> DynamicImage {
    match picture {
        DynamicImage::ImageRgb8(_) => picture,
        _ if !picture.color().has_alpha() => picture.into_rgb8().into(),
        _ => on_white(&picture.into_rgba8()).into(),
    }
}

fn on_white(picture: &RgbaImage) -> RgbImage {
    let mut opaque = RgbImage::new(picture.width(), picture.height());
    for (to, from) in opaque.pixels_mut().zip(picture.pixels()) {
        let [red, green, blue, alpha] = from.0;
        *to = Rgb([red, green, blue].map(|channel| over_white(channel, alpha)));
    }
    opaque
}

fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    let mixed = (channel * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

fn unusable(reason: String) -> PictureError {
    PictureError::Unusable(reason)
}

fn damaged(error: impl std::fmt::Display) -> PictureError {
    PictureError::Unusable(error.to_string())
}
