//! What signs: a key of ours, or a trial's.

use c2pa::{BoxedSigner, Result, Signer, SigningAlg, create_signer};

use super::{CredentialsUnusable, SigningKeys};

/// What a signature takes beside the certificates, in bytes: the signature itself and COSE's headers.
const AROUND: usize = 1024;

/// The algorithms that are tried on a private key: the key's own kind decides which fits.
///
/// C2PA allows RSA too. It is left out, since the crate that would do it tells its private key by its timing
/// (RUSTSEC-2023-0071).
const ALGORITHMS: [SigningAlg; 4] = [
    SigningAlg::Es256,
    SigningAlg::Es384,
    SigningAlg::Es512,
    SigningAlg::Ed25519,
];

/// A signer that takes up no more room in the picture than it needs: the library's own leave ten kilobytes free for a
/// time stamp, which we ask nobody for.
pub(super) struct Compact<S> {
    signer: S,
    certificates: Vec<Vec<u8>>,
}

impl<S: Signer> Compact<S> {
    pub(super) fn new(signer: S) -> Result<Self> {
        let certificates = signer.certs()?;
        Ok(Self {
            signer,
            certificates,
        })
    }
}

impl<S: Signer> Signer for Compact<S> {
    fn sign(&self, data: &[u8]) -> Result<Vec<u8>> {
        self.signer.sign(data)
    }

    fn alg(&self) -> SigningAlg {
        self.signer.alg()
    }

    fn certs(&self) -> Result<Vec<Vec<u8>>> {
        Ok(self.certificates.clone())
    }

    fn reserve_size(&self) -> usize {
        AROUND + self.certificates.iter().map(Vec::len).sum::<usize>()
    }
}

/// The signer of those keys, by whichever algorithm is theirs.
pub(super) fn of(keys: &SigningKeys) -> std::result::Result<BoxedSigner, CredentialsUnusable> {
    if !keys.certificate.contains("-----BEGIN CERTIFICATE-----") {
        let reason = "it holds no \"-----BEGIN CERTIFICATE-----\"; it must be PEM".to_owned();
        return Err(CredentialsUnusable::Certificate(reason));
    }
    if !keys.private_key.contains("-----BEGIN PRIVATE KEY-----") {
        let reason = "it holds no \"-----BEGIN PRIVATE KEY-----\"; it must be PKCS #8 in PEM, as \
                      `openssl pkcs8 -topk8 -nocrypt` writes it"
            .to_owned();
        return Err(CredentialsUnusable::PrivateKey(reason));
    }
    let (certificate, key) = (keys.certificate.as_bytes(), keys.private_key.as_bytes());
    let signer = ALGORITHMS
        .into_iter()
        .find_map(|algorithm| create_signer::from_keys(certificate, key, algorithm, None).ok());
    signer.ok_or_else(|| {
        let reason = "it is damaged, or of another kind than P-256, P-384, P-521 and Ed25519";
        CredentialsUnusable::PrivateKey(reason.to_owned())
    })
}
