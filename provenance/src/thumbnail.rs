//! The picture in small.

use ::image::{DynamicImage, RgbImage};
use application::ports::PictureError;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images};

use crate::marker::internal;

/// The longer side of a thumbnail in pixels.
const SIDE: u32 = 320;

/// The picture at thumbnail size; never larger than it was.
pub(crate) fn of(picture: &DynamicImage) -> Result<DynamicImage, PictureError> {
    let longer = picture.width().max(picture.height());
    if longer <= SIDE {
        return Ok(picture.clone());
    }
    // In whole numbers, so that no rounding of floats decides about a pixel.
    let scaled = |side: u32| ((side * SIDE + longer / 2) / longer).max(1);
    let (width, height) = (scaled(picture.width()), scaled(picture.height()));
    match picture {
        DynamicImage::ImageRgb8(pixels) => scale(pixels, width, height),
        other => scale(&other.to_rgb8(), width, height),
    }
}

fn scale(pixels: &RgbImage, width: u32, height: u32) -> Result<DynamicImage, PictureError> {
    let not_scaled = |error: &dyn std::error::Error| internal(error.to_string());
    let (wide, high) = pixels.dimensions();
    let from = images::ImageRef::new(wide, high, pixels, PixelType::U8x3)
        .map_err(|error| not_scaled(&error))?;
    let mut small = RgbImage::new(width, height);
    let mut to = images::Image::from_slice_u8(width, height, &mut small, PixelType::U8x3)
        .map_err(|error| not_scaled(&error))?;
    // When it makes smaller, each pixel counts, as with the `Triangle` of other crates.
    let bilinear = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new()
        .resize(&from, &mut to, &bilinear)
        .map_err(|error| not_scaled(&error))?;
    Ok(small.into())
}
