//! How the played services sign their webhooks: Standard Webhooks and Stripe's own scheme.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The `webhook-signature` header of the Standard Webhooks scheme that Replicate uses.
///
/// The key is the base64 text after `whsec_`. A secret that is not base64 signs with its
/// bytes as they are, so that a mistyped secret leads to a refused webhook and not to a crash.
#[must_use]
pub fn standard_webhook_signature(secret: &str, id: &str, timestamp: i64, body: &str) -> String {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD
        .decode(encoded)
        .unwrap_or_else(|_| encoded.as_bytes().to_vec());
    let signed = format!("{id}.{timestamp}.{body}");
    format!("v1,{}", STANDARD.encode(hmac(&key, signed.as_bytes())))
}

/// The `Stripe-Signature` header, signed with the whole secret string, at `timestamp` in seconds.
#[must_use]
pub fn stripe_signature_header(secret: &str, timestamp: i64, body: &str) -> String {
    let signed = format!("{timestamp}.{body}");
    let signature = hex::encode(hmac(secret.as_bytes(), signed.as_bytes()));
    format!("t={timestamp},v1={signature}")
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length, so the error case cannot happen.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}
