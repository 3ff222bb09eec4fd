//! What clients of the HTTP API are told when a rule refuses: `docs/specifications/problems.md`, kept true by a test of `api`.

use std::{collections::BTreeMap, fs, path::Path};

pub(crate) const FILE: &str = "problems.md";

/// For each aggregate and rejection, the words of the page's last column.
pub(crate) struct Problems(BTreeMap<(String, String), String>);

impl Problems {
    pub(crate) fn read(folder: &Path) -> Self {
        let page = fs::read_to_string(folder.join(FILE)).unwrap_or_default();
        Self(page.lines().filter_map(row).collect())
    }

    /// As `409 avatar-exists`; none when nobody outside can cause it.
    pub(crate) fn of(&self, aggregate: &str, rejection: &str) -> Option<&str> {
        let key = (aggregate.to_owned(), rejection.to_owned());
        let told = self.0.get(&key).unwrap_or_else(|| {
            panic!(
                "{FILE} does not know {aggregate}'s {rejection}; write it anew first, with \
                 UPDATE_SPECIFICATIONS=1 cargo test -p api --lib specified"
            )
        });
        told.starts_with(|first: char| first.is_ascii_digit())
            .then_some(told)
    }
}

/// A row of its table: aggregate, rejection, words, answer.
fn row(line: &str) -> Option<((String, String), String)> {
    let cells: Vec<&str> = line
        .strip_prefix("| ")?
        .strip_suffix(" |")?
        .split(" | ")
        .collect();
    let [aggregate, rejection, _, answer] = cells[..] else {
        return None;
    };
    let name = |cell: &str| cell.trim_matches('`').to_owned();
    Some(((name(aggregate), name(rejection)), answer.to_owned()))
}
