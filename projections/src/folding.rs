//! A page of events folded into the rows that it touches: loaded once, changed in order, written once.

use std::collections::{BTreeMap, BTreeSet};

use domain::recorded::{AnyEvent, Recorded};

use crate::copying::WORTHWHILE;

/// What a page makes of the rows that it touches, each list in the order of the keys.
pub(crate) struct Folded<K, R> {
    /// The rows that were not there before, as far as the log is one that our commands write.
    begun: Vec<R>,
    /// The rows that were.
    changed: Vec<R>,
    /// The keys of the rows that are not there any more.
    removed: Vec<K>,
}

impl<K, R> Folded<K, R> {
    /// Takes out the new rows when they are enough to be copied; else they are written like the others.
    pub fn take_copied(&mut self) -> Vec<R> {
        if self.begun.len() < WORTHWHILE {
            return Vec::new();
        }
        std::mem::take(&mut self.begun)
    }

    /// All rows that are left, and the keys of those that are not there any more.
    pub fn rest(mut self) -> (Vec<R>, Vec<K>) {
        self.begun.append(&mut self.changed);
        (self.begun, self.removed)
    }
}

/// The keys of the rows that a page touches and that may be there already.
///
/// `begins` says of an event that what the row was before does not matter to it: then nothing is loaded.
///
/// # Errors
/// Those of `key`, which says which row an event concerns.
pub(crate) fn touched<K: Ord + Copy>(
    page: &[Recorded<AnyEvent>],
    key: impl Fn(&Recorded<AnyEvent>) -> sqlx::Result<Option<K>>,
    begins: impl Fn(&Recorded<AnyEvent>) -> bool,
) -> sqlx::Result<Vec<K>> {
    let mut met = BTreeSet::new();
    let mut loaded = Vec::new();
    for recorded in page {
        if let Some(key) = key(recorded)?
            && met.insert(key)
            && !begins(recorded)
        {
            loaded.push(key);
        }
    }
    Ok(loaded)
}

/// Applies a page's events in order, each to its row as the one before left it; that is what makes
/// the result the same however the log is cut into pages.
///
/// # Errors
/// Those of `key` and of `apply`, which answers with the row that there is after the event.
pub(crate) fn fold<K: Ord, R>(
    page: &[Recorded<AnyEvent>],
    rows: BTreeMap<K, R>,
    key: impl Fn(&Recorded<AnyEvent>) -> sqlx::Result<Option<K>>,
    apply: impl Fn(Option<R>, &Recorded<AnyEvent>) -> Option<R>,
) -> sqlx::Result<Folded<K, R>> {
    let loaded = |row| Folding {
        row: Some(row),
        known: true,
    };
    let mut rows: BTreeMap<K, Folding<R>> = rows
        .into_iter()
        .map(|(key, row)| (key, loaded(row)))
        .collect();
    for recorded in page {
        if let Some(key) = key(recorded)? {
            let folding = rows.entry(key).or_insert(Folding {
                row: None,
                known: false,
            });
            folding.row = apply(folding.row.take(), recorded);
        }
    }
    let mut folded = Folded {
        begun: Vec::new(),
        changed: Vec::new(),
        removed: Vec::new(),
    };
    for (key, Folding { row, known }) in rows {
        match (row, known) {
            (Some(row), false) => folded.begun.push(row),
            (Some(row), true) => folded.changed.push(row),
            // Also one that began and ended within the page: what was there before did not matter.
            (None, _) => folded.removed.push(key),
        }
    }
    Ok(folded)
}

/// Does to rows in memory what a projector does to those of its table: loads those that a page touches, folds it, and
/// stores what comes of it under the `named` keys.
///
/// # Errors
/// Those of `key`.
pub(crate) fn fold_into<K: Ord + Copy, R: Clone>(
    rows: &mut BTreeMap<K, R>,
    page: &[Recorded<AnyEvent>],
    key: impl Fn(&Recorded<AnyEvent>) -> sqlx::Result<Option<K>>,
    begins: impl Fn(&Recorded<AnyEvent>) -> bool,
    apply: impl Fn(Option<R>, &Recorded<AnyEvent>) -> Option<R>,
    named: impl Fn(&R) -> K,
) -> sqlx::Result<()> {
    let known = touched(page, &key, begins)?
        .into_iter()
        .filter_map(|key| Some((key, rows.get(&key)?.clone())))
        .collect();
    let (stored, removed) = fold(page, known, key, apply)?.rest();
    rows.extend(stored.into_iter().map(|row| (named(&row), row)));
    for key in removed {
        rows.remove(&key);
    }
    Ok(())
}

/// A row on its way through a page.
struct Folding<R> {
    row: Option<R>,
    /// Whether the table has it.
    known: bool,
}
