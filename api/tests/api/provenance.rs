//! Did Ava make this picture? Asked by anybody, without a token.

use std::io::Write;

use bytes::Bytes;
use provenance::{decode, encode};
use reqwest::Method;
use sandbox::portrait::{self, Format, Order};
use serde_json::{Value, json};

use crate::{
    person::{Answer, Person, avatar},
    test_app::{Options, TestApp, until},
};

async fn asked(app: &TestApp, media_type: &str, picture: impl Into<Bytes>) -> Answer {
    let call = app.call(Method::POST, "/provenance/check");
    call.body(media_type, picture.into()).send().await
}

async fn answer(app: &TestApp, picture: impl Into<Bytes>) -> Value {
    asked(app, "image/jpeg", picture).await.expect(200).json()
}

/// A picture as somebody gets it, its thumbnail, and its address.
async fn delivered(mara: &Person<'_>) -> (Bytes, Bytes, String) {
    mara.post("/avatars", avatar()).await.expect(201);
    let order = mara.order("/avatars/me/reference-image").await.expect(202);
    let path = order.header("location").to_owned();
    let image = until("the picture is delivered", async || {
        let photo = mara.get(&path).await.expect(200).json();
        (photo["status"] == "delivered").then(|| photo["image"].clone())
    })
    .await;
    let bytes = async |url: &str| {
        let answer = mara.app.get(image[url].as_str().unwrap()).await.expect(200);
        Bytes::copy_from_slice(&answer.body)
    };
    (bytes("url").await, bytes("thumbnail_url").await, path)
}

async fn with_a_worker() -> TestApp {
    TestApp::start_with(Options {
        worker: true,
        ..Options::default()
    })
    .await
}

/// A picture that Ava has nothing to do with.
fn strangers(format: Format) -> Bytes {
    portrait::draw(&Order {
        prompt: "adult woman, age 40".to_owned(),
        variation: 3,
        width: 512,
        height: 512,
        format,
    })
    .unwrap()
}

fn evidence(known_hash: bool, xmp: &str, visible_mark: bool) -> Value {
    json!({"known_hash": known_hash, "manifest": "not_read", "xmp": xmp, "visible_mark": visible_mark})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivered_picture_and_its_thumbnail_are_avas_and_nobody_learns_whose() {
    let app = with_a_worker().await;
    let mara = app.sign_in("mara@example.com").await;
    let (full, thumbnail, _) = delivered(&mara).await;

    for picture in [full, thumbnail] {
        let answer = asked(&app, "image/jpeg", picture).await.expect(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        // All of the answer: no id, no time.
        assert_eq!(
            answer.json(),
            json!({"made_by_ava": "yes", "evidence": evidence(true, "trained_model", true)})
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_was_encoded_again_is_likely_avas_and_a_strangers_is_unknown() {
    let app = with_a_worker().await;
    let mara = app.sign_in("mara@example.com").await;
    let (full, _, _) = delivered(&mara).await;

    let again = encode(&decode(&full).unwrap(), 75).unwrap();
    assert_eq!(
        answer(&app, again).await,
        json!({"made_by_ava": "likely", "evidence": evidence(false, "trained_model", true)})
    );
    let without_corner = decode(&full).unwrap().crop_imm(0, 0, 400, 400);
    assert_eq!(
        answer(&app, encode(&without_corner, 90).unwrap()).await,
        json!({"made_by_ava": "unknown", "evidence": evidence(false, "trained_model", false)})
    );
    for (media_type, format) in [
        ("image/jpeg", Format::Jpeg),
        ("image/png", Format::Png),
        ("image/webp; q=1", Format::Webp),
    ] {
        let answer = asked(&app, media_type, strangers(format)).await;
        assert_eq!(
            answer.expect(200).json(),
            json!({"made_by_ava": "unknown", "evidence": evidence(false, "none", false)})
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_picture_is_no_longer_known_by_its_hash() {
    let app = with_a_worker().await;
    let mara = app.sign_in("mara@example.com").await;
    let (full, thumbnail, path) = delivered(&mara).await;

    mara.call(Method::DELETE, &path).send().await.expect(204);

    for picture in [full, thumbnail] {
        assert_eq!(
            answer(&app, picture).await,
            json!({"made_by_ava": "likely", "evidence": evidence(false, "trained_model", true)})
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_within_the_limits_is_refused_in_words() {
    let app = TestApp::start().await;
    let picture = strangers(Format::Png);

    for media_type in ["application/json", "image/gif", "text/plain", "image"] {
        let answer = asked(&app, media_type, picture.clone()).await;
        answer.refused(415, "unsupported-picture");
    }
    let call = app.call(Method::POST, "/provenance/check");
    call.send().await.refused(415, "unsupported-picture");

    let large = vec![0_u8; 20 * 1024 * 1024 + 1];
    let problem = asked(&app, "image/png", large).await;
    let problem = problem.refused(413, "picture-too-large");
    assert_eq!(problem["detail"], "the body is larger than 20971520 bytes");

    let mut wide = picture.to_vec();
    wide[16..20].copy_from_slice(&9000_u32.to_be_bytes());
    for (bytes, reason) in [
        (Vec::new(), "it is no PNG, JPEG or WebP"),
        (b"GIF89a".to_vec(), "PNG, JPEG and WebP are accepted"),
        (picture[..picture.len() / 2].to_vec(), ""),
        (wide, ""),
    ] {
        let problem = asked(&app, "image/png", bytes).await;
        let problem = problem.refused(422, "picture-unusable");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(reason), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_some_pictures_are_held_at_a_time_and_places_are_given_back() {
    let app = TestApp::start().await;
    let host = app.url.strip_prefix("http://").unwrap();
    // It says that a picture comes, and takes its time.
    let begin = || {
        let mut connection = std::net::TcpStream::connect(host).unwrap();
        write!(
            connection,
            "POST /provenance/check HTTP/1.1\r\nHost: {host}\r\nContent-Type: image/png\r\n\
             Content-Length: 1000\r\n\r\n"
        )
        .unwrap();
        connection
    };
    let mut slow: Vec<_> = (0..8).map(|_| begin()).collect();

    until("no place is left", async || {
        let answer = asked(&app, "image/png", strangers(Format::Png)).await;
        if answer.status != 503 {
            // Our own question may have had the place of one of them, which was sent away.
            slow.push(begin());
            return None;
        }
        assert_eq!(answer.header("retry-after"), "2");
        answer.refused(503, "too-many-checks");
        Some(())
    })
    .await;
    app.get("/health").await.expect(200);

    drop(slow);
    until("there is a place again", async || {
        let answer = asked(&app, "image/png", strangers(Format::Png)).await;
        (answer.status == 200).then_some(())
    })
    .await;
}
