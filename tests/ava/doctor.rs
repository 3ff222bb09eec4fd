//! `ava doctor`: nothing to say about a good installation, and what to do about a bad one.

use std::{fs, process::Command};

use infrastructure::scratch_database::ScratchDatabase;
use serde_json::Value;

use crate::running::{Ended, RunningAva, ava, data_dir};

fn doctor(directory: &tempfile::TempDir) -> Command {
    ava(directory.path(), &["doctor", "--json"])
}

/// What was found of each check, as `status found`.
fn checks(ended: &Ended) -> Vec<(String, String)> {
    let told: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.stderr));
    let checks = told["checks"].as_array().unwrap().iter();
    checks
        .map(|check| {
            let text = |field: &str| check[field].as_str().unwrap().to_owned();
            (
                text("check"),
                format!("{} {}", text("status"), text("found")),
            )
        })
        .collect()
}

fn found(ended: &Ended, check: &str, words: &str) {
    let checks = checks(ended);
    let there = checks
        .iter()
        .any(|(name, told)| name == check && told.starts_with(words));
    assert!(there, "{check} {words}: {checks:#?}\n{}", ended.stderr);
}

#[test]
fn a_running_system_is_well() {
    let directory = data_dir();
    let running = RunningAva::start(directory.path());
    let sandbox = running.sandbox.trim_start_matches("http://").to_owned();
    let mut command = doctor(&directory);
    let well = Ended::of({
        command.env("SANDBOX_ADDR", &sandbox);
        command
    });
    assert_eq!(well.code, Some(0), "{}\n{}", well.stdout, well.stderr);
    for (check, words) in [
        ("database", "ok PostgreSQL "),
        ("durability", "ok what was acknowledged survives"),
        ("connections", "ok "),
        ("clock", "ok this clock and the database's differ by "),
        ("migrations", "ok all "),
        ("read models", "ok all "),
        ("checkpoints", "ok nothing has happened yet"),
        ("storage", "ok "),
        ("secrets", "ok none is configured"),
        ("stripe", "ok played by the sandbox"),
        ("replicate", "ok played by the sandbox"),
        ("chat", "ok played by the sandbox"),
    ] {
        found(&well, check, words);
    }
    assert!(
        !directory
            .path()
            .join("objects/probes")
            .read_dir()
            .is_ok_and(|mut left| left.next().is_some())
    );

    // For people, every line of something wrong says what to do.
    let mut command = ava(directory.path(), &["doctor"]);
    command.env("SANDBOX_ADDR", "127.0.0.1:1");
    let away = Ended::of(command);
    assert_eq!(away.code, Some(75), "{}", away.stdout);
    let line = away
        .stdout
        .lines()
        .position(|line| line.starts_with("fail  stripe "));
    let advice = away.stdout.lines().nth(line.unwrap() + 1).unwrap();
    assert!(
        advice.trim_start().starts_with("→ start `ava sandbox`"),
        "{}",
        away.stdout
    );

    // Real keys that the service does not take, at an address of its own.
    let mut command = doctor(&directory);
    command.envs([
        ("SANDBOX_ADDR", sandbox.as_str()),
        ("CHAT_API_KEY", "sk-1"),
        ("CHAT_MODEL", "a-model"),
        ("CHAT_API_BASE", &running.sandbox),
        ("STRIPE_SECRET_KEY", "sk_test_any"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_any"),
        ("STRIPE_PRICE_ID", "plan_that_is_nowhere"),
        ("STRIPE_API_BASE", &running.sandbox),
    ]);
    let wrong = Ended::of(command);
    assert_eq!(wrong.code, Some(1), "{}", wrong.stdout);
    found(
        &wrong,
        "stripe",
        "fail 127.0.0.1 knows nothing of the price plan_that_is_nowhere",
    );
    found(&wrong, "chat", "ok 127.0.0.1 accepts CHAT_API_KEY");
    running.terminate();
}

#[tokio::test]
async fn what_is_wrong_with_a_database_is_told_with_what_to_do() {
    let directory = data_dir();
    let database = ScratchDatabase::create().await;
    let pool = database.pool();
    let ask = || {
        let mut command = doctor(&directory);
        command.env("DATABASE_URL", database.url());
        Ended::of(command)
    };
    // The tests' own cluster has given durability up, which production would not be forgiven.
    found(&ask(), "durability", "warn off: fsync");
    let mut command = doctor(&directory);
    let production = [
        ("APP_ENV", "production"),
        ("SANDBOX_ADDR", ""),
        ("PUBLIC_URL", "https://ava.example.com"),
        (
            "AUTH_JWT_SECRET",
            "what-only-the-identity-provider-and-ava-know",
        ),
        ("AUTH_ISSUER", "https://id.example.com"),
        (
            "URL_SIGNING_KEY",
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        ),
        (
            "AUDIT_SIGNING_KEY",
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        ),
        (
            "AVA_MASTER_KEY",
            "a0a1a2a3a4a5a6a7a8a9aaabacadaeafa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
        ),
        ("STRIPE_SECRET_KEY", "sk_test_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
        ("STRIPE_PRICE_ID", "price_1"),
        ("STRIPE_API_BASE", "https://127.0.0.1:1"),
        ("REPLICATE_API_TOKEN", "r8_1"),
        ("REPLICATE_API_BASE", "https://127.0.0.1:1"),
        ("CHAT_API_KEY", "sk-1"),
        ("CHAT_MODEL", "a-model"),
        ("CHAT_API_BASE", "https://127.0.0.1:1"),
        ("REDIS_URL", "redis://127.0.0.1:1/0"),
        ("DATABASE_URL", database.url()),
    ];
    command.envs(production);
    let production = Ended::of(command);
    assert_eq!(production.code, Some(1), "{}", production.stderr);
    found(&production, "durability", "fail off: fsync");
    found(&production, "archive", "warn WAL is not archived");
    found(
        &production,
        "secrets",
        "fail URL_SIGNING_KEY and AUDIT_SIGNING_KEY are the same",
    );
    found(
        &production,
        "secrets",
        "warn STRIPE_SECRET_KEY is a key for tests",
    );
    found(&production, "stripe", "fail 127.0.0.1 cannot be reached");
    found(&production, "redis", "fail 127.0.0.1:1 cannot be reached");

    found(&ask(), "read models", "warn avatars was never begun");
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', true, '', 0)")
        .execute(&pool)
        .await
        .unwrap();
    found(
        &ask(),
        "migrations",
        "warn the database has 1 that this program does not know",
    );
    sqlx::query("UPDATE _sqlx_migrations SET checksum = '' WHERE version = 1")
        .execute(&pool)
        .await
        .unwrap();
    let changed = ask();
    found(
        &changed,
        "migrations",
        "fail the database was migrated with other files: 1",
    );
    assert_eq!(changed.code, Some(1));
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 2")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 1")
        .execute(&pool)
        .await
        .unwrap();
    let behind = ask();
    found(&behind, "migrations", "fail 2 are missing");
    pool.close().await;
}

#[test]
fn what_is_wrong_with_this_machine_is_told_with_what_to_do() {
    let directory = data_dir();
    let mut command = doctor(&directory);
    command.env("DATABASE_URL", "postgres://ava:hunter2@127.0.0.1:1/ava");
    let away = Ended::of(command);
    assert_eq!(away.code, Some(75), "{}\n{}", away.stdout, away.stderr);
    found(
        &away,
        "database",
        "fail no PostgreSQL answers at 127.0.0.1:1/ava",
    );
    found(
        &away,
        "secrets",
        "warn the password in DATABASE_URL has 7 bytes",
    );
    assert!(!away.stdout.contains("hunter2") && !away.stderr.contains("hunter2"));

    found(
        &Ended::of(doctor(&directory)),
        "database",
        "fail there is no database",
    );
    let objects = directory.path().join("objects");
    fs::remove_dir_all(&objects).unwrap();
    fs::write(&objects, "a file, where a directory should be").unwrap();
    let ended = Ended::of(doctor(&directory));
    found(&ended, "storage", "fail the storage directory");
    assert_eq!(ended.code, Some(1));

    use std::os::unix::fs::PermissionsExt;
    let secrets = directory.path().join("secrets.json");
    fs::write(&secrets, "{}").unwrap();
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o644)).unwrap();
    let ended = Ended::of(doctor(&directory));
    assert!(
        ended.stdout.contains("can be read by others (mode 644)"),
        "{}",
        ended.stdout
    );
}
