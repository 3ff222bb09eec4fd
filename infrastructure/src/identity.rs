//! Access tokens: checked with the identity provider's keys and, in development, issued.

mod claims;
mod development;
mod key_set;
mod published_keys;
mod remembered;
mod shared_secret;
mod signatures;
mod unambiguous;

use std::sync::Arc;

use application::ports::{Authenticator, NotAuthenticated, SignedIn};
use async_trait::async_trait;
use domain::values::UserId;
use jsonwebtoken::{
    Header, Validation, decode, decode_header, errors::ErrorKind, get_current_timestamp,
};
use uuid::Uuid;

use claims::Claims;
use key_set::{Candidates, KeySet, VerificationKey};
use published_keys::{Known, Provider, PublishedKeys};
use remembered::Remembered;
use unambiguous::Unambiguous;

pub use claims::{NotARolesClaim, RolesClaim};
pub use development::{DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, DevelopmentIssuer};
pub use published_keys::{KeyAddress, Pace, PublishedAt, discovery_address};
pub use shared_secret::{SharedSecret, WeakSecret};

/// How far our clock and the issuer's may differ, in seconds.
const LEEWAY_S: u64 = 30;

/// Longer tokens are not even decoded; real ones have a few hundred bytes.
const LONGEST_TOKEN_BYTES: usize = 8 * 1024;

/// Where the keys that check tokens come from. A token's own word about its algorithm or key never chooses between them.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// HS256.
    SharedSecret(SharedSecret),
    /// RS256, ES256 and EdDSA, as each key of the issuer says.
    Published(PublishedAt),
}

/// Whose tokens are accepted, and for whom they must be meant.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// The claim `iss`.
    pub issuer: String,
    /// What the claim `aud` must name.
    pub audience: String,
    /// Where the roles stand.
    pub roles: RolesClaim,
    /// What the signature is checked with.
    pub keys: KeySource,
}

impl TokenSettings {
    /// For the tokens of [`DevelopmentIssuer`].
    pub fn of_development(secret: SharedSecret) -> Self {
        Self {
            issuer: DEVELOPMENT_ISSUER.to_owned(),
            audience: DEVELOPMENT_AUDIENCE.to_owned(),
            roles: RolesClaim::default(),
            keys: KeySource::SharedSecret(secret),
        }
    }
}

/// Checks access tokens (RFC 7519) by signature, issuer, audience and time.
pub struct TokenVerifier {
    issuer: String,
    roles: RolesClaim,
    keys: Keys,
    /// For every algorithm; which one, the key says.
    validation: Validation,
    remembered: Remembered,
}

enum Keys {
    /// One for all.
    Shared(Arc<KeySet>),
    Published(PublishedKeys),
}

/// What the keys that are known say of a token.
enum Verdict {
    Accepted(SignedIn),
    Rejected(NotAuthenticated),
    /// Its key is none of them.
    KeyUnknown,
}

impl TokenVerifier {
    /// For the tokens of that issuer. With [`KeySource::Published`] it must be called on a tokio runtime, on which the keys
    /// are read from now on.
    ///
    /// # Errors
    /// When no TLS set-up can be made on this machine.
    pub fn start(settings: TokenSettings) -> Result<Self, reqwest::Error> {
        signatures::install();
        let mut validation = Validation::default();
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        // Without this, an absent or unreadable `iss` or `aud` counts as one that matches.
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_S;
        let keys = match settings.keys {
            KeySource::SharedSecret(secret) => Keys::Shared(Arc::new(KeySet::shared(&secret))),
            KeySource::Published(at) => {
                let issuer = settings.issuer.clone();
                let patience = at.pace.patience;
                let provider = Provider::new(issuer, at.address, at.allow_http, patience)?;
                Keys::Published(PublishedKeys::start(provider, at.pace))
            }
        };
        Ok(Self {
            issuer: settings.issuer,
            roles: settings.roles,
            keys,
            validation,
            remembered: Remembered::default(),
        })
    }

    /// A subject that is a UUID is the user's id; any other is mapped to one, always the same.
    fn user(&self, subject: &str) -> UserId {
        // Only the hyphenated form: the others (braces, `urn:uuid:`) are other subjects.
        let own = (subject.len() == 36)
            .then(|| Uuid::try_parse(subject).ok())
            .flatten();
        UserId(own.unwrap_or_else(|| {
            let name = format!("{}\n{subject}", self.issuer);
            Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
        }))
    }

    fn known(&self) -> Known {
        match &self.keys {
            Keys::Shared(keys) => Known::steady(keys.clone()),
            Keys::Published(keys) => keys.known(),
        }
    }

    fn version(&self) -> u64 {
        match &self.keys {
            Keys::Shared(_) => 0,
            Keys::Published(keys) => keys.version(),
        }
    }

    /// Judges a token by these keys, and remembers it when it is good.
    fn judge(&self, token: &str, known: &Known) -> Verdict {
        let header = match decode_header(token).map_err(|error| reason(&error)) {
            Ok(header) => header,
            Err(rejected) => return Verdict::Rejected(rejected),
        };
        if let Some(why) = unacceptable(&header) {
            return Verdict::Rejected(rejected(why));
        }
        let candidates = match known.keys.candidates(&header) {
            Candidates::Keys(keys) => keys,
            Candidates::Unknown => return Verdict::KeyUnknown,
            Candidates::Refused(why) => return Verdict::Rejected(rejected(why)),
        };
        let mut last = rejected("no key fits");
        for key in candidates {
            match self.verify(token, key) {
                Ok(claims) => {
                    let bearer = SignedIn {
                        user: self.user(&claims.subject),
                        email: claims.email,
                        roles: claims.roles,
                    };
                    self.remember(token, &bearer, claims.expires, known.version);
                    return Verdict::Accepted(bearer);
                }
                Err(why) => last = why,
            }
        }
        Verdict::Rejected(last)
    }

    /// Checks a token with a key, by the key's algorithm.
    fn verify(&self, token: &str, key: &VerificationKey) -> Result<Claims, NotAuthenticated> {
        let mut validation = self.validation.clone();
        validation.algorithms = vec![key.algorithm];
        let decoded = decode::<Unambiguous>(token, &key.key, &validation);
        let Unambiguous(claims) = decoded.map_err(|error| reason(&error))?.claims;
        Claims::read(&claims, &self.roles).map_err(rejected)
    }

    fn remember(&self, token: &str, bearer: &SignedIn, expires: u64, version: u64) {
        let (digest, now) = (Remembered::digest(token), get_current_timestamp());
        // Without the leeway: it only means a second look.
        self.remembered
            .accept(digest, bearer, expires, version, now);
    }
}

#[async_trait]
impl Authenticator for TokenVerifier {
    fn authenticate_at_once(&self, token: &str) -> Option<Result<SignedIn, NotAuthenticated>> {
        if token.len() > LONGEST_TOKEN_BYTES {
            return Some(Err(rejected("it is too long")));
        }
        let (digest, now) = (Remembered::digest(token), get_current_timestamp());
        if let Some(bearer) = self.remembered.bearer(&digest, self.version(), now) {
            return Some(Ok(bearer));
        }
        match self.judge(token, &self.known()) {
            Verdict::Accepted(bearer) => Some(Ok(bearer)),
            Verdict::Rejected(why) => Some(Err(why)),
            Verdict::KeyUnknown => None,
        }
    }

    async fn authenticate(&self, token: &str) -> Result<SignedIn, NotAuthenticated> {
        if let Some(answer) = self.authenticate_at_once(token) {
            return answer;
        }
        let known = match &self.keys {
            Keys::Shared(_) => self.known(),
            Keys::Published(keys) => {
                let known = keys.asked_anew().await;
                known.map_err(NotAuthenticated::KeysUnavailable)?
            }
        };
        match self.judge(token, &known) {
            Verdict::Accepted(bearer) => Ok(bearer),
            Verdict::Rejected(why) => Err(why),
            Verdict::KeyUnknown if known.keys.is_empty() => {
                let why = "the identity provider publishes no key that can be used here";
                Err(NotAuthenticated::KeysUnavailable(why.to_owned()))
            }
            Verdict::KeyUnknown => Err(rejected("its key is none of the issuer's")),
        }
    }
}

/// What in a header forbids a token, whoever signed it.
fn unacceptable(header: &Header) -> Option<&'static str> {
    // RFC 7515, section 4.1.11: an extension that must be understood and is not makes the token invalid.
    if header.crit.is_some() {
        return Some("it demands an extension that is not known here");
    }
    // RFC 8725, section 3.11: a token of another type (a logout token, a DPoP proof) is no access token, although the same
    // issuer signed it. RFC 7515, section 4.1.9, lets `application/` be left out.
    let known = header.typ.as_deref().is_none_or(|typ| {
        let typ = typ.to_ascii_lowercase();
        let name = typ.strip_prefix("application/").unwrap_or(&typ);
        matches!(name, "jwt" | "at+jwt")
    });
    (!known).then_some("it is a token of another type")
}

fn rejected(reason: &str) -> NotAuthenticated {
    NotAuthenticated::Rejected(reason.to_owned())
}

/// The library's reason, without the token's content, which it would quote from unreadable JSON.
fn reason(error: &jsonwebtoken::errors::Error) -> NotAuthenticated {
    match error.kind() {
        ErrorKind::Json(_) | ErrorKind::Base64(_) | ErrorKind::Utf8(_) => {
            rejected("it is malformed")
        }
        kind => NotAuthenticated::Rejected(format!("{kind:?}")),
    }
}
