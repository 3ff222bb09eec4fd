//! Reads on a streaming replica: nobody notices that it is a moment behind, or away.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    person::Person,
    running::{Ended, RunningAva, ava, data_dir, until},
    server::Server,
};

/// An `ava up` on a database with a replica.
struct System {
    primary: Server,
    replica: Server,
    running: RunningAva,
    metrics: String,
    ada: Person,
    home: tempfile::TempDir,
}

impl System {
    /// One in which Ada has made a companion.
    async fn start() -> Self {
        let home = data_dir();
        let primary = Server::with(home.path(), "wal_writer_delay = 10ms\n");
        let replica = primary.standby(home.path().join("replica"), "replica");
        let figures = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = figures.local_addr().unwrap().to_string();
        drop(figures);
        let mut command = ava(home.path(), &["up", "--json"]);
        command
            .env("DATABASE_URL", &primary.url)
            .env("READ_DATABASE_URL", &replica.url)
            .env("METRICS_ADDR", &address);
        let running = RunningAva::start_from(command, home.path());
        let ada = Person::sign_in(&running, "ada@example.com").await;
        let avatar = json!({
            "name": "Ava", "age": 30, "gender": "woman", "nationality": "French",
            "appearance": "long auburn hair, green eyes", "personality": "caring",
        });
        ada.post(&format!("{}/avatars", running.api), &avatar).await;
        Self {
            primary,
            replica,
            running,
            metrics: format!("http://{address}/metrics"),
            ada,
            home,
        }
    }

    /// Gives the companion an age; answers with the position that the command reached.
    async fn grow(&self, age: u8) -> String {
        let change = self
            .ada
            .client
            .patch(format!("{}/avatars/me", self.ada.api));
        let change = change
            .bearer_auth(self.ada.token())
            .json(&json!({ "age": age }));
        let done = change.send().await.unwrap();
        assert_eq!(done.status(), StatusCode::OK);
        done.headers()["log-position"].to_str().unwrap().to_owned()
    }

    /// How old the companion is, as a read says that wants to have seen that position.
    async fn age(&self, awaited: Option<&str>) -> Value {
        let mut read = self.ada.client.get(format!("{}/avatars/me", self.ada.api));
        if let Some(position) = awaited {
            read = read.header("Await-Log-Position", position);
        }
        let answer = read.bearer_auth(self.ada.token()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json::<Value>().await.unwrap()["age"].clone()
    }

    /// What a figure is now; 0 when it is not told.
    async fn figure(&self, name: &str) -> f64 {
        let told = self.ada.client.get(&self.metrics).send().await.unwrap();
        let told = told.text().await.unwrap();
        let line = told.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    async fn answered_by(&self, who: &str) -> f64 {
        self.figure(&format!("ava_replica_reads_total{{by=\"{who}\"}}"))
            .await
    }

    /// Waits until the replica is to the API what it should be; it must be ready all the while.
    async fn until_the_replica_is(&self, wanted: &str) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.ada.try_to("GET", "/ready").await;
            assert_eq!(answer.status(), StatusCode::OK);
            let ready: Value = answer.json().await.unwrap();
            if ready["checks"]["replica"] == wanted {
                return ready;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{ready}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks until the replica answers: on a busy machine it may come too late, and the primary answers.
    async fn until_it_answers(&self, ask: impl AsyncFn()) {
        let before = self.answered_by("replica").await;
        let begun = Instant::now();
        while self.answered_by("replica").await <= before {
            assert!(begun.elapsed() < Duration::from_secs(60));
            ask().await;
        }
    }

    fn doctor(&self) -> Vec<String> {
        let mut command = ava(self.home.path(), &["doctor", "--json"]);
        command
            .env("DATABASE_URL", &self.primary.url)
            .env("READ_DATABASE_URL", &self.replica.url);
        let told: Value = serde_json::from_str(&Ended::of(command).stdout).unwrap();
        let checks = told["checks"].as_array().unwrap().iter();
        checks
            .filter(|check| check["check"] == "replica")
            .map(|check| format!("{} {}", check["status"], check["found"]).replace('"', ""))
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_answers_what_it_has_seen_and_the_primary_all_else() {
    let mut system = System::start().await;
    let ready = system.until_the_replica_is("ok").await;
    assert_eq!(ready["status"], "ok", "{ready}");
    whoever_wrote_reads_it_there(&system).await;
    nobody_sees_anothers_rows_there(&system).await;
    auditors_read_there(&system).await;
    let well = system.doctor();
    assert!(
        well.len() == 1 && well[0].starts_with("ok it answers, "),
        "{well:?}"
    );
    while_it_stands_still_the_primary_answers(&system).await;
    when_it_dies_no_read_fails(&mut system).await;

    // And back, as if nothing had been.
    let position = system.grow(52).await;
    system.replica.start_again();
    system.replica.answers();
    system.until_the_replica_is("ok").await;
    assert_eq!(system.age(Some(&position)).await, 52);
    system
        .until_it_answers(async || drop(system.age(None).await))
        .await;

    // A standby that was promoted is no replica any more.
    system.replica.sql("postgres", "SELECT pg_promote()");
    system.until_the_replica_is("degraded").await;
    system.grow(53).await;
    assert_eq!(system.age(None).await, 53);
    let promoted = system.doctor();
    assert!(
        promoted[0].starts_with("warn it is no replica"),
        "{promoted:?}"
    );
    system.running.terminate();
}

/// With the header and without.
async fn whoever_wrote_reads_it_there(system: &System) {
    for age in 31..=50 {
        let position = system.grow(age).await;
        let awaited = (age % 2 == 0).then_some(&*position);
        assert_eq!(system.age(awaited).await, age);
    }
    for path in [
        "/avatars/me",
        "/photos?purpose=reference",
        "/billing/subscription",
    ] {
        system
            .until_it_answers(async || drop(system.ada.get(path).await))
            .await;
    }
}

async fn nobody_sees_anothers_rows_there(system: &System) {
    let eve = Person::sign_in(&system.running, "eve@example.com").await;
    let ask = async || {
        let hers = eve.try_to("GET", "/avatars/me").await;
        assert_eq!(hers.status(), StatusCode::NOT_FOUND);
    };
    system.until_it_answers(ask).await;
    let rows = |role: &str| {
        let asked = format!("SET ROLE {role}; SELECT count(*) FROM avatars");
        system.replica.sql("ava", &asked)
    };
    assert_eq!((&*rows("ava_api"), &*rows("ava_steward")), ("0", "1"));
}

/// Up to what they were told last.
async fn auditors_read_there(system: &System) {
    let body = json!({ "email": "max@example.com", "roles": ["auditor"] });
    let token = format!("{}/dev/token", system.running.api);
    let max = system.ada.post(&token, &body).await;
    let events = format!(
        "{}/audit/events?event_type=ProfileChanged",
        system.running.api
    );
    let read = async |accept: &str| {
        let read = system.ada.client.get(&events).header("accept", accept);
        let read = read.bearer_auth(max["access_token"].as_str().unwrap());
        read.send().await.unwrap().text().await.unwrap()
    };
    let page = async || {
        let page: Value = serde_json::from_str(&read("application/json").await).unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), 20);
    };
    system.until_it_answers(page).await;
    let lines = async || {
        let lines = read("application/x-ndjson").await;
        assert_eq!(lines.lines().count(), 20);
    };
    system.until_it_answers(lines).await;
}

/// At once, and with what was written.
async fn while_it_stands_still_the_primary_answers(system: &System) {
    let replica = |ask: &str| system.replica.sql("postgres", ask);
    replica("SELECT pg_wal_replay_pause()");
    until("the replica stands still", || {
        replica("SELECT pg_get_wal_replay_pause_state()") == "paused"
    });
    let before = system.answered_by("primary").await;
    let position = system.grow(51).await;
    assert_eq!(system.age(None).await, 51);
    assert_eq!(system.age(Some(&position)).await, 51);
    assert!(system.answered_by("primary").await >= before + 2.0);
    let ready = system.until_the_replica_is("degraded").await;
    assert_eq!(ready["status"], "degraded");
    let reason = ready["reasons"][0].as_str().unwrap();
    assert!(
        reason.starts_with("the replica is ") && reason.ends_with("the primary answers its reads"),
        "{ready}"
    );
    assert!(system.figure("ava_replica_lag_seconds").await > 5.0);
    assert_eq!(system.age(None).await, 51);
    replica("SELECT pg_wal_replay_resume()");
    system.until_the_replica_is("ok").await;
    system
        .until_it_answers(async || assert_eq!(system.age(None).await, 51))
        .await;
}

/// It dies while it is asked.
async fn when_it_dies_no_read_fails(system: &mut System) {
    let reads = |stop: Instant| {
        let (client, token) = (system.ada.client.clone(), system.ada.token().to_owned());
        let url = format!("{}/avatars/me", system.ada.api);
        tokio::spawn(async move {
            let mut answers = 0;
            while Instant::now() < stop {
                let read: Response = client.get(&url).bearer_auth(&token).send().await.unwrap();
                assert_eq!(read.status(), StatusCode::OK);
                answers += 1;
            }
            answers
        })
    };
    let stop = Instant::now() + Duration::from_secs(2);
    let reading: Vec<_> = (0..4).map(|_| reads(stop)).collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    system.replica.cut();
    for reader in reading {
        assert!(reader.await.unwrap() > 0);
    }
    let ready = system.until_the_replica_is("degraded").await;
    assert_eq!(
        ready["reasons"][0],
        "the replica does not answer: the primary answers its reads"
    );
    let away = system.doctor();
    assert!(away[0].starts_with("warn it does not answer"), "{away:?}");
}

#[tokio::test]
async fn without_its_replica_an_api_starts_and_serves() {
    let home = data_dir();
    let primary = Server::with(home.path(), "");
    let mut command = ava(home.path(), &["up", "--json"]);
    command
        .env("DATABASE_URL", &primary.url)
        .env("READ_DATABASE_URL", "postgres://ava:ava@127.0.0.1:1/ava");
    let running = RunningAva::start_from(command, home.path());
    let ada = Person::sign_in(&running, "ada@example.com").await;
    let ready = ada.get("/ready").await;
    assert_eq!(ready["checks"]["replica"], "degraded", "{ready}");
    assert_eq!(ada.get("/billing/subscription").await["status"], "none");
    running.terminate();

    let mut command = ava(home.path(), &["up", "--json"]);
    command
        .env("DATABASE_URL", &primary.url)
        .env("READ_DATABASE_URL", "mysql://ava:hunter2@replica/ava");
    Ended::of(command).refuses(2, &["READ_DATABASE_URL", "postgres://"]);
    let mut command = ava(home.path(), &["up", "--json"]);
    command.env("READ_DATABASE_URL", &primary.url);
    Ended::of(command).refuses(2, &["READ_DATABASE_URL", "DATABASE_URL is not"]);
}
