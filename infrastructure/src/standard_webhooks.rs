//! Signatures of the Standard Webhooks scheme: HMAC-SHA256 over `id.timestamp.body`, as `v1,<base64>`.

use application::ports::{WebhookHeaders, WebhookRejected};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::webhook_signatures;

/// What a secret is written with before its base64.
const PREFIX: &str = "whsec_";

/// The key in a secret of the form `whsec_<base64>`.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

/// A text that is no secret of the scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not whsec_ and base64 after it")]
pub struct InvalidWebhookSecret;

impl std::str::FromStr for WebhookSecret {
    type Err = InvalidWebhookSecret;

    fn from_str(text: &str) -> Result<Self, InvalidWebhookSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidWebhookSecret)?;
        let key = STANDARD.decode(encoded).map_err(|_| InvalidWebhookSecret)?;
        if key.is_empty() {
            return Err(InvalidWebhookSecret);
        }
        Ok(Self(key))
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// Whether one of the secrets made one of the signatures, not long ago. Several secrets are good while one is rotated.
///
/// # Errors
/// When it is malformed, forged or stale.
pub fn verify(
    headers: WebhookHeaders<'_>,
    body: &[u8],
    secrets: &[WebhookSecret],
    now: DateTime<Utc>,
) -> Result<(), WebhookRejected> {
    let seconds = webhook_signatures::seconds(headers.timestamp)
        .filter(|_| !headers.id.is_empty())
        .ok_or(WebhookRejected::Malformed)?;
    let given = signatures(headers.signature);
    if given.is_empty() {
        return Err(WebhookRejected::Malformed);
    }
    let expected = secrets.iter().map(|secret| mac(secret, headers, body));
    webhook_signatures::judge(expected, &given, seconds, now)
}

/// Every `v1`; other versions are not ours to trust.
fn signatures(header: &str) -> Vec<Vec<u8>> {
    header
        .split_ascii_whitespace()
        .filter_map(|one| one.strip_prefix("v1,"))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
        .collect()
}

fn mac(secret: &WebhookSecret, headers: WebhookHeaders<'_>, body: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length, so the error case cannot happen; and if it could, nothing would match.
    Hmac::<Sha256>::new_from_slice(&secret.0)
        .map(|mac| {
            mac.chain_update(headers.id)
                .chain_update(".")
                .chain_update(headers.timestamp)
                .chain_update(".")
                .chain_update(body)
        })
        .map_or_else(|_| vec![0; 32], |mac| mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIME: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn told(signature: &str, secret: &str, now: i64) -> Result<(), WebhookRejected> {
        let headers = WebhookHeaders {
            id: ID,
            timestamp: "1614265330",
            signature,
        };
        let now = DateTime::from_timestamp(now, 0).unwrap();
        verify(headers, BODY, &[secret.parse().unwrap()], now)
    }

    #[test]
    fn the_schemes_own_test_vector_is_accepted_beside_other_signatures() {
        assert_eq!(told(SIGNATURE, SECRET, TIME), Ok(()));
        let rotated = format!("v1,AAAA v1a,xyz {SIGNATURE}");
        assert_eq!(told(&rotated, SECRET, TIME), Ok(()));
    }

    #[test]
    fn five_minutes_are_the_limit_both_ways() {
        for (now, expected) in [
            (TIME + 300, Ok(())),
            (TIME - 300, Ok(())),
            (TIME + 301, Err(WebhookRejected::Stale)),
            (TIME - 301, Err(WebhookRejected::Stale)),
        ] {
            assert_eq!(told(SIGNATURE, SECRET, now), expected, "{now}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let other = "whsec_dGhpcyBpcyBub3QgdGhlIHNlY3JldA==";
        assert_eq!(told(SIGNATURE, other, TIME), Err(WebhookRejected::Forged));
        for malformed in ["", "v1", "v1,%", "v2,g0hM9SsE+OTPJTGt"] {
            let refused = told(malformed, SECRET, TIME);
            assert_eq!(refused, Err(WebhookRejected::Malformed), "{malformed}");
        }
        for timestamp in ["", "-1614265330", "+1614265330", "soon"] {
            let headers = WebhookHeaders {
                id: ID,
                timestamp,
                signature: SIGNATURE,
            };
            let secrets = [SECRET.parse().unwrap()];
            let now = DateTime::from_timestamp(TIME, 0).unwrap();
            let refused = verify(headers, BODY, &secrets, now);
            assert_eq!(refused, Err(WebhookRejected::Malformed), "{timestamp}");
        }
    }

    #[test]
    fn a_secret_is_base64_behind_its_prefix() {
        for wrong in ["", "whsec_", "whsec_%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert_eq!(
                wrong.parse::<WebhookSecret>(),
                Err(InvalidWebhookSecret),
                "{wrong}"
            );
        }
        assert!(!format!("{:?}", SECRET.parse::<WebhookSecret>().unwrap()).contains("Mf"));
    }
}
