//! Seals what is personal in the events of an append.

use std::{collections::HashMap, sync::Arc};

use application::ports::{Append, AppendError, NewEvent, StreamSlice};
use domain::{personal::forgets_owner, values::UserId};

use super::{
    opener::{Known, owner_of},
    person_keys::{PersonKey, PostgresPersonKeys, unavailable},
    places::{self, PERSONAL, Place},
    sealed_value::{DataKey, Home, seal},
};

/// An append as it is written: with what is personal sealed.
pub(crate) struct SealedAppend {
    pub(crate) append: Append,
    /// Whose values are in it, with the keys that they are sealed with; each person once.
    pub(crate) sealed_with: Vec<Arc<PersonKey>>,
    /// Whose keys it destroys; each person once.
    pub(crate) erased: Vec<UserId>,
}

impl From<Append> for SealedAppend {
    /// One that concerns nobody.
    fn from(append: Append) -> Self {
        Self {
            append,
            sealed_with: Vec::new(),
            erased: Vec::new(),
        }
    }
}

/// Whether an append may hold something personal, or erases somebody.
pub(crate) fn concerns_people(append: &Append) -> bool {
    append.slices.iter().any(|slice| {
        slice
            .events
            .iter()
            .any(|event| places::may_hold(&event.payload, PERSONAL) || forgets(slice, event))
    })
}

fn forgets(slice: &StreamSlice, event: &NewEvent) -> bool {
    forgets_owner(slice.stream.aggregate_type, &event.event_type)
}

/// An event with something personal in it.
struct Found<'a> {
    slice: usize,
    event: usize,
    owner: UserId,
    home: Home<'a>,
    payload: &'a str,
    places: Vec<Place<'a>>,
}

impl PostgresPersonKeys {
    /// The same append with everything personal sealed; people without a key get one, which the append brings along.
    ///
    /// # Errors
    /// When somebody's key is destroyed or cannot be used, or it is not known whose values they are.
    pub(crate) async fn seal(&self, append: &Append) -> Result<SealedAppend, AppendError> {
        let (found, erased) = look_through(append)?;
        let keys = self
            .sealing_keys(found.iter().map(|found| found.owner))
            .await?;
        let mut sealed = append.clone();
        for event in &found {
            let Some(key) = keys.get(&event.owner) else {
                continue; // there is one for every owner
            };
            let payload = with_sealed(&key.key, event.home, event.payload, &event.places)
                .map_err(|ring::error::Unspecified| unsealed("no random bytes"))?;
            if let Some(written) = sealed
                .slices
                .get_mut(event.slice)
                .and_then(|slice| slice.events.get_mut(event.event))
            {
                written.payload = payload;
            }
        }
        Ok(SealedAppend {
            append: sealed,
            sealed_with: keys.into_values().collect(),
            erased,
        })
    }

    async fn sealing_keys(
        &self,
        owners: impl Iterator<Item = UserId> + Clone,
    ) -> Result<HashMap<UserId, Arc<PersonKey>>, AppendError> {
        let mut opener = self.opener(owners.clone()).await?;
        let mut keys = HashMap::new();
        for owner in owners {
            if keys.contains_key(&owner) {
                continue;
            }
            let known = match opener.0.remove(&owner) {
                Some(known) => known,
                None => self
                    .make(owner)
                    .map_err(|ring::error::Unspecified| unsealed("no random bytes"))?,
            };
            match known {
                Known::Key(key) => drop(keys.insert(owner, key)),
                Known::Destroyed => return Err(AppendError::OwnerErased),
                Known::Unusable(reason) => return Err(unsealed(reason)),
            }
        }
        Ok(keys)
    }
}

/// Why an event was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum NotSealed {
    /// It is no JSON.
    #[error("an event's payload is no JSON")]
    NoJson(#[from] serde_json::Error),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomness,
}

/// An event's JSON with everything personal sealed; all other bytes stay as they are.
///
/// # Errors
/// When it is no JSON, or the system gives no random bytes.
pub fn seal_event(key: &DataKey, home: Home<'_>, payload: &str) -> Result<String, NotSealed> {
    let places = places::find(payload, PERSONAL)?;
    with_sealed(key, home, payload, &places)
        .map_err(|ring::error::Unspecified| NotSealed::NoRandomness)
}

/// An event's JSON with these places sealed.
fn with_sealed(
    key: &DataKey,
    home: Home<'_>,
    payload: &str,
    places: &[Place<'_>],
) -> Result<String, ring::error::Unspecified> {
    places::replaced(payload, places, |place, text| {
        text.push_str(r#"{"sealed":""#);
        text.push_str(&seal(key, home, &place.pointer, place.value)?);
        text.push_str(r#""}"#);
        Ok(())
    })
}

/// Everything personal in an append, and who is erased by it.
fn look_through(append: &Append) -> Result<(Vec<Found<'_>>, Vec<UserId>), AppendError> {
    let mut found = Vec::new();
    let mut erased = Vec::new();
    for (slice_index, slice) in append.slices.iter().enumerate() {
        for ((event_index, event), sequence) in
            (0..).zip(&slice.events).zip(slice.expected_sequence + 1..)
        {
            let places = if places::may_hold(&event.payload, PERSONAL) {
                places::find(&event.payload, PERSONAL).map_err(unsealed)?
            } else {
                Vec::new()
            };
            let forgets = forgets(slice, event);
            if places.is_empty() && !forgets {
                continue;
            }
            let owner = owner_of(&event.metadata).map_err(|error| {
                unsealed(format_args!("its metadata do not say whose it is: {error}"))
            })?;
            if forgets && !erased.contains(&owner) {
                erased.push(owner);
            }
            if !places.is_empty() {
                found.push(Found {
                    slice: slice_index,
                    event: event_index,
                    owner,
                    home: Home {
                        aggregate_type: slice.stream.aggregate_type,
                        aggregate_id: &slice.stream.aggregate_id,
                        sequence,
                    },
                    payload: &event.payload,
                    places,
                });
            }
        }
    }
    Ok((found, erased))
}

/// Nothing is written in the clear because it cannot be sealed.
fn unsealed(reason: impl std::fmt::Display) -> AppendError {
    unavailable(format!("a personal value cannot be sealed: {reason}")).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use proptest::prelude::*;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::sealing::Opener;

    const PERSON: UserId = UserId(Uuid::from_u128(2));
    const HOME: Home<'_> = Home {
        aggregate_type: "Avatar",
        aggregate_id: "0199f0c0-0000-7000-8000-000000000002",
        sequence: 3,
    };

    fn key() -> DataKey {
        DataKey::new(Uuid::from_u128(1), &[9; 32])
    }

    fn opener() -> Opener {
        Opener::of(PERSON, key())
    }

    /// Any JSON, with something personal in some places; also such as looks sealed but is what somebody said.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f32>().prop_map(|number| json!(f64::from(number))),
            any::<String>().prop_map(Value::from),
            Just(json!(r#"{"sealed":"AQ"}"#)),
        ];
        leaf.prop_recursive(5, 48, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map("[a-z~/\"\\\\é]{0,5}", inner.clone(), 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
                inner.clone().prop_map(|value| json!({ "personal": value })),
                inner.prop_map(|value| json!({"personal": {"sealed": value}})),
            ]
        })
    }

    /// How many values are personal, and not inside of another one.
    fn personal(value: &Value) -> usize {
        match value {
            Value::Object(fields) if fields.len() == 1 && fields.contains_key("personal") => 1,
            Value::Object(fields) => fields.values().map(personal).sum(),
            Value::Array(elements) => elements.iter().map(personal).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_byte_for_byte_and_only_in_its_place(json in any_json()) {
            let payload = json.to_string();
            let places = places::find(&payload, PERSONAL).unwrap();
            prop_assert_eq!(places.len(), personal(&json));
            let sealed = seal_event(&key(), HOME, &payload).unwrap();
            prop_assert!(places::find(&sealed, PERSONAL).unwrap().is_empty());
            prop_assert_eq!(opener().open(PERSON, HOME, &sealed).unwrap(), payload.as_str());

            let elsewhere = Home { sequence: 4, ..HOME };
            prop_assert_eq!(opener().open(PERSON, elsewhere, &sealed).is_err(), !places.is_empty());
        }
    }

    #[test]
    fn two_that_say_the_same_do_not_look_the_same() {
        let payload = r#"{"a":{"personal":"yes"},"b":{"personal":"yes"}}"#;
        let sealed = seal_event(&key(), HOME, payload).unwrap();
        let json: Value = serde_json::from_str(&sealed).unwrap();
        assert_ne!(json["a"], json["b"]);

        let turned = json!({"a": json["b"], "b": json["a"]}).to_string();
        let refused = opener().open(PERSON, HOME, &turned).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "what is sealed at \"/a\" was not sealed for this place of this event with this person's key: it was \
             changed or moved"
        );
    }
}
