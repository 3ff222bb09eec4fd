//! The primary is lost under load, behind the pooler of deploy/pgbouncer.ini, and its synchronous standby takes over.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    person::Person,
    running::{Ended, ava, data_dir, signal, until, until_ready},
    server::{Server, as_postgres, readable},
    topology::processes::{Running, ava_role, free_address, path},
};

/// How many people change something all the time.
const PEOPLE: usize = 8;
/// Ava answers within two seconds or so, whatever stands still behind it; a busy machine is given more.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// PgBouncer with the configuration of deploy.
struct Pooler {
    process: Running,
    file: PathBuf,
    address: String,
}

impl Pooler {
    fn start(home: &Path, primary: &Server) -> Self {
        let address = free_address();
        let users = home.join("userlist.txt");
        fs::write(&users, "\"app\" \"ava\"\n").unwrap();
        readable(&users);
        let file = home.join("pgbouncer.ini");
        configure(&file, &address, primary);
        let mut command = Command::new("pgbouncer");
        command.env("PATH", path()).arg(&file);
        as_postgres(&mut command);
        let mut process = Running::start("pgbouncer", command, home);
        process.listens(&address);
        Self {
            process,
            file,
            address,
        }
    }

    /// What an operator does once another server is the primary.
    fn point_to(&self, server: &Server) {
        configure(&self.file, &self.address, server);
        self.process.signal("HUP");
    }

    fn url(&self) -> String {
        format!("postgres://app:ava@{}/ava?sslmode=disable", self.address)
    }
}

/// Writes the configuration of deploy with the places of here.
fn configure(file: &Path, address: &str, server: &Server) {
    let port = address.rsplit(':').next().unwrap();
    let users = file.with_file_name("userlist.txt");
    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/pgbouncer.ini");
    let mut text = fs::read_to_string(text).unwrap();
    for (place, here) in [
        (
            "host=10.0.0.1 port=5432",
            format!("host=127.0.0.1 port={}", server.port),
        ),
        ("listen_port = 6432", format!("listen_port = {port}")),
        ("/etc/pgbouncer/userlist.txt", users.display().to_string()),
    ] {
        assert!(text.contains(place), "{place} is not in the file");
        text = text.replace(place, &here);
    }
    fs::write(file, text).unwrap();
    readable(file);
}

/// The processes of production behind the pooler.
struct System {
    apis: Vec<String>,
    processes: Vec<Running>,
}

impl System {
    /// They log in as somebody who may act as their roles and may nothing else, so that nothing works where the role is lost.
    fn start(home: &Path, primary: &Server, pooler: &Pooler) -> Self {
        let mut migrate = ava(home, &["migrate"]);
        migrate.env("DATABASE_URL", &primary.url);
        let migrated = Ended::of(migrate);
        assert_eq!(migrated.code, Some(0), "{}", migrated.stderr);
        primary.sql(
            "ava",
            "CREATE ROLE app LOGIN NOINHERIT PASSWORD 'ava' IN ROLE ava_api, ava_steward, ava_worker, ava_projector",
        );
        let addresses: Vec<String> = (0..2).map(|_| free_address()).collect();
        let (sandbox, database) = (free_address(), pooler.url());
        let run = |name: &str, role: &str, http: &str| {
            let environment = [
                ("DATABASE_URL", database.as_str()),
                ("SANDBOX_ADDR", &sandbox),
                ("RATE_LIMITS", "off"),
                ("HTTP_ADDR", http),
            ];
            Running::start(name, ava_role(home, role, &environment), home)
        };
        let first = &addresses[0];
        let mut processes = vec![
            run("sandbox", "sandbox", first),
            run("projector", "projector", first),
            run("worker", "worker", first),
        ];
        processes[0].listens(&sandbox);
        for (number, address) in addresses.iter().enumerate() {
            let mut api = run(&format!("api-{number}"), "api", address);
            api.listens(address);
            processes.push(api);
        }
        Self {
            apis: addresses
                .iter()
                .map(|one| format!("http://{one}"))
                .collect(),
            processes,
        }
    }

    /// Somebody who has made a companion.
    async fn person(&self, number: usize) -> Person {
        let api = &self.apis[number % self.apis.len()];
        until_ready(api).await;
        let person = Person::sign_in_at(api, &format!("person-{number}@example.com")).await;
        let avatar = json!({
            "name": "Ava", "age": 30, "gender": "woman", "nationality": "French",
            "appearance": "long auburn hair, green eyes", "personality": "caring",
        });
        person.post(&format!("{api}/avatars"), &avatar).await;
        person
    }
}

/// What all who change something share.
#[derive(Default)]
struct Load {
    stop: AtomicBool,
    acknowledged: AtomicUsize,
    troubled: AtomicUsize,
}

/// Changes a companion's age until told to stop; each command is retried under its key until it is acknowledged. Answers with
/// the last age and where the log was after each.
async fn changes(person: Person, name: String, load: Arc<Load>) -> (Person, u8, Vec<u64>) {
    let (mut age, mut acknowledged) = (30, Vec::new());
    let url = format!("{}/avatars/me", person.api);
    while !load.stop.load(Ordering::Relaxed) {
        age = if age >= 119 { 20 } else { age + 1 };
        let key = format!("{name}-{}", acknowledged.len());
        loop {
            let sent = person
                .client
                .patch(&url)
                .bearer_auth(person.token())
                .header("Idempotency-Key", &key)
                .timeout(ANSWERED_WITHIN)
                .json(&json!({ "age": age }))
                .send()
                .await;
            match sent {
                Ok(answer) if answer.status() == StatusCode::OK => {
                    let position = answer.headers()["log-position"].to_str().unwrap();
                    acknowledged.push(position.parse().unwrap());
                    load.acknowledged.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Ok(answer) => {
                    let status = answer.status();
                    let text = answer.text().await.unwrap_or_default();
                    assert!(matches!(status.as_u16(), 409 | 503), "{status} {text}");
                }
                Err(error) => panic!("nobody is left without an answer: {error:?}"),
            }
            load.troubled.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    (person, age, acknowledged)
}

async fn until_acknowledged(load: &Load, more: usize) {
    let wanted = load.acknowledged.load(Ordering::Relaxed) + more;
    let begun = Instant::now();
    while load.acknowledged.load(Ordering::Relaxed) < wanted {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_primary_takes_nothing_along_that_was_acknowledged_and_nothing_comes_twice() {
    let home = data_dir();
    let mut primary = Server::with(home.path(), "");
    let standby = primary.standby(home.path().join("standby"), "standby");
    primary.sql(
        "postgres",
        "ALTER SYSTEM SET synchronous_standby_names = 'standby'",
    );
    primary.sql("postgres", "SELECT pg_reload_conf()");
    until("the standby is synchronous", || {
        let state = primary.sql("postgres", "SELECT sync_state FROM pg_stat_replication");
        state == "sync"
    });
    let pooler = Pooler::start(home.path(), &primary);
    let mut system = System::start(home.path(), &primary, &pooler);
    let load = Arc::new(Load::default());
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let (person, name) = (system.person(number).await, format!("person-{number}"));
        people.push(tokio::spawn(changes(person, name, load.clone())));
    }
    until_acknowledged(&load, 100).await;

    // The standby stands still: nothing can be acknowledged, and waits do not end by themselves.
    let its_processes = standby.processes();
    its_processes.iter().for_each(|pid| signal("STOP", *pid));
    let stood_still = Instant::now();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = load.acknowledged.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(load.acknowledged.load(Ordering::Relaxed), before);
    let is_told = || load.troubled.load(Ordering::Relaxed) > 0;
    until("somebody is told to come back", is_told);
    eprintln!(
        "stood still → somebody was told: within {:?}",
        stood_still.elapsed()
    );
    assert_eq!(load.acknowledged.load(Ordering::Relaxed), before);

    // The primary is lost in that moment; what the standby has is all that is left.
    primary.cut();
    its_processes.iter().for_each(|pid| signal("CONT", *pid));
    standby.sql("postgres", "SELECT pg_promote()");
    pooler.point_to(&standby);
    let lost = Instant::now();
    until_acknowledged(&load, 1).await;
    eprintln!("promoted → the first acknowledgement: {:?}", lost.elapsed());
    until_acknowledged(&load, 100).await;
    load.stop.store(true, Ordering::Relaxed);
    for person in people {
        let (person, age, acknowledged) = person.await.unwrap();
        assert_eq!(person.get("/avatars/me").await["age"], age);
        each_is_there_once(&standby, &acknowledged);
    }
    let (events, last): (u64, u64) = {
        let told = standby.sql("ava", "SELECT count(*), max(position) FROM events");
        let (events, last) = told.split_once('|').unwrap();
        (events.parse().unwrap(), last.parse().unwrap())
    };
    assert_eq!(events, last, "positions have no gaps");

    // Reactions and the worker go on as well.
    let eve = system.person(PEOPLE).await;
    let order = format!("{}/avatars/me/reference-image", eve.api);
    let picture = eve.post(&order, &Value::Null).await;
    let path = format!("/photos/{}", picture["id"].as_str().unwrap());
    eve.wait_for(&path, "delivered").await;
    for process in &mut system.processes {
        assert_eq!(process.end("TERM").code(), Some(0));
    }

    for check in [
        &["audit", "verify"][..],
        &["projections", "verify", "--all"][..],
    ] {
        let mut command = ava(home.path(), check);
        command.env("DATABASE_URL", pooler.url());
        let ended = Ended::of(command);
        assert_eq!(
            ended.code,
            Some(0),
            "{check:?}: {}{}",
            ended.stdout,
            ended.stderr
        );
    }
}

/// Each of one person's acknowledged commands stands in the log where its answer said, and no other does.
fn each_is_there_once(server: &Server, positions: &[u64]) {
    let told: Vec<String> = positions.iter().map(|one| format!("({one})")).collect();
    let found = server.sql(
        "ava",
        &format!(
            "WITH told (position) AS (VALUES {}),
                  theirs AS (SELECT position FROM events
                              WHERE event_type = 'ProfileChanged' AND aggregate_id =
                                    (SELECT aggregate_id FROM events WHERE position = {}))
             SELECT (SELECT count(*) FROM told JOIN theirs USING (position)), (SELECT count(*) FROM theirs)",
            told.join(", "),
            positions[0],
        ),
    );
    let all = positions.len();
    assert_eq!(
        found,
        format!("{all}|{all}"),
        "found as told, and found at all"
    );
}
