//! What a token says of its bearer, read strictly.

use std::{collections::BTreeSet, fmt, str::FromStr};

use application::ports::Role;
use serde_json::{Map, Value};

/// The longest subject in bytes; OpenID Connect Core 1.0, section 2, allows 255 ASCII characters.
const LONGEST_SUBJECT_BYTES: usize = 255;

/// The deepest place of the roles.
const DEEPEST: usize = 8;

/// Where in a token the roles stand: `roles`, `app_metadata.roles`, or a claim with an address for its name, as
/// `https://ava.example.com/roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolesClaim(Vec<String>);

/// That is no place for roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotARolesClaim {
    /// Not names with dots between.
    #[error("a claim is named like app_metadata.roles or https://ava.example.com/roles")]
    Malformed,
    /// People could make themselves operators.
    #[error("people can change {0} themselves, and so give themselves any role")]
    OfTheirOwn(&'static str),
}

/// Claims that some providers let people write themselves: `user_metadata` at Supabase and Auth0, `unsafe_metadata` at
/// Clerk.
const WRITTEN_BY_PEOPLE: [&str; 2] = ["user_metadata", "unsafe_metadata"];

impl RolesClaim {
    /// The names on the way to it, from the outside in.
    pub fn path(&self) -> &[String] {
        &self.0
    }
}

impl Default for RolesClaim {
    fn default() -> Self {
        Self(vec!["roles".to_owned()])
    }
}

impl FromStr for RolesClaim {
    type Err = NotARolesClaim;

    fn from_str(text: &str) -> Result<Self, NotARolesClaim> {
        let path: Vec<String> = if text.contains("://") {
            vec![text.to_owned()]
        } else {
            text.split('.').map(str::to_owned).collect()
        };
        let is_name = |name: &String| {
            !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        if path.len() > DEEPEST || !path.iter().all(is_name) {
            return Err(NotARolesClaim::Malformed);
        }
        match WRITTEN_BY_PEOPLE.iter().find(|claim| path[0] == **claim) {
            Some(claim) => Err(NotARolesClaim::OfTheirOwn(claim)),
            None => Ok(Self(path)),
        }
    }
}

impl fmt::Display for RolesClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// The claims that we read; `iss`, `aud` and `nbf` are judged by the library.
pub(super) struct Claims {
    pub(super) subject: String,
    pub(super) email: Option<String>,
    pub(super) roles: BTreeSet<Role>,
    /// In seconds since 1970, rounded down.
    pub(super) expires: u64,
}

impl Claims {
    /// Reads them; an error is a sentence that quotes nothing of the token.
    pub(super) fn read(claims: &Value, roles: &RolesClaim) -> Result<Self, &'static str> {
        let claims = claims.as_object().ok_or("its claims are no object")?;
        let subject = text(claims, "sub")?.ok_or("it names no subject")?;
        if subject.trim().is_empty() || subject.len() > LONGEST_SUBJECT_BYTES {
            return Err("its subject is empty or too long");
        }
        // The library would take a list of issuers, which RFC 7519 does not know.
        text(claims, "iss")?.ok_or("it names no issuer")?;
        Ok(Self {
            subject: subject.to_owned(),
            email: text(claims, "email")?.map(str::to_owned),
            roles: self::roles(claims, roles)?,
            expires: expires(claims)?,
        })
    }
}

/// A claim that is a text, or not there; null counts as not there.
fn text<'c>(claims: &'c Map<String, Value>, name: &str) -> Result<Option<&'c str>, &'static str> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err("one of its claims is not a text"),
    }
}

/// The known ones of a list of texts; none when there is no such claim. What stands there in another form is not guessed at.
fn roles(claims: &Map<String, Value>, claim: &RolesClaim) -> Result<BTreeSet<Role>, &'static str> {
    const NO_LIST: &str = "its roles are not a list of texts where they were looked for";
    let (last, outer) = claim.0.split_last().ok_or(NO_LIST)?;
    let mut object = claims;
    for name in outer {
        match object.get(name) {
            None => return Ok(BTreeSet::new()),
            Some(Value::Object(inner)) => object = inner,
            Some(_) => return Err(NO_LIST),
        }
    }
    let Some(list) = object.get(last) else {
        return Ok(BTreeSet::new());
    };
    let list = list.as_array().ok_or(NO_LIST)?;
    let words: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    let words = words.ok_or(NO_LIST)?;
    Ok(words.iter().filter_map(|word| word.parse().ok()).collect())
}

/// A number, with a fraction where the issuer likes (RFC 7519, section 2, NumericDate).
fn expires(claims: &Map<String, Value>) -> Result<u64, &'static str> {
    let expires = claims.get("exp").and_then(Value::as_f64);
    let expires = expires.ok_or("it does not say in seconds when it expires")?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates"
    )]
    Ok(expires as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    #[test]
    fn roles_stand_where_nobody_writes_them_himself() {
        let path = |text: &str| text.parse::<RolesClaim>().map(|claim| claim.0);
        assert_eq!(path("roles").unwrap(), ["roles"]);
        assert_eq!(
            path("realm_access.roles").unwrap(),
            ["realm_access", "roles"]
        );
        let named = "https://ava.example.com/roles";
        assert_eq!(path(named).unwrap(), [named]);
        for malformed in ["", ".", "a.", ".a", "a..b", "a b", "a.b.c.d.e.f.g.h.i"] {
            assert_eq!(
                path(malformed),
                Err(NotARolesClaim::Malformed),
                "{malformed}"
            );
        }
        for own in [
            "user_metadata.roles",
            "user_metadata",
            "unsafe_metadata.roles",
        ] {
            assert!(
                matches!(path(own), Err(NotARolesClaim::OfTheirOwn(_))),
                "{own}"
            );
        }
    }
}
