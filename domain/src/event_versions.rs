//! The one table per aggregate that says which version of its JSON each event is written in.

use cqrs_es::DomainEvent;

/// An aggregate's events, each with the version of its JSON that is written today.
pub trait VersionedEvent: DomainEvent {
    /// The type of the aggregate that the events happen to, as the log stores it.
    const AGGREGATE_TYPE: &'static str;

    /// Every event's name with the version of its JSON that is written today: `"1"`, `"2"`, `"3"` …
    const VERSIONS: &'static [(&'static str, &'static str)];

    /// The event's own name, as the log stores it.
    fn name(&self) -> &'static str;
}

/// Implements `VersionedEvent` and `DomainEvent` for the event enum of an aggregate, from a table of its variants and
/// versions.
///
/// Leaving a variant out does not compile. Whoever changes the JSON of an event raises its version here, adds a golden
/// file of the new version, and adds an upcaster from the old one (`crate::upcasting`); tests insist on all three.
macro_rules! event_versions {
    ($aggregate:ty, $event:ty { $($variant:ident: $version:literal,)+ }) => {
        impl crate::event_versions::VersionedEvent for $event {
            const AGGREGATE_TYPE: &'static str = <$aggregate as cqrs_es::Aggregate>::TYPE;

            const VERSIONS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($variant), $version)),+];

            fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($variant),)+
                }
            }
        }

        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                crate::event_versions::VersionedEvent::name(self).to_owned()
            }

            fn event_version(&self) -> String {
                match self {
                    $(Self::$variant { .. } => $version,)+
                }
                .to_owned()
            }
        }
    };
}

pub(crate) use event_versions;
