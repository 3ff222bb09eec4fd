//! The settings of what several processes share: Redis, limits, storage.

use application::rate_limits::{BOUNDS, Bounds, Policy, Quota};
use infrastructure::settings::{InvalidSettings, Settings};

fn read(variables: &[(&str, &str)]) -> Result<Settings, InvalidSettings> {
    let look_up = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Settings::read_for(&look_up, false)
}

/// The one problem that these variables are.
fn problem(variables: &[(&str, &str)]) -> String {
    let error = read(variables).unwrap_err();
    assert_eq!(error.problems.len(), 1, "{error}");
    error.problems[0].clone()
}

#[test]
fn without_settings_one_process_does_without_and_the_bounds_are_those_of_the_table() {
    let settings = read(&[]).unwrap();
    assert!(settings.redis.is_none() && settings.storage.is_none());
    assert_eq!(settings.rate_limits.bounds, Bounds::default());
    assert_eq!(settings.rate_limits.trusted_proxies, 0);
}

#[test]
fn the_example_file_tells_the_bounds_of_the_table() {
    let text = include_str!("../../../.env.example");
    for bound in BOUNDS {
        let before = text
            .split(&format!("\n{}=", bound.variable))
            .next()
            .unwrap();
        let explanation = before.rsplit('#').next().unwrap();
        let default = match bound.default {
            Some((units, seconds)) => format!("Default {units}/{seconds}."),
            None => "Default off.".to_owned(),
        };
        assert!(
            explanation.contains(&default),
            "{}: {explanation}",
            bound.variable
        );
    }
}

#[test]
fn a_bound_is_units_and_seconds_or_off() {
    let bounds = |name: &str, text: &str| read(&[(name, text)]).unwrap().rate_limits.bounds;
    let messages = bounds("RATE_LIMIT_MESSAGES", "5/30");
    assert_eq!(messages.of(Policy::Messages), Quota::new(5, 30));
    assert_eq!(
        messages.of(Policy::Commands),
        Bounds::default().of(Policy::Commands)
    );
    assert_eq!(
        bounds("RATE_LIMIT_COMMANDS", "off").of(Policy::Commands),
        None
    );
    assert_eq!(bounds("RATE_LIMITS", "off"), Bounds::NONE);
    for wrong in [
        "5",
        "5/",
        "/5",
        "0/5",
        "5/0",
        "-1/5",
        "5/30s",
        "5/99999999",
        "none",
    ] {
        let told = problem(&[("RATE_LIMIT_MESSAGES", wrong)]);
        assert!(
            told.starts_with("RATE_LIMIT_MESSAGES is") && told.contains(wrong),
            "{told}"
        );
    }
    assert!(problem(&[("RATE_LIMITS", "no")]).contains("on or off"));
    assert!(problem(&[("TRUSTED_PROXIES", "11")]).contains("0 to 10"));
    assert!(problem(&[("TRUSTED_PROXIES", "all")]).starts_with("TRUSTED_PROXIES"));
}

#[test]
fn production_is_not_without_limits_nor_with_a_store_in_the_clear() {
    let error = read(&[
        ("APP_ENV", "production"),
        ("RATE_LIMITS", "off"),
        ("STORAGE_URL", "s3://pictures"),
        ("STORAGE_ENDPOINT", "http://minio:9000"),
    ]);
    let error = error.unwrap_err().to_string();
    for name in [
        "RATE_LIMITS is off",
        "STORAGE_ENDPOINT must be an https address",
    ] {
        assert!(error.contains(name), "{name} is not in: {error}");
    }
}

#[test]
fn redis_is_told_apart_from_anything_else_and_its_password_is_not_repeated() {
    for good in [
        "redis://:hunter2@redis:6379/1",
        "rediss-cluster://redis:7000?node=redis-2:7000",
        "redis-sentinel://a:26379?node=b:26379&sentinelServiceName=ava",
    ] {
        let settings = read(&[("REDIS_URL", good), ("REDIS_PREFIX", "ava-staging")]).unwrap();
        let redis = settings.redis.as_ref().unwrap();
        assert_eq!(redis.prefix, "ava-staging");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
    for bad in [
        "redis",
        "http://:hunter2@redis",
        "redis-sentinel://:hunter2@a:26379",
    ] {
        let told = problem(&[("REDIS_URL", bad)]);
        assert!(
            told.starts_with("REDIS_URL is no address of Redis"),
            "{told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
    }
    assert!(
        problem(&[("REDIS_URL", "redis://redis"), ("REDIS_PREFIX", "a b")])
            .starts_with("REDIS_PREFIX")
    );
}

#[test]
fn a_store_is_a_url_with_credentials_that_belong_together_and_are_not_shown() {
    let settings = read(&[
        ("STORAGE_URL", "s3://pictures/ava"),
        ("STORAGE_ENDPOINT", "http://127.0.0.1:9000"),
        ("STORAGE_ACCESS_KEY_ID", "id"),
        ("STORAGE_SECRET_ACCESS_KEY", "hunter2"),
        ("STORAGE_REDIRECT", "on"),
    ])
    .unwrap();
    let storage = settings.storage.as_ref().unwrap();
    assert_eq!(storage.url.to_string(), "s3://pictures/ava");
    assert!(storage.credentials.signs_addresses && storage.credentials.allow_http);
    assert!(!format!("{settings:?}").contains("hunter2"));

    assert!(problem(&[("STORAGE_URL", "pictures")]).starts_with("STORAGE_URL is \"pictures\""));
    let half = problem(&[
        ("STORAGE_URL", "s3://pictures"),
        ("STORAGE_ACCESS_KEY_ID", "id"),
    ]);
    assert!(half.contains("belong together"), "{half}");
    let file = problem(&[
        ("STORAGE_URL", "gs://pictures"),
        ("STORAGE_CREDENTIALS_FILE", "/nowhere"),
    ]);
    assert!(file.contains("/nowhere, which is no file"), "{file}");
}
