//! What is broken on purpose, to see that it is noticed.

/// How a run differs from how things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Not at all.
    AsItIs,
    /// The log appends whatever a stream has come to meanwhile: nothing fences late results off.
    AppendsUnfenced,
    /// The log forgets every idempotency key.
    KeysForgotten,
    /// A reaction's checkpoint moves before its effect.
    CheckpointBeforeEffect,
    /// A projector's rows and its checkpoint are written one after the other.
    RowsBesideCheckpoint,
    /// The payment provider's messages are believed in the order in which they come.
    NoticesBelieved,
    /// Files are removed whoever shows them.
    FilesRemovedUnseen,
    /// Nobody notes that files are about to be stored.
    FilesUnnoted,
    /// The log answers before it has kept anything.
    AppendsForgotten,
}

impl Variant {
    /// Everything that must be noticed.
    pub const BROKEN: [Self; 8] = [
        Self::AppendsUnfenced,
        Self::KeysForgotten,
        Self::CheckpointBeforeEffect,
        Self::RowsBesideCheckpoint,
        Self::NoticesBelieved,
        Self::FilesRemovedUnseen,
        Self::FilesUnnoted,
        Self::AppendsForgotten,
    ];
}
