//! Sign-in for development: a token for whoever asks.

use std::collections::BTreeSet;

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    post,
    web::{Data, Payload},
};
use application::ports::{Clock as _, Role, SystemClock};
use domain::values::Invalid;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::State,
    body, examples, limits,
    problem::{BODY, Code, Problem, problems},
    rate_limits,
    reply::Reply,
};

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct SignIn {
    /// The same address is always the same person.
    #[schema(min_length = 3, max_length = 254, format = Email)]
    email: String,
    /// What the person may do besides using the product.
    #[schema(required = false)]
    roles: Vec<RoleWord>,
}

/// `auditor` reads the event log and its proofs, `operator` runs the system.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub(crate) enum RoleWord {
    Auditor,
    Operator,
}

/// An access token.
#[derive(Serialize, ToSchema)]
pub(crate) struct Token {
    /// Send it as `Authorization: Bearer <token>`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// After how many seconds it stops working.
    expires_in: i64,
    user: User,
}

/// A person who is signed in.
#[derive(Serialize, ToSchema)]
struct User {
    id: Uuid,
    email: Option<String>,
    #[schema(value_type = Vec<RoleWord>)]
    roles: Vec<&'static str>,
}

problems!(
    TokenProblems = BODY,
    &[
        Code::NotFound,
        Code::PersonErased,
        Code::InternalError,
        Code::Unavailable,
        Code::Busy
    ]
);

/// Sign in for development.
///
/// A token for the person with that address; 410 for who was erased.  Exists in the development environment only; 404 anywhere else.
#[utoipa::path(
    tag = "Service",
    security(()),
    request_body(content = SignIn, example = examples::sign_in),
    responses(
        (status = 200, description = "A token.", body = Token, example = examples::token),
        TokenProblems,
    ),
)]
#[post("/dev/token")]
pub(crate) async fn issue_token(
    app: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let issuer = app
        .issuer
        .as_ref()
        .ok_or_else(|| Problem::plain(Code::NotFound))?;
    rate_limits::take_sign_in(&request).await?;
    let body = body::read(payload, limits::JSON_BODY).await?;
    let mut fields = body::fields(request.headers(), &body)?;
    let email = fields.required("email", email);
    let roles: BTreeSet<Role> = fields.list("roles", role).into_iter().collect();
    fields.finish()?;
    let email = email.ok_or_else(|| Problem::plain(Code::InvalidBody))?;

    // By the clock that tokens are checked by, which is each machine's own.
    let now = SystemClock.now();
    let issued = issuer
        .issue(&email, &roles, now)
        .map_err(|error| Problem::internal(&error))?;
    // Their id comes from their address: it would be the same person again.
    if app.people.is_erased(issued.bearer.user).await? {
        return Err(Problem::plain(Code::PersonErased));
    }
    let token = Token {
        access_token: issued.access_token,
        token_type: "Bearer",
        expires_in: (issued.expires_at - now).num_seconds(),
        user: User {
            id: issued.bearer.user.0,
            email: issued.bearer.email,
            roles: issued
                .bearer
                .roles
                .iter()
                .map(|role| role.as_str())
                .collect(),
        },
    };
    Ok(Reply::json(StatusCode::OK, &token)?.respond())
}

/// An address as it may stand in a letter: something, an `@`, and a host's name (RFC 5321's lengths).
fn email(value: &Value) -> Result<String, Invalid> {
    let invalid = || Invalid("must be an e-mail address, as mara@example.com".to_owned());
    let text = value.as_str().map(str::trim).ok_or_else(invalid)?;
    let (mailbox, host) = text.rsplit_once('@').ok_or_else(invalid)?;
    let plain = text
        .chars()
        .all(|c| !c.is_whitespace() && !c.is_control() && !"<>(),;:\"[]\\".contains(c));
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let lengths = (1..=64).contains(&mailbox.len()) && text.len() <= 254;
    if plain && lengths && !mailbox.contains('@') && host.split('.').all(label) {
        Ok(text.to_owned())
    } else {
        Err(invalid())
    }
}

fn role(value: &Value) -> Result<Role, Invalid> {
    value.as_str().unwrap_or_default().parse()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_has_a_mailbox_and_a_host() {
        for good in [
            "mara@example.com",
            " a.b+c@d-e.org ",
            "a@localhost",
            "ü@bücher.example",
        ] {
            assert!(email(&json!(good)).is_ok(), "{good}");
        }
        for bad in [
            "",
            "mara",
            "@example.com",
            "mara@",
            "mara@.com",
            "mara@-a.com",
            "a b@c.d",
            "a@b@c.d",
            "<a>@b.c",
            "a@b..c",
        ] {
            assert!(email(&json!(bad)).is_err(), "{bad}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        assert!(email(&json!(long)).is_err());
        assert!(email(&json!(7)).is_err());
    }
}
