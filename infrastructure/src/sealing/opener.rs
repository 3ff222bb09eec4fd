//! Opens the events of people whose keys are at hand.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use domain::values::UserId;
use serde::Deserialize;

use super::{
    person_keys::PersonKey,
    places::{self, SEALED},
    sealed_value::{DataKey, Home, NotOpened, open},
};

/// Whether an event's JSON may hold anything sealed.
pub(crate) fn holds_sealed(payload: &str) -> bool {
    places::may_hold(payload, SEALED)
}

/// What is known of somebody's key.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// It is at hand.
    Key(Arc<PersonKey>),
    /// It is gone, and so is all that was sealed with it.
    Destroyed,
    /// It is there, and cannot be used.
    Unusable(NotOpened),
}

/// The keys of some people, as they were a moment ago.
#[derive(Debug, Clone, Default)]
pub struct Opener(pub(super) HashMap<UserId, Known>);

impl Opener {
    /// For the events of one person whose key is at hand.
    pub fn of(person: UserId, key: DataKey) -> Self {
        let key = PersonKey::kept(person, key);
        Self(HashMap::from([(person, Known::Key(Arc::new(key)))]))
    }

    /// An event's JSON with every sealed value opened: `{"personal": value}` as it was written, or `{"erased": true}`
    /// when its person is. All other bytes stay as they are.
    ///
    /// # Errors
    /// When something was changed or moved, or a key is missing.
    pub fn open<'a>(
        &self,
        owner: UserId,
        home: Home<'_>,
        payload: &'a str,
    ) -> Result<Cow<'a, str>, NotOpened> {
        if !holds_sealed(payload) {
            return Ok(Cow::Borrowed(payload));
        }
        let found = places::find(payload, SEALED);
        let found = found.map_err(|error| NotOpened::Unreadable(error.to_string()))?;
        let opened = places::replaced(payload, &found, |place, text| {
            match self.0.get(&owner) {
                Some(Known::Key(key)) => {
                    let sealed: &str = serde_json::from_str(place.value)
                        .map_err(|_| NotOpened::Malformed(place.pointer.clone()))?;
                    let value = open(&key.key, home, &place.pointer, sealed)?;
                    text.push_str(r#"{"personal":"#);
                    text.push_str(&value);
                    text.push('}');
                }
                Some(Known::Destroyed) => text.push_str(r#"{"erased":true}"#),
                Some(Known::Unusable(reason)) => return Err(reason.clone()),
                None => return Err(NotOpened::NoKey(owner.0)),
            }
            Ok(())
        });
        opened.map(Cow::Owned)
    }

    fn opened(&self, event: &SerializedEvent) -> Result<serde_json::Value, NotOpened> {
        let unreadable = |error: serde_json::Error| NotOpened::Unreadable(error.to_string());
        let Owner { owner } = Owner::deserialize(&event.metadata).map_err(unreadable)?;
        let home = Home {
            aggregate_type: &event.aggregate_type,
            aggregate_id: &event.aggregate_id,
            sequence: event.sequence as u64,
        };
        let payload = event.payload.to_string();
        let opened = self.open(owner, home, &payload)?;
        serde_json::from_str(&opened).map_err(unreadable)
    }
}

/// For a stock `cqrs-es` store over a stock repository, which reads the table as it is: as the first of its upcasters, the
/// opener of the people that it loads lets it read what is sealed. What cannot be opened stays sealed, and so unreadable.
impl EventUpcaster for Opener {
    fn can_upcast(&self, _event_type: &str, _event_version: &str) -> bool {
        true
    }

    fn upcast(&self, mut event: SerializedEvent) -> SerializedEvent {
        if let Ok(payload) = self.opened(&event) {
            event.payload = payload;
        }
        event
    }
}

/// Whose event it is, as its metadata say.
pub(crate) fn owner_of(metadata: &str) -> serde_json::Result<UserId> {
    serde_json::from_str(metadata).map(|Owner { owner }| owner)
}

/// What is read of an event's metadata.
#[derive(Deserialize)]
struct Owner {
    owner: UserId,
}
