//! Secrets: long enough, nobody's example, and each for one purpose only.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt};

use infrastructure::settings::{
    Environment, SANDBOX_CHAT_KEY, SANDBOX_IMAGES_KEY, SANDBOX_REPLICATE_TOKEN, SANDBOX_STRIPE_KEY,
    Settings,
};
use url::Url;

use super::finding::Report;

const CHECK: &str = "secrets";

/// The variables that hold secrets of ours, which we make ourselves and which must have 32 bytes.
const OURS: [&str; 5] = [
    "AUTH_JWT_SECRET",
    "URL_SIGNING_KEY",
    "AUDIT_SIGNING_KEY",
    "CONTENT_HASH_KEY",
    "AVA_MASTER_KEY",
];

/// Those that somebody else issues.
const ISSUED: [&str; 6] = [
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "REPLICATE_API_TOKEN",
    "REPLICATE_WEBHOOK_SECRET",
    "IMAGES_API_KEY",
    "CHAT_API_KEY",
];

/// What the sandbox is told and believes.
const SANDBOX: [&str; 4] = [
    SANDBOX_STRIPE_KEY,
    SANDBOX_REPLICATE_TOKEN,
    SANDBOX_IMAGES_KEY,
    SANDBOX_CHAT_KEY,
];

/// The fewest bytes of a secret that we make.
const LEAST_BYTES: usize = 32;
/// The fewest bytes of a password.
const LEAST_PASSWORD_BYTES: usize = 16;
/// Random hexadecimal digits have all sixteen; what somebody typed has few different ones.
const LEAST_DIFFERENT: usize = 8;

pub fn examine(settings: &Settings, look_up: &dyn Fn(&str) -> Option<String>, report: &mut Report) {
    let before = report.len();
    let named = named(look_up);
    for (name, secret) in &named {
        weakness(name, secret, settings.environment, report);
    }
    for (place, (name, secret)) in named.iter().enumerate() {
        for (other, same) in &named[place + 1..] {
            if secret == same && name != other {
                report.fail(
                    CHECK,
                    format!("{name} and {other} are the same"),
                    format!("make another {other} with `openssl rand -hex 32`, so that who learns one has not both"),
                );
            }
        }
    }
    generated(settings, report);
    if report.len() == before {
        let configured: BTreeSet<&str> = named.iter().map(|(name, _)| *name).collect();
        report.ok(
            CHECK,
            match configured.len() {
                0 => "none is configured; those of DATA_DIR/secrets.json are used".to_owned(),
                many => format!("{many} are configured, each long enough and used once"),
            },
        );
    }
}

/// Every secret that is configured, with its variable; a list's each.
fn named(look_up: &dyn Fn(&str) -> Option<String>) -> Vec<(&'static str, String)> {
    let mut named = Vec::new();
    for name in OURS.into_iter().chain(ISSUED) {
        let text = look_up(name).unwrap_or_default();
        let secrets = text.split(',').map(str::trim).filter(|one| !one.is_empty());
        named.extend(secrets.map(|secret| (name, secret.to_owned())));
    }
    for name in ["DATABASE_URL", "REDIS_URL"] {
        let url = look_up(name).and_then(|text| Url::parse(text.trim()).ok());
        let password = url.and_then(|url| url.password().map(str::to_owned));
        named.extend(password.map(|password| (name, password)));
    }
    named
}

fn weakness(name: &str, secret: &str, environment: Environment, report: &mut Report) {
    let production = environment == Environment::Production;
    let different = secret.bytes().collect::<BTreeSet<u8>>().len();
    let make = format!("make another {name} with `openssl rand -hex 32`");
    // Production has refused to start with these.
    if SANDBOX.contains(&secret) {
        return;
    }
    if OURS.contains(&name) {
        if secret.len() < LEAST_BYTES {
            let found = format!(
                "{name} has {} bytes, which somebody could try out",
                secret.len()
            );
            report.fail(CHECK, found, make);
        } else if different < LEAST_DIFFERENT {
            let found =
                format!("{name} has only {different} different characters: it is not random");
            report.fail(CHECK, found, make);
        }
    } else if name.ends_with("_URL") && secret.len() < LEAST_PASSWORD_BYTES {
        let found = format!("the password in {name} has {} bytes", secret.len());
        report.warn(
            CHECK,
            found,
            "give that user a longer one: docs/OPERATIONS.md, Secrets",
        );
    } else if name == "STRIPE_SECRET_KEY" && production && secret.starts_with("sk_test_") {
        let advice = "set STRIPE_SECRET_KEY to the live key, or people are served for test cards";
        report.warn(CHECK, "STRIPE_SECRET_KEY is a key for tests", advice);
    }
}

/// What development makes for itself must be nobody else's to read.
fn generated(settings: &Settings, report: &mut Report) {
    let file = settings.data_dir.join("secrets.json");
    let Ok(metadata) = fs::metadata(&file) else {
        return;
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let file = file.display();
        report.fail(
            CHECK,
            format!("{file} can be read by others (mode {mode:o})"),
            format!("chmod 600 {file}"),
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::{super::finding::Level, *};

    const GOOD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn examined(variables: &[(&str, &str)]) -> Report {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = Settings::read(&|_| None).unwrap();
        settings.data_dir = directory.path().to_owned();
        settings.environment = Environment::Production;
        let look_up = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut report = Report::default();
        examine(&settings, &look_up, &mut report);
        report
    }

    #[test]
    fn good_secrets_are_good() {
        let report = examined(&[
            ("URL_SIGNING_KEY", GOOD),
            ("STRIPE_WEBHOOK_SECRET", "whsec_new, whsec_old"),
            ("DATABASE_URL", "postgres://ava:0123456789abcdef@db/ava"),
        ]);
        assert_eq!(report.found(Level::Ok).len(), 1);
        assert_eq!(report.found(Level::Fail), [""; 0]);
        assert_eq!(report.found(Level::Warn), [""; 0]);
    }

    #[test]
    fn each_weakness_is_told_by_name_and_without_the_secret() {
        for (variables, level, words) in [
            (
                &[("AUTH_JWT_SECRET", "hunter2")][..],
                Level::Fail,
                "AUTH_JWT_SECRET has 7 bytes",
            ),
            (
                &[(
                    "URL_SIGNING_KEY",
                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                )][..],
                Level::Fail,
                "URL_SIGNING_KEY has only 1 different",
            ),
            (
                &[("URL_SIGNING_KEY", GOOD), ("AUDIT_SIGNING_KEY", GOOD)][..],
                Level::Fail,
                "URL_SIGNING_KEY and AUDIT_SIGNING_KEY are the same",
            ),
            (
                &[("DATABASE_URL", "postgres://ava:hunter2@db/ava")][..],
                Level::Warn,
                "the password in DATABASE_URL has 7",
            ),
            (
                &[("STRIPE_SECRET_KEY", "sk_test_hunter2")][..],
                Level::Warn,
                "STRIPE_SECRET_KEY is a key for tests",
            ),
        ] {
            let report = examined(variables);
            let found = report.found(level);
            assert_eq!(found.len(), 1, "{words}: {found:?}");
            assert!(found[0].starts_with(words), "{found:?}");
            assert!(!report.as_text().contains("hunter2"));
            assert!(report.found(Level::Ok).is_empty());
        }
    }
}
