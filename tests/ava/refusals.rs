//! What cannot work is refused with one message that says what to do.

use std::{fs, net::TcpListener, process::Command};

use crate::running::{Ended, RunningAva, ava, data_dir, processes_with};

fn up(data_dir: &tempfile::TempDir) -> Command {
    ava(data_dir.path(), &["up"])
}

#[test]
fn every_wrong_value_is_named_at_once() {
    let directory = data_dir();
    let mut command = up(&directory);
    command
        .env("HTTP_ADDR", "8080")
        .env("APP_ENV", "staging")
        .env("LOG_FORMAT", "xml")
        .env("AUTH_JWT_SECRET", "hunter2");
    let ended = Ended::of(command);
    ended.refuses(
        2,
        &[
            "HTTP_ADDR",
            "APP_ENV",
            "LOG_FORMAT",
            "AUTH_JWT_SECRET",
            ".env.example",
        ],
    );
    assert!(!ended.stderr.contains("hunter2"));
}

#[test]
fn production_without_its_secrets_is_refused_by_name() {
    let directory = data_dir();
    let mut command = up(&directory);
    command
        .env_remove("SANDBOX_ADDR")
        .env("APP_ENV", "production");
    let needed = [
        "DATABASE_URL",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "REPLICATE_API_TOKEN",
        "AUTH_JWT_SECRET",
        "URL_SIGNING_KEY",
        "AUDIT_SIGNING_KEY",
        "AVA_MASTER_KEY",
    ];
    Ended::of(command).refuses(2, &needed);
}

#[test]
fn a_taken_port_is_named_with_the_variable_that_changes_it() {
    let directory = data_dir();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for name in ["HTTP_ADDR", "SANDBOX_ADDR"] {
        let mut command = up(&directory);
        command.env(name, &addr);
        Ended::of(command).refuses(4, &[&addr, name]);
    }
    assert!(
        !directory.path().join("postgres").exists(),
        "nothing slow was started"
    );
}

#[test]
fn a_bad_database_address_is_refused_without_repeating_the_password() {
    let directory = data_dir();
    let cases = [
        ("mysql://ava:hunter2@localhost/ava", 2, "DATABASE_URL"),
        (
            "postgres://ava:hunter2@127.0.0.1:1/ava",
            75,
            "127.0.0.1:1/ava",
        ),
        (
            "postgres://ava:hunter2@no-such-host.invalid/ava",
            75,
            "no-such-host.invalid",
        ),
    ];
    for (url, code, word) in cases {
        for arguments in [
            &["up"][..],
            &["migrate"],
            &["api"],
            &["projections", "list"],
        ] {
            let mut command = ava(directory.path(), arguments);
            command.env("DATABASE_URL", url);
            let ended = Ended::of(command);
            ended.refuses(code, &[word, "DATABASE_URL"]);
            assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        }
    }
}

#[test]
fn a_machine_without_postgresql_is_told_what_to_do() {
    let directory = data_dir();
    let empty = data_dir();
    let mut command = up(&directory);
    command.env("PG_BIN", empty.path());
    Ended::of(command).refuses(1, &["PG_BIN", empty.path().to_str().unwrap()]);
}

#[test]
fn a_role_without_a_database_says_how_to_get_one() {
    let directory = data_dir();
    for role in ["api", "worker", "projector"] {
        Ended::of(ava(directory.path(), &[role])).refuses(2, &["DATABASE_URL", "ava up"]);
    }
}

#[test]
fn a_data_directory_that_cannot_be_one_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    Ended::of(ava(file.path(), &["up"])).refuses(1, &["DATA_DIR", file.path().to_str().unwrap()]);
}

#[test]
fn a_mistake_in_the_plans_is_told_with_its_line() {
    let directory = data_dir();
    let plans = directory.path().join("plans.json");
    fs::write(&plans, "[\n{\"id\": 7}\n]").unwrap();
    let mut command = up(&directory);
    command.env("PLANS_FILE", plans);
    Ended::of(command).refuses(2, &["PLANS_FILE", "line 2"]);
}

#[test]
fn a_second_one_on_the_same_directory_is_refused_and_the_first_goes_on() {
    let directory = data_dir();
    let mut first = RunningAva::start(directory.path());
    let second = Ended::of(up(&directory));
    second.refuses(
        4,
        &["another `ava up`", &first.pid().to_string(), "DATA_DIR"],
    );
    assert_eq!(
        processes_with(directory.path().to_str().unwrap()).len(),
        1,
        "one PostgreSQL"
    );

    let list = Ended::of(ava(directory.path(), &["projections", "list", "--json"]));
    assert_eq!(list.code, Some(0), "{}", list.stderr);
    first.signal("TERM");
    assert!(first.wait().success());
}
