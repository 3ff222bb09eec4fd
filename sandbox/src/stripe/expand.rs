//! `expand[]`: ids replaced by the objects they name.

use serde_json::Value;

use super::shape::Shape;
use super::state::State;
use super::{catalogue, lists};

/// Expands one path such as `subscription.latest_invoice` or `data.customer`; unknown ones change nothing.
pub(super) fn expand(state: &State, shape: Shape, value: &mut Value, path: &str) {
    if let Value::Array(items) = value {
        for item in items {
            expand(state, shape, item, path);
        }
        return;
    }
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    if name == "line_items" {
        add_line_items(state, value);
    }
    let Some(field) = value.get_mut(name) else {
        return;
    };
    if let Some(object) = field.as_str().and_then(|id| object(state, shape, id)) {
        *field = object;
    }
    if !rest.is_empty() {
        expand(state, shape, field, rest);
    }
}

fn object(state: &State, shape: Shape, id: &str) -> Option<Value> {
    let (prefix, _) = id.split_once('_')?;
    match prefix {
        "cus" => state.customer(id).map(|customer| customer.json()),
        "sub" => state
            .subscription(id)
            .map(|subscription| subscription.json(state, shape)),
        "in" => state.invoice(id).map(|invoice| invoice.json(state, shape)),
        "prod" => Some(catalogue::product_json(state, id)),
        _ => None,
    }
}

fn add_line_items(state: &State, value: &mut Value) {
    let Some(session) = value["id"].as_str().and_then(|id| state.session(id)) else {
        return;
    };
    let path = format!("/v1/checkout/sessions/{}/line_items", session.id);
    value["line_items"] = lists::inner(session.line_items(state), &path);
}
