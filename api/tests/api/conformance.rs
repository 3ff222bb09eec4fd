//! The OpenAPI document is the truth: every answer that a test sees has to be in it.

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::{Value, json};

use crate::person::Answer;

/// The document as it is served.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| json!(api::openapi()));

/// Checks an answer's status, problem code, headers and body against the document.
#[track_caller]
pub fn check(method: &Method, path: &str, answer: &Answer) {
    assert!(
        answer.headers.contains_key("x-request-id"),
        "{method} {path} has no request id"
    );
    let content_type = answer
        .headers
        .get("content-type")
        .map(|value| value.to_str().unwrap());
    let body = match content_type {
        Some("application/json" | "application/problem+json") if !answer.body.is_empty() => {
            Some(answer.json())
        }
        _ => None,
    };
    if answer.status >= 400 {
        check_problem(method, path, answer, body.as_ref());
    }
    let Some(operation) = operation(method, path) else {
        assert!(
            matches!(answer.status, 404 | 405),
            "{method} {path} is in no document"
        );
        return;
    };
    let status = answer.status.to_string();
    let response = &operation["responses"][status.as_str()];
    assert!(
        !response.is_null(),
        "{method} {path} answers {status}, which is in no document"
    );
    for (name, _) in response["headers"].as_object().into_iter().flatten() {
        let always = matches!(
            name.as_str(),
            "Log-Position" | "ETag" | "Location" | "WWW-Authenticate"
        );
        let there = answer.headers.contains_key(name.to_lowercase().as_str());
        assert!(
            !always || there,
            "{method} {path} answers {status} without {name}"
        );
    }
    if let (Some(body), Some(content_type)) = (body, content_type) {
        let content = &response["content"][content_type];
        assert!(
            !content.is_null(),
            "{method} {path} answers {status} as {content_type}"
        );
        if let Err(what) = valid(&body, &content["schema"], "") {
            panic!("{method} {path} answers {status} with {what}: {body:#}");
        }
    }
}

#[track_caller]
fn check_problem(method: &Method, path: &str, answer: &Answer, body: Option<&Value>) {
    if path == "/ready" {
        return;
    }
    let Some(problem) = body else {
        assert_eq!(
            method,
            Method::HEAD,
            "{method} {path} answers {} without a problem",
            answer.status
        );
        return;
    };
    let code = problem["code"].as_str().unwrap();
    assert_eq!(problem["status"], answer.status);
    assert_eq!(problem["type"], format!("/problems/{code}"));
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
    let status = answer.status.to_string();
    if let Some(operation) = operation(method, path) {
        let response = &operation["responses"][status.as_str()];
        let examples = &response["content"]["application/problem+json"]["examples"];
        assert!(
            !examples[code].is_null(),
            "{method} {path} answers {code}, which is in no document"
        );
    }
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next()?;
    let method = if method == Method::HEAD {
        "get".to_owned()
    } else {
        method.as_str().to_lowercase()
    };
    let paths = DOCUMENT["paths"].as_object()?;
    let item = paths.get(path).or_else(|| {
        let matching = paths.iter().find(|(template, _)| matches(template, path));
        matching.map(|(_, item)| item)
    })?;
    item.get(&method)
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(wanted, given)| {
            wanted == given || (wanted.starts_with('{') && !given.is_empty())
        })
}

/// Says what is wrong with a value, by as much of JSON Schema as the document uses.
pub fn valid(value: &Value, schema: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        let target = DOCUMENT
            .pointer(pointer)
            .ok_or_else(|| format!("no {reference}"))?;
        return valid(value, target, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = choices
            .iter()
            .filter(|choice| valid(value, choice, at).is_ok())
            .count();
        return if fits == 1 {
            Ok(())
        } else {
            Err(format!("{fits} of the choices at {at}"))
        };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    if !types.iter().any(|wanted| is(value, wanted)) {
        return Err(format!("{value} at {at}, which should be {types:?}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{value} at {at}, which should be one of {words:?}"));
    }
    if let (Some(values), Some(items)) = (value.as_array(), schema.get("items")) {
        for (index, value) in values.iter().enumerate() {
            valid(value, items, &format!("{at}/{index}"))?;
        }
    }
    if let (Some(object), Some(properties)) = (value.as_object(), schema["properties"].as_object())
    {
        for required in schema["required"].as_array().into_iter().flatten() {
            let name = required.as_str().unwrap_or_default();
            if !object.contains_key(name) {
                return Err(format!("no {at}/{name}"));
            }
        }
        for (name, value) in object {
            let property = properties.get(name);
            let property = property.ok_or_else(|| format!("{at}/{name}, which nobody knows"))?;
            valid(value, property, &format!("{at}/{name}"))?;
        }
    }
    Ok(())
}

fn is(value: &Value, wanted: &str) -> bool {
    match wanted {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}
