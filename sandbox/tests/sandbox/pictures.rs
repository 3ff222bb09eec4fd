//! The files that predictions draw.

use serde_json::{Value, json};

use crate::test_sandbox::{TestSandbox, started};

async fn file_of(sandbox: &TestSandbox, input: Value) -> reqwest::Response {
    let created: Value = sandbox
        .create_with(json!({"input": input}), None)
        .await
        .json()
        .await
        .unwrap();
    let ended = sandbox.ended(created["id"].as_str().unwrap()).await;
    let url = ended["output"][0].as_str().unwrap();
    sandbox.client.get(url).send().await.unwrap()
}

#[tokio::test]
async fn files_come_in_the_format_and_shape_that_was_asked_for() {
    let sandbox = started().await;
    for (format, ratio, media_type, size) in [
        ("webp", "1:1", "image/webp", (1024, 1024)),
        ("png", "3:4", "image/png", (816, 1088)),
        ("jpg", "16:9", "image/jpeg", (1344, 768)),
    ] {
        let input = json!({"prompt": "adult woman, 25 years old", "output_format": format, "aspect_ratio": ratio});
        let file = file_of(&sandbox, input).await;
        assert_eq!(file.headers()["content-type"], media_type);
        let picture = image::load_from_memory(&file.bytes().await.unwrap()).unwrap();
        assert_eq!((picture.width(), picture.height()), size);
    }
}

#[tokio::test]
async fn the_same_prompt_draws_the_same_bytes() {
    let sandbox = started().await;
    let prompt = "adult man, 31 years old, Portuguese, short black hair, in a library";
    let input = json!({"prompt": prompt, "seed": 7});
    let first = file_of(&sandbox, input.clone())
        .await
        .bytes()
        .await
        .unwrap();
    let second = file_of(&sandbox, input).await.bytes().await.unwrap();
    assert!(first == second);
}

#[tokio::test]
async fn misbehaving_files_misbehave() {
    let sandbox = started().await;
    let huge = file_of(&sandbox, json!({"prompt": "p [[sandbox:huge_file]]"})).await;
    assert_eq!(huge.content_length(), None);
    assert!(huge.bytes().await.unwrap().len() > 60 * 1024 * 1024);
    let page = file_of(
        &sandbox,
        json!({"prompt": "p [[sandbox:wrong_content_type]]"}),
    )
    .await;
    assert!(
        page.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let redirect = file_of(
        &sandbox,
        json!({"prompt": "p [[sandbox:redirecting_file_host]]"}),
    )
    .await;
    assert_eq!(redirect.status(), 302);
    let target = redirect.headers()["location"].to_str().unwrap();
    let followed = sandbox.client.get(target).send().await.unwrap();
    assert_eq!(followed.headers()["content-type"], "image/webp");
    let ledger = sandbox.get("/control/replicate/ledger").await;
    assert_eq!(ledger["creates"][2]["redirects_followed"], 1);
}

#[tokio::test]
async fn files_that_do_not_exist_are_not_found() {
    let sandbox = started().await;
    let created = sandbox.create("p").await;
    let id = created["id"].as_str().unwrap();
    for path in [
        format!("/files/{id}/out-7.webp"),
        format!("/files/{id}/nonsense"),
        "/files/x/out-0.webp".to_owned(),
    ] {
        let answer = sandbox.client.get(sandbox.url(&path)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
}
