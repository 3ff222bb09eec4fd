//! Tokens whose signature was checked a moment ago, so that a client's next requests need not pay for it again.

use application::ports::SignedIn;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

/// How many tokens are remembered; about two hundred bytes each.
const CAPACITY: usize = 10_000;

/// For how many seconds a token is remembered at most.
const LONGEST_S: u64 = 60;

/// A token's digest: the token itself is a secret, and stays in nobody's memory for longer than its request.
pub(super) type Digested = [u8; 32];

/// The accepted tokens; a refused one is refused anew each time.
pub(super) struct Remembered(Cache<Digested, Known>);

#[derive(Clone)]
struct Known {
    bearer: SignedIn,
    /// In seconds since 1970: until when no second look is needed.
    until: u64,
    /// Which keys it was checked with: it is looked at again when they change, since one may have been withdrawn.
    keys: u64,
}

impl Default for Remembered {
    fn default() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

impl Remembered {
    pub(super) fn digest(token: &str) -> Digested {
        Sha256::digest(token).into()
    }

    /// Whose token it is, if it was accepted lately and has not expired since.
    pub(super) fn bearer(&self, token: &Digested, keys: u64, now: u64) -> Option<SignedIn> {
        let known = self.0.get(token)?;
        (now < known.until && keys == known.keys).then_some(known.bearer)
    }

    /// Remembers an accepted token until it expires, but never for long.
    pub(super) fn accept(
        &self,
        token: Digested,
        bearer: &SignedIn,
        expires: u64,
        keys: u64,
        now: u64,
    ) {
        let known = Known {
            bearer: bearer.clone(),
            until: expires.min(now + LONGEST_S),
            keys,
        };
        self.0.insert(token, known);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::values::UserId;
    use uuid::Uuid;

    use super::*;

    fn ada() -> SignedIn {
        SignedIn {
            user: UserId(Uuid::from_u128(1)),
            email: None,
            roles: BTreeSet::new(),
        }
    }

    #[test]
    fn a_token_is_remembered_until_it_expires() {
        let (remembered, token) = (Remembered::default(), Remembered::digest("token"));
        remembered.accept(token, &ada(), 1_010, 0, 1_000);
        assert_eq!(remembered.bearer(&token, 0, 1_009), Some(ada()));
        assert_eq!(remembered.bearer(&token, 0, 1_010), None);
    }

    #[test]
    fn a_token_is_looked_at_again_after_a_minute() {
        let (remembered, token) = (Remembered::default(), Remembered::digest("token"));
        remembered.accept(token, &ada(), 9_999, 0, 1_000);
        assert_eq!(remembered.bearer(&token, 0, 1_059), Some(ada()));
        assert_eq!(remembered.bearer(&token, 0, 1_060), None);
    }

    #[test]
    fn another_token_is_not_known() {
        let remembered = Remembered::default();
        remembered.accept(Remembered::digest("token"), &ada(), 9_999, 0, 1_000);
        assert_eq!(
            remembered.bearer(&Remembered::digest("tokem"), 0, 1_001),
            None
        );
    }

    #[test]
    fn a_token_is_looked_at_again_when_the_keys_have_changed() {
        let (remembered, token) = (Remembered::default(), Remembered::digest("token"));
        remembered.accept(token, &ada(), 9_999, 7, 1_000);
        assert_eq!(remembered.bearer(&token, 7, 1_001), Some(ada()));
        assert_eq!(remembered.bearer(&token, 8, 1_001), None);
    }
}
