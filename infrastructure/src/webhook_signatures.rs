//! What schemes of webhook signatures have in common, once the header is taken apart and the codes are computed.

use application::ports::WebhookRejected;
use chrono::{DateTime, Utc};
use subtle::{Choice, ConstantTimeEq};

/// How far the time that was signed may be from ours, in seconds, both ways. The providers' own libraries take 300 s.
const TOLERANCE_S: u64 = 300;

/// Whether one of the signatures is one of the expected codes, and not old. It takes the same time whichever matches.
///
/// # Errors
/// When none is, or when it was signed too long ago, or too far ahead.
pub(crate) fn judge<C: AsRef<[u8]>, S: AsRef<[u8]>>(
    expected: impl Iterator<Item = C>,
    given: &[S],
    seconds: i64,
    now: DateTime<Utc>,
) -> Result<(), WebhookRejected> {
    let mut is_ours = Choice::from(0);
    for code in expected {
        for signature in given {
            is_ours |= code.as_ref().ct_eq(signature.as_ref());
        }
    }
    if !bool::from(is_ours) {
        return Err(WebhookRejected::Forged);
    }
    // Last, so that only who holds the secret learns anything about our clock.
    if seconds.abs_diff(now.timestamp()) > TOLERANCE_S {
        return Err(WebhookRejected::Stale);
    }
    Ok(())
}

/// Seconds since 1970 in digits alone.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}
