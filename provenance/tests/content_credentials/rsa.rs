//! What others signed with RSA is verified, by `ring`, as `patches/rsa` says: OpenSSL signs here.

use std::{fs, path::Path, process::Command};

use c2pa::{SigningAlg, crypto::raw_signature::validator_for_signing_alg};

use crate::{
    keys::{RSA, key},
    others::{folder, is_there, run},
};

const MESSAGE: &[u8] = b"a claim about a picture";

/// Signs `message` in a folder that has `rsa.key`, by RSASSA-PSS with a salt as long as the digest.
fn signed(folder: &Path, digest: &str) -> Vec<u8> {
    run(Command::new("openssl")
        .current_dir(folder)
        .args(["dgst", &format!("-{digest}"), "-sign", "rsa.key"])
        .args(["-sigopt", "rsa_padding_mode:pss"])
        .args(["-sigopt", "rsa_pss_saltlen:digest"])
        .args(["-out", "signature", "message"]));
    fs::read(folder.join("signature")).unwrap()
}

#[test]
fn what_others_signed_with_rsa_is_verified_and_what_was_changed_is_not() {
    if !is_there("openssl", &["version"]) {
        return;
    }
    let folder = folder("rsa");
    fs::write(folder.join("message"), MESSAGE).unwrap();
    key(&folder, "rsa.key", RSA);
    run(Command::new("openssl")
        .current_dir(&folder)
        .args(["pkey", "-in", "rsa.key", "-pubout", "-outform", "DER"])
        .args(["-out", "rsa.public"]));
    let public = fs::read(folder.join("rsa.public")).unwrap();
    let algorithms = [
        (SigningAlg::Ps256, "sha256"),
        (SigningAlg::Ps384, "sha384"),
        (SigningAlg::Ps512, "sha512"),
    ];
    for (nth, (algorithm, digest)) in algorithms.into_iter().enumerate() {
        let validator = validator_for_signing_alg(algorithm).unwrap();
        let mut signature = signed(&folder, digest);
        validator.validate(&signature, MESSAGE, &public).unwrap();
        let changed = validator.validate(&signature, b"a claim about another", &public);
        assert!(changed.is_err(), "{digest}");
        let (other, _) = algorithms[(nth + 1) % algorithms.len()];
        let other = validator_for_signing_alg(other).unwrap();
        let other = other.validate(&signature, MESSAGE, &public);
        assert!(other.is_err(), "{digest} is taken for another digest");
        signature[7] ^= 1;
        let spoilt = validator.validate(&signature, MESSAGE, &public);
        assert!(spoilt.is_err(), "{digest}");
    }
}
