//! Which keys the settings lead to, and which settings are refused.

use infrastructure::settings::{Issuer, TokenKeys};

use crate::settings::{PRODUCTION, read};

/// Production with that in place of the secret.
fn production_with(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let given =
        |name: &str| name == "AUTH_JWT_SECRET" || more.iter().any(|(more, _)| *more == name);
    let rest = PRODUCTION.iter().filter(|(name, _)| !given(name));
    rest.chain(more).copied().collect()
}

#[test]
fn tokens_are_checked_with_the_keys_that_the_settings_lead_to() {
    let keys = |variables: &[(&str, &str)]| read(variables).unwrap().identity.keys;
    let (issuer, jwks) = ("https://id.example.com/", "https://id.example.com/jwks");
    let secret = ("AUTH_JWT_SECRET", "0123456789abcdef0123456789abcdef");
    assert!(matches!(keys(&[]), TokenKeys::Generated));
    assert!(matches!(
        keys(&[("AUTH_ISSUER", "somebody")]),
        TokenKeys::Generated
    ));
    assert!(matches!(keys(&[secret]), TokenKeys::Shared(_)));
    assert!(matches!(
        keys(&[secret, ("AUTH_ISSUER", issuer)]),
        TokenKeys::Shared(_)
    ));
    assert!(matches!(
        keys(&[("AUTH_ISSUER", issuer)]),
        TokenKeys::Discovered
    ));
    assert!(matches!(
        keys(&[("AUTH_ISSUER", "http://127.0.0.1:8090/oidc")]),
        TokenKeys::Discovered
    ));
    let at = keys(&[("AUTH_ISSUER", issuer), ("AUTH_JWKS_URL", jwks)]);
    assert!(matches!(at, TokenKeys::Jwks(url) if url.as_str() == jwks));
    let of_sandbox = read(&[
        ("AUTH_ISSUER", "sandbox"),
        ("CHAT_API_KEY", "k"),
        ("CHAT_MODEL", "a-model"),
    ])
    .unwrap();
    assert_eq!(of_sandbox.identity.issuer, Issuer::Sandbox);
    assert!(of_sandbox.needs_sandbox());

    let production = read(&production_with(&[("AUTH_ISSUER", issuer)])).unwrap();
    assert!(matches!(production.identity.keys, TokenKeys::Discovered));
    let named = [("AUTH_ISSUER", "somebody"), ("AUTH_JWKS_URL", jwks)];
    let production = read(&production_with(&named)).unwrap();
    assert!(matches!(production.identity.keys, TokenKeys::Jwks(_)));
}

#[test]
fn what_cannot_check_tokens_safely_is_refused() {
    let (issuer, jwks) = ("https://id.example.com/", "https://id.example.com/jwks");
    let secret = ("AUTH_JWT_SECRET", "0123456789abcdef0123456789abcdef");
    for (variables, variable, word) in [
        (
            vec![("AUTH_ISSUER", issuer), secret, ("AUTH_JWKS_URL", jwks)],
            "AUTH_JWKS_URL",
            "unset one",
        ),
        (
            vec![("AUTH_JWKS_URL", jwks)],
            "AUTH_JWKS_URL",
            "AUTH_ISSUER is not",
        ),
        (
            vec![("AUTH_ISSUER", issuer), ("AUTH_JWKS_URL", "file:///keys")],
            "AUTH_JWKS_URL",
            "https",
        ),
        (
            vec![("AUTH_ISSUER", "sandbox"), secret],
            "AUTH_ISSUER",
            "keys of its own",
        ),
        (
            vec![("AUTH_ROLES_CLAIM", "user_metadata.roles")],
            "AUTH_ROLES_CLAIM",
            "themselves",
        ),
        (
            vec![("AUTH_ROLES_CLAIM", "a..b")],
            "AUTH_ROLES_CLAIM",
            "app_metadata.roles",
        ),
        (
            vec![("AUTH_WEB_CLIENT_ID", "web")],
            "AUTH_WEB_CLIENT_ID",
            "AUTH_ISSUER is not",
        ),
        (
            vec![("AUTH_ISSUER", "somebody"), ("AUTH_WEB_CLIENT_ID", "web")],
            "AUTH_ISSUER",
            "login.example.com",
        ),
        (
            production_with(&[("AUTH_ISSUER", "http://id.example.com")]),
            "AUTH_ISSUER",
            "https",
        ),
        (
            production_with(&[
                ("AUTH_ISSUER", issuer),
                ("AUTH_JWKS_URL", "http://id.example.com"),
            ]),
            "AUTH_JWKS_URL",
            "https",
        ),
        (
            production_with(&[("AUTH_ISSUER", "somebody")]),
            "AUTH_JWT_SECRET",
            "AUTH_JWKS_URL",
        ),
        (
            production_with(&[("AUTH_ISSUER", "sandbox")]),
            "AUTH_ISSUER",
            "everybody is believed",
        ),
    ] {
        let error = read(&variables).unwrap_err();
        assert_eq!(error.problems.len(), 1, "{error}");
        let problem = &error.problems[0];
        assert!(
            problem.starts_with(variable) && problem.contains(word),
            "{problem}"
        );
    }
}
