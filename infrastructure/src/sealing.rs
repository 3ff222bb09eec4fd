//! Personal values in the log: sealed before they reach it, opened when it is read (`docs/AUDIT.md`, "Sealed fields").
//!
//! What is personal shows in the JSON itself (`domain::personal::Personal`), so that nothing here knows any event. Each
//! person has a data key, which lies in the database wrapped with a master key that does not; whose key is destroyed is
//! forgotten, and no event was touched.

mod fetching;
mod master_keys;
mod opener;
mod person_keys;
mod places;
mod rotation;
mod sealed_value;
mod sealer;

pub use master_keys::{InvalidMasterKeys, MasterKeys};
pub use opener::Opener;
pub(crate) use opener::{holds_sealed, owner_of};
pub(crate) use person_keys::PersonKey;
pub use person_keys::PostgresPersonKeys;
pub use rotation::{KeyRotation, RotationError};
pub use sealed_value::{DataKey, Home, NotOpened};
pub use sealer::{NotSealed, seal_event};
pub(crate) use sealer::{SealedAppend, concerns_people};
