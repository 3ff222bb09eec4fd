//! Takes events one after the other and says which is the first that does not fit.

use crate::{
    finding::{Finding, Place},
    leaf::Record,
    merkle::Hash,
    tiles::{Addition, Edge},
};

/// The tree over the events that were taken so far.
#[derive(Default)]
pub(crate) struct Checker {
    edge: Edge,
    room: Vec<u8>,
    additions: Vec<Addition>,
    /// How many events a root has vouched for.
    vouched: u64,
}

impl Checker {
    /// How many events were taken.
    pub(crate) const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The root over them.
    pub(crate) fn root(&self) -> Hash {
        self.edge.root()
    }

    /// The next event, and what its hash is said to be.
    ///
    /// # Errors
    /// When it is not the next one, or its hash is another.
    pub(crate) fn take(&mut self, record: &Record<'_>, said: Option<&Hash>) -> Result<(), Finding> {
        let next = self.size() + 1;
        let position = record.position;
        if position != next {
            let what = match position {
                _ if position > next => "is missing",
                _ => "is not there; an event stands there that belongs elsewhere",
            };
            return Err(Finding::position(
                next,
                format!("{what} (the event that comes is {position})"),
            ));
        }
        let leaf = record.leaf_hash(&mut self.room);
        match said {
            None => return Err(Finding::position(next, "is not in the tree")),
            Some(said) if *said != leaf => {
                return Err(Finding::position(
                    next,
                    "is not what was hashed: the event was changed",
                ));
            }
            Some(_) => self.edge.push(leaf, &mut self.additions),
        }
        Ok(())
    }

    /// Whether the events that were taken have that root.
    ///
    /// # Errors
    /// Names those that no earlier root has vouched for.
    pub(crate) fn must_have(&mut self, root: &Hash, whose: &str) -> Result<(), Finding> {
        if self.edge.root() != *root {
            let place = match (self.vouched + 1, self.size()) {
                (first, last) if first < last => Place::Positions(first, last),
                (_, last) => Place::Position(last.max(1)),
            };
            return Err(Finding::at(
                place,
                format!("do not have the root that {whose} signs"),
            ));
        }
        self.vouched = self.size();
        Ok(())
    }

    /// What the events since the last call add to the tiles.
    pub(crate) fn additions(&mut self) -> Vec<Addition> {
        std::mem::take(&mut self.additions)
    }
}
