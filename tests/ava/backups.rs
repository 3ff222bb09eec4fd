//! Back up, lose, restore, and verify: what docs/OPERATIONS.md tells operators to do, done.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    person::Person,
    running::{Ended, RunningAva, ava, data_dir, until},
    server::{Server, configure, directory, done, program},
};

/// A system on a database that an operator looks after.
struct System {
    home: tempfile::TempDir,
    archive: PathBuf,
    server: Server,
    running: RunningAva,
    person: Person,
}

impl System {
    /// One in which somebody has made a companion.
    async fn start() -> Self {
        let home = data_dir();
        let archive = directory(home.path().join("archive"));
        let server = Server::new(home.path(), &archive);
        let mut command = on(home.path(), &server.url, &["up", "--json"]);
        command.env("AUDIT_CHECKPOINT_SECONDS", "1");
        let running = RunningAva::start_from(command, home.path());
        let person = Person::sign_in(&running, "ada@example.com").await;
        let avatar = json!({
            "name": "Ava", "age": 30, "gender": "woman", "nationality": "French",
            "appearance": "long auburn hair, green eyes", "personality": "caring",
        });
        person
            .post(&format!("{}/avatars", running.api), &avatar)
            .await;
        Self {
            home,
            archive,
            server,
            running,
            person,
        }
    }

    /// Lets something happen, up to an age, and waits until that was published; answers with how many events there are.
    async fn grow(&self, ages: std::ops::RangeInclusive<u8>) -> u64 {
        for age in ages {
            let change = self
                .person
                .client
                .patch(format!("{}/avatars/me", self.running.api));
            let change = change
                .bearer_auth(self.person.token())
                .json(&json!({ "age": age }));
            assert_eq!(change.send().await.unwrap().status(), StatusCode::OK);
        }
        let events = self
            .server
            .sql("ava", "SELECT count(*) FROM events")
            .parse()
            .unwrap();
        until("the checkpoint is published", || {
            let note = fs::read_to_string(self.published()).unwrap_or_default();
            note.lines()
                .nth(1)
                .and_then(|size| size.parse::<u64>().ok())
                == Some(events)
        });
        events
    }

    fn published(&self) -> PathBuf {
        self.home.path().join("checkpoints/checkpoint")
    }
}

/// A command on a database.
fn on(data_dir: &Path, database: &str, arguments: &[&str]) -> Command {
    let mut command = ava(data_dir, arguments);
    command.env("DATABASE_URL", database);
    command
}

fn ran(data_dir: &Path, database: &str, arguments: &[&str]) -> Ended {
    Ended::of(on(data_dir, database, arguments))
}

fn well(data_dir: &Path, database: &str, arguments: &[&str]) -> Value {
    let ended = ran(data_dir, database, &[arguments, &["--json"]].concat());
    assert_eq!(
        ended.code,
        Some(0),
        "{arguments:?}: {}\n{}",
        ended.stdout,
        ended.stderr
    );
    serde_json::from_str(&ended.stdout).unwrap_or_default()
}

/// What every table says that is not about work under way, in a few words. When rights were granted is left out: they are
/// granted anew where a dump was restored.
fn contents(server: &Server, database: &str) -> String {
    let tables = server.sql(
        database,
        "SELECT string_agg(format('SELECT %L, count(*), md5(string_agg(t::text, '','' ORDER BY t::text)) FROM %I t',
                                  table_name, table_name), ' UNION ALL ' ORDER BY table_name)
         FROM information_schema.tables s
         WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'granted_rights'
           AND NOT EXISTS (SELECT FROM information_schema.columns c
                           WHERE c.table_schema = 'public' AND c.table_name = s.table_name AND c.column_name = 'lease_until')",
    );
    server.sql(database, &format!("{tables} ORDER BY 1"))
}

#[tokio::test]
async fn a_dump_restores_a_log_that_is_what_was_signed_and_read_models_that_are_equal() {
    let system = System::start().await;
    let events = system.grow(31..=40).await;
    let home = system.home.path();
    let dump = directory(home.join("dump")).join("ava.dump");
    let mut command = program("pg_dump");
    command.args([
        "--format=custom",
        "--no-owner",
        &format!("--file={}", dump.display()),
        &system.server.url,
    ]);
    done(command);

    system.server.sql("postgres", "CREATE DATABASE restored");
    let restored = system.server.url_of("restored");
    let mut command = program("pg_restore");
    command
        .args([
            "--exit-on-error",
            "--no-owner",
            &format!("--dbname={restored}"),
        ])
        .arg(&dump);
    done(command);

    assert_eq!(well(home, &restored, &["migrate"])["applied"], 0);
    let verified = well(home, &restored, &["audit", "verify"]);
    assert_eq!(
        (&verified["fits"], &verified["size"]),
        (&json!(true), &json!(events))
    );
    assert_eq!(verified["kept_checkpoints"], 1, "the published one");
    let equal = contents(&system.server, "restored");
    assert_eq!(equal, contents(&system.server, "ava"));
    assert!(equal.lines().count() >= 15, "{equal}");
    well(home, &restored, &["projections", "verify", "--all"]);

    // What was restored refuses to be rewritten as before, and goes on.
    let mut command = program("psql");
    command.args(["-c", "DELETE FROM events WHERE position = 1", &restored]);
    assert!(!command.output().unwrap().status.success());
    let System { running, .. } = system;
    running.terminate();
    let mut command = on(home, &restored, &["up", "--json"]);
    command.env("AUDIT_CHECKPOINT_SECONDS", "1");
    let again = RunningAva::start_from(command, home);
    let person = Person::sign_in(&again, "ada@example.com").await;
    assert_eq!(person.get("/avatars/me").await["age"], 40);
    again.terminate();
}

/// The base backup, brought up to a moment from the archive.
fn recovered(base: &Path, home: &Path, name: &str, archive: &Path, target: &str) -> Server {
    let data = home.join(name);
    let mut copy = Command::new("cp");
    copy.arg("-a").arg(base).arg(&data);
    done(copy);
    let restore = format!(
        "restore_command = 'cp {}/%f %p'\n{target}\n",
        archive.display()
    );
    configure(&data, &restore);
    // Another one must not archive to the same place.
    configure(&data, "archive_mode = off\n");
    fs::write(data.join("recovery.signal"), "").unwrap();
    let mut server = Server::start(data);
    server.is_ready();
    server
}

#[tokio::test]
async fn a_lost_database_is_restored_to_any_moment_and_what_is_missing_is_said_exactly() {
    let system = System::start().await;
    let base = directory(system.home.path().join("base"));
    let mut backup = program("pg_basebackup");
    backup.args([
        "--checkpoint=fast",
        "--wal-method=none",
        "--no-sync",
        "--no-manifest",
    ]);
    backup.arg(format!("--pgdata={}", base.display()));
    backup.arg(format!("--dbname={}", system.server.url_of("postgres")));
    done(backup);

    let before = system.grow(31..=34).await;
    let home = system.home.path().to_owned();
    let kept = home.join("kept");
    fs::create_dir(&kept).unwrap();
    fs::copy(system.published(), kept.join("checkpoint")).unwrap();
    system.server.sql(
        "ava",
        "SELECT pg_create_restore_point('before-the-accident')",
    );
    let after = system.grow(35..=37).await;
    assert_eq!(after, before + 3);
    let last = system
        .server
        .sql("ava", "SELECT pg_walfile_name(pg_switch_wal())");
    until("the WAL is archived", || {
        system.archive.join(&last).exists()
    });
    let System {
        running,
        server,
        archive,
        home: _home,
        ..
    } = system;
    running.terminate();
    server.lose();

    // All of it, up to the last archived segment.
    let all = recovered(
        &base,
        &home,
        "all",
        &archive,
        "recovery_target_timeline = 'latest'",
    );
    let verified = well(&home, &all.url, &["audit", "verify"]);
    assert_eq!(
        (&verified["fits"], &verified["size"]),
        (&json!(true), &json!(after))
    );
    drop(all);

    // As it stood before the accident: what was published since says how much is missing.
    let target = "recovery_target_name = 'before-the-accident'\nrecovery_target_action = 'promote'";
    let earlier = recovered(&base, &home, "earlier", &archive, target);
    assert_eq!(
        earlier.sql("ava", "SELECT count(*) FROM events"),
        before.to_string()
    );
    ran(&home, &earlier.url, &["audit", "verify"])
        .refuses(1, &[&before.to_string(), &after.to_string()]);
    let doctor = ran(&home, &earlier.url, &["doctor", "--json"]);
    let told: Value = serde_json::from_str(&doctor.stdout).unwrap();
    let published = told["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["check"] == "published");
    let published = published.unwrap();
    assert_eq!(published["status"], "fail", "{published}");
    let found = published["found"].as_str().unwrap();
    assert!(
        found.contains(&format!("over {after} events, and the tree has {before}")),
        "{found}"
    );

    // Against what was published up to that moment, it fits.
    let mut verify = on(&home, &earlier.url, &["audit", "verify", "--json"]);
    verify.env("AUDIT_PUBLISH_DIR", &kept);
    let verified = Ended::of(verify);
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
    let verified: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!(
        (&verified["fits"], &verified["size"]),
        (&json!(true), &json!(before))
    );
    well(&home, &earlier.url, &["projections", "verify", "--all"]);
}

#[test]
fn a_segment_is_archived_once_and_never_overwritten() {
    let home = data_dir();
    let archive = home.path().join("archive");
    fs::create_dir(&archive).unwrap();
    let segment = home.path().join("segment");
    let archived = |bytes: &str| {
        fs::write(&segment, bytes).unwrap();
        let mut command = Command::new("sh");
        command.arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/deploy/archive_wal.sh"
        ));
        command
            .arg(&segment)
            .arg("000000010000000000000001")
            .env("ARCHIVE_DIR", &archive);
        command.output().unwrap().status.success()
    };
    assert!(archived("first"));
    assert!(archived("first"), "asked again, as after a crash");
    assert!(!archived("other"));
    let names: Vec<_> = fs::read_dir(&archive)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(names, ["000000010000000000000001"]);
    assert_eq!(
        fs::read_to_string(archive.join("000000010000000000000001")).unwrap(),
        "first"
    );
}
