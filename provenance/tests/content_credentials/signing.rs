//! What we sign, read by ourselves and by the C2PA project's library for Python.

use application::ports::ManifestFound;
use provenance::{Credentials, CredentialsUnusable, Marker, SigningKeys};
use serde_json::Value;

use crate::{
    drawn, file, finished, is_ours,
    keys::{self, ED25519, P256, P384, RSA},
    manifest, others, trial, with,
};

const TRAINED_MODEL: &str =
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

/// The manifest that speaks for the picture itself.
fn active(told: &Value) -> &Value {
    let store = &told["store"];
    &store["manifests"][store["active_manifest"].as_str().unwrap()]
}

fn actions(manifest: &Value) -> Vec<(&str, Option<&str>)> {
    let assertions = manifest["assertions"].as_array().unwrap().iter();
    let actions = assertions.filter(|one| one["label"] == "c2pa.actions.v2");
    actions
        .flat_map(|one| one["data"]["actions"].as_array().unwrap())
        .map(|action| {
            (
                action["action"].as_str().unwrap(),
                action["digitalSourceType"].as_str(),
            )
        })
        .collect()
}

fn failures(told: &Value) -> Vec<&str> {
    let failed = &told["store"]["validation_results"]["activeManifest"]["failure"];
    let failed = failed.as_array().into_iter().flatten();
    failed.map(|one| one["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_signed_picture_confirms_every_mark_that_was_made() {
    let marker = trial();
    let picture = finished(&marker).await;
    for (bytes, marks) in [
        (&picture.full, &picture.marks),
        (&picture.thumbnail, &picture.thumbnail_marks),
    ] {
        assert_eq!(marks.c2pa.as_ref().unwrap().len(), 64);
        let found = application::ports::PictureInspector::inspect(&marker, bytes.clone());
        found.await.unwrap().confirm(marks).unwrap();
    }
    assert_ne!(picture.marks.c2pa, picture.thumbnail_marks.c2pa);
}

#[tokio::test]
async fn the_python_library_finds_a_valid_signature_over_a_picture_made_by_a_trained_model() {
    let picture = finished(&trial()).await;
    let path = file("signed", "full.jpg", &picture.full);
    let Some(told) = others::told_by("read.py", &[&path]) else {
        return;
    };
    let told = &told[path.to_str().unwrap()];

    assert_eq!(told["state"], "Valid", "{told:#}");
    // Nobody bought that certificate. All else is in order.
    assert_eq!(failures(told), ["signingCredential.untrusted"]);
    let manifest = active(told);
    assert_eq!(actions(manifest), [("c2pa.created", Some(TRAINED_MODEL))]);
    assert_eq!(manifest["claim_generator_info"][0]["name"], "Ava");
    assert_eq!(manifest["title"], Value::Null);
    assert!(manifest["ingredients"].as_array().is_none_or(Vec::is_empty));
}

#[tokio::test]
async fn a_thumbnail_is_signed_as_a_smaller_copy_of_the_full_picture() {
    let picture = finished(&trial()).await;
    let full = file("derived", "full.jpg", &picture.full);
    let thumbnail = file("derived", "thumbnail.jpg", &picture.thumbnail);
    let Some(told) = others::told_by("read.py", &[&full, &thumbnail]) else {
        return;
    };
    let (full, thumbnail) = (
        &told[full.to_str().unwrap()],
        &told[thumbnail.to_str().unwrap()],
    );
    assert_eq!(thumbnail["state"], "Valid", "{thumbnail:#}");
    let manifest = active(thumbnail);
    let done: Vec<_> = actions(manifest)
        .iter()
        .map(|(action, _)| *action)
        .collect();
    assert_eq!(done, ["c2pa.opened", "c2pa.resized"]);
    let ingredients = manifest["ingredients"].as_array().unwrap();
    assert_eq!(ingredients.len(), 1);
    assert_eq!(ingredients[0]["relationship"], "parentOf");
    assert_eq!(
        ingredients[0]["active_manifest"],
        full["store"]["active_manifest"]
    );
}

#[tokio::test]
async fn signing_adds_little_to_a_picture_and_changes_no_pixel() {
    let signed = finished(&trial()).await;
    let unsigned = finished(&Marker::new()).await;
    let pixels = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8();
    assert!(pixels(&signed.full) == pixels(&unsigned.full));
    assert_eq!(unsigned.marks.c2pa, None);
    let added = [
        signed.full.len() - unsigned.full.len(),
        signed.thumbnail.len() - unsigned.thumbnail.len(),
    ];
    println!("bytes that signing adds to picture and thumbnail: {added:?}");
    assert!(added[0] < 8 * 1024, "{added:?}");
    assert!(added[1] < 16 * 1024, "{added:?}");
}

#[tokio::test]
async fn a_deployments_own_key_signs_whichever_kind_it_is_of() {
    for (name, kind) in [("p256", P256), ("p384", P384), ("ed25519", ED25519)] {
        let Some(keys) = keys::made(&format!("own-{name}"), kind) else {
            return;
        };
        let marker = with(Credentials::of(&keys).unwrap());
        let picture = finished(&marker).await;
        assert!(is_ours(&manifest(&marker, &picture.full).await), "{name}");

        // Another process of the same deployment knows it again, another deployment does not.
        let colleague = with(Credentials::of(&keys).unwrap());
        assert!(is_ours(&manifest(&colleague, &picture.full).await));
        assert_eq!(
            manifest(&trial(), &picture.full).await,
            ManifestFound::Foreign
        );
        let path = file("own", &format!("{name}.jpg"), &picture.full);
        if let Some(told) = others::told_by("read.py", &[&path]) {
            let told = &told[path.to_str().unwrap()];
            assert_eq!(told["state"], "Valid", "{name}: {told:#}");
        }
    }
}

fn refused(keys: &SigningKeys) -> CredentialsUnusable {
    Credentials::of(keys).unwrap_err()
}

#[tokio::test]
async fn keys_that_will_not_do_are_refused_at_once_and_said_why() {
    let (Some(good), Some(other)) = (keys::made("good", P256), keys::made("other", P256)) else {
        return;
    };
    let pair = |certificate: &str, private_key: &str| SigningKeys {
        certificate: certificate.to_owned(),
        private_key: private_key.to_owned(),
    };
    let mixed = refused(&pair(&good.certificate, &other.private_key));
    assert_eq!(
        mixed.to_string(),
        "the private key is not usable: it does not belong to the certificate"
    );
    let swapped = refused(&pair(&good.private_key, &good.certificate));
    assert!(matches!(swapped, CredentialsUnusable::Certificate(_)));
    let damaged = refused(&pair(
        &good.certificate,
        &good.private_key.replacen('M', "N", 1),
    ));
    assert!(
        matches!(damaged, CredentialsUnusable::PrivateKey(_)),
        "{damaged}"
    );
    let no_key = refused(&pair(&good.certificate, "s3cret"));
    assert!(no_key.to_string().contains("PKCS #8"), "{no_key}");
    assert!(!no_key.to_string().contains("s3cret"));

    let rsa = refused(&keys::made("rsa", RSA).unwrap());
    assert!(matches!(rsa, CredentialsUnusable::PrivateKey(_)), "{rsa}");

    let for_servers = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
                       extendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n";
    let web = refused(&keys::made_for("web", P256, for_servers).unwrap());
    assert!(matches!(web, CredentialsUnusable::Certificate(_)), "{web}");
}

#[tokio::test]
async fn without_a_manifest_there_is_none() {
    let picture = finished(&Marker::new()).await;
    assert_eq!(manifest(&trial(), &picture.full).await, ManifestFound::None);
    assert_eq!(
        manifest(&Marker::new(), &picture.full).await,
        ManifestFound::Unread
    );
    assert_eq!(drawn().width(), 640);
}
