//! Stripe's webhook signature: `t=<seconds>,v1=<hex>[,v1=<hex>…]`, HMAC-SHA256 over `t.body` with the whole secret.

use application::ports::WebhookRejected;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::webhook_signatures;

struct Header<'a> {
    /// As it stands there, since that is what was signed.
    time: &'a str,
    seconds: i64,
    /// Every `v1` that is 32 bytes of hex; other schemes are not ours to trust.
    signatures: Vec<[u8; 32]>,
}

/// Whether one of the secrets made one of the signatures, not long ago.
pub(super) fn verify(
    body: &[u8],
    header: &str,
    secrets: &[String],
    now: DateTime<Utc>,
) -> Result<(), WebhookRejected> {
    let header = parse(header).ok_or(WebhookRejected::Malformed)?;
    let expected = secrets.iter().map(|secret| mac(secret, header.time, body));
    webhook_signatures::judge(expected, &header.signatures, header.seconds, now)
}

fn mac(secret: &str, time: &str, body: &[u8]) -> [u8; 32] {
    // HMAC takes keys of every length, so the error case cannot happen; and if it could, nothing would match.
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map(|mac| mac.chain_update(time).chain_update(".").chain_update(body))
        .map_or([0; 32], |mac| mac.finalize().into_bytes().into())
}

fn parse(header: &str) -> Option<Header<'_>> {
    let mut times = Vec::new();
    let mut signatures = Vec::new();
    let mut has_signature = false;
    for (scheme, value) in header
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
    {
        match scheme {
            "t" => times.push(value),
            "v1" => {
                has_signature = true;
                let mut signature = [0; 32];
                if hex::decode_to_slice(value, &mut signature).is_ok() {
                    signatures.push(signature);
                }
            }
            _ => {}
        }
    }
    let [time] = times[..] else {
        return None;
    };
    let seconds = webhook_signatures::seconds(time).filter(|_| has_signature)?;
    Some(Header {
        time,
        seconds,
        signatures,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test_secret";
    const BODY: &str = r#"{"id":"evt_test_1","object":"event","type":"invoice.paid","created":1700000000,"data":{"object":{"id":"in_1"}}}"#;
    const SIGNATURE: &str = "64e641427acafca0991cdeb4d0f4eaaf4e4436d484c058af0d1c1db227900efc";

    fn check(header: &str, secrets: &[&str], at: i64) -> Result<(), WebhookRejected> {
        let secrets: Vec<String> = secrets.iter().map(|&secret| secret.to_owned()).collect();
        verify(
            BODY.as_bytes(),
            header,
            &secrets,
            DateTime::from_timestamp(at, 0).unwrap(),
        )
    }

    #[test]
    fn the_known_vector_is_accepted() {
        let header = format!("t=1700000000,v1={SIGNATURE}");
        assert_eq!(check(&header, &[SECRET], 1_700_000_000), Ok(()));
    }

    #[test]
    fn any_signature_and_any_secret_may_be_the_right_one() {
        let wrong = "00".repeat(32);
        for header in [
            format!("t=1700000000,v1={wrong},v1={SIGNATURE}"),
            format!("t=1700000000,v1={SIGNATURE},v1={wrong}"),
            format!("t=1700000000,v1=not-hex,v1={SIGNATURE},v0={wrong}"),
            format!("v1={SIGNATURE},t=1700000000"),
            format!("t=1700000000, v1={SIGNATURE}"),
        ] {
            for secrets in [&["whsec_new", SECRET][..], &[SECRET, "whsec_old"]] {
                assert_eq!(check(&header, secrets, 1_700_000_000), Ok(()), "{header}");
            }
        }
    }

    #[test]
    fn forgeries_are_refused() {
        let wrong = "00".repeat(32);
        for header in [
            format!("t=1700000000,v1={wrong}"),
            format!("t=1700000001,v1={SIGNATURE}"),
            format!("t=01700000000,v1={SIGNATURE}"),
            format!("t=1700000000,v1={}", &SIGNATURE[..62]),
            format!("t=1700000000,v1={SIGNATURE}00"),
            format!("t=1700000000,v1={}d", &SIGNATURE[..63]),
            format!("t=1700000000,v1=7{}", &SIGNATURE[1..]),
            format!("t=1700000000,v1={wrong},v0={SIGNATURE}"),
            "t=1700000000,v1=".to_owned(),
        ] {
            assert_eq!(
                check(&header, &[SECRET], 1_700_000_000),
                Err(WebhookRejected::Forged),
                "{header}"
            );
        }
        let header = format!("t=1700000000,v1={SIGNATURE}");
        let forged = Err(WebhookRejected::Forged);
        assert_eq!(check(&header, &["whsec_other"], 1_700_000_000), forged);
        assert_eq!(check(&header, &[], 1_700_000_000), forged);
        let longer = format!("{BODY} ");
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        assert_eq!(
            verify(longer.as_bytes(), &header, &[SECRET.to_owned()], at),
            forged
        );
    }

    #[test]
    fn headers_that_are_none_are_malformed() {
        for header in [
            String::new(),
            "nonsense".to_owned(),
            "t=1700000000".to_owned(),
            format!("v1={SIGNATURE}"),
            format!("t=,v1={SIGNATURE}"),
            format!("t=soon,v1={SIGNATURE}"),
            format!("t=+1700000000,v1={SIGNATURE}"),
            format!("t=-1,v1={SIGNATURE}"),
            format!("t=99999999999999999999,v1={SIGNATURE}"),
            format!("t=1700000000,t=1700000000,v1={SIGNATURE}"),
            format!("t=1700000000,v0={SIGNATURE}"),
        ] {
            assert_eq!(
                check(&header, &[SECRET], 1_700_000_000),
                Err(WebhookRejected::Malformed),
                "{header}"
            );
        }
    }

    #[test]
    fn a_signature_is_good_for_five_minutes_both_ways() {
        let header = format!("t=1700000000,v1={SIGNATURE}");
        for at in [1_699_999_700, 1_700_000_300] {
            assert_eq!(check(&header, &[SECRET], at), Ok(()), "{at}");
        }
        for at in [1_699_999_699, 1_700_000_301] {
            assert_eq!(
                check(&header, &[SECRET], at),
                Err(WebhookRejected::Stale),
                "{at}"
            );
        }
    }
}
