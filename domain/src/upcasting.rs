//! How events of older versions are read: step by step up to the version that is written today.
//!
//! One list serves every reader of the log: the folding of aggregates, the followers, auditors, and `cqrs-es`'s own
//! stores. An event of today's version is decoded from its text directly and never meets the list.

use cqrs_es::{
    Aggregate,
    persist::{EventUpcaster, SerializedEvent},
};
use serde_json::{Map, Value, json};

use crate::{
    avatar::Avatar,
    conversation::Conversation,
    event_versions::VersionedEvent,
    recorded::{self, UnreadableEvent},
};

/// Every step that an event of ours ever needed, each event's steps in the order of its versions.
///
/// Steps are only ever added: the log keeps every version for ever.
const STEPS: &[Upcaster] = &[
    // Gender and nationality are in the person's words, and so may be about anybody.
    Upcaster {
        aggregate_type: Avatar::TYPE,
        from: ("AvatarCreated", "1"),
        to: ("AvatarCreated", "2"),
        change: |fields| make_personal(fields, &["gender", "nationality"]),
    },
    Upcaster {
        aggregate_type: Avatar::TYPE,
        from: ("ProfileChanged", "1"),
        to: ("ProfileChanged", "2"),
        change: |fields| make_personal(fields, &["gender", "nationality"]),
    },
    // The disclosure calls the companion by the name that the person gave it.
    Upcaster {
        aggregate_type: Conversation::TYPE,
        from: ("SafetyInterventionShown", "1"),
        to: ("SafetyInterventionShown", "2"),
        change: |fields| make_personal(fields, &["text"]),
    },
];

/// Wraps texts as `Personal` does.
fn make_personal(fields: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        if let Some(text @ Value::String(_)) = fields.get_mut(*name) {
            *text = json!({ "personal": text.take() });
        }
    }
}

/// One step: from one version of an event's JSON to a later one.
#[derive(Debug, Clone, Copy)]
pub struct Upcaster {
    /// The type of the aggregate that the event happened to.
    pub aggregate_type: &'static str,
    /// The event's name and version before the step, as stored.
    pub from: (&'static str, &'static str),
    /// Its name and version after the step. With another name the step renames the event.
    pub to: (&'static str, &'static str),
    /// Rewrites the fields, with `type` among them; the step itself writes a changed `type`. A pure function: the same
    /// JSON always becomes the same JSON. What it does not find it leaves alone, so that decoding can say what is wrong.
    pub change: fn(&mut Map<String, Value>),
}

impl EventUpcaster for Upcaster {
    fn can_upcast(&self, event_type: &str, event_version: &str) -> bool {
        self.from == (event_type, event_version)
    }

    /// The event after the step. `can_upcast` is not told the aggregate's type, so an event of another aggregate that
    /// has the same name passes unchanged.
    fn upcast(&self, mut event: SerializedEvent) -> SerializedEvent {
        if event.aggregate_type != self.aggregate_type {
            return event;
        }
        let (name, version) = self.to;
        if let Value::Object(fields) = &mut event.payload {
            (self.change)(fields);
            if name != event.event_type {
                fields.insert("type".to_owned(), name.into());
            }
        }
        name.clone_into(&mut event.event_type);
        version.clone_into(&mut event.event_version);
        event
    }
}

/// A list of steps, and the decoding through it. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Upcasters(&'static [Upcaster]);

impl Upcasters {
    /// The list that our log is read with.
    pub const OURS: Self = Self(STEPS);

    /// Another list, for tests of old versions that were never written.
    pub const fn new(steps: &'static [Upcaster]) -> Self {
        Self(steps)
    }

    /// The steps, in their order.
    pub const fn steps(self) -> &'static [Upcaster] {
        self.0
    }

    /// The same list for a stock `PersistedEventStore`.
    ///
    /// Such a store takes an event that no step fits as it is, also one of a version that is not known here. Only over a
    /// repository that refuses those itself, as `infrastructure`'s log does, is nothing accepted silently.
    pub fn for_stock_store(self) -> Vec<Box<dyn EventUpcaster>> {
        self.0
            .iter()
            .map(|step| Box::new(*step) as Box<dyn EventUpcaster>)
            .collect()
    }

    /// Reads an event of one aggregate from its stored name, version and JSON text.
    ///
    /// # Errors
    /// When the name or the version is not known here, as after a newer program wrote it; when the JSON is not what
    /// name and version promise.
    pub fn decode<E: VersionedEvent>(
        self,
        event_type: &str,
        event_version: &str,
        payload: &str,
    ) -> Result<E, UnreadableEvent> {
        let stored = (event_type, event_version);
        if E::VERSIONS.contains(&stored) {
            checked(serde_json::from_str(payload), event_type, stored)
        } else {
            self.decode_old(stored, payload)
        }
    }

    #[cold]
    fn decode_old<E: VersionedEvent>(
        self,
        stored: (&str, &str),
        payload: &str,
    ) -> Result<E, UnreadableEvent> {
        let payload =
            serde_json::from_str(payload).map_err(|source| unreadable::<E>(stored, source))?;
        let event = self.raise(SerializedEvent::new(
            String::new(),
            0,
            E::AGGREGATE_TYPE.to_owned(),
            stored.0.to_owned(),
            stored.1.to_owned(),
            payload,
            Value::Null,
        ))?;
        checked(
            serde_json::from_value(event.payload),
            &event.event_type,
            stored,
        )
    }

    /// Brings an event of any aggregate of ours to the version that is written today, without decoding it.
    ///
    /// # Errors
    /// When the aggregate's type, the event's name or its version is not known here.
    pub fn raise(self, mut event: SerializedEvent) -> Result<SerializedEvent, UnreadableEvent> {
        let versions = recorded::versions(&event.aggregate_type)
            .ok_or_else(|| UnreadableEvent::UnknownAggregate(event.aggregate_type.clone()))?;
        // As many steps as there are: a list that leads in a circle ends as an error.
        for _ in 0..=self.0.len() {
            let reached = (event.event_type.as_str(), event.event_version.as_str());
            if versions.contains(&reached) {
                return Ok(event);
            }
            let Some(step) = self
                .0
                .iter()
                .find(|step| step.aggregate_type == event.aggregate_type && step.from == reached)
            else {
                break;
            };
            event = step.upcast(event);
        }
        Err(self.unknown(versions, event))
    }

    /// Why no step leads on from there.
    fn unknown(self, versions: &[(&str, &str)], event: SerializedEvent) -> UnreadableEvent {
        let SerializedEvent {
            aggregate_type,
            event_type,
            event_version,
            ..
        } = event;
        let old = self
            .0
            .iter()
            .filter(|step| step.aggregate_type == aggregate_type)
            .map(|step| step.from);
        let newest = versions
            .iter()
            .copied()
            .chain(old)
            .filter(|(name, _)| *name == event_type)
            .filter_map(|(_, version)| version.parse::<u32>().ok())
            .max();
        match (newest, event_version.parse::<u32>()) {
            (None, _) => UnreadableEvent::UnknownEvent {
                aggregate_type,
                event_type,
            },
            (Some(newest), Ok(version)) if version > newest => UnreadableEvent::NewerVersion {
                aggregate_type,
                event_type,
                event_version,
                newest,
            },
            (Some(_), _) => UnreadableEvent::NoWayUp {
                aggregate_type,
                event_type,
                event_version,
            },
        }
    }
}

/// The decoded event, if it is the one that its stored name promises.
fn checked<E: VersionedEvent>(
    decoded: serde_json::Result<E>,
    name: &str,
    stored: (&str, &str),
) -> Result<E, UnreadableEvent> {
    match decoded {
        Ok(event) if event.name() == name => Ok(event),
        Ok(event) => Err(UnreadableEvent::Misnamed {
            aggregate_type: E::AGGREGATE_TYPE.to_owned(),
            event_type: stored.0.to_owned(),
            payload_type: event.name(),
        }),
        Err(source) => Err(unreadable::<E>(stored, source)),
    }
}

fn unreadable<E: VersionedEvent>(
    (event_type, event_version): (&str, &str),
    source: serde_json::Error,
) -> UnreadableEvent {
    UnreadableEvent::Payload {
        aggregate_type: E::AGGREGATE_TYPE.to_owned(),
        event_type: event_type.to_owned(),
        event_version: event_version.to_owned(),
        source,
    }
}
