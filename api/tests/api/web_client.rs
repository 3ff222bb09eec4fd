//! The web client's files, beside the API on the same address.

use std::{fs, path::PathBuf};

use api::{SignInWays, WebClient};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::test_app::{Options, TestApp};

/// What browsers send when somebody opens a page.
const NAVIGATION: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn built() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(Uuid::now_v7().to_string());
    fs::create_dir_all(directory.join("assets")).unwrap();
    fs::create_dir_all(directory.join(".vite")).unwrap();
    for (name, text) in [
        ("index.html", "<!doctype html><title>Ava</title>"),
        ("assets/index-Bx3.js", "console.log('plain')"),
        ("assets/index-Bx3.js.br", "as brotli"),
        ("assets/index-Bx3.js.gz", "as gzip"),
        (".vite/manifest.json", "{}"),
    ] {
        fs::write(directory.join(name), text).unwrap();
    }
    directory
}

async fn start() -> TestApp {
    let ways = SignInWays {
        development: true,
        oidc: None,
    };
    TestApp::start_with(Options {
        web: Some(WebClient::read(&built(), &ways, None).unwrap()),
        ..Options::default()
    })
    .await
}

async fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = app.client.get(format!("{}{path}", app.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_opened_and_is_guarded() {
    let app = start().await;
    for page in [
        "/",
        "/chat",
        "/gallery",
        "/audit/events",
        "/subscribe?checkout=success",
    ] {
        let answer = get(&app, page, &[("accept", NAVIGATION)]).await;
        assert_eq!(answer.status(), 200, "{page}");
        assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&answer, "cache-control"), "no-cache");
        assert_eq!(header(&answer, "vary"), "Accept, Accept-Encoding");
        let policy = header(&answer, "content-security-policy").to_owned();
        assert!(policy.contains("script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(answer.text().await.unwrap().starts_with("<!doctype html>"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_shadows_an_operation() {
    let app = start().await;
    for accept in ["*/*", "application/json", "application/x-ndjson", ""] {
        let answer = get(&app, "/audit/projections", &[("accept", accept)]).await;
        assert_eq!(answer.status(), 401, "{accept}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json");
    }
    // These paths are the API's, whoever asks.
    for path in [
        "/avatars/me",
        "/photos",
        "/billing/plans",
        "/problems/not-found",
        "/docs/",
        "/health",
    ] {
        let answer = get(&app, path, &[("accept", NAVIGATION)]).await;
        let text = answer.text().await.unwrap();
        assert!(!text.contains("<title>Ava</title>"), "{path}");
    }
    let posted = app
        .call(Method::POST, "/chat/nothing")
        .header("accept", NAVIGATION)
        .send()
        .await;
    posted.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_nobody_knows_is_told_in_the_askers_own_way() {
    let app = start().await;
    let page = get(&app, "/nowhere", &[("accept", NAVIGATION)]).await;
    assert_eq!(page.status(), 404);
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    let problem: Value = get(&app, "/nowhere", &[]).await.json().await.unwrap();
    assert_eq!(problem["code"], "not-found");
    for secret in [
        "/.vite/manifest.json",
        "/assets/../index.html/..",
        "/assets/index-Bx3.js.br",
    ] {
        assert_eq!(get(&app, secret, &[]).await.status(), 404, "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_fingerprint_is_kept_for_ever_and_comes_compressed() {
    let app = start().await;
    let path = "/assets/index-Bx3.js";
    let mut tags = Vec::new();
    for (encodings, encoding, text) in [
        ("gzip, deflate, br, zstd", "br", "as brotli"),
        ("gzip", "gzip", "as gzip"),
        ("br;q=0, gzip", "gzip", "as gzip"),
        ("identity", "", "console.log('plain')"),
    ] {
        let answer = get(&app, path, &[("accept-encoding", encodings)]).await;
        assert_eq!(header(&answer, "content-encoding"), encoding, "{encodings}");
        assert_eq!(header(&answer, "vary"), "Accept-Encoding");
        assert_eq!(
            header(&answer, "cache-control"),
            "public, max-age=31536000, immutable"
        );
        tags.push(header(&answer, "etag").to_owned());
        assert_eq!(answer.bytes().await.unwrap(), text);
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "one tag for each copy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_known_is_not_sent_again() {
    let app = start().await;
    let tag = header(&get(&app, "/", &[("accept", NAVIGATION)]).await, "etag").to_owned();
    let again = get(
        &app,
        "/",
        &[("accept", NAVIGATION), ("if-none-match", &tag)],
    )
    .await;
    assert_eq!(again.status(), 304);
    assert_eq!(again.bytes().await.unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_is_told_how_people_sign_in() {
    let app = start().await;
    let config: Value = get(&app, "/config.json", &[]).await.json().await.unwrap();
    assert_eq!(
        config,
        json!({"sign_in": {"development": true, "oidc": null}})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_web_client_only_the_api_is_there() {
    let app = TestApp::start().await;
    for path in ["/", "/gallery", "/config.json"] {
        let answer = get(&app, path, &[("accept", NAVIGATION)]).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json");
    }
}

#[test]
fn a_directory_without_pages_is_refused_with_what_to_do() {
    let error = WebClient::read(
        &std::env::temp_dir().join("nothing-here"),
        &SignInWays::default(),
        None,
    );
    assert!(error.is_err());
    let empty = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(Uuid::now_v7().to_string());
    fs::create_dir_all(&empty).unwrap();
    let error = WebClient::read(&empty, &SignInWays::default(), None).unwrap_err();
    assert!(error.to_string().contains("make web"), "{error}");
}
