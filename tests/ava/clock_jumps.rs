//! A process whose machine's clock jumps an hour, forward and back, while the database's does not.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use infrastructure::scratch_database::ScratchDatabase;
use serde_json::json;
use tokio::time::sleep;

use crate::{
    database_trouble::{PATIENCE, rename_at_last, renamings, with_companion},
    person::Person,
    running::{RunningAva, ava, data_dir},
};

/// libfaketime, which tells a program another time than the machine has; `make tools` installs it.
fn libfaketime() -> Option<PathBuf> {
    let places = fs::read_dir("/usr/lib").ok()?;
    places
        .filter_map(|place| Some(place.ok()?.path().join("faketime/libfaketimeMT.so.1")))
        .find(|library| library.exists())
}

/// Lets the process's clock be so far ahead, and waits until it is.
async fn jump(running: &RunningAva, clock: &Path, ahead: i64) {
    fs::write(clock, format!("{ahead:+}")).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let begun = Instant::now();
    loop {
        let answer = client
            .get(format!("{}/health", running.api))
            .send()
            .await
            .unwrap();
        let date = answer.headers()["date"].to_str().unwrap();
        let date = DateTime::parse_from_rfc2822(date).unwrap().to_utc();
        let off = date - Utc::now() - TimeDelta::seconds(ahead);
        if off.abs() < TimeDelta::minutes(1) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "the clock is {off} off");
        sleep(Duration::from_millis(100)).await;
    }
}

/// Tokens are of the process's own time, and not all of its threads see a jump at once.
async fn signed_in(running: &RunningAva) -> Person {
    let begun = Instant::now();
    loop {
        let person = Person::sign_in(running, "ada@example.com").await;
        if person
            .try_to("GET", "/avatars/me")
            .await
            .status()
            .is_success()
        {
            return person;
        }
        assert!(begun.elapsed() < PATIENCE, "{}", running.log());
        sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_clock_jumps_an_hour_goes_on_with_everything() {
    let Some(library) = libfaketime() else {
        return println!("skipped: libfaketime is not there; `make tools` installs it");
    };
    let (database, directory) = (ScratchDatabase::create().await, data_dir());
    let clock = directory.path().join("clock");
    fs::write(&clock, "+0").unwrap();
    let mut command = ava(directory.path(), &["up", "--json"]);
    command
        .env("RATE_LIMITS", "off")
        .env("DATABASE_URL", database.url())
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", &clock)
        .env("FAKETIME_CACHE_DURATION", "1")
        // A machine's monotonic clock does not jump.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let running = RunningAva::start_from(command, directory.path());
    with_companion(&running, "ada@example.com").await;
    for (number, ahead) in (1..).zip([3600, -3600, 0]) {
        jump(&running, &clock, ahead).await;
        let person = signed_in(&running).await;
        rename_at_last(&person, &format!("Ava {number}"))
            .await
            .unwrap();
        let url = format!("{}/avatars/me/reference-image", running.api);
        let wish = person.post(&url, &json!({})).await;
        let photo = format!("/photos/{}", wish["id"].as_str().unwrap());
        let delivered = person.wait_for(&photo, "delivered").await;
        assert_eq!(delivered["attempts"], 1, "{delivered}");
        assert_eq!(person.get("/ready").await["status"], "ok");
        assert_eq!(renamings(&database.pool()).await, number);
    }
    running.terminate();
}
