//! Certificates as somebody would buy them, made by OpenSSL: an authority, and one that it signed for C2PA.

use std::{fs, path::Path, process::Command};

use provenance::SigningKeys;

use crate::others::{folder, is_there, run};

/// What C2PA asks of a certificate that signs (C2PA Technical Specification 2.2, section 14.5.1).
const FOR_SIGNING: &str = "basicConstraints=critical,CA:FALSE\n\
    keyUsage=critical,digitalSignature\n\
    extendedKeyUsage=emailProtection\n\
    subjectKeyIdentifier=hash\n\
    authorityKeyIdentifier=keyid\n";

/// The kinds of key, as OpenSSL's `genpkey` takes them.
pub const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub const P384: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
pub const ED25519: &[&str] = &["-algorithm", "ED25519"];
pub const RSA: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];

/// A pair whose certificate is good for signing pictures; none where there is no OpenSSL.
pub fn made(name: &str, kind: &[&str]) -> Option<SigningKeys> {
    made_for(name, kind, FOR_SIGNING)
}

/// A pair whose certificate has those extensions.
pub fn made_for(name: &str, kind: &[&str], extensions: &str) -> Option<SigningKeys> {
    if !is_there("openssl", &["version"]) {
        return None;
    }
    let folder = folder(&format!("keys-{name}"));
    fs::write(folder.join("extensions"), extensions).unwrap();
    key(&folder, "authority.key", P256);
    key(&folder, "signing.key", kind);
    let subject = |name: &str| format!("/O=Ava's tests/CN={name}");
    openssl(&folder)
        .args([
            "req",
            "-x509",
            "-new",
            "-key",
            "authority.key",
            "-days",
            "30",
        ])
        .args(["-subj", &subject("authority"), "-out", "authority.pem"])
        .args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"])
        .finish();
    openssl(&folder)
        .args([
            "req",
            "-new",
            "-key",
            "signing.key",
            "-subj",
            &subject(name),
        ])
        .args(["-out", "signing.csr"])
        .finish();
    openssl(&folder)
        .args(["x509", "-req", "-in", "signing.csr", "-days", "30"])
        .args([
            "-CA",
            "authority.pem",
            "-CAkey",
            "authority.key",
            "-CAcreateserial",
        ])
        .args(["-extfile", "extensions", "-out", "signing.pem"])
        .finish();
    let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    Some(SigningKeys {
        certificate: read("signing.pem") + &read("authority.pem"),
        private_key: read("signing.key"),
    })
}

pub fn key(folder: &Path, file: &str, kind: &[&str]) {
    openssl(folder)
        .arg("genpkey")
        .args(kind)
        .args(["-out", file])
        .finish();
}

fn openssl(folder: &Path) -> Command {
    let mut command = Command::new("openssl");
    command.current_dir(folder);
    command
}

trait Finish {
    fn finish(&mut self);
}

impl Finish for Command {
    fn finish(&mut self) {
        run(self);
    }
}
