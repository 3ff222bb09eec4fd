//! Old versions that were never written, to try the way up with: once `AvatarCreated` was called `AvatarBorn`, and at
//! first it counted months.

use domain::upcasting::{Upcaster, Upcasters};
use serde_json::{Value, json};

pub(crate) const UPCASTERS: Upcasters = Upcasters::new(&[
    Upcaster {
        aggregate_type: "Avatar",
        from: ("AvatarBorn", "0"),
        to: ("AvatarBorn", "1"),
        change: |fields| {
            if let Some(months) = fields.remove("months").as_ref().and_then(Value::as_u64) {
                fields.insert("age".to_owned(), (months / 12).into());
            }
        },
    },
    Upcaster {
        aggregate_type: "Avatar",
        from: ("AvatarBorn", "1"),
        to: ("AvatarCreated", "2"),
        change: |_| {},
    },
]);

/// `AvatarBorn` of version 0.
pub(crate) fn born() -> Value {
    let mut event = newborn();
    let fields = event.as_object_mut().unwrap();
    fields.remove("age");
    fields.insert("months".to_owned(), 301.into());
    event
}

/// The same in version 1.
pub(crate) fn newborn() -> Value {
    let mut event = serde_json::to_value(created()).unwrap();
    event["type"] = json!("AvatarBorn");
    event
}

/// The same as it is today.
pub(crate) fn created() -> domain::avatar::Event {
    serde_json::from_value(json!({
        "type": "AvatarCreated",
        "avatar_id": "0199f0c0-0000-7000-8000-000000000001",
        "owner": "0199f0c0-0000-7000-8000-000000000002",
        "name": {"personal": "Ava"},
        "age": 25,
        "gender": {"personal": "woman"},
        "nationality": {"personal": "French"},
        "appearance": {"personal": "auburn hair"},
        "personality": "caring",
    }))
    .unwrap()
}
