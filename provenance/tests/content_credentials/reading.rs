//! What becomes of a signature when somebody touches the picture.

use std::{fs, ops::Range, process::Command};

use application::ports::{ManifestFound, MarksDiffer, PictureInspector};

use crate::{file, finished, is_ours, manifest, others, trial};

/// The segments that hold a manifest (C2PA, appendix A.3.1).
const APP11: u8 = 0xeb;

/// Signatures leave room in their own box that they do not cover. A bit that is changed there changes nothing that was
/// signed; the hash on record notices that too.
#[tokio::test]
async fn a_single_changed_bit_anywhere_is_noticed() {
    let marker = trial();
    let picture = finished(&marker).await;
    let manifest = segments(&picture.full, APP11);
    let (mut changed, mut lost, mut spare) = (0, 0, 0);
    for place in (2..picture.full.len()).step_by(picture.full.len() / 150) {
        let mut bytes = picture.full.to_vec();
        bytes[place] ^= 1;
        // What is no picture any more is refused before anything else.
        let Ok(found) = marker.inspect(bytes.into()).await else {
            lost += 1;
            continue;
        };
        assert!(found.confirm(&picture.marks).is_err(), "at {place}");
        if is_ours(&found.manifest) {
            assert!(manifest.contains(&place), "at {place}: {found:?}");
            spare += 1;
        }
        changed += usize::from(found.manifest == ManifestFound::OursChanged);
    }
    println!("{changed} still name us, {lost} are no picture any more, {spare} hit spare room");
    assert!(changed >= 50, "{changed}");
    assert!(spare <= 10, "{spare}");
}

#[tokio::test]
async fn a_changed_pixel_is_noticed_by_others_too() {
    let picture = finished(&trial()).await;
    let mut bytes = picture.full.to_vec();
    let place = bytes.len() - 600;
    bytes[place] ^= 1;
    let path = file("tampered", "pixel.jpg", &bytes);
    let Some(told) = others::told_by("read.py", &[&path]) else {
        return;
    };
    let told = &told[path.to_str().unwrap()];
    assert_eq!(told["state"], "Invalid", "{told:#}");
    let failed = told["store"]["validation_results"]["activeManifest"]["failure"].to_string();
    assert!(failed.contains("assertion.dataHash.mismatch"), "{failed}");
}

/// IPTC's own sample shows it: metadata comes before the signature, or the signature is void.
#[tokio::test]
async fn xmp_that_is_added_after_signing_voids_the_signature() {
    if !others::is_there("exiftool", &["-ver"]) {
        return;
    }
    let marker = trial();
    let picture = finished(&marker).await;
    let path = file("added", "xmp.jpg", &picture.full);
    others::run(
        Command::new("exiftool")
            .args(["-q", "-overwrite_original", "-XMP-dc:Creator=somebody else"])
            .arg(&path),
    );
    let bytes = fs::read(&path).unwrap();
    assert_eq!(manifest(&marker, &bytes).await, ManifestFound::OursChanged);
    if let Some(told) = others::told_by("read.py", &[&path]) {
        assert_eq!(told[path.to_str().unwrap()]["state"], "Invalid", "{told:#}");
    }
}

#[tokio::test]
async fn our_manifest_on_another_picture_is_not_ours() {
    let marker = trial();
    let picture = finished(&marker).await;
    let mut other = finished(&crate::Marker::new()).await.full.to_vec();
    let signed = segments(&picture.full, APP11);
    assert!(!signed.is_empty());
    other.splice(2..2, picture.full[signed].to_vec());
    assert_eq!(manifest(&marker, &other).await, ManifestFound::OursChanged);
    let found = marker.inspect(other.into()).await.unwrap();
    let differ = found.confirm(&picture.marks).unwrap_err();
    assert!(matches!(differ, MarksDiffer::Hash { .. }));
}

/// Where the segments of that marker are, one after the other, in a JPEG before its first scan.
fn segments(jpeg: &[u8], wanted: u8) -> Range<usize> {
    let (mut found, mut place) = (0..0, 2);
    while jpeg[place] == 0xff && jpeg[place + 1] != 0xda {
        let length = usize::from(u16::from_be_bytes([jpeg[place + 2], jpeg[place + 3]]));
        let end = place + 2 + length;
        if jpeg[place + 1] == wanted {
            let start = if found.is_empty() { place } else { found.start };
            found = start..end;
        }
        place = end;
    }
    found
}
