//! The shape of some JSON: which paths there are, which may be absent, and what stands at their ends.
//!
//! What a reader accepts is found out by trying, so that a type that became narrower shows as well.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// One line for each path, as `terms.grace_days: u32` or `scene?: object`, sorted.
///
/// A path is optional when a sample leaves it out or `reads` accepts its absence.
pub(crate) fn shape(samples: &[Value], reads: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let mut paths: BTreeMap<String, Path> = BTreeMap::new();
    for sample in samples {
        visit(sample, sample, "", "", &mut paths);
    }
    paths
        .iter()
        .filter(|(path, _)| !path.is_empty())
        .map(|(path, found)| {
            let optional = found.is_left_out(path, &paths) || found.may_be_left_out(&reads);
            let mark = if optional { "?" } else { "" };
            format!("{path}{mark}: {}", found.kinds(&reads))
        })
        .collect()
}

/// A path wherever the samples have it: the sample, the place in it as a JSON pointer, and what is there.
#[derive(Default)]
struct Path<'a>(Vec<(&'a Value, String, &'a Value)>);

fn visit<'a>(
    sample: &'a Value,
    value: &'a Value,
    path: &str,
    pointer: &str,
    paths: &mut BTreeMap<String, Path<'a>>,
) {
    let found = paths.entry(path.to_owned()).or_default();
    found.0.push((sample, pointer.to_owned(), value));
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                let path = format!("{path}{dot}{name}");
                visit(sample, value, &path, &format!("{pointer}/{name}"), paths);
            }
        }
        Value::Array(items) => {
            for (nth, value) in items.iter().enumerate() {
                let path = format!("{path}[]");
                visit(sample, value, &path, &format!("{pointer}/{nth}"), paths);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl Path<'_> {
    /// An object around it was seen more often than the path itself.
    fn is_left_out(&self, path: &str, paths: &BTreeMap<String, Self>) -> bool {
        if path.ends_with("[]") {
            return false;
        }
        let around = path.rsplit_once('.').map_or("", |(around, _)| around);
        let objects = paths[around]
            .0
            .iter()
            .filter(|(.., value)| value.is_object());
        objects.count() > self.0.len()
    }

    fn may_be_left_out(&self, reads: impl Fn(&Value) -> bool) -> bool {
        let (sample, pointer, _) = &self.0[0];
        let mut without = (*sample).clone();
        let (around, name) = pointer.rsplit_once('/').unwrap_or_default();
        match without.pointer_mut(around) {
            Some(Value::Object(fields)) => fields.remove(name).is_some() && reads(&without),
            _ => false,
        }
    }

    /// What stands there, in all samples together.
    fn kinds(&self, reads: impl Fn(&Value) -> bool) -> String {
        let kinds: BTreeSet<String> = self
            .0
            .iter()
            .map(|(sample, pointer, value)| {
                let accepts = |other: Value| {
                    let mut changed = (*sample).clone();
                    if let Some(place) = changed.pointer_mut(pointer) {
                        *place = other;
                    }
                    reads(&changed)
                };
                match value {
                    Value::Null => "null".to_owned(),
                    Value::Bool(_) => "boolean".to_owned(),
                    Value::Array(_) => "array".to_owned(),
                    Value::Object(_) => "object".to_owned(),
                    Value::Number(_) => number(accepts).to_owned(),
                    Value::String(word) => text(word, accepts),
                }
            })
            .collect();
        kinds.into_iter().collect::<Vec<_>>().join(" | ")
    }
}

fn number(accepts: impl Fn(Value) -> bool) -> &'static str {
    if accepts(json!(0.5)) {
        "number"
    } else if accepts(json!(-1)) {
        "integer"
    } else if accepts(json!(u64::MAX)) {
        "u64"
    } else if accepts(json!(u32::MAX)) {
        "u32"
    } else if accepts(json!(u16::MAX)) {
        "u16"
    } else {
        "u8"
    }
}

/// Any text, an id, a time, or just that word.
fn text(word: &str, accepts: impl Fn(Value) -> bool) -> String {
    if accepts(json!("a word that nobody says")) {
        "text".to_owned()
    } else if accepts(json!("0199f0c0-0000-7000-8000-000000000001")) {
        "uuid".to_owned()
    } else if accepts(json!("2026-11-22T12:00:00.123456Z")) {
        "time".to_owned()
    } else {
        format!("{word:?}")
    }
}
