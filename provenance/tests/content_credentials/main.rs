//! Content Credentials: what we sign, what others read in it, and what we make of what others signed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod ingredients;
mod keys;
mod others;
mod reading;
mod rsa;
mod signing;

use std::{fs, io::Cursor, path::PathBuf, sync::Arc};

use application::ports::{FinishedPicture, ManifestFound, PictureFinisher, PictureInspector};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use provenance::{Credentials, Marker};

/// A picture that a provider may have drawn.
fn drawn() -> DynamicImage {
    RgbImage::from_fn(640, 480, |x, y| {
        let shade = |part: u32, whole: u32| u8::try_from(part * 255 / whole).unwrap();
        Rgb([shade(x, 640), shade(y, 480), 120])
    })
    .into()
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    drawn().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// With a key and a certificate made for this test.
fn trial() -> Marker {
    with(Credentials::for_trial().unwrap())
}

fn with(credentials: Credentials) -> Marker {
    Marker::new().with_credentials(Some(Arc::new(credentials)))
}

async fn finished(marker: &Marker) -> FinishedPicture {
    let png = encoded(ImageFormat::Png);
    marker.finish(png.into()).await.unwrap()
}

async fn manifest(marker: &Marker, picture: &[u8]) -> ManifestFound {
    let bytes = picture.to_vec().into();
    marker.inspect(bytes).await.unwrap().manifest
}

fn is_ours(found: &ManifestFound) -> bool {
    matches!(found, ManifestFound::Ours { .. })
}

/// Writes a file for somebody else to read.
fn file(test: &str, name: &str, bytes: &[u8]) -> PathBuf {
    let path = others::folder(test).join(name);
    fs::write(&path, bytes).unwrap();
    path
}
