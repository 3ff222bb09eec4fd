//! From a drawing to pixels, and from pixels to a file.

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder as _, RgbaImage};
use resvg::tiny_skia::{FilterQuality, Pixmap, PixmapPaint, Transform};
use resvg::usvg;

use super::Portrait;
use super::{backdrop, figure};

/// The background is drawn in a smaller size, which is fast and puts it out of focus.
const BACKDROP_SCALE: f32 = 0.4;

/// The longest side that is drawn, in pixels.
const LONGEST_SIDE: u32 = 4_096;

const JPEG_QUALITY: u8 = 90;

/// The kinds of files that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Lossless WebP.
    Webp,
    /// JPEG of good quality.
    Jpeg,
    /// PNG.
    Png,
}

impl Format {
    /// As in `image/webp`.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Webp => "image/webp",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// Why a picture could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum DrawingError {
    /// A side is zero, or longer than 4096 pixels.
    #[error("a picture of {0}×{1} pixels cannot be drawn")]
    Size(u32, u32),
    /// The drawing is not valid SVG.
    #[error("the drawing cannot be read")]
    Drawing(#[source] usvg::Error),
    /// The file could not be written.
    #[error("the picture cannot be encoded")]
    Encoding(#[source] image::ImageError),
}

/// Paints the background, then the person and what is in front.
pub(super) fn paint(
    portrait: &Portrait,
    variation: u64,
    width: u32,
    height: u32,
) -> Result<Pixmap, DrawingError> {
    let too_big = width > LONGEST_SIDE || height > LONGEST_SIDE;
    let canvas = if too_big {
        None
    } else {
        Pixmap::new(width, height)
    };
    let mut canvas = canvas.ok_or(DrawingError::Size(width, height))?;
    let size = (width as f32, height as f32);

    let small = (
        (size.0 * BACKDROP_SCALE).ceil(),
        (size.1 * BACKDROP_SCALE).ceil(),
    );
    let scenery = Pixmap::new(small.0 as u32, small.1 as u32);
    let mut scenery = scenery.ok_or(DrawingError::Size(width, height))?;
    let scale = Transform::from_scale(small.0 / size.0, small.1 / size.1);
    render(
        &backdrop::draw(portrait, variation, size),
        scale,
        &mut scenery,
    )?;
    let soft = PixmapPaint {
        quality: FilterQuality::Bilinear,
        ..PixmapPaint::default()
    };
    let back = Transform::from_scale(size.0 / small.0, size.1 / small.1);
    canvas.draw_pixmap(0, 0, scenery.as_ref(), &soft, back, None);

    render(
        &figure::draw(portrait, variation, size),
        Transform::identity(),
        &mut canvas,
    )?;
    Ok(canvas)
}

fn render(drawing: &str, transform: Transform, canvas: &mut Pixmap) -> Result<(), DrawingError> {
    let tree =
        usvg::Tree::from_str(drawing, &usvg::Options::default()).map_err(DrawingError::Drawing)?;
    resvg::render(&tree, transform, &mut canvas.as_mut());
    Ok(())
}

/// Writes the pixels in a format, without transparency: the background covers all.
pub(super) fn encode(canvas: Pixmap, format: Format) -> Result<Bytes, DrawingError> {
    let (width, height) = (canvas.width(), canvas.height());
    // Nothing is transparent, so premultiplied pixels are plain ones.
    let all = RgbaImage::from_raw(width, height, canvas.take())
        .ok_or(DrawingError::Size(width, height))?;
    let pixels = DynamicImage::ImageRgba8(all).into_rgb8().into_raw();
    let mut file = Vec::new();
    let colours = ExtendedColorType::Rgb8;
    let written = match format {
        Format::Webp => {
            WebPEncoder::new_lossless(&mut file).write_image(&pixels, width, height, colours)
        }
        Format::Jpeg => JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY)
            .write_image(&pixels, width, height, colours),
        Format::Png => {
            PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Adaptive)
                .write_image(&pixels, width, height, colours)
        }
    };
    written.map_err(DrawingError::Encoding)?;
    Ok(file.into())
}
