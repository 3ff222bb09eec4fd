//! On the claims.

use chrono::Utc;
use serde_json::{Value, json};

use super::{Attack, ID, ISSUER, Issuer, claims, with, without};

impl Issuer {
    pub(super) fn on_issuer_and_audience(&self) -> Vec<Attack> {
        let token = |claims: &Value| self.ec.token("e", claims);
        vec![
            (
                "another issuer",
                token(&with("iss", json!("https://attacker.example/"))),
            ),
            (
                "the issuer without its slash",
                token(&with("iss", json!("https://id.example.com"))),
            ),
            (
                "the issuer in other case",
                token(&with("iss", json!("https://ID.example.com/"))),
            ),
            (
                "the issuer and more",
                token(&with("iss", json!("https://id.example.com/.attacker"))),
            ),
            ("a list of issuers", token(&with("iss", json!([ISSUER])))),
            ("no issuer", token(&without("iss"))),
            ("null for an issuer", token(&with("iss", Value::Null))),
            ("another audience", token(&with("aud", json!("other")))),
            ("a part of the audience", token(&with("aud", json!("av")))),
            (
                "other audiences",
                token(&with("aud", json!(["other", "ava2"]))),
            ),
            ("no audiences", token(&with("aud", json!([])))),
            (
                "an object for an audience",
                token(&with("aud", json!({"ava": true}))),
            ),
            ("no audience", token(&without("aud"))),
            ("null for an audience", token(&with("aud", Value::Null))),
        ]
    }

    pub(super) fn on_time(&self) -> Vec<Attack> {
        let now = Utc::now().timestamp();
        let token = |claims: &Value| self.ec.token("e", claims);
        let raw = |text: &str| {
            let claims = claims().to_string();
            self.ec.token_with(
                r#"{"alg":"ES256","kid":"e"}"#,
                &claims.replace(&(now + 600).to_string(), text),
            )
        };
        vec![
            ("expired", token(&with("exp", json!(now - 31)))),
            ("expired long ago", token(&with("exp", json!(0)))),
            ("expires before 1970", token(&with("exp", json!(-1)))),
            ("never expires", token(&without("exp"))),
            ("expires at null", token(&with("exp", Value::Null))),
            (
                "expires at a text",
                token(&with("exp", json!((now + 600).to_string()))),
            ),
            ("expires truly", token(&with("exp", json!(true)))),
            ("expires at a list", token(&with("exp", json!([now + 600])))),
            ("expires beyond numbers", raw("1e400")),
            ("not yet valid", token(&with("nbf", json!(now + 90)))),
            ("valid from a text", token(&with("nbf", json!("yesterday")))),
            ("valid from a list", token(&with("nbf", json!([now])))),
        ]
    }

    pub(super) fn on_the_other_claims(&self) -> Vec<Attack> {
        let token = |claims: &Value| self.ec.token("e", claims);
        let raw = |from: &str, to: &str| {
            let text = claims().to_string().replacen(from, to, 1);
            self.ec.token_with(r#"{"alg":"ES256","kid":"e"}"#, &text)
        };
        let roles = |roles: Value| token(&with("app_metadata", json!({"roles": roles})));
        vec![
            ("no subject", token(&without("sub"))),
            ("an empty subject", token(&with("sub", json!("")))),
            ("a blank subject", token(&with("sub", json!(" \t")))),
            ("a number for a subject", token(&with("sub", json!(7)))),
            ("a list for a subject", token(&with("sub", json!([ID])))),
            ("null for a subject", token(&with("sub", Value::Null))),
            (
                "a long subject",
                token(&with("sub", json!("s".repeat(256)))),
            ),
            ("two subjects", raw("{", r#"{"sub":"somebody else","#)),
            ("two audiences", raw("{", r#"{"aud":"other","#)),
            (
                "roles twice",
                raw("{", r#"{"app_metadata":{"roles":["operator"]},"#),
            ),
            (
                "roles twice within",
                raw(r#"{"roles":"#, r#"{"roles":["operator"],"roles":"#),
            ),
            ("a text for roles", roles(json!("operator"))),
            ("an object for roles", roles(json!({"operator": true}))),
            ("numbers for roles", roles(json!([1]))),
            ("lists for roles", roles(json!([["operator"]]))),
            ("null for roles", roles(Value::Null)),
            (
                "a text around roles",
                token(&with("app_metadata", json!("roles"))),
            ),
            (
                "a list around roles",
                token(&with("app_metadata", json!([{"roles": ["operator"]}]))),
            ),
            (
                "a list of addresses",
                token(&with("email", json!(["ada@example.com"]))),
            ),
            ("a list for claims", token(&json!([]))),
            ("null for claims", token(&Value::Null)),
            ("no claims", token(&json!({}))),
        ]
    }
}
