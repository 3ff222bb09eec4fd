//! Traces, as a collector of OpenTelemetry's receives them.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value as Held},
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use serde_json::json;

use crate::{
    person::Person,
    running::{RunningAva, ava, data_dir},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// One request of the exporter's.
struct Told {
    head: String,
    body: Vec<u8>,
}

/// A collector on this machine.
fn collector() -> (String, mpsc::Receiver<Told>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (told, received) = mpsc::channel();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (connection, told) = (connection.unwrap(), told.clone());
            thread::spawn(move || {
                while let Some(request) = answered(&connection) {
                    told.send(request).unwrap();
                }
            });
        }
    });
    (address, received)
}

/// Reads one request and answers it; none at the connection's end.
fn answered(mut connection: &TcpStream) -> Option<Told> {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    let length = head.split("content-length:").nth(1).unwrap();
    let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer =
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
    connection.write_all(answer.as_bytes()).ok()?;
    Some(Told { head, body })
}

fn attribute<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a Held> {
    let attribute = attributes.iter().find(|one| one.key == name)?;
    attribute.value.as_ref()?.value.as_ref()
}

fn spans(requests: &[ExportTraceServiceRequest]) -> Vec<&Span> {
    let resources = requests.iter().flat_map(|one| &one.resource_spans);
    let scopes = resources.flat_map(|one| &one.scope_spans);
    scopes.flat_map(|one| &one.spans).collect()
}

/// Lets somebody ask for a picture as a part of a trace, stops the program, and answers what the collector was told; and what
/// of the person must not have been.
async fn story(environment: &[(&str, &str)]) -> (Vec<Told>, Vec<String>) {
    let (address, received) = collector();
    let directory = data_dir();
    let mut up = ava(directory.path(), &["up", "--json"]);
    up.env("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        .envs(environment.iter().copied());
    let running = RunningAva::start_from(up, directory.path());
    let person = Person::sign_in(&running, "mara@example.com").await;
    let avatar = json!({
        "name": "Mirabelle", "age": 25, "gender": "woman", "nationality": "French",
        "appearance": "long auburn hair, green eyes", "personality": "caring",
    });
    person
        .post(&format!("{}/avatars", running.api), &avatar)
        .await;
    let wish = person
        .client
        .post(format!("{}/avatars/me/reference-image", running.api))
        .bearer_auth(person.token())
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    let wish: serde_json::Value = wish.json().await.unwrap();
    person
        .wait_for(
            &format!("/photos/{}", wish["id"].as_str().unwrap()),
            "delivered",
        )
        .await;
    let user = person.get("/avatars/me").await["owner"].to_string();
    let token = person.token().to_owned();
    // What was not handed out yet is, at the end.
    assert!(running.terminate().success());
    let mut private = vec![
        "mara@example.com".to_owned(),
        "Mirabelle".to_owned(),
        "auburn".to_owned(),
        token,
    ];
    private.extend(Some(user.trim_matches('"').to_owned()).filter(|user| user.len() == 36));
    (received.try_iter().collect(), private)
}

#[tokio::test]
async fn what_follows_from_a_request_is_one_trace_without_anything_of_a_person() {
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=ava%20traces");
    // Traces are whole, whatever the log leaves out.
    let (told, private) = story(&[headers, ("RUST_LOG", "error")]).await;
    assert!(!told.is_empty());
    for request in &told {
        assert!(request.head.starts_with("post /v1/traces http/1.1\r\n"));
        assert!(request.head.contains("x-team: ava traces\r\n"));
        let body = String::from_utf8_lossy(&request.body);
        for words in &private {
            assert!(!body.contains(words), "{words} is told to the collector");
        }
    }
    let requests: Vec<ExportTraceServiceRequest> = told
        .iter()
        .map(|request| ExportTraceServiceRequest::decode(&*request.body).unwrap())
        .collect();
    let resource = requests[0].resource_spans[0].resource.as_ref().unwrap();
    let service = attribute(&resource.attributes, "service.name");
    assert_eq!(service, Some(&Held::StringValue("ava-up".to_owned())));

    let all = spans(&requests);
    let of_trace: Vec<&Span> = all
        .iter()
        .copied()
        .filter(|span| hex(&span.trace_id) == TRACE)
        .collect();
    let named = |name: &str| {
        let found = of_trace.iter().find(|span| span.name == name);
        let names: Vec<&str> = of_trace.iter().map(|span| span.name.as_str()).collect();
        *found.unwrap_or_else(|| panic!("no {name} in {names:?}"))
    };
    let request = named("POST /avatars/me/reference-image");
    assert_eq!(hex(&request.parent_span_id), CALLER);
    assert_eq!(request.kind(), SpanKind::Server);
    let status = attribute(&request.attributes, "http.response.status_code");
    assert_eq!(status, Some(&Held::IntValue(202)));
    let command = named("RequestReferenceImage");
    assert_eq!(command.parent_span_id, request.span_id);
    for name in ["correlation.id", "causation.id"] {
        assert!(attribute(&command.attributes, name).is_some(), "{name}");
    }
    // A reaction, in another task or another process, found its cause by the event's metadata.
    let reaction = named("RequestPhoto");
    assert_eq!(reaction.parent_span_id, command.span_id);
    let work = named("deliver_requested_photos");
    assert_eq!(work.parent_span_id, reaction.span_id);
    assert_eq!(named("replicate").parent_span_id, work.span_id);
    assert_eq!(named("Deliver").parent_span_id, work.span_id);
    // Nobody named a trace for the other requests: each is one of its own.
    assert!(
        all.iter()
            .any(|span| span.name == "POST /avatars" && hex(&span.trace_id) != TRACE)
    );
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
