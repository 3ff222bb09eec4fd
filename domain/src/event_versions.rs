//! The one table per aggregate that says which version of its JSON each event is written in.

/// Implements `DomainEvent` for an event enum from a table of its variants and versions.
///
/// Leaving a variant out does not compile. Whoever changes the JSON of an event raises its
/// version here and adds an upcaster for the old one.
macro_rules! event_versions {
    ($event:ty { $($variant:ident: $version:literal,)+ }) => {
        impl $event {
            /// Every event's name with the version of its JSON that is written today.
            pub const VERSIONS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($variant), $version)),+];
        }

        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                match self {
                    $(Self::$variant { .. } => stringify!($variant),)+
                }
                .to_owned()
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
