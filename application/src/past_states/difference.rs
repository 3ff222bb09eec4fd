//! What differs between two states, field by field.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use super::StateChange;

/// A field that an event changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Where, as a JSON pointer (RFC 6901). A state that is one of several kinds is written as `{"Generating": {…}}` or
    /// `"Absent"`: then `/kind` stands for which one it is, and the other pointers lead into what it holds, so that what
    /// two kinds have in common is compared.
    pub path: String,
    /// What stood there; none when there was no such field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What stands there now; none when there is no such field any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl StateChange {
    /// Every field that differs, in the order of their names and of lists; objects and lists of both are gone into. What
    /// did not exist is compared as if it had been empty, so that each field of a beginning stands by itself.
    pub fn changes(&self) -> Vec<FieldChange> {
        let before = self.before.as_ref();
        let nothing = Value::Object(Map::new());
        let mut changes = Vec::new();
        match (before.map(kind), kind(&self.after)) {
            (was @ (None | Some(Some(_))), Some((is, fields))) => {
                let was = was.flatten();
                let name = |kind: &str| Value::String(kind.to_owned());
                let (from, to) = (was.map(|(kind, _)| name(kind)), name(is));
                compare("/kind", from.as_ref(), Some(&to), &mut changes);
                let earlier = was.and_then(|(_, fields)| fields).unwrap_or(&nothing);
                compare(
                    "",
                    Some(earlier),
                    Some(fields.unwrap_or(&nothing)),
                    &mut changes,
                );
            }
            (None, None) if self.after.is_object() => {
                compare("", Some(&nothing), Some(&self.after), &mut changes);
            }
            (None | Some(_), None) | (Some(None), Some(_)) => {
                compare("", before, Some(&self.after), &mut changes);
            }
        }
        changes
    }
}

/// The kind that a state is of, and what it holds; none when it is of no kind.
fn kind(state: &Value) -> Option<(&str, Option<&Value>)> {
    let is_kind = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_uppercase())
            && name
                .chars()
                .all(|character| character.is_ascii_alphabetic())
    };
    match state {
        Value::String(name) => is_kind(name).then_some((name.as_str(), None)),
        Value::Object(fields) if fields.len() == 1 => {
            let (name, held) = fields.iter().next()?;
            is_kind(name).then_some((name.as_str(), Some(held)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

fn compare(
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<FieldChange>,
) {
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
                compare(&path, before.get(name), after.get(name), changes);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for place in 0..before.len().max(after.len()) {
                let path = format!("{path}/{place}");
                compare(&path, before.get(place), after.get(place), changes);
            }
        }
        (before, after) if before == after => {}
        (before, after) => changes.push(FieldChange {
            path: path.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changes(before: Value, after: Value) -> Value {
        let before = (!before.is_null()).then_some(before);
        json!(StateChange { before, after }.changes())
    }

    #[test]
    fn each_change_is_told_with_where_from_what_and_to_what() {
        let before = json!({"age": 25, "name": "Ava", "image": {"status": "none"}, "note": null, "list": ["a", "b"]});
        let after = json!({"age": 26, "name": "Ava", "image": {"status": "made", "a/b~c": 1}, "list": ["a", "c", null]});
        assert_eq!(
            changes(before.clone(), after),
            json!([
                {"path": "/age", "before": 25, "after": 26},
                {"path": "/image/a~1b~0c", "after": 1},
                {"path": "/image/status", "before": "none", "after": "made"},
                {"path": "/list/1", "before": "b", "after": "c"},
                {"path": "/list/2", "after": null},
                {"path": "/note", "before": null},
            ])
        );
        assert_eq!(changes(before.clone(), before), json!([]));
        // A list is no object, and nothing is neither.
        assert_eq!(
            changes(json!({"a": [], "b": null}), json!({"a": {}, "b": {}})),
            json!([{"path": "/a", "before": [], "after": {}}, {"path": "/b", "before": null, "after": {}}])
        );
    }

    #[test]
    fn a_state_that_became_another_kind_keeps_what_both_have_in_common() {
        let generating = json!({"Generating": {"wish": {"scene": "a pier"}, "attempt": 1}});
        let delivered = json!({"Delivered": {"wish": {"scene": "a pier"}, "sha256": "f"}});
        assert_eq!(
            changes(generating, delivered),
            json!([
                {"path": "/kind", "before": "Generating", "after": "Delivered"},
                {"path": "/attempt", "before": 1},
                {"path": "/sha256", "after": "f"},
            ])
        );
        assert_eq!(
            changes(json!("Absent"), json!({"Requested": {"attempt": 0}})),
            json!([{"path": "/kind", "before": "Absent", "after": "Requested"}, {"path": "/attempt", "after": 0}])
        );
        assert_eq!(
            changes(json!({"Open": {"due": 1}}), json!("Closed")),
            json!([{"path": "/kind", "before": "Open", "after": "Closed"}, {"path": "/due", "before": 1}])
        );
    }

    #[test]
    fn a_state_that_begins_is_told_field_by_field() {
        assert_eq!(
            changes(Value::Null, json!({"Requested": {"attempt": 0}})),
            json!([{"path": "/kind", "after": "Requested"}, {"path": "/attempt", "after": 0}])
        );
        assert_eq!(
            changes(Value::Null, json!({"plan": "monthly", "status": "open"})),
            json!([{"path": "/plan", "after": "monthly"}, {"path": "/status", "after": "open"}])
        );
    }
}
