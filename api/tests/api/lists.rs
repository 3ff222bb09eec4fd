//! Lists: pages, filters, and what is malformed.

use reqwest::Method;
use serde_json::Value;

use crate::{person::Person, test_app::TestApp};

/// Follows the `Link` headers from that page to the last.
async fn walk(person: &Person<'_>, first: &str) -> Vec<Vec<String>> {
    let (mut pages, mut next) = (Vec::new(), Some(first.to_owned()));
    while let Some(path) = next {
        let page = person.get(&path).await.expect(200);
        let body = page.json();
        let items = body["items"].as_array().unwrap().iter();
        pages.push(
            items
                .map(|item| item["id"].as_str().unwrap().to_owned())
                .collect(),
        );
        next = page.headers.get("link").map(|link| {
            let link = link.to_str().unwrap();
            let target = link.strip_prefix('<').unwrap().split_once('>').unwrap();
            assert_eq!(target.1, "; rel=\"next\"");
            assert!(
                target.0.contains(body["next_cursor"].as_str().unwrap()),
                "{link}"
            );
            target.0.to_owned()
        });
        assert_eq!(next.is_none(), body["next_cursor"].is_null());
    }
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_45_photos_is_walked_without_loss_while_new_ones_arrive() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    let mut asked = Vec::new();
    for _ in 0..45 {
        asked.push(mara.scene().await);
    }
    asked.reverse();

    let pages = walk(&mara, "/photos?purpose=scene&limit=10").await;
    assert_eq!(
        pages.iter().map(Vec::len).collect::<Vec<_>>(),
        [10, 10, 10, 10, 5]
    );
    assert_eq!(pages.concat(), asked, "newest first");

    let first = mara.get("/photos?purpose=scene").await.expect(200).json();
    assert_eq!(
        first["items"].as_array().unwrap().len(),
        20,
        "20 by default"
    );
    mara.scene().await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = walk(
        &mara,
        &format!("/photos?purpose=scene&limit=100&cursor={cursor}"),
    )
    .await;
    assert_eq!(rest.concat(), asked[20..], "a new photo moves nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_ends_with_the_list_is_the_last_one() {
    let app = TestApp::start().await;
    let mara = app.subscriber().await;
    for _ in 0..3 {
        mara.scene().await;
    }
    assert_eq!(walk(&mara, "/photos?purpose=scene&limit=3").await.len(), 1);
    let statuses = mara
        .get("/photos?status=delivered")
        .await
        .expect(200)
        .json();
    assert_eq!(
        statuses["items"].as_array().unwrap().len(),
        1,
        "the reference picture"
    );
    let statuses = mara
        .get("/photos?status=requested&purpose=reference")
        .await
        .expect(200);
    assert_eq!(statuses.json()["items"], Value::Array(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_malformed_is_named_at_once() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.subscribed().await;
    let path = "/photos?limit=101&cursor=garbage&status=lost&purpose=fun";
    let problem = mara.get(path).await.refused(400, "invalid-parameter");
    let errors = problem["errors"].as_array().unwrap().iter();
    let named: Vec<_> = errors
        .map(|error| error["parameter"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["status", "purpose", "limit", "cursor"]);
    for bad in [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1&limit=2",
        "cursor=",
        "cursor=MSAw",
    ] {
        let answer = mara
            .call(Method::GET, &format!("/photos?{bad}"))
            .send()
            .await;
        answer.refused(400, "invalid-parameter");
    }
}
