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
    pub(super) fn bearer(&self, token: &Digested, now: u64) -> Option<SignedIn> {
        let known = self.0.get(token)?;
        (now < known.until).then_some(known.bearer)
    }

    /// Remembers an accepted token until it expires, but never for long.
    pub(super) fn accept(&self, token: Digested, bearer: &SignedIn, expires: u64, now: u64) {
        let known = Known {
            bearer: bearer.clone(),
            until: expires.min(now + LONGEST_S),
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
        remembered.accept(token, &ada(), 1_010, 1_000);
        assert_eq!(remembered.bearer(&token, 1_009), Some(ada()));
        assert_eq!(remembered.bearer(&token, 1_010), None);
    }

    #[test]
    fn a_token_is_looked_at_again_after_a_minute() {
        let (remembered, token) = (Remembered::default(), Remembered::digest("token"));
        remembered.accept(token, &ada(), 9_999, 1_000);
        assert_eq!(remembered.bearer(&token, 1_059), Some(ada()));
        assert_eq!(remembered.bearer(&token, 1_060), None);
    }

    #[test]
    fn another_token_is_not_known() {
        let remembered = Remembered::default();
        remembered.accept(Remembered::digest("token"), &ada(), 9_999, 1_000);
        assert_eq!(remembered.bearer(&Remembered::digest("tokem"), 1_001), None);
    }
}
