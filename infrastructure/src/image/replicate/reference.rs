//! The reference picture as a data URL, which Replicate takes up to 256 kB.

use ::image::imageops::FilterType;
use application::ports::{InputPicture, ProviderError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::refusal::unusable_input;

/// The longest data URL in bytes.
const LONGEST: usize = 256_000;

/// How small and how coarse to make it, gently first: the longest side in pixels, and JPEG quality.
const STEPS: [(u32, u8); 6] = [
    (1024, 88),
    (1024, 78),
    (768, 80),
    (640, 75),
    (512, 75),
    (384, 60),
];

/// As it is when it fits, else scaled and encoded until it does.
pub(super) async fn data_url(picture: &InputPicture) -> Result<String, ProviderError> {
    if fits(&picture.media_type, &picture.bytes) {
        return Ok(written(&picture.media_type, &picture.bytes));
    }
    let bytes = picture.bytes.clone();
    let fitted = tokio::task::spawn_blocking(move || fitted(&bytes)).await;
    fitted.map_err(|_| unusable_input("the reference picture could not be scaled"))?
}

fn fitted(bytes: &Bytes) -> Result<String, ProviderError> {
    let decoded = provenance::decode(bytes);
    let picture = decoded.map_err(|error| unusable_input(&error.to_string()))?;
    for (side, quality) in STEPS {
        let smaller = match picture.width().max(picture.height()) {
            longer if longer > side => Some(picture.resize(side, side, FilterType::CatmullRom)),
            _ => None,
        };
        let jpeg = provenance::encode(smaller.as_ref().unwrap_or(&picture), quality)
            .map_err(|error| unusable_input(&error.to_string()))?;
        if fits("image/jpeg", &jpeg) {
            return Ok(written("image/jpeg", &jpeg));
        }
    }
    Err(unusable_input(
        "the reference picture is too large, however small it is made",
    ))
}

fn fits(media_type: &str, bytes: &[u8]) -> bool {
    // Base64 writes three bytes, or what is left of them, as four characters.
    written(media_type, &[]).len() + bytes.len().div_ceil(3) * 4 <= LONGEST
}

fn written(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use ::image::{DynamicImage, ImageFormat, RgbImage, guess_format};

    use super::*;

    /// Noise is what JPEG is worst at.
    fn noise(side: u32) -> DynamicImage {
        let mut state = 1_u32;
        RgbImage::from_fn(side, side, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [red, green, blue, _] = state.to_be_bytes();
            ::image::Rgb([red, green, blue])
        })
        .into()
    }

    #[tokio::test]
    async fn a_picture_that_is_too_large_is_made_to_fit_and_keeps_its_xmp_mark() {
        let bytes = Bytes::from(provenance::encode(&noise(400), 98).unwrap());
        assert!(!fits("image/jpeg", &bytes));
        let picture = InputPicture {
            bytes,
            media_type: "image/jpeg".to_owned(),
        };

        let url = data_url(&picture).await.unwrap();

        assert!(url.len() <= LONGEST);
        let base64 = url.strip_prefix("data:image/jpeg;base64,").unwrap();
        let sent = STANDARD.decode(base64).unwrap();
        assert_eq!(guess_format(&sent).unwrap(), ImageFormat::Jpeg);
        assert_eq!(
            provenance::digital_source_type(&sent).as_deref(),
            Some(provenance::TRAINED_ALGORITHMIC_MEDIA)
        );
    }

    #[tokio::test]
    async fn a_picture_that_fits_is_sent_as_it_is() {
        let bytes = Bytes::from_static(b"any bytes");
        let picture = InputPicture {
            bytes,
            media_type: "image/webp".to_owned(),
        };
        assert_eq!(
            data_url(&picture).await.unwrap(),
            "data:image/webp;base64,YW55IGJ5dGVz"
        );
    }
}
