//! The compose file's topology with native processes: nginx with the image's configuration, two of the API, workers, a
//! projector, PostgreSQL, Redis, and the sandbox as the outside.

pub mod processes;
mod production;
mod proxy;
mod rolling_restart;

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use futures::StreamExt;
use infrastructure::scratch_database::ScratchDatabase;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::{
    person::Person,
    running::{Ended, data_dir},
    server::programs,
    story,
};
use processes::{Nginx, NginxPlaces, Running, ava_role, free_address};

/// How long what nginx must not hold back may take.
const AT_ONCE: Duration = Duration::from_secs(10);

/// Of every user of the database.
const PASSWORD: &str = "0011223344556677";

/// Everything that the compose file names, and the outside.
struct Topology {
    directory: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
    nginx: Nginx,
    apis: Vec<(String, Running)>,
    workers: Vec<Running>,
    projectors: Vec<Running>,
    metrics: String,
    sandbox: String,
    /// Redis and the sandbox, which run until the end.
    others: Vec<Running>,
    database: ScratchDatabase,
}

impl Topology {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same, and tells everybody so.
    async fn start_with(more: &[(&'static str, &str)]) -> Self {
        let directory = data_dir();
        let database = ScratchDatabase::create().await;
        let addresses: Vec<String> = (0..2).map(|_| free_address()).collect();
        let (sandbox, redis, metrics) = (free_address(), free_address(), free_address());
        let places = NginxPlaces {
            backends: &addresses,
            trusted_proxy: "192.0.2.1",
            extra: &directory.path().join("nothing"),
        };
        let nginx = Nginx::start(&places, directory.path());
        let public = format!("http://{}", nginx.address);
        let web = format!("{}/web/dist", env!("CARGO_MANIFEST_DIR"));
        let mut environment = vec![
            // With /dev/token, which the story signs in with; and everything else as it is configured.
            ("APP_ENV", "development".to_owned()),
            ("REDIS_URL", format!("redis://{redis}/0")),
            ("TRUSTED_PROXIES", "1".to_owned()),
            ("PUBLIC_URL", public),
            ("WEB_DIR", web),
            ("SANDBOX_ADDR", sandbox.clone()),
            // Where workers and the sandbox find the API.
            ("HTTP_ADDR", nginx.address.clone()),
            ("LOG_FORMAT", "json".to_owned()),
        ];
        environment.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let redis = redis_server(&redis, directory.path());
        let mut topology = Self {
            environment,
            nginx,
            apis: Vec::new(),
            workers: Vec::new(),
            projectors: Vec::new(),
            metrics: metrics.clone(),
            sandbox: format!("http://{sandbox}"),
            others: vec![redis],
            database,
            directory,
        };
        let migrated = Ended::of(topology.command("migrate", &[]));
        assert_eq!(migrated.code, Some(0), "{}", migrated.stderr);
        topology.make_logins();
        topology
            .others
            .push(topology.run("sandbox", "sandbox", &[]));
        let projector = topology.projector("projector-0", &metrics);
        topology.projectors.push(projector);
        for (number, address) in addresses.into_iter().enumerate() {
            let api = topology.api(number, &address);
            topology.apis.push((address, api));
        }
        topology.workers = (0..2).map(|number| topology.worker(number)).collect();
        topology.others[1].listens(&sandbox);
        topology.projectors[0].listens(&metrics);
        for (address, api) in &mut topology.apis {
            api.listens(address);
        }
        for worker in &mut topology.workers {
            worker.says("The worker is at work");
        }
        topology
    }

    /// As the compose file does, so that each process has the rights of its own user.
    fn make_logins(&self) {
        let mut command = Command::new("sh");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/logins.sh"));
        let owner: Url = self.database.url().parse().unwrap();
        let psql = programs();
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", psql.display()))
            .env("PGHOST", owner.host_str().unwrap())
            .env("PGPORT", owner.port().unwrap().to_string())
            .env("PGUSER", owner.username())
            .env("PGPASSWORD", owner.password().unwrap())
            .env("PGDATABASE", owner.path().trim_start_matches('/'));
        for user in ["API", "WORKER", "PROJECTOR", "STEWARD"] {
            command.env(format!("DATABASE_PASSWORD_{user}"), PASSWORD);
        }
        // Again is harmless.
        for _ in 0..2 {
            let made = command.output().unwrap();
            assert!(made.status.success(), "{made:?}");
        }
    }

    /// The address of the database for whoever has that part.
    fn database_of(&self, role: &str) -> String {
        let mut url: Url = self.database.url().parse().unwrap();
        if role != "migrate" {
            url.set_username(role).unwrap();
            url.set_password(Some(PASSWORD)).unwrap();
        }
        url.into()
    }

    fn command(&self, role: &str, more: &[(&str, &str)]) -> Command {
        let database = self.database_of(role);
        let environment = self
            .environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let environment: Vec<_> = environment
            .chain([("DATABASE_URL", database.as_str())])
            .chain(more.iter().copied())
            .collect();
        ava_role(self.directory.path(), role, &environment)
    }

    fn run(&self, name: &str, role: &str, more: &[(&str, &str)]) -> Running {
        Running::start(name, self.command(role, more), self.directory.path())
    }

    fn api(&self, number: usize, address: &str) -> Running {
        self.run(&format!("api-{number}"), "api", &[("HTTP_ADDR", address)])
    }

    fn projector(&self, name: &str, metrics: &str) -> Running {
        self.run(name, "projector", &[("METRICS_ADDR", metrics)])
    }

    fn worker(&self, number: usize) -> Running {
        self.run(&format!("worker-{number}"), "worker", &[])
    }

    /// How people reach it.
    fn public(&self) -> String {
        format!("http://{}", self.nginx.address)
    }

    /// What everybody has written.
    fn logs(&self) -> String {
        let running = self.apis.iter().map(|(_, api)| api).chain(&self.workers);
        running.map(Running::log).collect::<Vec<_>>().join("\n") + &self.nginx.process.log()
    }
}

fn redis_server(address: &str, directory: &Path) -> Running {
    let port = address.rsplit(':').next().unwrap();
    let mut command = Command::new("redis-server");
    command.args(["--port", port, "--bind", "127.0.0.1", "--save", "", "--dir"]);
    command.arg(directory);
    let mut redis = Running::start("redis", command, directory);
    redis.listens(address);
    redis
}

#[tokio::test]
async fn the_whole_topology_serves_the_story_and_outlives_its_parts() {
    let mut topology = Topology::start().await;
    let public = topology.public();
    let slow = thread::spawn({
        let address = topology.nginx.address.clone();
        move || seconds_until_a_slow_request_is_dropped(&address)
    });

    let health = Command::new("curl")
        .args(["-sS", "-o", "/dev/null", "-w", "%{http_code}"])
        .arg(format!("{public}/health"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&health.stdout), "200", "{health:?}");
    the_compose_file_can_see_whether_all_are_well(&topology);

    let walk = topology.directory.path().join("walk");
    fs::create_dir(&walk).unwrap();
    story::walk(&public, &walk, || topology.logs());

    let person = Person::sign_in_at(&public, "ada@example.com").await;
    person.post(&format!("{public}/avatars"), &avatar()).await;
    the_web_client_is_served(&public).await;
    figures_are_for_those_inside(&topology, &person).await;
    too_much_is_refused(&public, &person).await;
    updates_come_through_from_either_process(&topology, &person).await;
    a_worker_may_die(&mut topology, &person).await;
    an_api_may_die(&mut topology, &person).await;

    let waited = slow.join().unwrap();
    assert!(
        (8..=20).contains(&waited),
        "a slow request held its place for {waited} s"
    );
}

fn avatar() -> Value {
    json!({
        "name": "Ava", "age": 25, "gender": "woman", "nationality": "French",
        "appearance": "long auburn hair, green eyes", "personality": "caring",
    })
}

/// The health checks of the compose file, run as they stand there against these processes.
fn the_compose_file_can_see_whether_all_are_well(topology: &Topology) {
    let compose =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docker-compose.yml")).unwrap();
    let checks: Vec<&str> = compose
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- 'exec 3<>")?.strip_suffix('\''))
        .collect();
    assert_eq!(checks.len(), 2, "the compose file was not understood");
    let nobody = free_address();
    for (check, address, port) in [
        (checks[0], topology.apis[0].0.as_str(), "8080"),
        (checks[1], &topology.metrics, "9464"),
    ] {
        assert!(
            check.contains(&format!("/dev/tcp/127.0.0.1/{port} ")),
            "{check}"
        );
        for (address, well) in [(address, true), (&nobody, false)] {
            let place = format!("/{} ", address.replace(':', "/"));
            let check = format!(
                "exec 3<>{}",
                check.replace(&format!("/127.0.0.1/{port} "), &place)
            );
            let checked = Command::new("bash").args(["-c", &check]).output().unwrap();
            assert_eq!(checked.status.success(), well, "{check}: {checked:?}");
        }
    }
}

async fn the_web_client_is_served(public: &str) {
    let client = Client::builder().no_proxy().build().unwrap();
    let page = client
        .get(format!("{public}/gallery"))
        .header("Accept", "text/html");
    let page = page.send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    for name in [
        "content-security-policy",
        "referrer-policy",
        "x-frame-options",
        "x-content-type-options",
    ] {
        assert_eq!(
            page.headers().get_all(name).iter().count(),
            1,
            "{name}: {:?}",
            page.headers()
        );
    }
    assert_eq!(page.headers()["cache-control"], "no-cache");
    assert!(
        !page.headers().contains_key("strict-transport-security"),
        "not over http"
    );
    let html = page.text().await.unwrap();
    let script = html
        .split("src=\"/assets/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let script = client
        .get(format!("{public}/assets/{script}"))
        .header("Accept-Encoding", "gzip");
    let script = script.send().await.unwrap();
    assert_eq!(script.status(), StatusCode::OK);
    for (name, value) in [
        ("cache-control", "public, max-age=31536000, immutable"),
        ("content-encoding", "gzip"),
        ("vary", "Accept-Encoding"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(script.headers()[name], value, "{name}");
    }
    assert!(
        !script.headers()["server"].to_str().unwrap().contains('/'),
        "its version is nobody's business"
    );
    let missing = client
        .get(format!("{public}/assets/missing.js"))
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

async fn figures_are_for_those_inside(topology: &Topology, person: &Person) {
    for path in ["/metrics", "/metrics/", "//metrics", "/assets/../metrics"] {
        let answer = person
            .client
            .get(format!("{}{path}", topology.public()))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let inside = person
        .client
        .get(format!("http://{}/metrics", topology.metrics))
        .send()
        .await
        .unwrap();
    assert!(inside.text().await.unwrap().contains("ava_database_up 1\n"));
}

async fn too_much_is_refused(public: &str, person: &Person) {
    let large = vec![b' '; 3 << 20];
    let answer = person
        .client
        .post(format!("{public}/avatars"))
        .body(large.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/body-too-large");
    // Pictures that somebody asks about may be larger.
    let picture = person
        .client
        .post(format!("{public}/provenance/check"))
        .header("Content-Type", "image/jpeg");
    let answer = picture.body(large).send().await.unwrap();
    assert_ne!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

/// One stream through nginx hears what either process of the API was told, at once.
async fn updates_come_through_from_either_process(topology: &Topology, person: &Person) {
    let public = topology.public();
    let stream = person
        .client
        .get(format!("{public}/updates"))
        .bearer_auth(person.token())
        .send()
        .await
        .unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut stream = stream.bytes_stream();
    let mut heard = String::new();
    for (age, (address, _)) in (40..).zip(&topology.apis) {
        let change = person
            .client
            .patch(format!("http://{address}/avatars/me"))
            .bearer_auth(person.token());
        let changed = change.json(&json!({ "age": age })).send().await.unwrap();
        assert_eq!(changed.status(), StatusCode::OK);
        let position = changed.headers()["log-position"]
            .to_str()
            .unwrap()
            .to_owned();
        let deadline = Instant::now() + AT_ONCE;
        while !heard.contains(&format!("id: {position}\n"))
            && !heard.contains(&format!("id:{position}\n"))
        {
            let left = deadline.saturating_duration_since(Instant::now());
            let more = tokio::time::timeout(left, stream.next()).await;
            let more =
                more.unwrap_or_else(|_| panic!("nothing of {address} at {position}: {heard}"));
            heard.push_str(&String::from_utf8_lossy(&more.unwrap().unwrap()));
        }
    }
}

/// The one that draws a picture is killed, and another one goes on with it.
async fn a_worker_may_die(topology: &mut Topology, person: &Person) {
    let slow = json!({ "behaviour": "ok_sync", "drawing_time_ms": 3000 });
    person
        .post(
            &format!("{}/control/replicate/default", topology.sandbox),
            &slow,
        )
        .await;
    // Only one is left, so that it is the one that draws.
    topology.workers.pop().unwrap().end("TERM");
    let wish = person
        .post(
            &format!("{}/avatars/me/reference-image", topology.public()),
            &json!({}),
        )
        .await;
    let photo = format!("/photos/{}", wish["id"].as_str().unwrap());
    person.wait_for(&photo, "generating").await;
    let mut successor = topology.worker(2);
    successor.says("The worker is at work");
    topology.workers.pop().unwrap().end("KILL");
    topology.workers.push(successor);
    let delivered = person.wait_for(&photo, "delivered").await;
    assert_eq!(
        delivered["attempts"], 1,
        "the attempt that was paid for was gone on with"
    );
    let picture = format!(
        "{}{}",
        topology.public(),
        delivered["image"]["url"].as_str().unwrap()
    );
    let picture = person.client.get(picture).send().await.unwrap();
    assert_eq!(picture.status(), StatusCode::OK);
    assert_eq!(picture.headers()["content-type"], "image/jpeg");
}

/// One process of the API is killed; people see nothing of it.
async fn an_api_may_die(topology: &mut Topology, person: &Person) {
    topology.apis[0].1.end("KILL");
    for age in 50..70 {
        assert_eq!(person.get("/avatars/me").await["name"], "Ava");
        let change = person
            .client
            .patch(format!("{}/avatars/me", topology.public()));
        let changed = change
            .bearer_auth(person.token())
            .json(&json!({ "age": age }));
        let changed = changed.send().await.unwrap();
        assert_eq!(
            changed.status(),
            StatusCode::OK,
            "{}",
            topology.nginx.process.log()
        );
    }
    // None is left: nginx says so as the API would.
    topology.apis[1].1.end("TERM");
    let answer = person
        .client
        .get(format!("{}/avatars/me", topology.public()))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/unavailable");
}

/// A client that never comes to the end of its headers.
fn seconds_until_a_slow_request_is_dropped(address: &str) -> u64 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nHost: ava\r\nX-Slow: ")
        .unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(40)))
        .unwrap();
    let begun = Instant::now();
    // An answer, an end or a reset: each means that the place is free.
    let _ = stream.read_to_end(&mut Vec::new());
    begun.elapsed().as_secs()
}
