//! What nginx tells the API about who asks, and TLS.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::Command,
    thread::{self, JoinHandle},
};

use super::processes::{Nginx, NginxPlaces, free_address};
use crate::running::{data_dir, until};

/// Takes one request, answers it, and tells its head.
fn one_request(listener: &TcpListener) -> JoinHandle<String> {
    let listener = listener.try_clone().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while reader.read_line(&mut head).unwrap() > 2 {}
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
        stream.write_all(answer).unwrap();
        head.to_lowercase()
    })
}

fn curl(arguments: &[&str]) -> String {
    let done = Command::new("curl")
        .args(["-sS", "-i"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn a_stranger_cannot_say_where_he_comes_from_and_a_balancer_can() {
    for (trusted_proxy, client, scheme) in [
        ("192.0.2.1", "127.0.0.1", "http"),
        ("127.0.0.1", "203.0.113.7", "https"),
    ] {
        let directory = data_dir();
        let backend = TcpListener::bind("127.0.0.1:0").unwrap();
        let places = NginxPlaces {
            backends: &[backend.local_addr().unwrap().to_string()],
            trusted_proxy,
            extra: &directory.path().join("nothing"),
        };
        let nginx = Nginx::start(&places, directory.path());
        let asked = one_request(&backend);
        let answer = curl(&[
            &format!("http://{}/avatars/me?secret=1", nginx.address),
            "-HX-Forwarded-For: 203.0.113.7",
            "-HX-Forwarded-Proto: https",
            "-HX-Request-Id: order-7",
            "-HHost: ava.example.com",
        ]);
        let head = asked.join().unwrap();
        for line in [
            format!("x-forwarded-for: {client}"),
            format!("x-real-ip: {client}"),
            format!("x-forwarded-proto: {scheme}"),
            "x-forwarded-host: ava.example.com".to_owned(),
            "host: ava.example.com".to_owned(),
            "x-request-id: order-7".to_owned(),
        ] {
            assert_eq!(
                head.lines().filter(|told| **told == line).count(),
                1,
                "{line}: {head}"
            );
        }
        let strict = answer
            .to_lowercase()
            .contains("strict-transport-security: max-age=");
        assert_eq!(strict, scheme == "https", "{answer}");
        until("nginx has logged the request", || {
            nginx.process.log().contains("avatars/me")
        });
        let log = nginx.process.log();
        assert!(
            log.contains(r#""path":"/avatars/me""#) && !log.contains("secret=1"),
            "{log}"
        );
        assert!(!log.contains("203.0.113.7"), "{log}");
    }
}

#[test]
fn tls_may_end_in_nginx() {
    let directory = data_dir();
    let extra = directory.path().join("extra");
    fs::create_dir(&extra).unwrap();
    let (address, backend) = (free_address(), TcpListener::bind("127.0.0.1:0").unwrap());
    certificate(&extra);
    let tls = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/tls.conf")).unwrap();
    let tls = tls
        .replace("listen 8443 ssl", &format!("listen {address} ssl"))
        .replace("/etc/nginx/ava.d", extra.to_str().unwrap());
    fs::write(extra.join("tls.conf"), tls).unwrap();
    let places = NginxPlaces {
        backends: &[backend.local_addr().unwrap().to_string()],
        trusted_proxy: "192.0.2.1",
        extra: &extra,
    };
    let nginx = Nginx::start(&places, directory.path());
    let asked = one_request(&backend);
    let port = address.rsplit(':').next().unwrap();
    let certificate = extra.join("fullchain.pem");
    let answer = curl(&[
        &format!("https://ava.example.com:{port}/health"),
        "--resolve",
        &format!("ava.example.com:{port}:127.0.0.1"),
        "--cacert",
        &certificate.display().to_string(),
    ]);
    assert!(
        answer
            .to_lowercase()
            .contains("strict-transport-security: max-age=31536000"),
        "{answer}"
    );
    assert!(
        asked
            .join()
            .unwrap()
            .contains("x-forwarded-proto: https\r\n")
    );
    drop(nginx);
}

fn certificate(directory: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            "/CN=ava.example.com",
            "-addext",
            "subjectAltName=DNS:ava.example.com",
        ])
        .args(["-out", "fullchain.pem", "-keyout", "privkey.pem"])
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}
