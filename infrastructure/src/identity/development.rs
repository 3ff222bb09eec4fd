//! The identity provider of the development environment: it believes everybody.

use std::collections::BTreeSet;

use application::ports::{IssuedToken, Role, SignedIn, TokenIssuer, TokenNotIssued};
use chrono::{DateTime, TimeDelta, Utc};
use domain::values::UserId;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::{SharedSecret, signatures};

/// The claim `iss` of its tokens.
pub const DEVELOPMENT_ISSUER: &str = "ava-development";

/// The claim `aud` of its tokens.
pub const DEVELOPMENT_AUDIENCE: &str = "ava";

/// How long its tokens work.
const LIFETIME: TimeDelta = TimeDelta::hours(12);

/// The time inside its user ids, so that they are shaped like all others: 2026-01-01T00:00:00Z, in milliseconds.
const BIRTHDAY_MS: u64 = 1_767_225_600_000;

/// Issues tokens to whoever asks. Never wired outside the development environment.
pub struct DevelopmentIssuer {
    secret: SharedSecret,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: UserId,
    email: &'a str,
    roles: Vec<&'static str>,
    iss: &'static str,
    aud: &'static str,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl DevelopmentIssuer {
    /// Signs with that secret.
    pub fn new(secret: SharedSecret) -> Self {
        signatures::install();
        Self { secret }
    }

    /// The user with that e-mail address; upper case and surrounding white space make no difference.
    pub fn user(email: &str) -> UserId {
        let digest: [u8; 32] = Sha256::digest(normal(email)).into();
        let mut tail = [0; 10];
        tail.copy_from_slice(&digest[..10]);
        let id: Uuid = Builder::from_unix_timestamp_millis(BIRTHDAY_MS, &tail).into_uuid();
        UserId(id)
    }
}

fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

impl TokenIssuer for DevelopmentIssuer {
    fn issue(
        &self,
        email: &str,
        roles: &BTreeSet<Role>,
        now: DateTime<Utc>,
    ) -> Result<IssuedToken, TokenNotIssued> {
        let user = Self::user(email);
        let email = normal(email);
        let expires_at = now + LIFETIME;
        let claims = Claims {
            sub: user,
            email: &email,
            roles: roles.iter().map(|role| role.as_str()).collect(),
            iss: DEVELOPMENT_ISSUER,
            aud: DEVELOPMENT_AUDIENCE,
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: expires_at.timestamp(),
        };
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        let access_token = encode(&Header::new(Algorithm::HS256), &claims, &key)
            .map_err(|error| TokenNotIssued(Box::new(error)))?;
        let bearer = SignedIn {
            user,
            email: Some(email),
            roles: roles.clone(),
        };
        Ok(IssuedToken {
            access_token,
            expires_at,
            bearer,
        })
    }
}
