//! What the tests of aggregates did, written down where somebody asked for it: `docs/specifications` is made of this.

use std::{fs::OpenOptions, io::Write, panic::Location, path::PathBuf, thread};

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The directory to write to, a file for each test; unset in any ordinary run.
pub(crate) const DIRECTORY: &str = "RECORD_SPECIFICATIONS";

/// Something that a test did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Recorded {
    Scenario(Scenario),
    Table(Table),
}

/// Given, when, then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Scenario {
    pub(crate) aggregate: String,
    /// The test, with its modules.
    pub(crate) test: String,
    /// Where the command is given: pages keep the order of the source.
    pub(crate) place: Place,
    pub(crate) given: Vec<Value>,
    pub(crate) when: Value,
    pub(crate) then: Outcome,
}

/// A line of the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
}

/// What a command led to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Events(Vec<Value>),
    Rejected {
        /// As `ReferenceNotReady`.
        rejection: String,
        /// In words.
        message: String,
    },
}

/// Every command in every state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) aggregate: String,
    pub(crate) place: Place,
    /// Each sample of a state, by its history.
    pub(crate) states: Vec<(String, Vec<Value>)>,
    pub(crate) commands: Vec<(String, Value)>,
    /// For each command, for each state.
    pub(crate) cells: Vec<Vec<Cell>>,
}

/// A command in a state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub(crate) then: Outcome,
    /// Which of the table's states it leads to, if to one of them.
    pub(crate) leads_to: Option<usize>,
}

impl Outcome {
    pub(crate) fn of<A: Aggregate>(outcome: &Result<Vec<A::Event>, A::Error>) -> Self {
        match outcome {
            Ok(events) => Self::Events(events.iter().map(written).collect()),
            Err(error) => Self::Rejected {
                rejection: format!("{error:?}")
                    .split(' ')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                message: error.to_string(),
            },
        }
    }
}

impl From<&Location<'_>> for Place {
    fn from(location: &Location<'_>) -> Self {
        Self {
            file: location.file().replace('\\', "/"),
            line: location.line(),
        }
    }
}

/// An event or a command as the JSON that says all of it.
pub(crate) fn written(said: &impl Serialize) -> Value {
    serde_json::to_value(said).unwrap()
}

/// Writes down a scenario.
pub(crate) fn scenario<A: Aggregate<Event: DomainEvent, Command: Serialize>>(
    place: &Location<'_>,
    given: &[A::Event],
    when: Value,
    outcome: &Result<Vec<A::Event>, A::Error>,
) {
    write(|test| {
        Recorded::Scenario(Scenario {
            aggregate: A::TYPE.to_owned(),
            test,
            place: place.into(),
            given: given.iter().map(written).collect(),
            when,
            then: Outcome::of::<A>(outcome),
        })
    });
}

/// Writes down what was done, when somebody asked for it; libtest names a test's thread after it.
pub(crate) fn write(recorded: impl FnOnce(String) -> Recorded) {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let test = thread::current()
        .name()
        .expect("a test's thread")
        .to_owned();
    let path = PathBuf::from(directory).join(format!("{}.jsonl", test.replace("::", ".")));
    let line = serde_json::to_string(&recorded(test)).unwrap();
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    writeln!(file, "{line}").unwrap();
}
