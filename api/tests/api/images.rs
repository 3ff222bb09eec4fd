//! A photo's bytes by signed address: forgery, age, ranges, caches.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    person::{PICTURE, Person, THUMBNAIL},
    test_app::TestApp,
};

async fn delivered(mara: &Person<'_>) -> Value {
    let photo = mara.delivered_reference().await;
    let shown = mara.get(&format!("/photos/{photo}")).await.expect(200);
    shown.json()["image"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_address_gives_the_bytes_without_a_token() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let image = delivered(&mara).await;
    let sha256 = hex::encode(Sha256::digest(PICTURE));
    let (full, thumbnail) = (
        image["url"].as_str().unwrap(),
        image["thumbnail_url"].as_str().unwrap(),
    );
    assert!(full.starts_with('/'));

    let answer = app.get(full).await.expect(200);
    assert_eq!(&*answer.body, PICTURE);
    assert_eq!(answer.header("content-type"), "image/jpeg");
    assert_eq!(answer.header("etag"), format!("\"{sha256}\""));
    assert_eq!(answer.header("accept-ranges"), "bytes");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(image["sha256"], sha256);
    let small = app.get(thumbnail).await.expect(200);
    assert_eq!(&*small.body, THUMBNAIL);
    assert_ne!(small.header("etag"), answer.header("etag"));

    let head = app.call(Method::HEAD, full).send().await.expect(200);
    assert_eq!(head.header("content-length"), PICTURE.len().to_string());
    assert!(head.body.is_empty());
    for tag in [
        format!("\"{sha256}\""),
        "*".to_owned(),
        format!("W/\"{sha256}\", \"x\""),
    ] {
        let answer = app
            .call(Method::GET, full)
            .header("if-none-match", &tag)
            .send()
            .await;
        assert!(answer.expect(304).body.is_empty());
    }
    let other = app
        .call(Method::GET, full)
        .header("if-none-match", "\"x\"")
        .send()
        .await;
    other.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_of_the_bytes_can_be_asked_for() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let image = delivered(&mara).await;
    let full = image["url"].as_str().unwrap();
    let etag = format!("\"{}\"", image["sha256"].as_str().unwrap());
    let size = PICTURE.len();
    for (range, wanted) in [
        ("bytes=0-3", 0..4),
        ("bytes=5-", 5..size),
        ("bytes=-4", size - 4..size),
    ] {
        let answer = app
            .call(Method::GET, full)
            .header("range", range)
            .send()
            .await
            .expect(206);
        assert_eq!(*answer.body, PICTURE[wanted.clone()], "{range}");
        let expected = format!("bytes {}-{}/{size}", wanted.start, wanted.end - 1);
        assert_eq!(answer.header("content-range"), expected);
    }
    let thumbnail = image["thumbnail_url"].as_str().unwrap();
    let answer = app
        .call(Method::GET, thumbnail)
        .header("range", "bytes=4-8")
        .send()
        .await;
    assert_eq!(*answer.expect(206).body, THUMBNAIL[4..9]);

    let outside = app
        .call(Method::GET, full)
        .header("range", "bytes=9999-")
        .send()
        .await;
    assert_eq!(outside.header("content-range"), format!("bytes */{size}"));
    outside.refused(416, "range-not-satisfiable");
    for (name, value) in [("range", "bytes=0-1,3-4"), ("range", "lines=0-1")] {
        app.call(Method::GET, full)
            .header(name, value)
            .send()
            .await
            .expect(200);
    }
    let of_other_bytes = app.call(Method::GET, full).header("range", "bytes=0-3");
    of_other_bytes
        .header("if-range", "\"x\"")
        .send()
        .await
        .expect(200);
    let of_these_bytes = app.call(Method::GET, full).header("range", "bytes=0-3");
    of_these_bytes
        .header("if-range", &etag)
        .send()
        .await
        .expect(206);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_forged_or_old_gives_nothing() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let image = delivered(&mara).await;
    let other = delivered(&mara).await;
    let full = image["url"].as_str().unwrap();
    let (path, query) = full.split_once('?').unwrap();
    let (other_path, _) = other["url"].as_str().unwrap().split_once('?').unwrap();

    let changed = |from: &str, to: &str| full.replacen(from, to, 1);
    for forged in [
        path.to_owned(),
        format!("{other_path}?{query}"),
        changed("variant=full", "variant=thumbnail"),
        changed("variant=full", "variant=raw"),
        changed("expires=1", "expires=2"),
        changed("signature=", "signature=00"),
        changed("signature=", "signature=zz"),
        format!("{path}?variant=full&expires=9999999999&signature="),
    ] {
        assert_ne!(forged, full);
        app.get(&forged).await.refused(403, "image-url-invalid");
        mara.get(&forged).await.refused(403, "image-url-invalid");
    }
    app.clock.set_ahead(TimeDelta::minutes(58));
    app.get(full).await.expect(200);
    app.clock.set_ahead(TimeDelta::minutes(61));
    app.get(full).await.refused(403, "image-url-expired");
    app.get("/photos/not-a-uuid/image")
        .await
        .refused(404, "photo-not-found");
}
