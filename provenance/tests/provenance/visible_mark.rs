//! The badge through the whole pipeline; how surely it is found otherwise, `badge` tests itself.

use application::ports::PictureInspector;
use bytes::Bytes;
use image::{DynamicImage, codecs::jpeg::JpegEncoder};
use provenance::Marker;

use crate::scenes::{self, SIZES};

async fn is_seen(bytes: Bytes) -> bool {
    Marker::new().inspect(bytes).await.unwrap().visible
}

fn jpeg(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 100))
        .unwrap();
    bytes
}

#[tokio::test]
async fn the_badge_of_every_delivered_picture_and_thumbnail_is_found() {
    for (size, (width, height)) in (0..).zip(SIZES) {
        for (name, picture) in scenes::all(width, height, size) {
            let finished = provenance::finish(&jpeg(&picture)).unwrap();
            assert!(is_seen(finished.full).await, "{name} {width} × {height}");
            assert!(is_seen(finished.thumbnail).await, "the thumbnail of {name}");
        }
    }
}
