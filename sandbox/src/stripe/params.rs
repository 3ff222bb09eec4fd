//! Stripe's form bodies: `metadata[user_id]=…`, `line_items[0][price]=…`, `expand[]=…`.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The parameters of one request, nested as their brackets say.
#[derive(Debug, Clone, Default)]
pub(super) struct Params(Map<String, Value>);

impl Params {
    /// Reads query strings or form bodies; a later pair with the same name wins.
    pub(super) fn parse(parts: &[&[u8]]) -> Self {
        let mut root = Value::Object(Map::new());
        for part in parts {
            for (name, value) in url::form_urlencoded::parse(part) {
                insert(&mut root, &segments(&name), value.into_owned());
            }
        }
        match root {
            Value::Object(fields) => Self(fields),
            _ => Self::default(),
        }
    }

    /// The text at a path such as `["metadata", "user_id"]`; an empty text counts as absent.
    pub(super) fn text(&self, path: &[&str]) -> Option<&str> {
        self.raw(path).filter(|text| !text.is_empty())
    }

    /// The text at a path, also when it is empty: with an empty text, Stripe unsets a field.
    pub(super) fn raw(&self, path: &[&str]) -> Option<&str> {
        self.value(path)?.as_str()
    }

    /// `true` or `false` at a path.
    pub(super) fn flag(&self, path: &[&str]) -> Option<bool> {
        self.text(path)?.parse().ok()
    }

    /// A whole number at a path.
    pub(super) fn number(&self, path: &[&str]) -> Option<i64> {
        self.text(path)?.parse().ok()
    }

    /// The pairs under a path, as in `metadata`.
    pub(super) fn pairs(&self, path: &[&str]) -> BTreeMap<String, String> {
        let fields = self.value(path).and_then(Value::as_object);
        let pairs = fields.into_iter().flatten();
        pairs
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    }

    /// The texts of a list such as `expand[]`, or the one text given without brackets.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Object(_)) => self.pairs(&[name]).into_values().collect(),
            _ => Vec::new(),
        }
    }

    /// All of it, for the ledger.
    pub(super) fn json(&self) -> Value {
        Value::Object(self.0.clone())
    }

    fn value(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter()
            .try_fold(self.0.get(*first)?, |value, name| value.get(*name))
    }
}

/// `a[b][0]` as `a`, `b`, `0`.
fn segments(name: &str) -> Vec<String> {
    let (first, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    let inner = rest
        .split('[')
        .skip(1)
        .map(|part| part.trim_end_matches(']'));
    std::iter::once(first)
        .chain(inner)
        .map(str::to_owned)
        .collect()
}

fn insert(place: &mut Value, path: &[String], value: String) {
    let Some((name, rest)) = path.split_first() else {
        *place = Value::String(value);
        return;
    };
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    let Some(fields) = place.as_object_mut() else {
        return;
    };
    // `expand[]` has no index: the next free one is taken.
    let name = if name.is_empty() {
        fields.len().to_string()
    } else {
        name.clone()
    };
    insert(fields.entry(name).or_insert(Value::Null), rest, value);
}
