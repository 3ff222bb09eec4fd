//! Access tokens: checked against the identity provider's key and, in development, issued.

mod development;
mod hmac_sha256;
mod remembered;

use std::collections::BTreeSet;

use application::ports::{Authenticator, Role, SignedIn, TokenRejected};
use domain::values::UserId;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind,
    get_current_timestamp,
};
use serde::Deserialize;
use uuid::Uuid;

use remembered::Remembered;

pub use development::{DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, DevelopmentIssuer};

/// How far our clock and the issuer's may differ, in seconds.
const LEEWAY_S: u64 = 30;

/// Longer tokens are not even decoded; real ones have a few hundred bytes.
const LONGEST_TOKEN_BYTES: usize = 8 * 1024;

/// The longest subject in bytes; OpenID Connect Core 1.0, section 2, allows 255 ASCII characters.
const LONGEST_SUBJECT_BYTES: usize = 255;

/// A secret that we share with the issuer of the tokens.
#[derive(Clone)]
pub struct SharedSecret(String);

/// The secret is too short: anybody could try out all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token secret has {0} bytes; HS256 needs at least {min}", min = SharedSecret::MIN_BYTES)]
pub struct WeakSecret(pub usize);

impl SharedSecret {
    /// RFC 7518, section 3.2: a key of the hash's size or larger.
    pub const MIN_BYTES: usize = 32;

    /// Accepts a secret of at least `MIN_BYTES`.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn new(secret: impl Into<String>) -> Result<Self, WeakSecret> {
        let secret = secret.into();
        if secret.len() < Self::MIN_BYTES {
            return Err(WeakSecret(secret.len()));
        }
        Ok(Self(secret))
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedSecret(…)")
    }
}

/// Where the keys that check tokens come from. Each source has one algorithm, and a token's own word
/// about its algorithm or key never chooses between them.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// HS256.
    SharedSecret(SharedSecret),
}

impl KeySource {
    const fn algorithm(&self) -> Algorithm {
        match self {
            Self::SharedSecret(_) => Algorithm::HS256,
        }
    }

    fn key(&self) -> DecodingKey {
        match self {
            Self::SharedSecret(secret) => DecodingKey::from_secret(secret.as_bytes()),
        }
    }
}

/// Whose tokens are accepted, and for whom they must be meant.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// The claim `iss`.
    pub issuer: String,
    /// What the claim `aud` must name.
    pub audience: String,
    /// What the signature is checked with.
    pub keys: KeySource,
}

impl TokenSettings {
    /// For the tokens of [`DevelopmentIssuer`].
    pub fn of_development(secret: SharedSecret) -> Self {
        Self {
            issuer: DEVELOPMENT_ISSUER.to_owned(),
            audience: DEVELOPMENT_AUDIENCE.to_owned(),
            keys: KeySource::SharedSecret(secret),
        }
    }
}

/// Checks access tokens (RFC 7519) by signature, issuer, audience and time.
pub struct TokenVerifier {
    issuer: String,
    key: DecodingKey,
    validation: Validation,
    remembered: Remembered,
}

/// The claims that we read; `nbf` and `aud` are read by the library.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// In seconds since 1970, with a fraction where the issuer likes (RFC 7519, section 2, NumericDate).
    exp: f64,
    // Present so that a list of issuers, which the library would accept, is refused as RFC 7519 says.
    #[serde(rename = "iss")]
    _issuer: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
}

impl TokenVerifier {
    /// For the tokens of that issuer.
    pub fn new(settings: TokenSettings) -> Self {
        hmac_sha256::install();
        let mut validation = Validation::new(settings.keys.algorithm());
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        // Without this, an absent or unreadable `iss` or `aud` counts as one that matches.
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_S;
        Self {
            issuer: settings.issuer,
            key: settings.keys.key(),
            validation,
            remembered: Remembered::default(),
        }
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
}

impl TokenVerifier {
    /// Reads and checks a token that is not known yet.
    fn verify(&self, token: &str) -> Result<(SignedIn, f64), TokenRejected> {
        // RFC 7515, section 4.1.11: an extension that must be understood and is not makes the token invalid.
        if decode_header(token).map_err(reason)?.crit.is_some() {
            return Err(rejected("it demands an extension that is not known here"));
        }
        let decoded = decode::<Claims>(token, &self.key, &self.validation).map_err(reason)?;
        let claims = decoded.claims;
        if claims.sub.trim().is_empty() || claims.sub.len() > LONGEST_SUBJECT_BYTES {
            return Err(rejected("its subject is empty or too long"));
        }
        let roles: BTreeSet<Role> = claims
            .roles
            .iter()
            .filter_map(|role| role.parse().ok())
            .collect();
        let bearer = SignedIn {
            user: self.user(&claims.sub),
            email: claims.email,
            roles,
        };
        Ok((bearer, claims.exp))
    }
}

impl Authenticator for TokenVerifier {
    fn authenticate(&self, token: &str) -> Result<SignedIn, TokenRejected> {
        if token.len() > LONGEST_TOKEN_BYTES {
            return Err(rejected("it is too long"));
        }
        let (digest, now) = (Remembered::digest(token), get_current_timestamp());
        if let Some(bearer) = self.remembered.bearer(&digest, now) {
            return Ok(bearer);
        }
        let (bearer, expires) = self.verify(token)?;
        // Rounded down, and without the leeway: it only means a second look.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates"
        )]
        let expires = expires as u64;
        self.remembered.accept(digest, &bearer, expires, now);
        Ok(bearer)
    }
}

fn rejected(reason: &str) -> TokenRejected {
    TokenRejected(reason.to_owned())
}

/// The library's reason, without the token's content, which it would quote from unreadable JSON.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn reason(error: jsonwebtoken::errors::Error) -> TokenRejected {
    match error.kind() {
        ErrorKind::Json(_) | ErrorKind::Base64(_) | ErrorKind::Utf8(_) => {
            rejected("it is malformed")
        }
        kind => TokenRejected(format!("{kind:?}")),
    }
}
