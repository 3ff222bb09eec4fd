//! The compose file's topology with native processes: nginx with the image's configuration, two of the API, workers, a
//! projector, PostgreSQL, Redis, and the sandbox as the outside.

pub mod processes;
mod production;
mod proxy;
mod rolling_restart;
mod system;

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use futures::StreamExt;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::{person::Person, story};
use processes::free_address;
use system::Topology;

/// How long what nginx must not hold back may take.
const AT_ONCE: Duration = Duration::from_secs(10);

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
