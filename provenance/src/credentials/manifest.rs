//! Manifests: signing a picture, and reading what somebody signed.

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use ::image::{ImageFormat, RgbImage, guess_format};
use application::ports::ManifestFound;
use base64::{Engine, prelude::BASE64_STANDARD};
use c2pa::{
    BoxedSigner, Builder, BuilderIntent, Context, DigitalSourceType, EphemeralSigner, Reader,
    Signer, jumbf_io::load_jumbf_from_memory, validation_results::StatusCodes,
    validation_status as status,
};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    CredentialsUnusable, NotSigned, Signed, SigningKeys, Step,
    signer::{self, Compact},
};
use crate::{jpeg, marker::MEDIA_TYPE};

/// The name in the certificate of a trial.
const TRIAL: &str = "ava.invalid";

/// The largest manifest of a provider's that is kept, in bytes: what it holds is sent with every copy of the picture.
const MOST_KEPT: usize = 256 * 1024;

/// What the library may do: nothing that asks anybody else, since whoever hands in a picture would choose whom.
const SETTINGS: &str = r#"{
    "verify": {"remote_manifest_fetch": false, "ocsp_fetch": false, "verify_after_sign": false},
    "core": {"allowed_network_hosts": []},
    "builder": {"thumbnail": {"enabled": false}}
}"#;

/// What pictures are signed with, and recognised by.
pub struct Credentials {
    signer: BoxedSigner,
    /// Base64 of the signing certificate, which stands in every manifest of ours.
    certificate: String,
    context: Arc<Context>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Credentials {
    /// A deployment's own. They are tried at once: a picture is signed and read back.
    ///
    /// # Errors
    /// When they are damaged, do not belong together, or when the certificate is not one that C2PA allows, now.
    pub fn of(keys: &SigningKeys) -> Result<Self, CredentialsUnusable> {
        let signer = signer::of(keys)?;
        let signer = Compact::new(signer).map_err(certificate)?;
        Self::tried(Box::new(signer))
    }

    /// A key and a certificate that nobody trusts, made anew each time: for development and tests.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn for_trial() -> Result<Self, CredentialsUnusable> {
        let signer = EphemeralSigner::new(TRIAL).map_err(certificate)?;
        let signer = Compact::new(signer).map_err(certificate)?;
        Self::tried(Box::new(signer))
    }

    fn tried(signer: BoxedSigner) -> Result<Self, CredentialsUnusable> {
        let chain = signer.certs().map_err(certificate)?;
        let first = chain
            .first()
            .ok_or_else(|| certificate("it holds no certificate"))?;
        let context = Context::new()
            .with_settings(SETTINGS)
            .map_err(certificate)?;
        let credentials = Self {
            certificate: BASE64_STANDARD.encode(first),
            context: Arc::new(context),
            signer,
        };
        let picture = jpeg::encode(&RgbImage::new(8, 8).into(), 50).map_err(certificate)?;
        let signed = credentials
            .sign(&picture, MEDIA_TYPE, (Step::Marked, &[]))
            .map_err(|NotSigned(reason)| CredentialsUnusable::Certificate(reason))?;
        let reader = credentials
            .reader(&signed.picture, MEDIA_TYPE)
            .map_err(certificate)?;
        let wrong: Vec<&str> =
            active(&reader).map_or(Vec::new(), |codes| failures(codes).collect());
        match wrong.as_slice() {
            [] => Ok(credentials),
            [code, ..] if code.starts_with("claimSignature") => {
                let reason = "it does not belong to the certificate".to_owned();
                Err(CredentialsUnusable::PrivateKey(reason))
            }
            codes => Err(certificate(codes.join(", "))),
        }
    }

    /// Signs a picture. Whatever manifest its source has is kept as that of the ingredient it was made of; a picture
    /// whose source has none was created by a trained model.
    pub(crate) fn sign(
        &self,
        picture: &[u8],
        media_type: &str,
        (step, source): (Step, &[u8]),
    ) -> Result<Signed, NotSigned> {
        match parent(source) {
            Some(format) => match self.signed(picture, media_type, Some((step, source, format))) {
                Err(error) if step == Step::Marked => {
                    // Somebody else's manifest must not keep ours from being made.
                    tracing::warn!(%error, "A provider's manifest could not be kept as an ingredient's");
                    self.signed(picture, media_type, None)
                }
                signed => signed,
            },
            None => self.signed(picture, media_type, None),
        }
        .map_err(|error| NotSigned(error.to_string()))
    }

    fn signed(
        &self,
        picture: &[u8],
        media_type: &str,
        parent: Option<(Step, &[u8], &str)>,
    ) -> c2pa::Result<Signed> {
        let generator = json!([{"name": "Ava", "version": env!("CARGO_PKG_VERSION")}]);
        let mut builder = Builder::from_shared_context(&self.context)
            .with_definition(json!({ "claim_generator_info": generator }))?;
        match parent {
            None => {
                builder.set_intent(BuilderIntent::Create(
                    DigitalSourceType::TrainedAlgorithmicMedia,
                ));
            }
            Some((step, source, format)) => {
                builder.set_intent(BuilderIntent::Edit);
                let ingredient = json!({ "relationship": "parentOf" }).to_string();
                builder.add_ingredient_from_stream(ingredient, format, &mut Cursor::new(source))?;
                builder.add_action(json!({
                    "action": match step {
                        Step::Marked => "c2pa.edited",
                        Step::Scaled => "c2pa.resized",
                    },
                    "digitalSourceType": DigitalSourceType::TrainedAlgorithmicMedia,
                }))?;
            }
        }
        let mut signed = Cursor::new(Vec::with_capacity(picture.len() + 16 * 1024));
        let manifest = builder.sign(
            self.signer.as_ref(),
            media_type,
            &mut Cursor::new(picture),
            &mut signed,
        )?;
        Ok(Signed {
            picture: signed.into_inner(),
            manifest: Some(sha256(&manifest)),
        })
    }

    /// What a picture's manifest says about us.
    pub(crate) fn read(&self, picture: &[u8], media_type: &str) -> ManifestFound {
        // Strangers' bytes: a panic of the library's is theirs, not ours.
        let read = catch_unwind(AssertUnwindSafe(|| self.judged(picture, media_type)));
        read.unwrap_or(ManifestFound::Unreadable)
    }

    fn judged(&self, picture: &[u8], media_type: &str) -> ManifestFound {
        let manifest = match load_jumbf_from_memory(media_type, picture) {
            Ok(manifest) => manifest,
            Err(c2pa::Error::JumbfNotFound) => return ManifestFound::None,
            Err(_) => return ManifestFound::Unreadable,
        };
        let Ok(reader) = self.reader(picture, media_type) else {
            return ManifestFound::Unreadable;
        };
        let Some(codes) = active(&reader) else {
            return ManifestFound::Unreadable;
        };
        let ours = self.is_signed_by_us(&reader)
            && codes
                .success()
                .iter()
                .any(|one| one.code() == status::CLAIM_SIGNATURE_VALIDATED);
        if !ours {
            return ManifestFound::Foreign;
        }
        // A certificate that has expired since was good when it signed.
        let changed = failures(codes).any(|code| code != status::SIGNING_CREDENTIAL_EXPIRED);
        if changed {
            return ManifestFound::OursChanged;
        }
        ManifestFound::Ours {
            sha256: sha256(&manifest),
        }
    }

    fn reader(&self, picture: &[u8], media_type: &str) -> c2pa::Result<Reader> {
        Reader::from_shared_context(&self.context).with_stream(media_type, Cursor::new(picture))
    }

    fn is_signed_by_us(&self, reader: &Reader) -> bool {
        let signature = reader
            .active_manifest()
            .and_then(|manifest| manifest.signature_info());
        signature.is_some_and(|signature| first_of(signature.cert_chain()) == self.certificate)
    }
}

/// The validation of the manifest that speaks for the picture itself.
fn active(reader: &Reader) -> Option<&StatusCodes> {
    reader.validation_results()?.active_manifest()
}

/// What failed, but for trust: no list of trusted authorities is asked, since we ask whether it is ours.
fn failures(codes: &StatusCodes) -> impl Iterator<Item = &str> {
    let failed = codes.failure().iter().map(|one| one.code());
    failed.filter(|code| *code != status::SIGNING_CREDENTIAL_UNTRUSTED)
}

/// The kind of a source with a manifest that is to be kept.
fn parent(source: &[u8]) -> Option<&'static str> {
    let format = match guess_format(source).ok()? {
        format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) => format,
        _ => return None,
    };
    let media_type = format.to_mime_type();
    let manifest = load_jumbf_from_memory(media_type, source).ok()?;
    (manifest.len() <= MOST_KEPT).then_some(media_type)
}

/// The text between the first certificate's lines of a PEM, in one piece.
fn first_of(pem: &str) -> String {
    let lines = pem.lines().map(str::trim);
    lines
        .skip_while(|line| !line.starts_with("-----BEGIN"))
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn certificate(error: impl std::fmt::Display) -> CredentialsUnusable {
    CredentialsUnusable::Certificate(error.to_string())
}
