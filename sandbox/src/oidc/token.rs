//! Redeems authorization codes for tokens (RFC 6749, section 4.1.3; RFC 7636; OpenID Connect Core 1.0, section 3.1.3).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use actix_web::{HttpResponse, post};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::keys::Unusable;
use super::state::{Grant, State};
use super::{oidc_issuer, open};
use crate::world::{World, now_ms, random_text};

/// How long a code is good, in milliseconds.
const CODE_MS: i64 = 60_000;

#[derive(Deserialize)]
struct Redemption {
    grant_type: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    client_id: Option<String>,
    code_verifier: Option<String>,
}

#[post("/oidc/token")]
pub(super) async fn redeem(world: Data<World>, redemption: Form<Redemption>) -> HttpResponse {
    if redemption.grant_type.as_deref() != Some("authorization_code") {
        return error("unsupported_grant_type", "Only codes are redeemed here.");
    }
    // A code is good once, also for whoever redeems it wrongly.
    let code = redemption.code.as_deref().unwrap_or_default();
    let grant = world.change(|state| state.oidc.codes.remove(code));
    world.kept().await;
    let Some(grant) = grant else {
        return error(
            "invalid_grant",
            "The code is unknown, or was redeemed before.",
        );
    };
    if let Some(why) = objection(&grant, &redemption) {
        return error("invalid_grant", why);
    }
    let issuer = oidc_issuer(&world.url);
    match world.change(|state| tokens(&mut state.oidc, &issuer, &grant)) {
        Ok(tokens) => open(HttpResponse::Ok()).json(tokens),
        Err(error) => open(HttpResponse::InternalServerError()).body(error.to_string()),
    }
}

/// Why whoever redeems the code is not the one who asked for it.
fn objection(grant: &Grant, redemption: &Redemption) -> Option<&'static str> {
    if now_ms() - grant.at_ms > CODE_MS {
        return Some("The code has expired.");
    }
    if redemption.client_id.as_ref() != Some(&grant.client_id) {
        return Some("The code was made for another client.");
    }
    if redemption.redirect_uri.as_ref() != Some(&grant.redirect_uri) {
        return Some("redirect_uri is not the one that the code was sent to.");
    }
    let verifier = redemption.code_verifier.as_deref().unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    if !(43..=128).contains(&verifier.len()) || challenge != grant.challenge {
        return Some("code_verifier does not fit the code_challenge.");
    }
    None
}

fn tokens(state: &mut State, issuer: &str, grant: &Grant) -> Result<Value, Unusable> {
    let (now, lifetime) = (now_ms() / 1000, state.lifetime_s());
    let roles_claim = state.roles_claim.clone();
    let subject = hex::encode(&Sha256::digest(&grant.email)[..12]);
    let mut access = json!({
        "iss": issuer,
        "sub": format!("sandbox|{subject}"),
        "aud": grant.audience.as_ref().unwrap_or(&grant.client_id),
        "client_id": grant.client_id,
        "scope": grant.scope,
        "email": grant.email,
        "jti": random_text(b"0123456789abcdef", 32),
        "iat": now,
        "nbf": now,
        "exp": now.saturating_add_unsigned(lifetime),
    });
    let path = roles_claim.as_deref().unwrap_or("roles");
    put(&mut access, path, json!(grant.roles));
    let id = json!({
        "iss": issuer,
        "sub": access["sub"],
        "aud": grant.client_id,
        "email": grant.email,
        "nonce": grant.nonce,
        "iat": now,
        "exp": access["exp"],
    });
    state.ledger.tokens += 1;
    let key = state.signing_key()?;
    Ok(json!({
        "access_token": key.sign("at+jwt", &access)?,
        "id_token": key.sign("JWT", &id)?,
        "token_type": "Bearer",
        "expires_in": lifetime,
        "scope": grant.scope,
    }))
}

/// Puts a value at a place that is named from the outside in, with dots between.
fn put(object: &mut Value, path: &str, value: Value) {
    let mut place = object;
    for name in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name];
    }
    *place = value;
}

fn error(error: &str, description: &str) -> HttpResponse {
    open(HttpResponse::build(StatusCode::BAD_REQUEST))
        .json(json!({"error": error, "error_description": description}))
}
