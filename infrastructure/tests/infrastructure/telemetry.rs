//! What leaves the process for Sentry: panics, errors and answers with 5xx, and nothing of a person.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    panic,
    process::Command,
    sync::mpsc,
    thread,
    time::Duration,
};

use infrastructure::{settings::Settings, telemetry};
use serde_json::Value;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Takes what a process reports; each body as it came.
fn capture() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dsn = format!("http://public@{}/1", listener.local_addr().unwrap());
    let (told, bodies) = mpsc::channel();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let told = told.clone();
            thread::spawn(move || {
                while let Some(body) = answered(connection.as_ref().unwrap()) {
                    told.send(body).unwrap();
                }
            });
        }
    });
    (dsn, bodies)
}

/// Reads one request and answers it; none at the connection's end.
fn answered(mut connection: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(connection);
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    connection.write_all(answer.as_bytes()).ok()?;
    Some(String::from_utf8_lossy(&body).into_owned())
}

/// The events in the bodies (an envelope is a line for itself, then two for each item).
fn events(bodies: &[String]) -> Vec<Value> {
    let lines = bodies.iter().flat_map(|body| body.lines());
    let read = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    read.filter(|json| json.get("platform").is_some()).collect()
}

/// Runs [`process_that_reports`] in a process of its own: what is reported is the whole process's.
fn run(dsn: &str) -> std::process::Output {
    let this = env::current_exe().unwrap();
    Command::new(this)
        .args([
            "--exact",
            "telemetry::process_that_reports",
            "--ignored",
            "--nocapture",
        ])
        .env("REPORTS_TO", dsn)
        .output()
        .unwrap()
}

#[test]
#[ignore = "is a process of its own, which the other tests start"]
fn process_that_reports() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dsn = env::var("REPORTS_TO").unwrap();
    let look_up = |name: &str| (name == "SENTRY_DSN").then(|| dsn.clone());
    let telemetry = telemetry::start(
        &Settings::read(&look_up).unwrap(),
        telemetry::SERVER_FILTER,
        None,
    );
    let request = tracing::info_span!("request", request_id = %"order-7", trace_id = TRACE);
    request.in_scope(|| {
        tracing::info!(email = "mara@example.com", "Mara <mara@example.com> came in");
        tracing::warn!("A warning is nobody's business");
        let panicked = panic::catch_unwind(|| panic!("no avatar of mara@example.com"));
        assert!(panicked.is_err());
        tracing::warn!(target: "api::problem", error = "the pool is closed", "Answering a request with 503: unavailable");
    });
    let reason = anyhow::anyhow!("user:0198f3a0-0000-7000-8000-000000000001 has no avatar");
    tracing::error!(
        follower = "attach_promised_photos", position = 7, error = ?reason, words = "at the beach",
        authorization = "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x",
        "attach_promised_photos is parked: event 7 cannot be followed"
    );
    drop(telemetry);
}

#[test]
fn panics_errors_and_5xx_are_reported_with_release_and_trace_and_nothing_of_a_person() {
    let (dsn, bodies) = capture();
    let ended = run(&dsn);
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let mut all = Vec::new();
    while let Ok(body) = bodies.recv_timeout(Duration::from_secs(2)) {
        all.push(body);
        if events(&all).len() == 3 {
            break;
        }
    }
    let events = events(&all);
    let said = |event: &Value| event.to_string();
    let find = |words: &str| {
        events
            .iter()
            .find(|event| said(event).contains(words))
            .unwrap()
    };
    let panicked = events
        .iter()
        .find(|event| event["level"] == "fatal")
        .unwrap();
    let unavailable = find("with 503: unavailable");
    // `error` is what is not said.
    let parked = events
        .iter()
        .find(|event| event["level"].is_null())
        .unwrap();
    assert_eq!(events.len(), 3, "{events:#?}");
    for event in [panicked, unavailable, parked] {
        let release = event["release"].as_str().unwrap();
        assert!(release.starts_with("ava@"), "{release}");
        assert_eq!(event["environment"], "development");
    }
    for event in [panicked, unavailable] {
        assert_eq!(event["tags"]["request_id"], "order-7");
        assert_eq!(event["contexts"]["trace"]["trace_id"], TRACE);
    }
    assert_eq!(parked["tags"]["request_id"], Value::Null);
    assert!(said(parked).contains("is parked"));
    assert!(
        said(panicked).contains("no avatar of [removed]"),
        "{panicked:#}"
    );
    for private in ["mara@", "eyJ", "0198f3a0", "beach"] {
        assert!(!all.concat().contains(private), "{private} in {all:?}");
    }
}
