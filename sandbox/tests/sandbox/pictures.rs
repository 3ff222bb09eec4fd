//! The files that predictions draw.

use sandbox::portrait::{Build, Format, HairLength, Order, Place, Portrait, draw};
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

/// The prompt of one character, in a scene.
fn camille(scene: &str) -> String {
    format!(
        "Photograph of an adult woman, 25 years old, French. Appearance: long wavy chestnut hair, green eyes. Scene: {scene}. Half-length view, natural light. adult, age 25, fully clothed."
    )
}

#[test]
fn a_character_is_the_same_in_every_scene() {
    let reference = "Portrait photograph of an adult woman, 25 years old, French. Appearance: long wavy chestnut hair, green eyes. Head and shoulders, plain background. adult, age 25, fully clothed.";
    let reference = Portrait::described(reference);
    let beach = Portrait::described(&camille("at the beach at sunset, blue dress"));
    let rain = Portrait::described(&camille(
        "in the rain at night, her blonde friend beside her",
    ));
    assert_eq!(reference.character, beach.character);
    assert_eq!(reference.character, rain.character);
    assert_eq!(
        (beach.occasion.place, beach.occasion.golden),
        (Place::Beach, true)
    );
    assert!(rain.occasion.rain && rain.occasion.night);
}

#[test]
fn different_words_describe_different_people() {
    let camille = Portrait::described(&camille("at home")).character;
    let kenji = Portrait::described("adult man, 31 years old, Japanese, short black hair, glasses")
        .character;
    assert_eq!(
        (camille.build, camille.hair_length),
        (Build::Feminine, HairLength::Long)
    );
    assert_eq!(
        (kenji.build, kenji.hair_length),
        (Build::Masculine, HairLength::Short)
    );
    assert!(kenji.glasses && !camille.glasses);
    assert!(camille != kenji && camille.hair != kenji.hair && camille.eyes != kenji.eyes);
}

#[test]
fn nobody_is_drawn_younger_than_twenty() {
    assert_eq!(Portrait::described("woman, 12 years old").character.age, 20);
    assert_eq!(Portrait::described("woman, 43 years old").character.age, 43);
}

#[test]
fn every_text_can_be_drawn() {
    for prompt in [
        "",
        "a friendly robot",
        "🙂 ünïcode, , . ; [[",
        "hair eyes skin",
        "[[sandbox:ok_sync]]",
    ] {
        let order = Order {
            prompt: prompt.to_owned(),
            variation: u64::MAX,
            width: 96,
            height: 64,
            format: Format::Jpeg,
        };
        assert!(!draw(&order).unwrap().is_empty(), "{prompt}");
    }
    let nothing = Order {
        prompt: String::new(),
        variation: 0,
        width: 0,
        height: 64,
        format: Format::Png,
    };
    assert!(draw(&nothing).is_err());
}
