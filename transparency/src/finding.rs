//! What does not fit, and where.

use std::fmt;

/// Where something does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The event at that position.
    Position(u64),
    /// One of the events from one position to another: which of them cannot be told.
    Positions(u64, u64),
    /// The checkpoint over so many events, of whatever origin it says.
    Checkpoint(u64),
    /// That file of a bundle.
    File(&'static str),
    /// The checkpoint that was kept there.
    Kept(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(position) => write!(f, "position {position}"),
            Self::Positions(from, to) => write!(f, "positions {from} to {to}"),
            Self::Checkpoint(size) => write!(f, "the checkpoint over {size} events"),
            Self::File(name) => f.write_str(name),
            Self::Kept(place) => write!(f, "the checkpoint in {place}"),
        }
    }
}

/// Something that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// What is wrong there, in words.
    pub what: String,
}

impl Finding {
    pub(crate) fn at(place: Place, what: impl Into<String>) -> Self {
        Self {
            place,
            what: what.into(),
        }
    }

    pub(crate) fn position(position: u64, what: impl Into<String>) -> Self {
        Self::at(Place::Position(position), what)
    }

    pub(crate) fn file(name: &'static str, what: impl Into<String>) -> Self {
        Self::at(Place::File(name), what)
    }
}
