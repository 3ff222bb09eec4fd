//! Lists: newest first, `limit`, `starting_after`, `ending_before`.

use serde_json::{Value, json};

use super::error::Error;
use super::params::Params;

/// One page of `all`, which is newest first.
pub(super) fn page(all: Vec<Value>, path: &str, params: &Params) -> Result<Value, Error> {
    let limit = match params.text(&["limit"]) {
        None => 10,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|limit| (1..=100).contains(limit))
            .ok_or_else(|| {
                Error::invalid("limit", "Invalid integer: limit must be from 1 to 100")
            })?,
    };
    let place = |param: &str| match params.text(&[param]) {
        None => Ok(None),
        Some(id) => all
            .iter()
            .position(|object| object["id"] == id)
            .map(Some)
            .ok_or_else(|| Error::no_such("object", id, param)),
    };
    let (start, end, has_more) = match (place("starting_after")?, place("ending_before")?) {
        (_, Some(before)) => {
            let start = before.saturating_sub(limit);
            (start, before, start > 0)
        }
        (after, None) => {
            let start = after.map_or(0, |index| index + 1);
            let end = (start + limit).min(all.len());
            (start, end, end < all.len())
        }
    };
    let data: Vec<Value> = all.into_iter().skip(start).take(end - start).collect();
    Ok(json!({"object": "list", "url": path, "has_more": has_more, "data": data}))
}

/// A list inside another object, all of it on one page.
pub(super) fn inner(data: Vec<Value>, path: &str) -> Value {
    let count = data.len();
    json!({"object": "list", "url": path, "has_more": false, "total_count": count, "data": data})
}
