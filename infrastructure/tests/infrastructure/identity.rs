//! Access tokens: who gets in, and who does not.

use std::collections::BTreeSet;

use application::ports::{
    Authenticator, IssuedToken, NotAuthenticated, Role, SignedIn, TokenIssuer,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{TimeDelta, Utc};
use domain::values::UserId;
use hmac::{Hmac, Mac};
use infrastructure::identity::{
    DevelopmentIssuer, KeySource, RolesClaim, SharedSecret, TokenSettings, TokenVerifier,
    WeakSecret,
};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
use uuid::Uuid;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const ID: &str = "0198f3a0-0000-7000-8000-000000000001";

fn secret(text: &str) -> SharedSecret {
    SharedSecret::new(text).unwrap()
}

fn verifier() -> TokenVerifier {
    TokenVerifier::start(TokenSettings::of_development(secret(SECRET))).unwrap()
}

/// The claims of a good token; a test spoils one of them.
fn claims() -> Value {
    let now = Utc::now().timestamp();
    json!({
        "sub": ID, "email": "ada@example.com", "roles": ["auditor"],
        "iss": "ava-development", "aud": "ava", "iat": now, "nbf": now, "exp": now + 600,
    })
}

fn with(claim: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[claim] = value;
    claims
}

fn without(claim: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(claim);
    claims
}

fn part(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

/// A token made by hand, so that nothing of the library under test decides what an attacker can send.
fn sign(header: &Value, claims: &str, key: &[u8]) -> String {
    let message = format!("{}.{}", part(&header.to_string()), part(claims));
    let mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap()
        .chain_update(&message);
    format!(
        "{message}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

fn hs256() -> Value {
    json!({"typ": "JWT", "alg": "HS256"})
}

fn token(claims: &Value) -> String {
    sign(&hs256(), &claims.to_string(), SECRET.as_bytes())
}

/// With a shared secret nobody has to be asked.
fn judged(verifier: &TokenVerifier, token: &str) -> Result<SignedIn, NotAuthenticated> {
    verifier.authenticate_at_once(token).unwrap()
}

fn accepted(token: &str) -> SignedIn {
    judged(&verifier(), token).unwrap()
}

#[track_caller]
fn refused(token: &str) {
    let answer = judged(&verifier(), token);
    assert!(answer.is_err(), "let in: {answer:?}");
}

fn issued(email: &str, roles: &[Role]) -> IssuedToken {
    let roles = roles.iter().copied().collect();
    DevelopmentIssuer::new(secret(SECRET))
        .issue(email, &roles, Utc::now())
        .unwrap()
}

#[test]
fn a_good_token_tells_who_it_is() {
    let ada = accepted(&token(&claims()));
    assert_eq!(ada.user, ID.parse().unwrap());
    assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
    assert_eq!(ada.roles, BTreeSet::from([Role::Auditor]));
}

#[test]
fn what_the_development_issuer_issues_is_accepted() {
    let issued = issued(" Ada@Example.com ", &[Role::Operator, Role::Auditor]);
    assert_eq!(accepted(&issued.access_token), issued.bearer);
    assert_eq!(issued.bearer.email.as_deref(), Some("ada@example.com"));
    assert_eq!(issued.bearer.roles, BTreeSet::from(Role::ALL));
    assert!(!format!("{issued:?}").contains(&issued.access_token));
}

#[test]
fn a_development_token_works_for_twelve_hours() {
    let issuer = DevelopmentIssuer::new(secret(SECRET));
    let none = BTreeSet::new();
    let now = Utc::now();
    let issued = issuer.issue("ada@example.com", &none, now).unwrap();
    assert_eq!(issued.expires_at, now + TimeDelta::hours(12));
    let old = issuer
        .issue("ada@example.com", &none, now - TimeDelta::hours(13))
        .unwrap();
    refused(&old.access_token);
}

#[test]
fn one_address_is_one_person_and_looks_like_any_other_id() {
    let ada = DevelopmentIssuer::user("ada@example.com");
    assert_eq!(ada, DevelopmentIssuer::user("  ADA@example.COM\n"));
    assert_ne!(ada, DevelopmentIssuer::user("bob@example.com"));
    assert_eq!(ada.0.get_version_num(), 7);
    assert_eq!(ada.0.get_variant(), uuid::Variant::RFC4122);
    let time = ada.0.get_timestamp().unwrap().to_unix();
    assert_eq!(time, (1_767_225_600, 0));
    // Pinned: an id that moved would part every developer from their data.
    assert_eq!(ada.to_string(), "019b76da-a800-75fc-85e5-5755f9e0d030");
}

#[test]
fn a_subject_that_is_no_uuid_is_still_one_person() {
    let somebody = |subject: &str| accepted(&token(&with("sub", json!(subject)))).user;
    let ada = somebody("auth0|ada");
    assert_eq!(ada, somebody("auth0|ada"));
    assert_ne!(ada, somebody("auth0|bob"));
    assert_eq!(ada.0.get_version_num(), 5);
    let expected = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"ava-development\nauth0|ada");
    assert_eq!(ada, UserId(expected));
    // Other spellings of a UUID are other subjects, not ways to become that user.
    let own: UserId = ID.parse().unwrap();
    assert_eq!(somebody(ID), own);
    for spelling in [
        format!("urn:uuid:{ID}"),
        format!("{{{ID}}}"),
        ID.replace('-', ""),
    ] {
        assert_ne!(somebody(&spelling), own, "{spelling}");
    }
}

#[test]
fn the_same_subject_at_another_issuer_is_somebody_else() {
    let settings = TokenSettings {
        issuer: "https://id.example.com/".to_owned(),
        audience: "ava".to_owned(),
        roles: RolesClaim::default(),
        keys: KeySource::SharedSecret(secret(SECRET)),
    };
    let mut claims = with("sub", json!("ada"));
    let here = accepted(&token(&claims)).user;
    claims["iss"] = json!("https://id.example.com/");
    let there = TokenVerifier::start(settings).unwrap();
    let there = judged(&there, &token(&claims)).unwrap().user;
    assert_ne!(here, there);
}

#[test]
fn what_good_issuers_vary_is_accepted() {
    for claims in [
        without("email"),
        without("roles"),
        without("nbf"),
        without("iat"),
        with("email", Value::Null),
        with("roles", json!([])),
        with("aud", json!(["other", "ava"])),
        with("scope", json!("openid")),
    ] {
        accepted(&token(&claims));
    }
    let roles = with("roles", json!(["admin", "operator", "Auditor"]));
    assert_eq!(
        accepted(&token(&roles)).roles,
        BTreeSet::from([Role::Operator])
    );
    let typed = json!({"alg": "HS256", "typ": "at+jwt", "kid": "1"});
    accepted(&sign(&typed, &claims().to_string(), SECRET.as_bytes()));
}

#[test]
fn clocks_may_differ_by_half_a_minute() {
    let now = Utc::now().timestamp();
    accepted(&token(&with("exp", json!(now - 10))));
    accepted(&token(&with("nbf", json!(now + 10))));
    refused(&token(&with("exp", json!(now - 60))));
    refused(&token(&with("nbf", json!(now + 60))));
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let claims = claims().to_string();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({"typ": "JWT", "alg": alg}).to_string();
        refused(&format!("{}.{}.", part(&header), part(&claims)));
        refused(&format!("{}.{}", part(&header), part(&claims)));
        refused(&sign(&json!({"alg": alg}), &claims, SECRET.as_bytes()));
    }
    refused(&format!(
        "{}.{}.",
        part(&hs256().to_string()),
        part(&claims)
    ));
}

#[test]
fn the_token_does_not_choose_its_algorithm() {
    let claims = claims().to_string();
    for alg in [
        "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "hs256",
    ] {
        // Signed as HS256 all the same: the verifier must not look at the bytes at all.
        refused(&sign(
            &json!({"typ": "JWT", "alg": alg}),
            &claims,
            SECRET.as_bytes(),
        ));
    }
    let message = format!("{}.{}", part(r#"{"alg":"HS512"}"#), part(&claims));
    let mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes())
        .unwrap()
        .chain_update(&message);
    refused(&format!(
        "{message}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    ));
    for header in [
        json!({"typ": "JWT"}),
        json!({"alg": null}),
        json!({"alg": ["HS256"]}),
        json!([]),
    ] {
        refused(&sign(&header, &claims, SECRET.as_bytes()));
    }
}

#[test]
fn the_token_does_not_bring_its_key() {
    let own = b"an attacker's own key, long enough";
    let claims = claims().to_string();
    for header in [
        hs256(),
        json!({"alg": "HS256", "jwk": {"kty": "oct", "k": URL_SAFE_NO_PAD.encode(own), "alg": "HS256"}}),
        json!({"alg": "HS256", "kid": "../../dev/null"}),
        json!({"alg": "HS256", "kid": "' UNION SELECT 'key"}),
        json!({"alg": "HS256", "jku": "https://attacker.example/keys"}),
        json!({"alg": "HS256", "x5u": "https://attacker.example/cert"}),
    ] {
        refused(&sign(&header, &claims, own));
    }
    for key in [
        "",
        "secret",
        "ava",
        "\0",
        &SECRET[..31],
        &format!("{SECRET}0"),
    ] {
        refused(&sign(&hs256(), &claims, key.as_bytes()));
    }
}

#[test]
fn a_token_for_somebody_else_or_of_somebody_else_is_refused() {
    for claims in [
        with("iss", json!("https://attacker.example")),
        with("iss", json!("ava-development ")),
        with("iss", json!("AVA-DEVELOPMENT")),
        with("iss", json!(["ava-development"])),
        with("iss", json!(7)),
        with("iss", Value::Null),
        without("iss"),
        with("aud", json!("other")),
        with("aud", json!("")),
        with("aud", json!([])),
        with("aud", json!(["other"])),
        with("aud", json!({"ava": true})),
        with("aud", Value::Null),
        without("aud"),
    ] {
        refused(&token(&claims));
    }
}

#[test]
fn a_token_at_the_wrong_time_is_refused() {
    let now = Utc::now().timestamp();
    for claims in [
        with("exp", json!(now - 3_600)),
        with("exp", json!(0)),
        with("exp", json!(-1)),
        with("exp", json!("tomorrow")),
        with("exp", json!((now + 600).to_string())),
        with("exp", json!(true)),
        with("exp", Value::Null),
        without("exp"),
        with("nbf", json!(now + 3_600)),
        with("nbf", json!("yesterday")),
        with("nbf", json!([now])),
    ] {
        refused(&token(&claims));
    }
    let endless = claims()
        .to_string()
        .replace(&(now + 600).to_string(), "1e400");
    refused(&sign(&hs256(), &endless, SECRET.as_bytes()));
}

#[test]
fn claims_of_the_wrong_kind_are_refused() {
    for claims in [
        without("sub"),
        with("sub", json!("")),
        with("sub", json!("  ")),
        with("sub", json!(7)),
        with("sub", Value::Null),
        with("sub", json!([ID])),
        with("sub", json!("s".repeat(256))),
        with("roles", json!("operator")),
        with("roles", json!({"operator": true})),
        with("roles", json!([1])),
        with("roles", json!([["operator"]])),
        with("roles", Value::Null),
        with("email", json!(["ada@example.com"])),
        json!([]),
        json!("claims"),
        Value::Null,
    ] {
        refused(&token(&claims));
    }
    for claims in ["", "{", "not json", "\u{0}", r#"{"sub":"a","sub":"b"}"#] {
        refused(&sign(&hs256(), claims, SECRET.as_bytes()));
    }
}

#[test]
fn a_claim_that_comes_twice_is_not_chosen_from() {
    let twice = claims()
        .to_string()
        .replacen('{', r#"{"sub":"somebody else","#, 1);
    refused(&sign(&hs256(), &twice, SECRET.as_bytes()));
}

#[test]
fn an_extension_that_must_be_understood_is_not_passed_over() {
    let header = json!({"alg": "HS256", "crit": ["b64"], "b64": false});
    refused(&sign(&header, &claims().to_string(), SECRET.as_bytes()));
}

#[test]
fn altered_and_damaged_tokens_are_refused() {
    let good = token(&claims());
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        unreachable!()
    };
    let richer = part(&with("roles", json!(["operator"])).to_string());
    let padded = format!("{signature}=");
    let flipped = format!(
        "{}{}",
        if signature.starts_with('A') { 'B' } else { 'A' },
        &signature[1..]
    );
    for damaged in [
        format!("{header}.{richer}.{signature}"),
        format!("{header}.{claims}.{flipped}"),
        format!("{header}.{claims}.{}", &signature[..signature.len() - 4]),
        format!("{header}.{claims}.{padded}"),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{claims}.{signature}"),
        format!("{good}.{signature}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{header}..{claims}.{signature}"),
        format!("{header}.{claims}.{signature}\n"),
        format!(" {good}"),
        format!("Bearer {good}"),
        good.replace('.', ". "),
        good.replace('.', "%2E"),
        good[..good.len() / 2].to_owned(),
        good.to_uppercase(),
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "🙂.🙂.🙂".to_owned(),
        "null".to_owned(),
    ] {
        refused(&damaged);
    }
    accepted(&good);
}

#[test]
fn a_huge_token_is_not_even_decoded() {
    let huge = token(&with("padding", json!("x".repeat(10_000))));
    refused(&huge);
    refused(&"a".repeat(1_000_000));
    refused(&".".repeat(1_000_000));
    accepted(&token(&with("padding", json!("x".repeat(3_000)))));
}

#[test]
fn a_short_secret_is_not_taken() {
    assert_eq!(
        SharedSecret::new("x".repeat(31)).unwrap_err(),
        WeakSecret(31)
    );
    assert_eq!(SharedSecret::new("").unwrap_err(), WeakSecret(0));
    assert!(!format!("{:?}", secret(SECRET)).contains(SECRET));
}

#[test]
fn the_reason_for_the_log_holds_nothing_of_the_token() {
    let token = token(&with("sub", json!({"secret of ada": 1})));
    let reason = judged(&verifier(), &token).unwrap_err().to_string();
    assert!(!reason.contains("ada"), "{reason}");
}
