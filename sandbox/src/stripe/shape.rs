//! The two field shapes: since 2025-03-31 ("basil"), and before.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The day of the version that moved the period to the subscription's items.
const FIRST_NEW_VERSION: &str = "2025-03-31";

/// Where some fields of subscriptions and invoices are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    /// The period on the subscription; `subscription` on the invoice; `price` on its lines.
    Old,
    /// The period on the items; `parent.subscription_details` on the invoice; `pricing` on its lines.
    #[default]
    New,
}

impl Shape {
    /// The shape that a request's `Stripe-Version` asks for.
    pub(super) fn of_version(version: Option<&str>) -> Self {
        match version.and_then(|version| version.get(..10)) {
            Some(day) if day < FIRST_NEW_VERSION => Self::Old,
            _ => Self::New,
        }
    }

    /// The API version that an event of this shape names.
    pub(super) fn api_version(self) -> &'static str {
        match self {
            Self::Old => "2024-06-20",
            Self::New => "2026-09-30.endive",
        }
    }
}

/// The object with further fields, all null.
pub(super) fn with_nulls(mut object: Value, names: &[&str]) -> Value {
    for name in names {
        object[*name] = Value::Null;
    }
    object
}

/// Adds the fields of one object to another.
pub(super) fn add(object: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (object, more) {
        fields.extend(more);
    }
}
