//! Every cell of an aggregate's table of (command, state), compared with the table in a file.
//!
//! In a cell, `·` says that nothing happens, `!Name` is a rejection, and the rest are events.

use std::{collections::BTreeSet, fmt::Debug, panic::Location};

use cqrs_es::{Aggregate, DomainEvent};
use serde::Serialize;

use crate::{
    given::{outcome, replay},
    recording::{self, Cell, Outcome, Recorded, Table, written},
};

/// The names of an enum's variants in one list, and the name of a value's variant. A variant
/// that is missing here does not compile.
macro_rules! variants {
    ($type:ident: $($variant:ident)+) => {
        (
            [$(stringify!($variant)),+].as_slice(),
            |value: &$type| match value {
                $($type::$variant { .. } => stringify!($variant),)+
            },
        )
    };
}
pub(crate) use variants;

pub(crate) type Variants<T> = (&'static [&'static str], fn(&T) -> &'static str);

/// A named sample of a state (by its history) or of a command.
pub(crate) type Samples<T> = Vec<(&'static str, T)>;

/// Fails unless every command in every state leads to what the file says, and no command is left out.
#[track_caller]
pub(crate) fn assert_table<A>(
    expected: &str,
    states: &Samples<Vec<A::Event>>,
    commands: &Samples<A::Command>,
    variants: Variants<A::Command>,
) where
    A: Aggregate<Services = ()> + Debug + PartialEq,
    A::Command: Clone + Serialize,
    A::Error: Debug + PartialEq,
{
    assert_complete(commands.iter().map(|(_, command)| command), variants);
    let place = Location::caller();
    recording::write(|_| Recorded::Table(table::<A>(place, states, commands)));

    let mut rows = vec![vec![String::new()]];
    rows[0].extend(states.iter().map(|(name, _)| (*name).to_owned()));
    for (name, command) in commands {
        let cells = states
            .iter()
            .map(|(_, history)| cell::<A>(history, command));
        rows.push([(*name).to_owned()].into_iter().chain(cells).collect());
    }
    let actual = aligned(&rows);

    let differences: Vec<_> = actual
        .lines()
        .zip(expected.lines().chain(std::iter::repeat("(no line)")))
        .filter(|(actual, expected)| actual != expected)
        .map(|(actual, expected)| format!("expected {expected}\n     got {actual}"))
        .collect();
    assert!(
        actual == expected,
        "{}\n\nThe whole table is now:\n{actual}",
        differences.join("\n")
    );
}

/// Fails unless every variant has a sample.
pub(crate) fn assert_complete<'a, T: 'a>(
    samples: impl Iterator<Item = &'a T>,
    (all, name): Variants<T>,
) {
    let missing: BTreeSet<_> = all.iter().copied().collect();
    let sampled: BTreeSet<_> = samples.map(name).collect();
    assert_eq!(sampled, missing, "every variant needs a sample");
}

/// The same for whoever writes it down.
fn table<A>(
    place: &Location<'_>,
    states: &Samples<Vec<A::Event>>,
    commands: &Samples<A::Command>,
) -> Table
where
    A: Aggregate<Services = ()> + PartialEq,
    A::Command: Clone + Serialize,
{
    let known: Vec<A> = states
        .iter()
        .map(|(_, history)| replay(history.clone()))
        .collect();
    let cell = |command: &A::Command, (_, history): &(&str, Vec<A::Event>)| {
        let outcome = outcome::<A>(history, command.clone());
        let next = outcome.as_ref().ok().filter(|events| !events.is_empty());
        let next = next.map(|events| replay::<A>(history.iter().chain(events).cloned()));
        Cell {
            then: Outcome::of::<A>(&outcome),
            leads_to: next.and_then(|next| known.iter().position(|state| *state == next)),
        }
    };
    Table {
        aggregate: A::TYPE.to_owned(),
        place: place.into(),
        states: states
            .iter()
            .map(|(name, history)| ((*name).to_owned(), history.iter().map(written).collect()))
            .collect(),
        commands: commands
            .iter()
            .map(|(name, command)| ((*name).to_owned(), written(command)))
            .collect(),
        cells: commands
            .iter()
            .map(|(_, command)| states.iter().map(|state| cell(command, state)).collect())
            .collect(),
    }
}

fn cell<A>(history: &[A::Event], command: &A::Command) -> String
where
    A: Aggregate<Services = ()> + Debug + PartialEq,
    A::Command: Clone,
    A::Error: Debug + PartialEq,
{
    match outcome::<A>(history, command.clone()) {
        Ok(events) if events.is_empty() => "·".to_owned(),
        Ok(events) => {
            let state = replay::<A>(history.to_vec());
            let next = replay::<A>(history.iter().chain(&events).cloned());
            assert!(state != next, "{events:?} changed nothing");
            let names: Vec<_> = events.iter().map(DomainEvent::event_type).collect();
            names.join(" + ")
        }
        Err(rejection) => {
            let text = format!("{rejection:?}");
            format!("!{}", text.split(' ').next().unwrap_or_default())
        }
    }
}

fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..rows[0].len()).filter_map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<_> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join(" | ").trim_end())
    };
    rows.iter().map(line).collect()
}
