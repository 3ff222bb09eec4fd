//! What the provider publishes of itself (OpenID Connect Discovery 1.0), and its keys (RFC 7517).

use actix_web::{HttpResponse, get, web::Data};
use serde_json::{Value, json};

use super::{away, oidc_issuer, open};
use crate::world::World;

#[get("/oidc/.well-known/openid-configuration")]
pub(super) async fn show(world: Data<World>) -> HttpResponse {
    let is_away = world.change(|state| {
        state.oidc.ledger.metadata += 1;
        state.oidc.away
    });
    if is_away {
        return away();
    }
    let issuer = oidc_issuer(&world.url);
    open(HttpResponse::Ok()).json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid", "email", "profile"],
        "id_token_signing_alg_values_supported": ["ES256", "EdDSA"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

#[get("/oidc/jwks")]
pub(super) async fn show_keys(world: Data<World>) -> HttpResponse {
    let keys = world.change(|state| {
        let state = &mut state.oidc;
        state.ledger.keys += 1;
        if state.away {
            return None;
        }
        let keys = state.published();
        keys.and_then(|keys| {
            keys.iter()
                .map(|key| key.public())
                .collect::<Result<Vec<Value>, _>>()
        })
        .ok()
    });
    // Whoever was told of a key may hold on to it across a restart.
    world.kept().await;
    match keys {
        Some(keys) => open(HttpResponse::Ok()).json(json!({"keys": keys})),
        None => away(),
    }
}
