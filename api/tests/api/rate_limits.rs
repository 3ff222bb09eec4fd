//! Who asks for too much is told so, in the words of the standard, and nothing else happens.

use application::rate_limits::{Bounds, Policy, Quota};
use reqwest::{Method, header::HeaderMap};
use serde_json::json;

use crate::test_app::{Options, TestApp};

/// So slow that no unit comes back while a test runs.
fn slow(units: u32) -> Option<Quota> {
    Quota::new(units, 86_400)
}

async fn start(bounds: Bounds) -> TestApp {
    TestApp::start_with(Options {
        bounds,
        trusted_proxies: 1,
        ..Options::default()
    })
    .await
}

/// A request of somebody behind our proxy.
async fn from(app: &TestApp, address: &str, method: Method, path: &str) -> reqwest::Response {
    let request = app
        .client
        .request(method, format!("{}{path}", app.url))
        .header("x-forwarded-for", address);
    request
        .json(&json!({ "email": "mira@example.com" }))
        .send()
        .await
        .unwrap()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_told_how_it_stands_and_refused_when_it_asks_too_often() {
    let app = start(Bounds::NONE.with(Policy::Requests, slow(3))).await;
    let plans = async |address| from(&app, address, Method::GET, "/problems").await;
    for left in [2, 1, 0] {
        let answer = plans("203.0.113.7").await;
        assert_eq!(answer.status(), 200);
        let headers = answer.headers();
        assert_eq!(
            text(headers, "ratelimit-policy"),
            "\"requests\";q=3;w=86400"
        );
        let limit = text(headers, "ratelimit");
        assert!(
            limit.starts_with(&format!("\"requests\";r={left};t=28")),
            "{limit}"
        );
    }
    let refused = plans("9.9.9.9, 203.0.113.7").await;
    assert_eq!(refused.status(), 429);
    let headers = refused.headers().clone();
    assert_eq!(text(&headers, "content-type"), "application/problem+json");
    let limit = text(&headers, "ratelimit");
    let wait = text(&headers, "retry-after");
    assert_eq!(
        limit,
        format!("\"requests\";r=0;t={wait}"),
        "both name the same moment"
    );
    assert!(!text(&headers, "x-request-id").is_empty());
    let body: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(body["code"], "rate-limited");
    assert_eq!(body["type"], "/problems/rate-limited");
    assert_eq!(body["violated-policies"], json!(["requests"]));

    assert_eq!(plans("203.0.113.8").await.status(), 200, "another address");
    assert_eq!(plans("2001:db8:1:1::1").await.status(), 200);
    for path in ["/health", "/ready"] {
        let answer = from(&app, "203.0.113.7", Method::GET, path).await;
        assert_ne!(answer.status(), 429, "{path}");
        assert!(!answer.headers().contains_key("ratelimit"), "{path}");
    }
    for path in ["/billing/webhook", "/webhooks/replicate/a/1"] {
        let answer = from(&app, "203.0.113.7", Method::POST, path).await;
        assert_ne!(answer.status(), 429, "{path}");
    }
    let unknown = from(&app, "203.0.113.7", Method::GET, "/nowhere").await;
    assert_eq!(
        unknown.status(),
        429,
        "what does not exist is asked for as well"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_in_one_network_of_ipv6_are_one_client() {
    let app = start(Bounds::NONE.with(Policy::Requests, slow(1))).await;
    let plans = async |address| {
        from(&app, address, Method::GET, "/problems")
            .await
            .status()
    };
    assert_eq!(plans("2001:db8:1:2::1").await, 200);
    assert_eq!(plans("2001:db8:1:2:ffff::9").await, 429);
    assert_eq!(plans("2001:db8:1:3::1").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobodys_word_is_taken_for_their_address_unless_a_proxy_is_trusted() {
    let app = TestApp::start_with(Options {
        bounds: Bounds::NONE.with(Policy::Requests, slow(1)),
        ..Options::default()
    })
    .await;
    for _ in 0..3 {
        let answer = from(&app, "203.0.113.7", Method::GET, "/problems").await;
        assert_eq!(answer.status(), 200, "this machine itself is not counted");
        assert!(!answer.headers().contains_key("ratelimit"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_given_to_an_address_so_often_and_no_more() {
    let app = start(Bounds::NONE.with(Policy::SignIns, slow(2))).await;
    let sign_in = async |address| {
        from(&app, address, Method::POST, "/dev/token")
            .await
            .status()
    };
    assert_eq!(sign_in("203.0.113.7").await, 200);
    assert_eq!(sign_in("203.0.113.7").await, 200);
    assert_eq!(sign_in("203.0.113.7").await, 429);
    assert_eq!(sign_in("203.0.113.8").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_count_for_a_person_wherever_they_are_and_reads_do_not() {
    let app = start(Bounds::NONE.with(Policy::Commands, slow(2))).await;
    let (mira, jon) = (
        app.sign_in("mira@example.com").await,
        app.sign_in("jon@example.com").await,
    );
    let name = || json!({ "name": "Mira" });
    for _ in 0..2 {
        mira.patch("/avatars/me", name()).await.expect(404);
    }
    let refused = mira.patch("/avatars/me", name()).await;
    refused.refused(429, "rate-limited");
    jon.patch("/avatars/me", name()).await.expect(404);
    for _ in 0..5 {
        mira.get("/avatars/me").await.expect(404);
    }
    assert_eq!(app.count_of("Avatar").await, 0, "nothing was done");
}

#[tokio::test(flavor = "multi_thread")]
async fn free_reference_pictures_messages_and_pictures_have_bounds_of_their_own() {
    let bounds = Bounds::NONE
        .with(Policy::Commands, slow(100))
        .with(Policy::ReferencePictures, slow(1))
        .with(Policy::Messages, slow(1))
        .with(Policy::Pictures, slow(1));
    let app = start(bounds).await;
    let mira = app.sign_in("mira@example.com").await;
    for (path, body, policy) in [
        (
            "/avatars/me/reference-image",
            json!({}),
            "reference-pictures",
        ),
        ("/chat/messages", json!({ "text": "Hello" }), "messages"),
        ("/photos", json!({ "scene": "in the garden" }), "pictures"),
    ] {
        let order = async || {
            let answer = mira.post(path, body.clone()).await;
            (answer.status, answer.headers.clone(), answer.json())
        };
        let (first, headers, _) = order().await;
        assert_ne!(first, 429, "{path}");
        let policies = text(&headers, "ratelimit-policy");
        assert_eq!(
            policies,
            format!("\"commands\";q=100;w=86400, \"{policy}\";q=1;w=86400")
        );
        let (second, _, body) = order().await;
        assert_eq!(second, 429, "{path}");
        assert_eq!(body["violated-policies"], json!([policy]));
    }
}
