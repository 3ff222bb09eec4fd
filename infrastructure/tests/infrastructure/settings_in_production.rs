//! What production refuses: every default that is for development, each named.

use std::collections::BTreeSet;

use infrastructure::settings::{
    SANDBOX_CHAT_KEY, SANDBOX_IMAGES_KEY, SANDBOX_REPLICATE_TOKEN, SANDBOX_STRIPE_KEY, Unset,
    VARIABLES,
};

use crate::settings::{PRODUCTION, read, read_for};

/// A production that needs whatever there is to need: it signs, and both image services draw.
fn in_need_of_everything() -> Vec<(&'static str, &'static str)> {
    let pair = [
        (
            "C2PA_CERTIFICATE",
            r"-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----",
        ),
        (
            "C2PA_PRIVATE_KEY",
            r"-----BEGIN PRIVATE KEY-----\nQg==\n-----END PRIVATE KEY-----",
        ),
        ("IMAGE_PROVIDER", "replicate,openai"),
        ("IMAGES_API_KEY", "sk-hunter2"),
    ];
    [PRODUCTION, &pair].concat()
}

/// So a variable that is new is set here, or the table says that its default is as good in production.
#[test]
fn whatever_the_table_does_not_find_fine_is_named_when_it_alone_is_missing() {
    let whole = in_need_of_everything();
    let settings = read_for(&whole, true).unwrap();
    assert!(!settings.needs_sandbox());
    let refused: Vec<&str> = VARIABLES
        .iter()
        .filter(|variable| variable.unset == Unset::Refused)
        .map(|variable| variable.name)
        .collect();
    for missing in refused {
        let mut rest = whole.clone();
        rest.retain(|(name, _)| *name != missing);
        // With an https issuer, its own keys would do.
        if missing == "AUTH_JWT_SECRET" {
            rest.retain(|(name, _)| *name != "AUTH_ISSUER");
            rest.push(("AUTH_ISSUER", "somebody"));
        }
        let error = read_for(&rest, true).expect_err(missing);
        let named: BTreeSet<&str> = error
            .problems
            .iter()
            .filter_map(|problem| problem.split(' ').next())
            .collect();
        assert_eq!(named, BTreeSet::from([missing]), "{error}");
    }
    // And nothing else is needed.
    let optional = ["APP_ENV", "SENTRY_DSN", "IMAGE_PROVIDER"];
    for (name, _) in whole {
        let variable = VARIABLES.iter().find(|variable| variable.name == name);
        let needed = variable.unwrap().unset == Unset::Refused;
        assert_eq!(needed, !optional.contains(&name), "{name}");
    }
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let error = read(&[("APP_ENV", "production")]).unwrap_err();
    // With a key it would be asked for; the others only where something else is set, or by a program that signs.
    let elsewhere = [
        "CHAT_MODEL",
        "IMAGES_API_KEY",
        "C2PA_CERTIFICATE",
        "C2PA_PRIVATE_KEY",
    ];
    for variable in VARIABLES {
        let named = error.to_string().contains(&format!("  {} ", variable.name));
        let needed = variable.unset == Unset::Refused && !elsewhere.contains(&variable.name);
        assert_eq!(named, needed, "{} in: {error}", variable.name);
    }
}

/// What the file tells people, the table tells the program: a default out of the sandbox, or one made up on the spot, is none
/// for production.
#[test]
fn the_example_file_says_of_exactly_these_that_production_needs_them() {
    let text = include_str!("../../../.env.example");
    let (mut explanation, mut explained) = (String::new(), 0);
    let mut after_a_variable = true;
    for line in text.lines() {
        if let Some(words) = line.strip_prefix('#') {
            if after_a_variable {
                explanation.clear();
            }
            explanation.push_str(words);
            after_a_variable = false;
            continue;
        }
        after_a_variable = true;
        let Some((name, _)) = line.split_once('=') else {
            continue;
        };
        explained += 1;
        let says = explanation.to_lowercase();
        let needed = says.contains("needed in production") || says.contains("needed with");
        let variable = VARIABLES.iter().find(|variable| variable.name == name);
        let refused = variable.unwrap().unset == Unset::Refused;
        let for_development = ["the sandbox plays it", "made for", "a private one in"]
            .iter()
            .any(|default| says.contains(default));
        assert!(
            needed || !refused && !for_development,
            "{name}: {explanation}"
        );
    }
    assert_eq!(explained, VARIABLES.len());
}

#[test]
fn production_runs_on_what_is_configured_and_has_no_sandbox() {
    let settings = read(PRODUCTION).unwrap();
    assert!(!settings.needs_sandbox());
    assert_eq!(settings.payment.webhook_secrets.len(), 2);

    let mut with_sandbox = PRODUCTION.to_vec();
    with_sandbox.push(("SANDBOX_ADDR", "127.0.0.1:8090"));
    with_sandbox.push(("STRIPE_API_BASE", "http://127.0.0.1:8090"));
    let error = read(&with_sandbox).unwrap_err();
    assert_eq!(error.problems.len(), 2, "{error}");
}

/// The sandbox's address, and any other where what is said could be read on the way, in place of a service's.
#[test]
fn no_address_of_a_service_is_one_in_the_clear() {
    // A collector and Redis stand beside us, and a database's address is not one of the web.
    let beside_us = [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "DATABASE_URL",
        "READ_DATABASE_URL",
    ];
    let mut addresses = 0;
    for variable in VARIABLES {
        let is_address = ["_URL", "_BASE", "_ENDPOINT"]
            .iter()
            .any(|ending| variable.name.ends_with(ending));
        if !is_address || beside_us.contains(&variable.name) {
            continue;
        }
        addresses += 1;
        let mut with_sandbox = PRODUCTION.to_vec();
        with_sandbox.retain(|(name, _)| {
            *name != variable.name
                && (variable.name != "AUTH_JWKS_URL" || *name != "AUTH_JWT_SECRET")
        });
        with_sandbox.push((variable.name, "http://127.0.0.1:8090"));
        let error = read(&with_sandbox).expect_err(variable.name);
        assert_eq!(error.problems.len(), 1, "{error}");
        assert!(error.problems[0].starts_with(variable.name), "{error}");
    }
    assert!(addresses >= 8, "{addresses}");
}

#[test]
fn what_is_said_of_development_aloud_is_refused_too() {
    for (name, value) in [
        ("SANDBOX_ADDR", "127.0.0.1:8090"),
        ("BILLING", "off"),
        ("RATE_LIMITS", "off"),
        ("AUTH_ISSUER", "sandbox"),
        ("AUTH_ISSUER", "ava-development"),
        ("STRIPE_SECRET_KEY", SANDBOX_STRIPE_KEY),
        ("REPLICATE_API_TOKEN", SANDBOX_REPLICATE_TOKEN),
        ("IMAGES_API_KEY", SANDBOX_IMAGES_KEY),
        ("CHAT_API_KEY", SANDBOX_CHAT_KEY),
    ] {
        let mut settings = PRODUCTION.to_vec();
        settings
            .retain(|(set, _)| *set != name && (value != "sandbox" || *set != "AUTH_JWT_SECRET"));
        settings.push((name, value));
        let error = read(&settings).expect_err(name);
        assert_eq!(error.problems.len(), 1, "{error}");
        assert!(error.problems[0].starts_with(name), "{error}");
    }
}

#[test]
fn a_place_for_pictures_and_one_for_checkpoints_do_without_a_directory_for_data() {
    let mut settings = PRODUCTION.to_vec();
    settings.retain(|(name, _)| *name != "DATA_DIR");
    settings.push(("STORAGE_URL", "s3://pictures/ava"));
    assert!(read(&settings).is_err());
    settings.push(("AUDIT_PUBLISH_DIR", "/mnt/elsewhere"));
    read(&settings).unwrap();
}
