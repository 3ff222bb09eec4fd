//! What others signed: recognised in every format, and kept as an ingredient of what is made of it.

use std::{fs, path::Path};

use application::ports::{ManifestFound, PictureFinisher};
use image::ImageFormat;
use provenance::{Credentials, SigningKeys};

use crate::{
    encoded, file, is_ours,
    keys::{self, P256},
    manifest, others, trial, with,
};

const FORMATS: [ImageFormat; 3] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];

/// A picture that the Python library signed with those keys; none where it is missing.
fn signed_by_others(test: &str, keys: &SigningKeys, format: ImageFormat) -> Option<Vec<u8>> {
    let extension = format.extensions_str()[0];
    let certificate = file(test, "certificate.pem", keys.certificate.as_bytes());
    let key = file(test, "private.key", keys.private_key.as_bytes());
    let source = file(test, &format!("unsigned.{extension}"), &encoded(format));
    let target = source.with_file_name(format!("signed.{extension}"));
    let media_type = Path::new(format.to_mime_type());
    others::told_by(
        "sign.py",
        &[&certificate, &key, &source, &target, media_type],
    )?;
    Some(fs::read(target).unwrap())
}

#[tokio::test]
async fn a_manifest_is_read_in_jpeg_png_and_webp_and_only_our_key_makes_it_ours() {
    let (Some(ours), Some(theirs)) = (keys::made("ours", P256), keys::made("theirs", P256)) else {
        return;
    };
    let marker = with(Credentials::of(&ours).unwrap());
    for format in FORMATS {
        let Some(signed) = signed_by_others("formats-ours", &ours, format) else {
            return;
        };
        let found = manifest(&marker, &signed).await;
        assert!(is_ours(&found), "{format:?}: {found:?}");
        let signed = signed_by_others("formats-theirs", &theirs, format).unwrap();
        assert_eq!(
            manifest(&marker, &signed).await,
            ManifestFound::Foreign,
            "{format:?}"
        );
    }
}

#[tokio::test]
async fn a_providers_manifest_is_kept_as_the_ingredients_and_nothing_else_of_its_file() {
    let Some(theirs) = keys::made("provider", P256) else {
        return;
    };
    let marker = trial();
    for format in FORMATS {
        let Some(signed) = signed_by_others("provider", &theirs, format) else {
            return;
        };
        let picture = marker.finish(signed.into()).await.unwrap();
        assert!(is_ours(&manifest(&marker, &picture.full).await));
        assert!(is_ours(&manifest(&marker, &picture.thumbnail).await));

        let name = format!("delivered-{}.jpg", format.extensions_str()[0]);
        let path = file("provider", &name, &picture.full);
        let told = others::told_by("read.py", &[&path]).unwrap();
        let told = &told[path.to_str().unwrap()];
        assert_eq!(told["state"], "Valid", "{format:?}: {told:#}");
        let store = &told["store"];
        let active = &store["manifests"][store["active_manifest"].as_str().unwrap()];
        let ingredients = active["ingredients"].as_array().unwrap();
        assert_eq!(ingredients.len(), 1);
        assert_eq!(ingredients[0]["relationship"], "parentOf");
        let theirs = ingredients[0]["active_manifest"].as_str().unwrap();
        let theirs = &store["manifests"][theirs];
        assert_eq!(theirs["claim_generator_info"][0]["name"], "another program");
        assert_eq!(store["manifests"].as_object().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_providers_damaged_manifest_does_not_keep_a_picture_from_being_signed() {
    let Some(theirs) = keys::made("careless", P256) else {
        return;
    };
    let marker = trial();
    let Some(signed) = signed_by_others("careless", &theirs, ImageFormat::Jpeg) else {
        return;
    };
    let begins = signed
        .windows(4)
        .position(|window| window == b"jumb")
        .unwrap();
    for place in (begins..begins + 4000).step_by(97) {
        let mut damaged = signed.clone();
        damaged[place] ^= 0x55;
        let Ok(picture) = marker.finish(damaged.into()).await else {
            continue;
        };
        let found = manifest(&marker, &picture.full).await;
        assert!(is_ours(&found), "at {place}: {found:?}");
        assert!(is_ours(&manifest(&marker, &picture.thumbnail).await));
    }
}
