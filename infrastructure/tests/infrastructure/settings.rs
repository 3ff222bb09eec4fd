//! The configuration, and the file that explains it.

use std::{cell::RefCell, collections::BTreeSet, fs, path::Path, time::Duration};

use infrastructure::settings::{
    Billing, Environment, ImageService, InvalidSettings, Settings, VARIABLES,
};

pub fn read(variables: &[(&str, &str)]) -> Result<Settings, InvalidSettings> {
    read_for(variables, false)
}

/// For a program that was built to sign pictures, or was not.
pub fn read_for(variables: &[(&str, &str)], signs: bool) -> Result<Settings, InvalidSettings> {
    let look_up = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Settings::read_for(&look_up, signs)
}

pub const PRODUCTION: &[(&str, &str)] = &[
    ("APP_ENV", "production"),
    ("DATA_DIR", "/var/lib/ava"),
    ("DATABASE_URL", "postgres://ava:hunter2@db/ava"),
    ("PUBLIC_URL", "https://ava.example.com"),
    ("AUTH_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
    ("AUTH_ISSUER", "https://id.example.com"),
    (
        "URL_SIGNING_KEY",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    ),
    (
        "AVA_MASTER_KEY",
        "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
    ),
    (
        "AUDIT_SIGNING_KEY",
        "f0e0d0c0b0a090807060504030201000f0e0d0c0b0a090807060504030201000",
    ),
    ("STRIPE_SECRET_KEY", "sk_live_hunter2"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_hunter2, whsec_older"),
    ("STRIPE_PRICE_ID", "price_1"),
    ("REPLICATE_API_TOKEN", "r8_hunter2"),
    ("CHAT_API_KEY", "sk-hunter2"),
    ("CHAT_MODEL", "a-model"),
    ("SENTRY_DSN", "https://hunter2@sentry.example.com/1"),
];

fn file_with(text: &str) -> tempfile::TempPath {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file.into_temp_path()
}

#[test]
fn nothing_needs_to_be_configured_for_development() {
    let settings = read(&[]).unwrap();
    assert_eq!(settings.environment, Environment::Development);
    assert_eq!(settings.http_addr.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.sandbox_addr.to_string(), "127.0.0.1:8090");
    assert_eq!(settings.data_dir, Path::new(".data"));
    assert!(settings.needs_sandbox());
    let plan = settings.plans.by_id("monthly").unwrap();
    assert_eq!(
        (plan.price_id.as_str(), plan.amount, plan.photos_per_period),
        ("price_ava_monthly", 1499, 50)
    );
    assert_eq!((plan.trial_days, plan.grace_days), (0, 7));
}

#[test]
fn a_program_that_signs_needs_certificate_and_key_in_production_and_both_or_none_elsewhere() {
    let certificate = (
        "C2PA_CERTIFICATE",
        r"-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----",
    );
    let key_file = file_with("-----BEGIN PRIVATE KEY-----\nQg==\n-----END PRIVATE KEY-----\n");
    let key = ("C2PA_PRIVATE_KEY", key_file.to_str().unwrap());
    let production = |more: &[(&'static str, &'static str)]| [PRODUCTION, more].concat();

    let error = read_for(&production(&[]), true).unwrap_err();
    let named: Vec<_> = error
        .problems
        .iter()
        .map(|problem| problem.split(' ').next().unwrap())
        .collect();
    assert_eq!(named, ["C2PA_CERTIFICATE", "C2PA_PRIVATE_KEY"]);
    assert!(
        error.problems[0].contains("is missing, and APP_ENV is production"),
        "{error}"
    );
    read_for(&production(&[]), false).unwrap();

    assert!(read_for(&[], true).unwrap().signing_keys.is_none());
    let error = read_for(&[certificate], true).unwrap_err();
    assert_eq!(
        error.problems,
        ["C2PA_PRIVATE_KEY is missing, although the other of the pair is set"]
    );
    let settings = read_for(&[certificate, key], true).unwrap();
    let keys = settings.signing_keys.unwrap();
    assert_eq!(keys.certificate.lines().count(), 3);
    assert!(keys.private_key.contains("Qg=="));
    assert!(!format!("{keys:?}").contains("Qg=="));

    let error = read_for(
        &[certificate, ("C2PA_PRIVATE_KEY", "/nowhere/key.pem")],
        true,
    )
    .unwrap_err();
    assert!(
        error.problems[0].starts_with("C2PA_PRIVATE_KEY names the file \"/nowhere/key.pem\""),
        "{error}"
    );
    let error = read_for(&[certificate, key], false).unwrap_err();
    assert_eq!(error.problems.len(), 2);
    assert!(
        error.problems[0].contains("built without signing"),
        "{error}"
    );
}

#[test]
fn the_log_has_a_name_that_stays_the_same() {
    assert_eq!(read(&[]).unwrap().audit.origin, "ava.localhost/log");
    let elsewhere = read(&[("PUBLIC_URL", "https://try.example.com")]).unwrap();
    assert_eq!(elsewhere.audit.origin, "ava.localhost/log");
    assert_eq!(
        read(PRODUCTION).unwrap().audit.origin,
        "ava.example.com/log"
    );
    let named = read(&[("AUDIT_ORIGIN", "logs.example.com/ava")]).unwrap();
    assert_eq!(named.audit.origin, "logs.example.com/ava");
}

#[test]
fn an_empty_variable_is_one_that_is_not_set() {
    let settings = read(&[
        ("HTTP_ADDR", ""),
        ("STRIPE_SECRET_KEY", "  "),
        ("REDIS_URL", ""),
    ])
    .unwrap();
    assert_eq!(settings.http_addr.port(), 8080);
    assert!(settings.needs_sandbox());
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let error = read(&[
        ("APP_ENV", "staging"),
        ("HTTP_ADDR", "8080"),
        ("SANDBOX_ADDR", "localhost"),
        ("PUBLIC_URL", "ftp://x"),
        ("STRIPE_API_BASE", "https://user:hunter2@stripe"),
        ("AUTH_JWT_SECRET", "hunter2"),
        ("URL_SIGNING_KEY", "hunter2"),
        ("AUDIT_SIGNING_KEY", "hunter2"),
        ("AVA_MASTER_KEY", "hunter2"),
        ("AUDIT_ORIGIN", "a log"),
        ("AUDIT_CHECKPOINT_SECONDS", "0"),
        ("IMAGE_PROVIDER", "crayons"),
        ("REPLICATE_SCENE_MODEL", "kontext"),
        ("REPLICATE_WEBHOOK_SECRET", "hunter2"),
        ("REPLICATE_CREATES_PER_MINUTE", "many"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "loud=very"),
        ("SENTRY_DSN", "hunter2"),
    ])
    .unwrap_err();
    let named: BTreeSet<&str> = error
        .problems
        .iter()
        .filter_map(|problem| problem.split(' ').next())
        .collect();
    let expected = BTreeSet::from([
        "APP_ENV",
        "HTTP_ADDR",
        "SANDBOX_ADDR",
        "PUBLIC_URL",
        "STRIPE_API_BASE",
        "AUTH_JWT_SECRET",
        "URL_SIGNING_KEY",
        "AUDIT_SIGNING_KEY",
        "AVA_MASTER_KEY",
        "AUDIT_ORIGIN",
        "AUDIT_CHECKPOINT_SECONDS",
        "IMAGE_PROVIDER",
        "REPLICATE_SCENE_MODEL",
        "REPLICATE_WEBHOOK_SECRET",
        "REPLICATE_CREATES_PER_MINUTE",
        "LOG_FORMAT",
        "RUST_LOG",
        "SENTRY_DSN",
    ]);
    assert_eq!(named, expected, "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn no_secret_is_ever_printed() {
    let printed = format!("{:?}", read(PRODUCTION).unwrap());
    for secret in [
        "hunter2",
        "whsec_older",
        "0123456789abcdef",
        "00010203",
        "0, 1, 2, 3",
    ] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

#[test]
fn a_real_key_without_a_webhook_secret_or_a_price_is_refused() {
    let error = read(&[("STRIPE_SECRET_KEY", "sk_test_1")]).unwrap_err();
    assert_eq!(error.problems.len(), 2, "{error}");
}

#[test]
fn plans_are_data() {
    let file = file_with(
        r#"[{"id": "weekly", "name": "Weekly", "price_id": "price_w", "amount": 499, "currency": "eur",
             "interval": "week", "photos_per_period": 10}]"#,
    );
    let settings = read(&[("PLANS_FILE", file.to_str().unwrap())]).unwrap();
    let plan = settings.plans.by_price("price_w").unwrap();
    assert_eq!((plan.trial_days, plan.grace_days), (0, 7));
}

#[test]
fn a_mistake_in_the_plans_is_told_with_its_line() {
    let file = file_with("[\n  {\"id\": \"weekly\",\n   \"nmae\": \"Weekly\"}\n]");
    let error = read(&[("PLANS_FILE", file.to_str().unwrap())])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("line 3") && error.contains("nmae"),
        "{error}"
    );
}

#[test]
fn a_plan_that_makes_no_sense_is_refused() {
    let plan = |id: &str, price: &str, currency: &str| {
        format!(
            r#"{{"id": "{id}", "name": "N", "price_id": "{price}", "amount": 1, "currency": "{currency}",
                "interval": "month", "photos_per_period": 5}}"#
        )
    };
    let wrong = [
        String::new(),
        format!("{},{}", plan("a", "p1", "usd"), plan("a", "p2", "usd")),
        format!("{},{}", plan("a", "p1", "usd"), plan("b", "p1", "usd")),
        plan("a", "p1", "USD"),
        plan("", "p1", "usd"),
    ];
    for list in wrong {
        let file = file_with(&format!("[{list}]"));
        assert!(
            read(&[("PLANS_FILE", file.to_str().unwrap())]).is_err(),
            "{list}"
        );
    }
}

#[test]
fn everything_that_is_wrong_with_the_plans_is_told_at_once_and_each_with_its_line() {
    let file = file_with(
        "[\n  {\"id\": \"a\", \"name\": \"A\", \"price_id\": \"p1\", \"amount\": 1,\n   \"currency\": \"USD\",\n   \
         \"interval\": \"month\", \"photos_per_period\": 5,\n   \"trial_days\": 731},\n  {\"id\": \"a\", \"name\": \"B\",\n   \
         \"price_id\": \"p1\", \"amount\": 1, \"currency\": \"usd\",\n   \"interval\": \"month\", \"photos_per_period\": 0}\n]",
    );
    let problems = read(&[("PLANS_FILE", file.to_str().unwrap())])
        .unwrap_err()
        .problems;
    let told: Vec<&str> = problems
        .iter()
        .filter_map(|problem| problem.split_once("\": ").map(|(_, told)| told))
        .collect();
    assert_eq!(
        told,
        [
            "line 3: currency \"USD\" is not like \"usd\"",
            "line 5: trial_days must be at most 730, as the payment provider allows",
            "line 6: id \"a\" is there twice",
            "line 7: price_id \"p1\" is there twice",
            "line 8: photos_per_period must be at least 1",
        ],
        "{problems:#?}"
    );
}

#[test]
fn billing_can_be_switched_off_anywhere_but_in_production() {
    assert_eq!(read(&[]).unwrap().payment.billing, Billing::On);
    let off = read(&[("BILLING", "off")]).unwrap();
    assert_eq!(off.payment.billing, Billing::Off);
    for environment in ["production", "test"] {
        let problems = read(&[("BILLING", "off"), ("APP_ENV", environment)]);
        let refused = problems.is_err_and(|error| {
            let mut problems = error.problems.iter();
            problems.any(|problem| problem.starts_with("BILLING is off"))
        });
        assert_eq!(refused, environment == "production", "{environment}");
    }
    assert!(read(&[("BILLING", "free")]).is_err());
}

#[test]
fn read_models_are_checked_once_a_day_or_as_often_as_it_is_said() {
    let every =
        |hours| read(&[("PROJECTIONS_SELF_CHECK_HOURS", hours)]).map(|read| read.self_check_every);
    let hours = |hours: u64| Ok(Some(Duration::from_secs(hours * 3600)));
    assert_eq!(every(""), hours(24));
    assert_eq!(every("6"), hours(6));
    assert_eq!(every("0"), Ok(None));
    for bad in ["-1", "1.5", "daily"] {
        assert!(every(bad).unwrap_err().problems[0].starts_with("PROJECTIONS_SELF_CHECK_HOURS"));
    }
}

#[test]
fn crisis_answers_are_data_and_english_is_never_missing() {
    let standard = read(&[]).unwrap().crisis_answers;
    assert!(standard.to("en-US").contains("988"));

    let file = file_with(r#"{"en": "Call us.", "nl": "Bel ons."}"#);
    let settings = read(&[("CRISIS_ANSWERS_FILE", file.to_str().unwrap())]).unwrap();
    assert_eq!(settings.crisis_answers.to("nl-BE"), "Bel ons.");
    assert_eq!(settings.crisis_answers.to("en-US"), "Call us.");

    for wrong in ["[]", r#"{"nl": "Bel ons."}"#, r#"{"en": " "}"#] {
        let file = file_with(wrong);
        let error = read(&[("CRISIS_ANSWERS_FILE", file.to_str().unwrap())]).unwrap_err();
        assert!(
            error.problems[0].starts_with("CRISIS_ANSWERS_FILE"),
            "{error}"
        );
    }
}

#[test]
fn the_example_file_names_every_variable_and_no_other() {
    let text = include_str!("../../../.env.example");
    let explained: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    let known: BTreeSet<&str> = VARIABLES.iter().map(|known| known.name).collect();
    assert_eq!(explained.iter().copied().collect::<BTreeSet<_>>(), known);
    assert_eq!(explained.len(), known.len(), "a variable is there twice");
}

#[test]
fn the_list_says_truly_which_variables_are_read() {
    let asked = RefCell::new(BTreeSet::new());
    // Without credentials, in production, every question is asked.
    let _ = Settings::read(&|name| {
        asked.borrow_mut().insert(name.to_owned());
        (name == "APP_ENV").then(|| "production".to_owned())
    });
    let listed: BTreeSet<String> = VARIABLES
        .iter()
        .map(|known| known.name.to_owned())
        .collect();
    assert_eq!(asked.into_inner(), listed);
}

#[test]
fn one_or_two_image_providers_are_asked_in_the_order_given() {
    let services = |text: &str| read(&[("IMAGE_PROVIDER", text)]).map(|read| read.image_services);
    let (replicate, openai) = (ImageService::Replicate, ImageService::OpenAi);
    assert_eq!(read(&[]).unwrap().image_services, [replicate]);
    assert_eq!(services("openai").unwrap(), [openai]);
    assert_eq!(services("openai, replicate").unwrap(), [openai, replicate]);
    for wrong in ["crayons", "replicate,", "replicate,replicate"] {
        let error = services(wrong).unwrap_err();
        assert!(error.problems[0].starts_with("IMAGE_PROVIDER"), "{error}");
    }
}

#[test]
fn the_sandbox_plays_only_those_that_are_asked_and_not_real() {
    let stripe = [
        ("STRIPE_SECRET_KEY", "sk_test_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
        ("STRIPE_PRICE_ID", "price_1"),
    ];
    let chat = [("CHAT_API_KEY", "sk-1"), ("CHAT_MODEL", "a-model")];
    let drawn = [("REPLICATE_API_TOKEN", "r8_1")];
    let without_chat = read(&[&stripe[..], &drawn].concat()).unwrap();
    assert!(without_chat.needs_sandbox(), "somebody must speak");
    let nameless = [&stripe[..], &chat[..1]].concat();
    let error = read(&nameless).unwrap_err();
    assert!(error.problems[0].starts_with("CHAT_MODEL"), "{error}");
    let needed = |more: &[(&str, &str)]| {
        let all = [&stripe[..], &chat, more].concat();
        read(&all).unwrap().needs_sandbox()
    };
    assert!(needed(&[]));
    assert!(!needed(&[("REPLICATE_API_TOKEN", "r8_1")]));
    assert!(needed(&[
        ("REPLICATE_API_TOKEN", "r8_1"),
        ("IMAGE_PROVIDER", "replicate,openai")
    ]));
    assert!(!needed(&[
        ("IMAGES_API_KEY", "sk-1"),
        ("IMAGE_PROVIDER", "openai")
    ]));
}
