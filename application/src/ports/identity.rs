//! Who somebody is, as an identity provider vouches for it.

use std::{collections::BTreeSet, str::FromStr};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::values::{Invalid, UserId};

/// What somebody may do besides using the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads the log and its proofs.
    Auditor,
    /// Runs the system.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Auditor, Self::Operator];

    /// The word that stands for it in tokens and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }
}

impl FromStr for Role {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == text);
        role.ok_or_else(|| Invalid("must be one of auditor, operator".to_owned()))
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who it is.
    pub user: UserId,
    /// The address that the identity provider knows, when the token names it.
    pub email: Option<String>,
    /// What they may do besides; roles that Ava does not know are left out.
    pub roles: BTreeSet<Role>,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthenticated {
    /// The token proves nothing. The client is told no more than that; the log is told the reason.
    #[error("the access token is not accepted: {0}")]
    Rejected(String),
    /// The issuer's keys are not to be had, so that nobody can tell.
    #[error("access tokens cannot be checked now: {0}")]
    KeysUnavailable(String),
}

/// Checks access tokens.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Who the bearer of `token` is, when that can be told from what is known; none when the issuer has to be asked first.
    ///
    /// # Errors
    /// When the token is not one of the configured issuer for this service, or not valid now.
    fn authenticate_at_once(&self, token: &str) -> Option<Result<SignedIn, NotAuthenticated>>;

    /// Who the bearer of `token` is, asking the issuer for its keys when the token names one that is not known.
    ///
    /// # Errors
    /// When the token is not one of the configured issuer for this service, or not valid now, or nobody can tell.
    async fn authenticate(&self, token: &str) -> Result<SignedIn, NotAuthenticated>;
}

/// A fresh access token.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// The token itself; a secret.
    pub access_token: String,
    /// When it stops working.
    pub expires_at: DateTime<Utc>,
    /// Whom it is for.
    pub bearer: SignedIn,
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedToken")
            .field("expires_at", &self.expires_at)
            .field("bearer", &self.bearer)
            .finish_non_exhaustive()
    }
}

/// Hands out access tokens to whoever asks; wired in the development environment only.
pub trait TokenIssuer: Send + Sync {
    /// A token for the person with that e-mail address; the same address is always the same person.
    ///
    /// # Errors
    /// When the token could not be signed.
    fn issue(
        &self,
        email: &str,
        roles: &BTreeSet<Role>,
        now: DateTime<Utc>,
    ) -> Result<IssuedToken, TokenNotIssued>;
}

/// A token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the access token could not be signed")]
pub struct TokenNotIssued(#[source] pub Box<dyn std::error::Error + Send + Sync>);
