//! Addresses of pictures: signed, so that an `<img>` can show them without a token, for one hour.

use chrono::{DateTime, TimeDelta, Utc};
use domain::values::PhotoId;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::problem::{Code, Problem};

/// How long an address is good, in seconds.
const LIFETIME: i64 = 3600;

/// Ends fall on whole minutes, so that a photo that is read twice has one address, which browsers can cache.
const GRAIN: i64 = 60;

/// Which of a photo's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// The whole picture.
    Full,
    /// A small one, at most 320 pixels a side.
    Thumbnail,
}

impl Variant {
    const ALL: [Self; 2] = [Self::Full, Self::Thumbnail];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Thumbnail => "thumbnail",
        }
    }
}

/// What addresses are signed with.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// With that secret.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("a key of any length"))
    }
}

/// Makes and checks addresses.
#[derive(Clone)]
pub(crate) struct Signer<'k> {
    key: &'k SigningKey,
    now: DateTime<Utc>,
}

impl<'k> Signer<'k> {
    /// With that key, at that time.
    pub(crate) const fn new(key: &'k SigningKey, now: DateTime<Utc>) -> Self {
        Self { key, now }
    }

    /// The address of one of a photo's files, good for one hour (less up to a minute).
    pub(crate) fn address(&self, photo: PhotoId, variant: Variant) -> String {
        let end = (self.now.timestamp() + LIFETIME) / GRAIN * GRAIN;
        let variant = variant.as_str();
        let signature = self.mac(photo, variant, end).finalize().into_bytes();
        format!("/photos/{photo}/image?variant={variant}&expires={end}&signature={signature:x}")
    }

    /// Checks the parameters of an address; answers which file it is for, and for how many more seconds.
    pub(crate) fn check(
        &self,
        photo: PhotoId,
        variant: Option<&str>,
        expires: Option<&str>,
        signature: Option<&str>,
    ) -> Result<(Variant, u64), Problem> {
        let forged = || Problem::plain(Code::ImageUrlInvalid);
        let variant = variant.unwrap_or(Variant::Full.as_str());
        let end = expires
            .and_then(|text| text.parse::<i64>().ok())
            .ok_or_else(forged)?;
        let signature = signature
            .and_then(|text| hex::decode(text).ok())
            .ok_or_else(forged)?;
        // The comparison takes the same time wherever the bytes differ.
        self.mac(photo, variant, end)
            .verify_slice(&signature)
            .map_err(|_| forged())?;
        let variant = Variant::ALL
            .into_iter()
            .find(|known| known.as_str() == variant)
            .ok_or_else(forged)?;
        match u64::try_from(end - self.now.timestamp()) {
            Ok(seconds) if seconds > 0 => Ok((variant, seconds)),
            _ => Err(expired(end)),
        }
    }

    /// Everything but the variant has a fixed length, so no two addresses are signed alike. It fits into one block of
    /// the hash: a page of photos has many addresses.
    fn mac(&self, photo: PhotoId, variant: &str, end: i64) -> Hmac<Sha256> {
        let mut mac = self.key.0.clone();
        mac.update(b"ava photo image");
        mac.update(photo.0.as_bytes());
        mac.update(&end.to_be_bytes());
        mac.update(variant.as_bytes());
        mac
    }
}

fn expired(end: i64) -> Problem {
    let end = DateTime::UNIX_EPOCH + TimeDelta::seconds(end);
    let detail = format!(
        "this address was good until {}; read the photo again for a fresh one",
        end.format("%Y-%m-%dT%H:%M:%SZ")
    );
    Problem::new(Code::ImageUrlExpired, detail)
}

#[cfg(test)]
mod tests {
    use url::Url;
    use uuid::Uuid;

    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn check(address: &str, photo: PhotoId, secret: &[u8; 32], now: i64) -> Result<Variant, Code> {
        let url = Url::parse("http://host")
            .and_then(|base| base.join(address))
            .expect("an address");
        let value = |name: &str| {
            let mut pairs = url.query_pairs();
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        Signer::new(&SigningKey::new(secret), at(now))
            .check(
                photo,
                value("variant").as_deref(),
                value("expires").as_deref(),
                value("signature").as_deref(),
            )
            .map(|(variant, _)| variant)
            .map_err(|problem| problem.code())
    }

    #[test]
    fn an_address_is_good_for_one_hour_less_up_to_a_minute() {
        let photo = PhotoId(Uuid::now_v7());
        let start = 1_800_000_059;
        let key = SigningKey::new(&SECRET);
        let address = Signer::new(&key, at(start)).address(photo, Variant::Thumbnail);
        for (age, outcome) in [
            (0, Ok(Variant::Thumbnail)),
            (3540, Ok(Variant::Thumbnail)),
            (3600, Err(Code::ImageUrlExpired)),
        ] {
            assert_eq!(
                check(&address, photo, &SECRET, start + age),
                outcome,
                "{age}"
            );
        }
        let later = Signer::new(&key, at(start - 59)).address(photo, Variant::Thumbnail);
        assert_eq!(later, address, "the same within a minute");
    }

    #[test]
    fn an_address_that_was_changed_anywhere_is_forged() {
        let photo = PhotoId(Uuid::now_v7());
        let now = 1_800_000_000;
        let key = SigningKey::new(&SECRET);
        let address = Signer::new(&key, at(now)).address(photo, Variant::Thumbnail);
        let forged = Err(Code::ImageUrlInvalid);
        let other = PhotoId(Uuid::now_v7());
        assert_eq!(check(&address, other, &SECRET, now), forged);
        assert_eq!(check(&address, photo, &[8; 32], now), forged);
        for (from, to) in [
            ("thumbnail", "full"),
            ("expires=18", "expires=19"),
            ("signature=", "signature=00"),
            ("&signature=", "&x="),
            ("&expires=", "&x="),
            ("variant=thumbnail&", ""),
        ] {
            let changed = address.replacen(from, to, 1);
            assert_ne!(changed, address);
            assert_eq!(
                check(&changed, photo, &SECRET, now),
                forged,
                "{from} → {to}"
            );
        }
    }
}
