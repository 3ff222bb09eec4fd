//! The OpenAPI document: checked in, complete, and true.

use std::{collections::BTreeSet, fs, path::Path};

use reqwest::Method;
use serde_json::Value;

use crate::{
    conformance::{DOCUMENT, valid},
    test_app::TestApp,
};

#[test]
fn the_document_that_is_checked_in_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let generated = format!("{}\n", api::openapi().to_pretty_json().unwrap());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == generated,
        "docs/openapi.json is stale; run the tests with UPDATE_OPENAPI=1 and look at the difference"
    );
}

/// Every operation as method, path and what the document says.
fn operations() -> Vec<(String, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
    });
    all.collect()
}

#[test]
fn every_route_in_the_code_is_in_the_document_and_the_reverse() {
    let documented: BTreeSet<_> = operations()
        .into_iter()
        .map(|(method, path, _)| (method, path.to_owned()))
        .collect();
    let mut written = BTreeSet::new();
    routes_in(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut written,
    );
    assert_eq!(written, documented);
}

/// The `#[get("/…")]` lines and their like below a directory.
fn routes_in(directory: &Path, routes: &mut BTreeSet<(String, String)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            routes_in(&path, routes);
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let Some((method, route)) = line
                .strip_prefix("#[")
                .and_then(|line| line.split_once("(\""))
            else {
                continue;
            };
            if ["get", "post", "put", "patch", "delete"].contains(&method) {
                let route = route.strip_suffix("\")]").unwrap();
                routes.insert((method.to_uppercase(), route.to_owned()));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_operation_is_served() {
    let app = TestApp::start().await;
    for (method, path, operation) in operations() {
        let path = path.replace("{photo_id}", "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a");
        let path = path.replace("{code}", "avatar-exists");
        let path = path.replace("{attempt}", "1");
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = app.call(method.clone(), &path).send().await;
        if answer.status >= 400 {
            let code = answer.json()["code"].clone();
            assert!(
                code != "not-found" && code != "method-not-allowed",
                "{method} {path}: {code}"
            );
        }
        let open = operation["security"] == serde_json::json!([{}]);
        assert_eq!(
            answer.status == 401,
            !open,
            "{method} {path} answers {}",
            answer.status
        );
    }
}

#[test]
fn every_operation_has_a_name_a_tag_words_and_examples_that_are_valid() {
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name} is there twice");
        assert!(operation["summary"].is_string(), "{name}");
        assert_eq!(
            operation["tags"].as_array().unwrap().len(),
            1,
            "{name}: {}",
            operation["tags"]
        );
        let tags = DOCUMENT["tags"].as_array().unwrap();
        assert!(
            tags.iter().any(|tag| tag["name"] == operation["tags"][0]),
            "{name}"
        );
        if let Some(body) = operation.get("requestBody") {
            assert_eq!(body["required"], true, "{name}");
            check_content(name, &body["content"]);
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(
                response["description"].is_string(),
                "{method} {path} {status}"
            );
            if let Some(content) = response.get("content") {
                check_content(&format!("{name} {status}"), content);
            }
        }
    }
}

fn check_content(what: &str, content: &Value) {
    for (media_type, content) in content.as_object().unwrap() {
        if media_type.starts_with("image/") {
            continue;
        }
        let single = content.get("example");
        let several = content["examples"].as_object();
        let named = several
            .into_iter()
            .flat_map(|all| all.values().map(|one| &one["value"]));
        let examples: Vec<_> = single.into_iter().chain(named).collect();
        assert!(
            !examples.is_empty(),
            "{what} has no example as {media_type}"
        );
        for example in examples {
            if let Err(wrong) = valid(example, &content["schema"], "") {
                panic!("the example of {what} has {wrong}: {example:#}");
            }
        }
    }
}

#[test]
fn every_problem_is_in_the_document_with_its_status_and_an_example() {
    let problem = &DOCUMENT["components"]["schemas"]["Problem"];
    let examples = problem["examples"].as_array().unwrap();
    assert_eq!(examples.len(), api::Code::ALL.len());
    for (example, code) in examples.iter().zip(api::Code::ALL) {
        assert_eq!(example["status"], code.status_number(), "{code:?}");
        assert_eq!(example["code"], code.slug());
        if let Err(wrong) = valid(example, problem, "") {
            panic!("the example of {code:?} has {wrong}: {example:#}");
        }
    }
}

#[test]
fn only_operations_for_everybody_are_open() {
    let open: BTreeSet<_> = operations()
        .into_iter()
        .filter(|(_, _, operation)| operation["security"] == serde_json::json!([{}]))
        .map(|(_, path, _)| path)
        .collect();
    let expected = [
        "/billing/webhook",
        "/dev/token",
        "/health",
        "/openapi.json",
        "/photos/{photo_id}/image",
        "/problems",
        "/problems/{code}",
        "/provenance/check",
        "/ready",
        "/webhooks/replicate/{photo_id}/{attempt}",
    ];
    assert_eq!(open, BTreeSet::from(expected));
}
